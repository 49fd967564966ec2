/*
 * test/fuzz/contact_mask_fuzz.c
 *		Fuzzes the masking of contact details: it stays in its space, and says whether it hid
 *		anything.
 */
#include "skl.h"

#include "notification/contact_mask.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool *hide = malloc(size * sizeof(bool) + 1);
	char *masked = malloc(SKL_CONTACT_MASKED_SIZE(size));
	unsigned kinds = 0;
	size_t len;

	if (hide != NULL && masked != NULL)
	{
		len = skl_contact_mask((const char *) data, size, hide, masked, &kinds);
		must(len < SKL_CONTACT_MASKED_SIZE(size) && masked[len] == '\0');
		must(kinds != 0 || (len == size && memcmp(masked, data, size) == 0));
		must(kinds < 1 << SKL_CONTACT_KIND_COUNT);
	}
	free(hide);
	free(masked);
	return 0;
}
