/*
 * booking/hours.h
 *		The price of time: pure arithmetic, no PostgreSQL.
 */
#ifndef SKL_BOOKING_HOURS_H
#define SKL_BOOKING_HOURS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What so many minutes cost at a rate an hour, in minor units: rate * minutes / 60, rounded half to
 * even, once for all minutes together. False when an argument is negative or the product overflows.
 */
extern bool skl_hours_price(int64_t rate, int64_t minutes, int64_t *price);

#endif
