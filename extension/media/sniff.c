/*
 * media/sniff.c
 *		What a file is, by its first bytes.
 *
 * Nothing that a browser runs is on the list: no HTML, no SVG or other XML, no script. What looks
 * like markup is no text either. A file that is two things at once is served as the one that it was
 * recognised as, to be saved and never run (docs/media.md).
 */
#include "media/sniff.h"

#include <string.h>
#include <strings.h>

/* A type, the endings of its names, and other names that clients give it. */
typedef struct Kind
{
	const char *type;
	const char *endings;
	const char *aliases;
} Kind;

#define OFFICE "application/vnd.openxmlformats-officedocument."
#define OPEN_DOCUMENT "application/vnd.oasis.opendocument."

static const Kind kinds[] = {
	{"image/png", "png", ""},
	{"image/jpeg", "jpg jpeg jpe", "image/jpg image/pjpeg"},
	{"image/gif", "gif", ""},
	{"image/webp", "webp", ""},
	{"application/pdf", "pdf", "application/x-pdf"},
	{"application/zip", "zip", "application/x-zip-compressed application/x-zip"},
	{OFFICE "wordprocessingml.document", "docx", ""},
	{OFFICE "spreadsheetml.sheet", "xlsx", ""},
	{OFFICE "presentationml.presentation", "pptx", ""},
	{OPEN_DOCUMENT "text", "odt", ""},
	{OPEN_DOCUMENT "spreadsheet", "ods", ""},
	{OPEN_DOCUMENT "presentation", "odp", ""},
	{"application/gzip", "gz tgz", "application/x-gzip"},
	{"application/x-7z-compressed", "7z", ""},
	{"video/mp4", "mp4 m4v", ""},
	{"video/quicktime", "mov qt", ""},
	{"video/webm", "webm", "audio/webm"},
	{"audio/mpeg", "mp3", "audio/mp3"},
	{"audio/wav", "wav", "audio/x-wav audio/wave"},
	{"audio/ogg", "ogg oga opus", "application/ogg"},
	{"text/plain", "txt text log md csv json", ""},
	{"text/csv", "csv", ""},
	{"text/markdown", "md markdown", ""},
	{"application/json", "json", ""},
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

/* Whether a list of words has this one, whatever its case. */
static bool
has_word(const char *list, const char *word, size_t length)
{
	while (*list != '\0')
	{
		size_t item = strcspn(list, " ");

		if (item == length && length > 0 && strncasecmp(list, word, length) == 0)
			return true;
		list += item + (list[item] == ' ');
	}
	return false;
}

static const Kind *
kind_of(const char *type)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (strcmp(kinds[i].type, type) == 0)
			return &kinds[i];
	return NULL;
}

/* The length of a declared type without its parameters. */
static size_t
bare_length(const char *declared)
{
	return strcspn(declared, "; \t");
}

static bool
is_named(const char *declared, const Kind *kind)
{
	size_t length = bare_length(declared);

	return has_word(kind->type, declared, length) || has_word(kind->aliases, declared, length);
}

bool
skl_media_is_declared(const char *declared, const char *type)
{
	const Kind *kind = kind_of(type);

	return has_word("application/octet-stream", declared, bare_length(declared)) ||
		   (kind != NULL && is_named(declared, kind));
}

bool
skl_media_name_fits(const char *name, const char *type)
{
	const Kind *kind = kind_of(type);
	const char *dot = strrchr(name, '.');

	return kind != NULL && dot != NULL && has_word(kind->endings, dot + 1, strlen(dot + 1));
}

bool
skl_media_is_picture(const char *type)
{
	return strcmp(type, "image/png") == 0 || strcmp(type, "image/jpeg") == 0 ||
		   strcmp(type, "image/gif") == 0 || strcmp(type, "image/webp") == 0;
}

/* ---- by magic bytes ---- */

static bool
has_at(const uint8_t *head, size_t length, size_t offset, const char *bytes, size_t count)
{
	return length >= offset + count && memcmp(head + offset, bytes, count) == 0;
}

#define HAS(offset, literal) has_at(head, length, offset, literal, sizeof(literal) - 1)

static const char *
sniff_riff(const uint8_t *head, size_t length)
{
	if (HAS(8, "WEBP"))
		return "image/webp";
	return HAS(8, "WAVE") ? "audio/wav" : NULL;
}

static const char *
sniff_mp4(const uint8_t *head, size_t length)
{
	if (HAS(8, "qt  "))
		return "video/quicktime";
	if (HAS(8, "isom") || HAS(8, "iso2") || HAS(8, "iso5") || HAS(8, "mp4") || HAS(8, "avc1") ||
		HAS(8, "M4V") || HAS(8, "MSNV"))
		return "video/mp4";
	return NULL;
}

