/*
 * test/fuzz/money_fuzz.c
 *		Fuzzes the parser of amounts: what is accepted is written in one form, and comes back from
 * it.
 */
#include "skl.h"

#include "types/money.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SklMonetary money;
	SklMonetary again;
	char written[SKL_MONEY_MAX];
	int64_t parts[7];
	int64_t sum = 0;
	size_t len;
	int i;

	if (skl_money_parse((const char *) data, size, &money) != SKL_PARSE_OK)
		return 0;
	len = skl_money_write(&money, written);
	must(len < sizeof(written));
	must(skl_money_parse(written, len, &again) == SKL_PARSE_OK);
	must(memcmp(&money, &again, sizeof(money)) == 0);
	must(skl_money_compare(&money, &again) == 0);
	must(skl_money_split(money.minor, 7, parts));
	for (i = 0; i < 7; i++)
		sum += parts[i];
	must(sum == money.minor);
	return 0;
}
