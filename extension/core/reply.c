/*
 * core/reply.c
 *		Parts of answers: pages of lists with authenticated cursors, and entity tags.
 *
 * A cursor is base64url(mac || key): key is the sort key of the last row as the list's author
 * wrote it, mac the first 16 bytes of HMAC-SHA-256 over scope and key. The scope names the list
 * and its filters, so that a cursor of another query is refused like a forged one.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/problems.h"
#include "core/spi.h"

#include "common/hmac.h"
#include "common/sha2.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/inval.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define MAC_LEN 16
#define CURSOR_MAX 1024

PG_FUNCTION_INFO_V1(skl_fn_list_reply);
PG_FUNCTION_INFO_V1(skl_fn_cursor_decode);
PG_FUNCTION_INFO_V1(skl_fn_seal);
PG_FUNCTION_INFO_V1(skl_fn_unseal);
PG_FUNCTION_INFO_V1(skl_fn_etag_matches);
PG_FUNCTION_INFO_V1(skl_fn_check_if_match);

/* The cursor key of this database, read once a backend. */
static bytea *
cursor_secret(void)
{
	static SklStmt stmt = SKL_STMT0("SELECT skillancer.cursor_secret()");
	static bytea *secret = NULL;
	bool isnull;

	if (secret != NULL)
		return secret;
	skl_spi_connect();
	if (skl_spi_exec(&stmt, NULL, NULL) != 1)
		elog(ERROR, "the cursor key is missing");
	secret = DatumGetByteaPP(skl_spi_value_in(TopMemoryContext, 0, 1, &isnull));
	skl_spi_finish();
	return secret;
}

/* First bytes of HMAC-SHA-256(secret, scope NUL key). */
static void
cursor_mac(text *scope, const char *key, size_t key_len, uint8 mac[MAC_LEN])
{
	bytea *secret = cursor_secret();
	pg_hmac_ctx *ctx = pg_hmac_create(PG_SHA256);
	uint8 full[PG_SHA256_DIGEST_LENGTH];
	bool ok = ctx != NULL;

	ok = ok && pg_hmac_init(ctx, (uint8 *) VARDATA_ANY(secret), VARSIZE_ANY_EXHDR(secret)) == 0;
	ok = ok && pg_hmac_update(ctx, (uint8 *) VARDATA_ANY(scope), VARSIZE_ANY_EXHDR(scope)) == 0;
	ok = ok && pg_hmac_update(ctx, (const uint8 *) "", 1) == 0;
	ok = ok && pg_hmac_update(ctx, (const uint8 *) key, key_len) == 0;
	ok = ok && pg_hmac_final(ctx, full, sizeof(full)) == 0;
	if (ctx != NULL)
		pg_hmac_free(ctx);
	if (!ok)
		elog(ERROR, "HMAC failed");
	memcpy(mac, full, MAC_LEN);
}

/* Base64 with the URL alphabet and without padding. */
static char *
base64url(const uint8 *data, size_t len)
{
	char *out = palloc(4 * ((len + 2) / 3) + 1);
	int n = EVP_EncodeBlock((unsigned char *) out, data, (int) len);

	while (n > 0 && out[n - 1] == '=')
		n--;
	out[n] = '\0';
	for (char *p = out; *p; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
	return out;
}

/* The reverse; returns the length, or -1 when the text is not base64url. */
static int
base64url_decode(const char *in, size_t len, uint8 *out)
{
	char padded[CURSOR_MAX + 4];
	size_t n = 0;
	int pad;
	int decoded;

	if (len == 0 || len > CURSOR_MAX || len % 4 == 1)
		return -1;
	for (; n < len; n++)
	{
		char c = in[n];

		if (!isalnum((unsigned char) c) && c != '-' && c != '_')
			return -1;
		padded[n] = c == '-' ? '+' : c == '_' ? '/' : c;
	}
	pad = (int) ((4 - len % 4) % 4);
	for (int i = 0; i < pad; i++)
		padded[n++] = '=';
	decoded = EVP_DecodeBlock(out, (const unsigned char *) padded, (int) n);
	return decoded < 0 ? -1 : decoded - pad;
}

static char *
cursor_encode(text *scope, text *key)
{
	size_t key_len = VARSIZE_ANY_EXHDR(key);
	uint8 *plain;

	if (key_len > CURSOR_MAX / 2)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("the sort key of a list is too long for a cursor")));
	plain = palloc(MAC_LEN + key_len);
	cursor_mac(scope, VARDATA_ANY(key), key_len, plain);
	memcpy(plain + MAC_LEN, VARDATA_ANY(key), key_len);
	return base64url(plain, MAC_LEN + key_len);
}

/* The key inside a cursor of this scope; NULL when it is forged or of another scope. */
static text *
cursor_open(text *scope, text *cursor)
{
	uint8 plain[CURSOR_MAX + 4];
	uint8 mac[MAC_LEN];
	int len = base64url_decode(VARDATA_ANY(cursor), VARSIZE_ANY_EXHDR(cursor), plain);

	if (len <= MAC_LEN)
		return NULL;
	cursor_mac(scope, (char *) plain + MAC_LEN, (size_t) len - MAC_LEN, mac);
	if (CRYPTO_memcmp(mac, plain, MAC_LEN) != 0)
		return NULL;
	return cstring_to_text_with_len((char *) plain + MAC_LEN, len - MAC_LEN);
}

