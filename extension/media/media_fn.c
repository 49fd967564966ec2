/*
 * media/media_fn.c
 *		The SQL face of sniff.c and file_name.c.
 */
#include "skl.h"

#include "media/sniff.h"

#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(skl_fn_media_sniff);
PG_FUNCTION_INFO_V1(skl_fn_media_is_declared);
PG_FUNCTION_INFO_V1(skl_fn_media_name_fits);
PG_FUNCTION_INFO_V1(skl_fn_media_is_picture);
PG_FUNCTION_INFO_V1(skl_fn_media_pixels);
PG_FUNCTION_INFO_V1(skl_fn_media_clean_name);

static const uint8_t *
bytes_of(bytea *value, size_t *length)
{
	*length = VARSIZE_ANY_EXHDR(value);
	return (const uint8_t *) VARDATA_ANY(value);
}

/* media_sniff(bytea, text) returns the type of a file, NULL for one that is not taken. */
Datum
skl_fn_media_sniff(PG_FUNCTION_ARGS)
{
	size_t length;
	const uint8_t *head = bytes_of(PG_GETARG_BYTEA_PP(0), &length);
	const char *type = skl_media_sniff(head, length, text_to_cstring(PG_GETARG_TEXT_PP(1)));

	if (type == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(type));
}

/* media_is_declared(text, text): a declared type names a recognised one. */
Datum
skl_fn_media_is_declared(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(skl_media_is_declared(text_to_cstring(PG_GETARG_TEXT_PP(0)),
										 text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

/* media_name_fits(text, text): a file name ends as files of a type do. */
Datum
skl_fn_media_name_fits(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(skl_media_name_fits(text_to_cstring(PG_GETARG_TEXT_PP(0)),
									   text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

/* media_is_picture(text): browsers may show it. */
Datum
skl_fn_media_is_picture(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(skl_media_is_picture(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

/* media_pixels(bytea): what a picture claims, at most the largest bigint. */
Datum
skl_fn_media_pixels(PG_FUNCTION_ARGS)
{
	size_t length;
	const uint8_t *head = bytes_of(PG_GETARG_BYTEA_PP(0), &length);
	uint64_t pixels = skl_media_pixels(head, length);

	PG_RETURN_INT64(pixels > PG_INT64_MAX ? PG_INT64_MAX : (int64) pixels);
}

/* media_clean_name(text) */
Datum
skl_fn_media_clean_name(PG_FUNCTION_ARGS)
{
	text *name = PG_GETARG_TEXT_PP(0);
	char clean[SKL_FILE_NAME_BYTES + 1];
	size_t length = skl_media_clean_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), clean);

	PG_RETURN_TEXT_P(cstring_to_text_with_len(clean, (int) length));
}
