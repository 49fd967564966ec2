/*
 * download.c
 *		Answers that are files.
 *
 * The whole of a file or one range goes from the disk to the socket in the kernel (sendfile).
 * Several ranges are parts of a multipart/byteranges body, which libmicrohttpd draws piece by
 * piece.
 */
#include "download.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "range.h"
#include "reqid.h"
#include "text.h"

#define PIECE 65536

static const char file_policy[] = "default-src 'none'; sandbox; frame-ancestors 'none'";

struct SklDownload
{
	const char *object;
	const char *type;
	const char *name;
	const char *tag; /* with its quotes */
	bool is_inline;
	bool is_public;
	int fd; /* -1: none, or it belongs to the response */
	uint64_t size;
	bool has_body;
	int count; /* of ranges; 0: the whole file */
	SklRange ranges[SKL_MAX_RANGES];
};

/* The parts of a multipart body, while it is sent. */
typedef struct Parts
{
	int fd;
	int count;
	uint64_t size; /* of the file */
	char boundary[37];
	char type[128];
	SklRange ranges[SKL_MAX_RANGES];
	int part;		/* the one being sent; count: the end */
	uint64_t sent;	/* bytes of its range */
	char text[512]; /* what stands before a part, or at the end */
	size_t text_length;
	size_t text_sent;
} Parts;

static const char *
member(SklRequestCtx *ctx, const json_t *file, const char *name)
{
	const char *text = json_string_value(json_object_get(file, name));

	return skl_strdup(ctx, text == NULL ? "" : text);
}

SklDownload *
skl_download_of(SklRequestCtx *ctx, const json_t *file)
{
	SklDownload *download = skl_alloc(ctx, sizeof(*download));

	memset(download, 0, sizeof(*download));
	download->fd = -1;
	download->object = member(ctx, file, "object");
	download->type = member(ctx, file, "type");
	download->name = member(ctx, file, "name");
	download->tag = skl_sprintf(ctx, "\"%s\"", member(ctx, file, "etag"));
	download->is_inline = json_is_true(json_object_get(file, "inline"));
	download->is_public = json_is_true(json_object_get(file, "public"));
	return download;
}

/* ---- headers ---- */

/* attachment; filename="cat.png"; filename*=UTF-8''cat.png (RFC 6266) */
static const char *
disposition(SklRequestCtx *ctx, const SklDownload *download)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	size_t length = strlen(download->name);
	char *simple = skl_alloc(ctx, length + 1);
	char *coded = skl_alloc(ctx, 3 * length + 1);
	char *at = coded;

	for (size_t i = 0; i < length; i++)
	{
		unsigned char c = (unsigned char) download->name[i];

		simple[i] = c < 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '%' ? '_' : (char) c;
		if (c < 0x80 && c != '\0' && strchr(plain, c) != NULL)
			*at++ = (char) c;
		else
			at += snprintf(at, 4, "%%%02X", c);
	}
	simple[length] = '\0';
	*at = '\0';
	return skl_sprintf(ctx, "%s; filename=\"%s\"; filename*=UTF-8''%s",
					   download->is_inline ? "inline" : "attachment", simple, coded);
}

static void
add_headers(SklRequestCtx *ctx, const SklDownload *download)
{
	skl_header(ctx, "ETag", download->tag);
	skl_header(ctx, "Accept-Ranges", "bytes");
	skl_header(ctx, "Content-Disposition", disposition(ctx, download));
	skl_header(ctx, "Content-Security-Policy", file_policy);
	skl_header(ctx, "Cache-Control",
			   download->is_public ? "public, max-age=3600" : "private, no-cache");
}

static bool
is_known(SklRequestCtx *ctx, const SklDownload *download)
{
	const char *given = ctx->header[SKL_H_IF_NONE_MATCH];

	return given != NULL && (strcmp(given, "*") == 0 || strstr(given, download->tag) != NULL);
}

/* The header Range, unless the client would combine it with another file. */
static const char *
wanted_range(SklRequestCtx *ctx, const SklDownload *download)
{
	const char *condition = MHD_lookup_connection_value(ctx->mhd, MHD_HEADER_KIND, "If-Range");

	if (condition != NULL && strcmp(condition, download->tag) != 0)
		return NULL;
	return MHD_lookup_connection_value(ctx->mhd, MHD_HEADER_KIND, "Range");
}

/* ---- the answer ---- */

static void
answer_unmet(SklRequestCtx *ctx, SklDownload *download)
{
	skl_header(ctx, "Content-Range",
			   skl_sprintf(ctx, "bytes */%llu", (unsigned long long) download->size));
	skl_refuse(ctx, SKL_ERR_RANGE_NOT_SATISFIABLE, NULL, NULL);
}

static void
answer_ranges(SklRequestCtx *ctx, SklDownload *download)
{
	const SklRange *range = &download->ranges[0];

	download->has_body = true;
	if (download->count == 1)
		skl_header(ctx, "Content-Range",
				   skl_sprintf(ctx, "bytes %llu-%llu/%llu", (unsigned long long) range->first,
							   (unsigned long long) range->last,
							   (unsigned long long) download->size));
	skl_answer(ctx, 206, download->type, NULL, 0);
}

