/*
 * payment/json_path.c
 *		Members of a provider's JSON by a path with dots.
 */
#include "skl.h"

#include "payment/provider.h"

#define MAX_STEPS 8

/* The element at the path, as text when asked for; isnull when there is none. */
static Datum
element(Jsonb *document, const char *path, bool as_text, bool *isnull)
{
	Datum steps[MAX_STEPS];
	int n = 0;

	for (const char *at = path; *at != '\0' && n < MAX_STEPS;)
	{
		size_t length = strcspn(at, ".");

		steps[n++] = PointerGetDatum(cstring_to_text_with_len(at, (int) length));
		at += length + (at[length] == '.');
	}
	*isnull = true;
	return jsonb_get_element(document, steps, n, isnull, as_text);
}

char *
skl_json_text(Jsonb *document, const char *path)
{
	bool isnull;
	Datum value = element(document, path, true, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

Jsonb *
skl_json_member(Jsonb *document, const char *path)
{
	bool isnull;
	Datum value = element(document, path, false, &isnull);

	return isnull ? NULL : DatumGetJsonbP(value);
}
