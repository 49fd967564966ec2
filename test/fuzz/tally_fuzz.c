/*
 * test/fuzz/tally_fuzz.c
 *		Fuzzes the parser of rating tallies: what is accepted comes back from its own text.
 */
#include "skl.h"

#include "types/tally.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SklTally tally;
	SklTally again;
	char written[SKL_TALLY_TEXT_MAX];
	size_t len;

	if (skl_tally_parse((const char *) data, size, &tally) != SKL_PARSE_OK)
		return 0;
	len = skl_tally_write(&tally, written);
	must(len < sizeof(written));
	must(skl_tally_parse(written, len, &again) == SKL_PARSE_OK);
	must(memcmp(&tally, &again, sizeof(tally)) == 0);
	must(skl_tally_total(&tally) >= 0 && skl_tally_stars(&tally) >= skl_tally_total(&tally));
	return 0;
}
