/*
 * upload.c
 *		Bodies that are files.
 *
 *	RECEIVING ── last byte ──▶ STORING ── synced, renamed ──▶ STORED ── answered ──▶ KEPT | removed
 *		└── refused, client gone ──▶ removed
 *
 * The event loop writes and hashes piece by piece, so an upload takes no more memory than its head.
 * Forms are taken apart by libmicrohttpd.
 */
#include "upload.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "config.h"
#include "files.h"
#include "server.h"
#include "text.h"

#define HEAD_BYTES 4096		/* by which the type is recognised */
#define FORM_BYTES 16384	/* of all fields beside the file */
#define FORM_OVERHEAD 65536 /* what a form adds to its file */
#define MAX_FIELDS 32
#define NAME_BYTES 1000

typedef struct Field
{
	const char *name;
	SklBuffer value;
} Field;

struct SklUpload
{
	SklStoring storing;
	struct MHD_PostProcessor *form; /* NULL: the body is the file */
	EVP_MD_CTX *digest;
	char sha256[65];
	uint64_t size;
	uint64_t limit;
	unsigned char head[HEAD_BYTES];
	size_t head_length;
	bool has_file;
	bool is_open;	/* a part was announced and has brought nothing */
	bool open_file; /* and it is the file */
	bool too_many;	/* files */
	bool too_long;	/* fields */
	bool broken;	/* the disk refused */
	bool abandoned;
	bool counted; /* among those under way */
	bool kept;
	bool settled;
	char *file_name;
	char *type;
	int nfields;
	Field fields[MAX_FIELDS];
	size_t field_bytes;
};

static _Atomic int under_way; /* uploads of all threads */

/* ---- what is expected ---- */

static bool
takes_upload(const SklRoute *route)
{
	for (int i = 0; i < route->nargs; i++)
	{
		if (route->args[i].source == SKL_FROM_UPLOAD)
			return true;
	}
	return false;
}

static bool
is_form(const SklRequestCtx *ctx)
{
	const char *type = ctx->header[SKL_H_CONTENT_TYPE];

	return type != NULL && strncasecmp(type, "multipart/form-data", 19) == 0;
}

static SklUpload *
new_upload(SklRequestCtx *ctx)
{
	SklUpload *upload = calloc(1, sizeof(*upload));

	if (upload == NULL)
		abort();
	upload->storing.fd = -1;
	upload->storing.ctx = ctx;
	upload->storing.thread = ctx->thread;
	upload->storing.wake_fd = ctx->thread->wake_fd;
	upload->limit = ctx->config->media_max_bytes;
	ctx->upload = upload;
	return upload;
}

bool
skl_upload_expect(SklRequestCtx *ctx, const json_t *claims)
{
	json_int_t size = json_integer_value(json_object_get(claims, "size"));
	const char *type = json_string_value(json_object_get(claims, "type"));
	const char *given = ctx->header[SKL_H_CONTENT_TYPE];
	const char *length = ctx->header[SKL_H_CONTENT_LENGTH];

	if (ctx->method != SKL_PUT || type == NULL)
	{
		skl_refuse(ctx, SKL_ERR_PERMISSION_DENIED, "the signature is not valid", NULL);
		return false;
	}
	if (given != NULL && strcasecmp(given, type) != 0)
	{
		skl_refuse(ctx, SKL_ERR_UNSUPPORTED_MEDIA_TYPE,
				   "the address was signed for another Content-Type", NULL);
		return false;
	}
	if (length != NULL && strtoll(length, NULL, 10) != size)
	{
		skl_refuse(
			ctx, SKL_ERR_VALIDATION_ERROR, NULL,
			"[{\"field\":\"size\",\"message\":\"the address was signed for another size\"}]");
		return false;
	}
	new_upload(ctx)->limit = (uint64_t) size;
	return true;
}