/* An archive is an office document when it was declared as one and begins as one. */
static const char *
sniff_zip(const uint8_t *head, size_t length, const char *declared)
{
	static const char mark[] = "mimetype";

	for (size_t i = 0; i < KIND_COUNT; i++)
	{
		const Kind *kind = &kinds[i];
		bool office = strncmp(kind->type, OFFICE, sizeof(OFFICE) - 1) == 0;
		bool open_document = strncmp(kind->type, OPEN_DOCUMENT, sizeof(OPEN_DOCUMENT) - 1) == 0;

		if (office && is_named(declared, kind) &&
			(HAS(30, "[Content_Types].xml") || HAS(30, "_rels/") || HAS(30, "docProps/")))
			return kind->type;
		if (open_document && HAS(30, "mimetype") &&
			has_at(head, length, 30 + sizeof(mark) - 1, kind->type, strlen(kind->type)))
			return kind->type;
	}
	return "application/zip";
}

static const char *
sniff_magic(const uint8_t *head, size_t length, const char *declared)
{
	if (HAS(0, "\x89PNG\r\n\x1a\n"))
		return "image/png";
	if (HAS(0, "\xff\xd8\xff"))
		return "image/jpeg";
	if (HAS(0, "GIF87a") || HAS(0, "GIF89a"))
		return "image/gif";
	if (HAS(0, "RIFF"))
		return sniff_riff(head, length);
	if (HAS(0, "%PDF-"))
		return "application/pdf";
	if (HAS(0, "PK\x03\x04"))
		return sniff_zip(head, length, declared);
	if (HAS(0, "\x1f\x8b\x08"))
		return "application/gzip";
	if (HAS(0, "7z\xbc\xaf\x27\x1c"))
		return "application/x-7z-compressed";
	if (HAS(4, "ftyp"))
		return sniff_mp4(head, length);
	if (HAS(0, "\x1a\x45\xdf\xa3"))
		return "video/webm";
	if (HAS(0, "ID3") || HAS(0, "\xff\xfb") || HAS(0, "\xff\xf3") || HAS(0, "\xff\xf2"))
		return "audio/mpeg";
	return HAS(0, "OggS") ? "audio/ogg" : NULL;
}

/* ---- texts ---- */

/* Bytes of the UTF-8 sequence at the beginning; 0: it is none. A sequence that the end of the head
 * cuts counts as whole. */
static size_t
sequence_length(const uint8_t *at, size_t rest)
{
	size_t wanted;

	if (at[0] < 0x80)
		return at[0] >= 0x20 || at[0] == '\t' || at[0] == '\n' || at[0] == '\r' || at[0] == '\f';
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	wanted = at[0] < 0xe0 ? 2 : (at[0] < 0xf0 ? 3 : 4);
	for (size_t i = 1; i < wanted && i < rest; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return wanted < rest ? wanted : rest;
}

static bool
is_text(const uint8_t *head, size_t length)
{
	size_t at = 0;

	while (at < length)
	{
		size_t step = sequence_length(head + at, length - at);

		if (step == 0)
			return false;
		at += step;
	}
	return true;
}

/* What browsers and mail programs may take for a page: it begins with "<". */
static bool
is_markup(const uint8_t *head, size_t length)
{
	size_t at = HAS(0, "\xef\xbb\xbf") ? 3 : 0;

	while (at < length && strchr(" \t\r\n\f", head[at]) != NULL && head[at] != '\0')
		at++;
	return at < length && head[at] == '<';
}

static const char *
sniff_text(const uint8_t *head, size_t length, const char *declared)
{
	static const char *const texts[] = {"text/csv", "text/markdown", "application/json"};

	if (length == 0 || !is_text(head, length) || is_markup(head, length))
		return NULL;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (has_word(texts[i], declared, bare_length(declared)))
			return texts[i];
	return "text/plain";
}

const char *
skl_media_sniff(const uint8_t *head, size_t length, const char *declared)
{
	const char *type = sniff_magic(head, length, declared);

	return type != NULL ? type : sniff_text(head, length, declared);
}

static uint64_t
number_at(const uint8_t *head, size_t offset, int bytes, bool big_endian)
{
	uint64_t number = 0;

	for (int i = 0; i < bytes; i++)
		number |= (uint64_t) head[offset + (size_t) i] << (8 * (big_endian ? bytes - 1 - i : i));
	return number;
}

uint64_t
skl_media_pixels(const uint8_t *head, size_t length)
{
	if (HAS(0, "\x89PNG\r\n\x1a\n") && length >= 24)
		return number_at(head, 16, 4, true) * number_at(head, 20, 4, true);
	if ((HAS(0, "GIF87a") || HAS(0, "GIF89a")) && length >= 10)
		return number_at(head, 6, 2, false) * number_at(head, 8, 2, false);
	if (HAS(0, "RIFF") && HAS(8, "WEBPVP8X") && length >= 30)
		return (number_at(head, 24, 3, false) + 1) * (number_at(head, 27, 3, false) + 1);
	return 0;
}
