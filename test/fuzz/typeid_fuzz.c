/*
 * test/fuzz/typeid_fuzz.c
 *		Fuzzes the parsers of TypeIDs and ids: what is accepted comes back from its own text.
 */
#include "skl.h"

#include "types/typeid.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char prefix[SKL_TYPEID_PREFIX_MAX + 1];
	char written[SKL_TYPEID_MAX];
	uint8_t id[SKL_UUID_BYTES];
	uint8_t again[SKL_UUID_BYTES];
	size_t len;

	if (skl_typeid_split((const char *) data, size, prefix, id) == SKL_PARSE_OK)
	{
		len = skl_typeid_write(prefix, id, written);
		must(len == size && memcmp(written, data, len) == 0);
	}
	if (skl_id_parse("usr", (const char *) data, size, id) == SKL_PARSE_OK)
	{
		len = skl_typeid_write("usr", id, written);
		must(skl_id_parse("usr", written, len, again) == SKL_PARSE_OK);
		must(memcmp(id, again, sizeof(id)) == 0);
	}
	return 0;
}
