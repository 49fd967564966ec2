/*
 * reqid.c
 *		Names of a request: its id, and its place in a distributed trace.
 *
 * A client may name its request with X-Request-ID, when the name is harmless in a log and a
 * header; otherwise we make a UUIDv7. A traceparent header (W3C Trace Context) is continued with a
 * span of our own; a malformed one starts a new trace, as the standard says. The tracestate that
 * comes with it is passed on as it is, or dropped whole when it is malformed or too long.
 */
#include "reqid.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "fmt.h"

#define POOL_BYTES 256

/* Random bytes from the kernel, fetched in blocks a thread. */
void
skl_random_bytes(void *bytes, size_t length)
{
	static _Thread_local uint8_t pool[POOL_BYTES];
	static _Thread_local size_t used = sizeof(pool);

	if (length > sizeof(pool))
		abort(); /* no caller asks for so much */
	if (sizeof(pool) - used < length)
	{
		/* up to 256 bytes never fail nor come short once the kernel's pool is ready */
		if (getrandom(pool, sizeof(pool), 0) != (ssize_t) sizeof(pool))
			abort();
		used = 0;
	}
	memcpy(bytes, pool + used, length);
	memset(pool + used, 0, length);
	used += length;
}

static void
to_hex(const uint8_t *bytes, size_t length, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++)
	{
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * length] = '\0';
}

/* Write a new UUIDv7 (RFC 9562): milliseconds since the epoch, then random bits. */
void
skl_uuid_v7(char text[37])
{
	uint8_t b[16];
	char hex[33];
	struct timespec now;
	uint64_t ms;

	clock_gettime(CLOCK_REALTIME, &now);
	ms = (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
	skl_random_bytes(b, sizeof(b));
	for (int i = 0; i < 6; i++)
		b[i] = (uint8_t) (ms >> (40 - 8 * i));
	b[6] = (uint8_t) (0x70 | (b[6] & 0x0f));
	b[8] = (uint8_t) (0x80 | (b[8] & 0x3f));
	to_hex(b, sizeof(b), hex);
	for (int from = 0; from < 32; from++)
	{
		if (from == 8 || from == 12 || from == 16 || from == 20)
			*text++ = '-';
		*text++ = hex[from];
	}
	*text = '\0';
}

/*
 * Choose the id of a request: the client's, if it is 1 to 64 letters, digits, '.', '_', ':' or
 * '-', else a new UUIDv7.
 */
void
skl_request_id(const char *given, char id[SKL_REQUEST_ID_MAX + 1])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
								  "._:-";
	size_t length = given != NULL ? strspn(given, allowed) : 0;

	if (length == 0 || length > SKL_REQUEST_ID_MAX || given[length] != '\0')
		skl_uuid_v7(id);
	else
		memcpy(id, given, length + 1);
}

/* true when text starts with length lower-case hex digits that are not all zero */
static bool
is_hex_id(const char *text, size_t length)
{
	return strspn(text, "0123456789abcdef") >= length && strspn(text, "0") < length;
}

static int
hex_value(char digit)
{
	return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

/* Read version-traceid-parentid-flags; later versions may carry more behind a dash. */
static bool
parse_traceparent(const char *text, SklTrace *trace)
{
	static const char hex[] = "0123456789abcdef";

	if (strnlen(text, SKL_TRACEPARENT_LENGTH) < SKL_TRACEPARENT_LENGTH)
		return false;
	if (strspn(text, hex) != 2 || text[2] != '-' || text[35] != '-' || text[52] != '-' ||
		strspn(text + 53, hex) != 2)
		return false;
	if (strspn(text + 3, hex) != 32 || strspn(text + 36, hex) != 16)
		return false;
	if (!is_hex_id(text + 3, 32) || !is_hex_id(text + 36, 16) || strncmp(text, "ff", 2) == 0)
		return false;
	if (strncmp(text, "00", 2) == 0 ? text[55] != '\0' : (text[55] != '\0' && text[55] != '-'))
		return false;
	memcpy(trace->trace_id, text + 3, 32);
	memcpy(trace->parent_id, text + 36, 16);
	trace->sampled = (hex_value(text[54]) & 1) != 0;
	return true;
}

/* Continue the trace of the header (NULL: none), or start one; our span is new either way. */
void
skl_trace_start(const char *traceparent, SklTrace *trace)
{
	uint8_t bytes[16];

	memset(trace, 0, sizeof(*trace));
	if (traceparent == NULL || !parse_traceparent(traceparent, trace))
	{
		skl_random_bytes(bytes, 16);
		bytes[0] |= 1; /* never all zero */
		to_hex(bytes, 16, trace->trace_id);
	}
	skl_random_bytes(bytes, 8);
	bytes[0] |= 1;
	to_hex(bytes, 8, trace->span_id);
}

/* The traceparent that names our span as the parent of what comes after. */
void
skl_trace_text(const SklTrace *trace, char text[SKL_TRACEPARENT_LENGTH + 1])
{
	text = skl_put(text, "00-", 3);
	text = skl_put(text, trace->trace_id, 32);
	*text++ = '-';
	text = skl_put(text, trace->span_id, 16);
	text = skl_put(text, trace->sampled ? "-01" : "-00", 3);
	*text = '\0';
}

/* ---- tracestate: key=value, separated by commas ---- */

#define MEMBERS_MAX 32
#define PART_MAX 256 /* of a key, and of a value */

/* The length of the key of a member, or 0 when the member is malformed. */
static size_t
member_key(const char *member, size_t length)
{
	static const char key_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-*/@";
	size_t key = strspn(member, key_characters);

	if (key == 0 || key > PART_MAX || strchr("_-*/@", member[0]) != NULL || key >= length ||
		member[key] != '=' || length - key - 1 == 0 || length - key - 1 > PART_MAX)
		return 0;
	for (const char *at = member + key + 1; at < member + length; at++)
	{
		if (*at < ' ' || *at > '~' || *at == '=')
			return 0;
	}
	return key;
}

/* true when one of the members, which are well-formed, has this key */
static bool
has_key(const char *members, const char *key, size_t length)
{
	for (const char *at = members; at != NULL && *at != '\0'; at = strchr(at, ','))
	{
		at += *at == ',';
		if (strncmp(at, key, length) == 0 && at[length] == '=')
			return true;
	}
	return false;
}

/*
 * Read a tracestate (W3C Trace Context): its members, without blanks around them and without empty
 * ones. False, and an empty text, when there is none, one is malformed, two have one key, or there
 * are more than 32 or 512 bytes of them.
 */
bool
skl_tracestate_read(const char *given, char text[SKL_TRACESTATE_MAX + 1])
{
	size_t used = 0;
	int members = 0;

	text[0] = '\0';
	for (const char *at = given; at != NULL && *at != '\0'; at += *at == ',')
	{
		const char *member = at + strspn(at, " \t");
		size_t length = strcspn(member, ",");
		size_t key;

		at = member + length;
		while (length > 0 && strchr(" \t", member[length - 1]) != NULL)
			length--;
		if (length == 0)
			continue;
		key = member_key(member, length);
		if (key == 0 || ++members > MEMBERS_MAX ||
			used + (used > 0) + length > SKL_TRACESTATE_MAX || has_key(text, member, key))
		{
			text[0] = '\0';
			return false;
		}
		if (used > 0)
			text[used++] = ',';
		memcpy(text + used, member, length);
		used += length;
		text[used] = '\0';
	}
	return used > 0;
}