void
skl_download_answer(SklRequestCtx *ctx)
{
	SklDownload *download = ctx->download;
	int count;

	download->fd = skl_files_open(download->object, &download->size);
	if (download->fd < 0)
	{
		skl_log(SKL_LOG_ERROR, "media_missing", "%.36s: %s", download->object, strerror(errno));
		skl_refuse(ctx, SKL_ERR_RESOURCE_NOT_FOUND, NULL, NULL);
		return;
	}
	if (is_known(ctx, download))
	{
		add_headers(ctx, download);
		skl_answer(ctx, 304, NULL, "", 0);
		return;
	}
	count = skl_ranges_read(wanted_range(ctx, download), download->size, download->ranges);
	if (count == SKL_RANGE_UNMET)
	{
		answer_unmet(ctx, download);
		return;
	}
	add_headers(ctx, download);
	if (count > 0)
	{
		download->count = count;
		answer_ranges(ctx, download);
		return;
	}
	download->has_body = true;
	skl_answer(ctx, 200, download->type, NULL, 0);
}

bool
skl_download_has_body(const SklRequestCtx *ctx)
{
	return ctx->download != NULL && ctx->download->has_body && ctx->status < 300;
}

/* ---- several ranges ---- */

static void
write_heading(Parts *parts)
{
	int length;

	if (parts->part == parts->count)
		length = snprintf(parts->text, sizeof(parts->text), "\r\n--%s--\r\n", parts->boundary);
	else
		length = snprintf(
			parts->text, sizeof(parts->text),
			"\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes %llu-%llu/%llu\r\n"
			"\r\n",
			parts->boundary, parts->type, (unsigned long long) parts->ranges[parts->part].first,
			(unsigned long long) parts->ranges[parts->part].last, (unsigned long long) parts->size);
	parts->text_length = (size_t) length;
	parts->text_sent = 0;
	parts->sent = 0;
}

static uint64_t
length_of(const SklRange *range)
{
	return range->last - range->first + 1;
}

/* Bytes of the part at hand: its heading, then the file's. */
static ssize_t
draw_part(Parts *parts, char *buffer, size_t room)
{
	const SklRange *range = &parts->ranges[parts->part];
	size_t rest = parts->text_length - parts->text_sent;
	ssize_t got;

	if (rest > 0)
	{
		rest = rest < room ? rest : room;
		memcpy(buffer, parts->text + parts->text_sent, rest);
		parts->text_sent += rest;
		return (ssize_t) rest;
	}
	if (length_of(range) - parts->sent < room)
		room = (size_t) (length_of(range) - parts->sent);
	got = pread(parts->fd, buffer, room, (off_t) (range->first + parts->sent));
	if (got > 0)
		parts->sent += (uint64_t) got;
	return got;
}

/* libmicrohttpd has room for so many bytes. */
static ssize_t
draw(void *arg, uint64_t at, char *buffer, size_t room)
{
	Parts *parts = arg;
	ssize_t got;

	(void) at;
	if (parts->part < parts->count && parts->text_sent == parts->text_length &&
		parts->sent == length_of(&parts->ranges[parts->part]))
	{
		parts->part++;
		write_heading(parts);
	}
	if (parts->part == parts->count && parts->text_sent == parts->text_length)
		return MHD_CONTENT_READER_END_OF_STREAM;
	got = draw_part(parts, buffer, room);
	return got > 0 ? got : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void
end_parts(void *arg)
{
	Parts *parts = arg;

	close(parts->fd);
	free(parts);
}

static struct MHD_Response *
parts_response(SklRequestCtx *ctx, size_t *length)
{
	SklDownload *download = ctx->download;
	Parts *parts = calloc(1, sizeof(*parts));

	if (parts == NULL)
		abort();
	parts->count = download->count;
	parts->size = download->size;
	memcpy(parts->ranges, download->ranges, sizeof(parts->ranges));
	snprintf(parts->type, sizeof(parts->type), "%s", download->type);
	skl_uuid_v7(parts->boundary);
	*length = 0;
	for (parts->part = 0; parts->part < parts->count; parts->part++)
	{
		write_heading(parts);
		*length += parts->text_length + length_of(&parts->ranges[parts->part]);
	}
	write_heading(parts);
	*length += parts->text_length;
	parts->part = 0;
	write_heading(parts);
	parts->fd = download->fd;
	download->fd = -1;
	ctx->reply.type = skl_sprintf(ctx, "multipart/byteranges; boundary=%s", parts->boundary);
	return MHD_create_response_from_callback(*length, PIECE, draw, parts, end_parts);
}

struct MHD_Response *
skl_download_response(SklRequestCtx *ctx, size_t *length)
{
	SklDownload *download = ctx->download;
	uint64_t first = download->count == 0 ? 0 : download->ranges[0].first;
	struct MHD_Response *response;

	if (download->count > 1)
		return parts_response(ctx, length);
	*length = download->count == 0 ? download->size : length_of(&download->ranges[0]);
	response = MHD_create_response_from_fd_at_offset64(*length, download->fd, first);
	if (response != NULL)
		download->fd = -1;
	return response;
}

void
skl_download_free(SklRequestCtx *ctx)
{
	if (ctx->download != NULL && ctx->download->fd >= 0)
		close(ctx->download->fd);
	if (ctx->download != NULL)
		ctx->download->fd = -1;
}