size_t
skl_upload_limit(const SklRequestCtx *ctx)
{
	bool form = is_form(ctx);

	if (ctx->route == NULL || !takes_upload(ctx->route) || (ctx->method == SKL_POST && !form))
		return 0;
	return ctx->config->media_max_bytes + (form ? FORM_OVERHEAD : 0);
}

/* ---- receiving ---- */

static bool
write_all(SklUpload *upload, const char *data, size_t size)
{
	while (size > 0)
	{
		ssize_t written = write(upload->storing.fd, data, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
		{
			skl_log(SKL_LOG_ERROR, "media_write", "%s", strerror(errno));
			upload->broken = true;
			return false;
		}
		data += written;
		size -= (size_t) written;
	}
	return true;
}

static bool
take_bytes(SklUpload *upload, const char *data, size_t size)
{
	size_t room = HEAD_BYTES - upload->head_length;
	size_t piece = size < room ? size : room;

	upload->size += size;
	if (upload->size > upload->limit)
		return false;
	memcpy(upload->head + upload->head_length, data, piece);
	upload->head_length += piece;
	if (EVP_DigestUpdate(upload->digest, data, size) != 1)
		abort();
	return write_all(upload, data, size);
}

static char *
copy_text(SklRequestCtx *ctx, const char *text)
{
	return text == NULL ? NULL : skl_strndup(ctx, text, strnlen(text, NAME_BYTES));
}

/* A part of a form that is no file. */
static bool
take_field(SklRequestCtx *ctx, const char *name, const char *data, size_t size, bool more)
{
	SklUpload *upload = ctx->upload;
	Field *field;

	if (!more)
	{
		if (upload->nfields == MAX_FIELDS)
			return !(upload->too_long = true);
		field = &upload->fields[upload->nfields++];
		field->name = copy_text(ctx, name);
		field->value.ctx = ctx;
		skl_buffer_add(&field->value, "", 0);
	}
	field = &upload->fields[upload->nfields - 1];
	upload->field_bytes += size + strlen(field->name);
	if (upload->field_bytes > FORM_BYTES)
		return !(upload->too_long = true);
	skl_buffer_add(&field->value, data, size);
	return true;
}

/*
 * Whether the piece goes on with the part at hand: libmicrohttpd announces a part without a byte
 * when it has none yet, and then tells offset 0 again.
 */
static bool
goes_on(SklUpload *upload, const char *name, bool is_file, uint64_t offset, size_t size)
{
	bool same = upload->is_open && is_file == upload->open_file &&
				(is_file || strcmp(upload->fields[upload->nfields - 1].name, name) == 0);

	upload->is_open = offset == 0 && size == 0;
	upload->open_file = is_file;
	return offset > 0 || same;
}

/* libmicrohttpd's callback for a piece of a part. */
static enum MHD_Result
on_part(void *arg, enum MHD_ValueKind kind, const char *name, const char *file_name,
		const char *type, const char *coding, const char *data, uint64_t offset, size_t size)
{
	SklRequestCtx *ctx = arg;
	SklUpload *upload = ctx->upload;
	bool is_file;
	bool more;

	(void) kind;
	(void) coding;
	name = name == NULL ? "" : name;
	is_file = strcmp(name, "file") == 0 || file_name != NULL;
	more = goes_on(upload, name, is_file, offset, size);
	if (!is_file)
		return take_field(ctx, name, data, size, more) ? MHD_YES : MHD_NO;
	if (!more)
	{
		upload->too_many = upload->has_file || strcmp(name, "file") != 0;
		if (upload->too_many)
			return MHD_NO;
		upload->has_file = true;
		upload->file_name = copy_text(ctx, file_name);
		upload->type = copy_text(ctx, type);
	}
	return take_bytes(upload, data, size) ? MHD_YES : MHD_NO;
}

bool
skl_upload_begin(SklRequestCtx *ctx)
{
	bool form = is_form(ctx);
	SklUpload *upload;

	if (!takes_upload(ctx->route))
		return true;
	if (!skl_files_enabled())
	{
		skl_refuse(ctx, SKL_ERR_SERVICE_UNAVAILABLE, "no files are kept here", NULL);
		return false;
	}
	if (ctx->method == SKL_POST && !form)
		return true;
	upload = ctx->upload == NULL ? new_upload(ctx) : ctx->upload;
	if (form)
	{
		upload->form = MHD_create_post_processor(ctx->mhd, 4096, on_part, ctx);
		if (upload->form == NULL)
		{
			skl_refuse(ctx, SKL_ERR_MALFORMED_REQUEST, "the form has no boundary", NULL);
			return false;
		}
	}
	upload->digest = EVP_MD_CTX_new();
	if (upload->digest == NULL || EVP_DigestInit_ex(upload->digest, EVP_sha256(), NULL) != 1)
		abort();
	if (atomic_fetch_add(&under_way, 1) < ctx->config->media_max_uploads)
		upload->storing.fd = skl_files_create(upload->storing.object);
	upload->counted = true;
	if (upload->storing.fd >= 0)
		return true;
	skl_refuse(ctx, SKL_ERR_SERVICE_UNAVAILABLE, NULL, NULL);
	return false;
}

/* Why a piece was not taken. */
static void
refuse_piece(SklRequestCtx *ctx)
{
	SklUpload *upload = ctx->upload;

	if (upload->broken)
		skl_refuse(ctx, SKL_ERR_SERVICE_UNAVAILABLE, NULL, NULL);
	else if (upload->size > upload->limit)
		skl_refuse(ctx, SKL_ERR_PAYLOAD_TOO_LARGE, NULL, NULL);
	else if (upload->too_many)
		skl_refuse(ctx, SKL_ERR_VALIDATION_ERROR, NULL,
				   "[{\"field\":\"file\",\"message\":\"must be one file, in the part file\"}]");
	else
		skl_refuse(ctx, SKL_ERR_MALFORMED_REQUEST,
				   upload->too_long ? "the form has too many fields" : "the body is not a form",
				   NULL);
}

bool
skl_upload_data(SklRequestCtx *ctx, const char *data, size_t size)
{
	SklUpload *upload = ctx->upload;
	bool good = upload->form == NULL ? take_bytes(upload, data, size)
									 : MHD_post_process(upload->form, data, size) == MHD_YES;

	if (!good)
		refuse_piece(ctx);
	return good;
}

/* ---- the end of the body ---- */

static void
finish_digest(SklUpload *upload)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int length = 0;

	if (EVP_DigestFinal_ex(upload->digest, bytes, &length) != 1)
		abort();
	for (unsigned int i = 0; i < 32; i++)
		snprintf(upload->sha256 + 2 * i, 3, "%02x", bytes[i]);
}

