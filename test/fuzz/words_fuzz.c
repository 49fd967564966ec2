/*
 * test/fuzz/words_fuzz.c
 *		Fuzzes the text rules of the project area: the scanner of contact details, and slugs, of
 * which each is its own slug.
 */
#include "skl.h"

#include "project/risk_scan.h"
#include "project/slug.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	char slug[SKL_SLUG_MAX + 1];
	char again[SKL_SLUG_MAX + 1];
	size_t len;

	(void) skl_risk_scan((const char *) data, size);
	len = skl_slug((const char *) data, size, slug);
	must(len <= SKL_SLUG_MAX && strlen(slug) == len && strspn(slug, alphabet) == len);
	must(len == 0 || (slug[0] != '-' && slug[len - 1] != '-' && strstr(slug, "--") == NULL));
	must(skl_slug(slug, len, again) == len && memcmp(slug, again, len) == 0);
	return 0;
}