/* cursor_decode(scope, cursor) returns the key, or NULL without a cursor or with a wrong one. */
Datum
skl_fn_cursor_decode(PG_FUNCTION_ARGS)
{
	text *key;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		elog(ERROR, "a cursor needs a scope");
	key = cursor_open(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1));
	if (key != NULL)
		PG_RETURN_TEXT_P(key);
	skl_problem("cursor", "is not a cursor of this list");
	skl_problems_check();
	PG_RETURN_NULL();
}

/* seal(scope, content text) returns text: the content, authenticated, at most 512 bytes. */
Datum
skl_fn_seal(PG_FUNCTION_ARGS)
{
	return CStringGetTextDatum(cursor_encode(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1)));
}

/* unseal(scope, sealed text) returns text: the content, or NULL when it was not sealed here. */
Datum
skl_fn_unseal(PG_FUNCTION_ARGS)
{
	text *content = cursor_open(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1));

	if (content == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(content);
}

/* The pagination object of a page, as JSON text. */
static char *
pagination_json(int limit, const char *next_cursor)
{
	if (next_cursor == NULL)
		return psprintf(
			"{\"pagination\": {\"limit\": %d, \"nextCursor\": null, \"hasNext\": false}}", limit);
	return psprintf("{\"pagination\": {\"limit\": %d, \"nextCursor\": \"%s\", \"hasNext\": true}}",
					limit, next_cursor);
}

/* Joins the first n elements of a json[] into one JSON array. */
static text *
json_array_of(Datum *items, int n)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '[');
	for (int i = 0; i < n; i++)
	{
		text *item = DatumGetTextPP(items[i]);

		if (i > 0)
			appendStringInfoChar(&buf, ',');
		appendBinaryStringInfo(&buf, VARDATA_ANY(item), (int) VARSIZE_ANY_EXHDR(item));
	}
	appendStringInfoChar(&buf, ']');
	return cstring_to_text_with_len(buf.data, buf.len);
}

/* The elements of an array, none of which may be NULL. */
static Datum *
elements_of(ArrayType *array, Oid type, int *n)
{
	Datum *elements;

	if (array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("items and keys of a list must not be NULL")));
	deconstruct_array(array, type, -1, false, TYPALIGN_INT, &elements, NULL, n);
	return elements;
}

/*
 * list_reply(items json[], keys text[], limit, scope) returns reply: items holds up to one row more
 * than the limit; the surplus tells that there is a next page.
 */
Datum
skl_fn_list_reply(PG_FUNCTION_ARGS)
{
	TupleDesc desc;
	Datum *items = NULL;
	Datum *keys = NULL;
	int nitems = 0;
	int nkeys = 0;
	int limit = PG_GETARG_INT32(2);
	char *next_cursor = NULL;
	Datum values[5] = {0};
	bool isnull[5] = {false, true, true, false, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "list_reply must return a row");
	if (!PG_ARGISNULL(0))
		items = elements_of(PG_GETARG_ARRAYTYPE_P(0), JSONOID, &nitems);
	if (!PG_ARGISNULL(1))
		keys = elements_of(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, &nkeys);
	if (nitems != nkeys || limit < 1 || PG_ARGISNULL(3))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a list has a key for each item, a limit and a scope")));
	if (nitems > limit)
		next_cursor = cursor_encode(PG_GETARG_TEXT_PP(3), DatumGetTextPP(keys[limit - 1]));

	values[0] = Int32GetDatum(200);
	values[3] = DirectFunctionCall1(jsonb_in, CStringGetDatum(pagination_json(limit, next_cursor)));
	values[4] = PointerGetDatum(json_array_of(items, Min(nitems, limit)));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, isnull)));
}

/* Is this the tag, or the tag of the same representation as the bridge sends it compressed? */
static bool
etag_is(const char *given, size_t given_len, const char *etag)
{
	static const char packed[] = "-gzip";
	size_t len = strlen(etag);

	if (given_len == len + sizeof(packed) - 1 &&
		memcmp(given + len, packed, sizeof(packed) - 1) == 0)
		given_len = len;
	return given_len == len && memcmp(given, etag, len) == 0;
}

/* Does a comma-separated list of entity tags hold this one? Weak tags compare by their value. */
static bool
etag_listed(const char *list, const char *etag)
{
	for (const char *p = list; *p != '\0';)
	{
		const char *end;

		while (*p == ' ' || *p == '\t' || *p == ',')
			p++;
		if (*p == '*')
			return true;
		if (strncmp(p, "W/", 2) == 0)
			p += 2;
		if (*p != '"')
			return false;
		end = strchr(p + 1, '"');
		if (end == NULL)
			return false;
		if (etag_is(p + 1, (size_t) (end - p - 1), etag))
			return true;
		p = end + 1;
	}
	return false;
}

/* etag_matches(If-None-Match, etag) returns boolean: the client has this representation. */
Datum
skl_fn_etag_matches(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(
		etag_listed(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

/*
 * check_if_match(If-Match, etag): raises PRECONDITION_FAILED when the client saw another version.
 */
Datum
skl_fn_check_if_match(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_VOID();
	if (PG_ARGISNULL(1) ||
		!etag_listed(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1))))
		skl_fail(SKL_ERR_PRECONDITION_FAILED);
	PG_RETURN_VOID();
}