/* The form ended with its last boundary. */
static bool
finish_form(SklUpload *upload)
{
	enum MHD_Result good = MHD_YES;

	if (upload->form != NULL)
		good = MHD_destroy_post_processor(upload->form);
	upload->form = NULL;
	return good == MHD_YES;
}

SklNext
skl_upload_end(SklRequestCtx *ctx)
{
	SklUpload *upload = ctx->upload;
	bool form = upload->form != NULL;

	if (!finish_form(upload))
	{
		refuse_piece(ctx);
		return SKL_NEXT_ANSWER;
	}
	if (form && !upload->has_file)
	{
		skl_refuse(ctx, SKL_ERR_VALIDATION_ERROR, NULL,
				   "[{\"field\":\"file\",\"message\":\"is required\"}]");
		return SKL_NEXT_ANSWER;
	}
	finish_digest(upload);
	skl_files_store(&upload->storing);
	return SKL_NEXT_PARK;
}

/* ---- arguments ---- */

static bool
is_given(const SklUpload *upload, const char *name)
{
	for (int i = 0; i < upload->nfields; i++)
	{
		if (strcmp(upload->fields[i].name, name) == 0)
			return true;
	}
	return false;
}

void
skl_upload_args(SklArgs *args)
{
	const SklUpload *upload = args->ctx->upload;
	const char *type = upload->type == NULL ? "application/octet-stream" : upload->type;

	if (args->route->method != SKL_POST)
		return;
	for (int i = 0; i < upload->nfields; i++)
	{
		const SklBuffer *value = &upload->fields[i].value;
		bool text = skl_utf8_valid(value->data, value->length);

		skl_args_field(args, upload->fields[i].name, text ? value->data : NULL);
	}
	if (upload->file_name != NULL && !is_given(upload, "fileName"))
		skl_args_field(args, "fileName",
					   skl_utf8_valid(upload->file_name, strlen(upload->file_name))
						   ? upload->file_name
						   : NULL);
	if (!is_given(upload, "contentType"))
		skl_args_field(args, "contentType", skl_utf8_valid(type, strlen(type)) ? type : NULL);
	if (!is_given(upload, "size"))
		skl_args_field(args, "size",
					   skl_sprintf(args->ctx, "%llu", (unsigned long long) upload->size));
}

