/*
 * types/currency.c
 *		The table of currencies (currencies.def) and its look-up; plain C.
 */
#include "skl.h"

#include "types/money.h"

static const SklCurrency currencies[] = {
#define SKL_CURRENCY(code, number, digits) {#code, number, digits},
#include "types/currencies.def"
#undef SKL_CURRENCY
};

#define N_CURRENCIES (sizeof(currencies) / sizeof(currencies[0]))

const SklCurrency *
skl_currency_at(size_t index)
{
	return index < N_CURRENCIES ? &currencies[index] : NULL;
}

/* Binary search: the table is sorted by code. */
const SklCurrency *
skl_currency_find(const char *code, size_t len)
{
	size_t low = 0;
	size_t high = N_CURRENCIES;

	if (len != SKL_CURRENCY_LEN)
		return NULL;
	while (low < high)
	{
		size_t middle = low + (high - low) / 2;
		int order = memcmp(code, currencies[middle].code, SKL_CURRENCY_LEN);

		if (order == 0)
			return &currencies[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
