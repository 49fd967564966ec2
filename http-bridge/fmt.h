/*
 * fmt.h
 *		Putting text together on the way of every request, where printf would cost more than the
 *		rest.
 *
 * Each function writes at a place that has room, without NUL, and returns the place behind.
 */
#ifndef SKL_FMT_H
#define SKL_FMT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline char *
skl_put(char *at, const char *text, size_t length)
{
	memcpy(at, text, length);
	return at + length;
}

static inline char *
skl_put_text(char *at, const char *text)
{
	return skl_put(at, text, strlen(text));
}

/* At most 20 bytes. */
static inline char *
skl_put_number(char *at, uint64_t number)
{
	char digits[20];
	int used = 0;

	do
		digits[used++] = (char) ('0' + number % 10);
	while ((number /= 10) > 0);
	while (used > 0)
		*at++ = digits[--used];
	return at;
}

/* Microseconds as milliseconds with three decimals: 12.345 */
static inline char *
skl_put_ms(char *at, uint64_t us)
{
	unsigned rest = (unsigned) (us % 1000);

	at = skl_put_number(at, us / 1000);
	*at++ = '.';
	*at++ = (char) ('0' + rest / 100);
	*at++ = (char) ('0' + rest / 10 % 10);
	*at++ = (char) ('0' + rest % 10);
	return at;
}

#endif /* SKL_FMT_H */