const char *
skl_upload_json(SklRequestCtx *ctx)
{
	static const char digits[] = "0123456789abcdef";
	const SklUpload *upload = ctx->upload;
	char *head;

	if (upload == NULL)
		return NULL;
	head = skl_alloc(ctx, 2 * upload->head_length + 1);
	for (size_t i = 0; i < upload->head_length; i++)
	{
		head[2 * i] = digits[upload->head[i] >> 4];
		head[2 * i + 1] = digits[upload->head[i] & 15];
	}
	head[2 * upload->head_length] = '\0';
	return skl_sprintf(ctx, "{\"object\":\"%s\",\"size\":%llu,\"sha256\":\"%s\",\"head\":\"%s\"}",
					   upload->storing.object, (unsigned long long) upload->size, upload->sha256,
					   head);
}

const char *
skl_upload_digest(SklRequestCtx *ctx)
{
	const SklUpload *upload = ctx->upload;
	SklBuffer text = {.ctx = ctx};

	skl_buffer_puts(&text, upload->sha256);
	skl_buffer_puts(&text, upload->file_name == NULL ? "" : upload->file_name);
	for (int i = 0; i < upload->nfields; i++)
	{
		skl_buffer_puts(&text, "\n");
		skl_buffer_puts(&text, upload->fields[i].name);
		skl_buffer_puts(&text, "=");
		skl_buffer_add(&text, upload->fields[i].value.data, upload->fields[i].value.length);
	}
	return text.data;
}

/* ---- what becomes of the file ---- */

void
skl_upload_keep(SklRequestCtx *ctx, const char *object)
{
	SklUpload *upload = ctx->upload;

	if (upload != NULL && object != NULL)
		upload->kept = strcmp(object, upload->storing.object) == 0;
}

void
skl_upload_settle(SklRequestCtx *ctx, bool unsure)
{
	SklUpload *upload = ctx->upload;

	if (upload == NULL || upload->settled)
		return;
	if (upload->storing.good && !upload->kept && !unsure)
		skl_files_remove(upload->storing.object);
	upload->settled = true;
}

bool
skl_upload_is_stored(const SklRequestCtx *ctx)
{
	return ctx->upload->storing.good;
}

void
skl_upload_abandon(SklRequestCtx *ctx)
{
	if (ctx->upload != NULL)
		ctx->upload->abandoned = true;
}

bool
skl_upload_abandoned(const SklRequestCtx *ctx)
{
	return ctx->upload->abandoned;
}

void
skl_upload_free(SklRequestCtx *ctx)
{
	SklUpload *upload = ctx->upload;

	if (upload == NULL)
		return;
	skl_upload_settle(ctx, false);
	if (upload->counted)
		atomic_fetch_sub(&under_way, 1);
	finish_form(upload);
	EVP_MD_CTX_free(upload->digest);
	if (upload->storing.fd >= 0)
		close(upload->storing.fd);
	if (*upload->storing.object != '\0' && !upload->storing.good)
		skl_files_discard(upload->storing.object);
	free(upload);
	ctx->upload = NULL;
}
