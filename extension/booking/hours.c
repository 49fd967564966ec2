/*
 * booking/hours.c
 *		The price of time.
 */
#include "skl.h"

#include "booking/hours.h"

bool
skl_hours_price(int64_t rate, int64_t minutes, int64_t *price)
{
	int64_t product;
	int64_t whole;
	int64_t rest;

	if (rate < 0 || minutes < 0 || __builtin_mul_overflow(rate, minutes, &product))
		return false;
	whole = product / 60;
	rest = product % 60;
	*price = whole + (rest > 30 || (rest == 30 && whole % 2 != 0) ? 1 : 0);
	return true;
}
