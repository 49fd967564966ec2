/*
 * test/fuzz/outbound_fuzz.c
 *		Fuzzes the rules of where webhooks may go. What is let through without an operator's ranges
 *		is https://, has no user name and no address of ours.
 */
#include "skl.h"

#include "core/outbound.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const SklRanges none = {0};
	const char *url = (const char *) data;
	char *copy = malloc(size + 1);
	SklRanges ranges;
	SklWebhookUrl parts;

	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	copy[size] = '\0';
	if (skl_ranges_parse(copy, &ranges))
		must(ranges.n >= 0 && ranges.n <= SKL_RANGES_MAX);
	if (skl_webhook_url_problem(url, size, &none, &parts) == NULL)
	{
		must(memcmp(url, "https://", 8) == 0 && !parts.plain);
		must(strlen(copy) == size && strpbrk(copy, " \r\n\\#\"<>") == NULL);
		must(parts.port == 443 || parts.port == 8443);
		must(!parts.is_literal || skl_address_is_public(&parts.address));
	}
	free(copy);
	return 0;
}
