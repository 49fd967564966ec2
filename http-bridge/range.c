/*
 * range.c
 *		Reading the header Range.
 *
 *	bytes=0-99, 200-, -50		the first hundred, all from byte 200, the last fifty
 *
 * Ranges that overlap or touch are sent as one, so that no header makes an answer larger than the
 * file; the number of ranges is limited as it was sent, whatever remains of them.
 */
#include "range.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *
skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* Reads digits; a number that is too large counts as the largest. False: there are none. */
static bool
read_number(const char **at, uint64_t *number)
{
	size_t digits = strspn(*at, "0123456789");

	*number = 0;
	for (size_t i = 0; i < digits; i++)
	{
		uint64_t digit = (uint64_t) ((*at)[i] - '0');

		*number = *number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *number * 10 + digit;
	}
	*at += digits;
	return digits > 0;
}

/* What one range asks for, as it is written. */
typedef struct Wanted
{
	bool suffix; /* the last "last" bytes */
	uint64_t first;
	uint64_t last;
} Wanted;

static bool
read_range(const char **at, Wanted *wanted)
{
	wanted->suffix = **at == '-';
	wanted->last = UINT64_MAX;
	if (!wanted->suffix && !read_number(at, &wanted->first))
		return false;
	if (**at != '-')
		return false;
	++*at;
	if (!read_number(at, &wanted->last))
	{
		wanted->last = UINT64_MAX;
		return !wanted->suffix;
	}
	return wanted->suffix || wanted->first <= wanted->last;
}

/* The bytes of the file that are meant; false when it has none of them. */
static bool
fit(const Wanted *wanted, uint64_t size, SklRange *range)
{
	if (wanted->suffix)
	{
		range->first = wanted->last < size ? size - wanted->last : 0;
		range->last = size - 1;
		return size > 0 && wanted->last > 0;
	}
	range->first = wanted->first;
	range->last = wanted->last < size ? wanted->last : size - 1;
	return wanted->first < size;
}

static int
by_first(const void *a, const void *b)
{
	const SklRange *x = a;
	const SklRange *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static int
merge(SklRange *ranges, int count)
{
	int kept = 0;

	qsort(ranges, (size_t) count, sizeof(SklRange), by_first);
	for (int i = 1; i < count; i++)
	{
		if (ranges[i].first > ranges[kept].last + 1)
			ranges[++kept] = ranges[i];
		else if (ranges[i].last > ranges[kept].last)
			ranges[kept].last = ranges[i].last;
	}
	return kept + 1;
}

int
skl_ranges_read(const char *header, uint64_t size, SklRange ranges[SKL_MAX_RANGES])
{
	const char *at;
	int asked = 0;
	int count = 0;

	if (header == NULL || strncasecmp(header, "bytes=", 6) != 0)
		return SKL_RANGE_NONE;
	for (at = skip_blanks(header + 6); *at != '\0'; at = skip_blanks(at))
	{
		Wanted wanted;

		if (*at == ',')
		{
			at++;
			continue;
		}
		if (!read_range(&at, &wanted))
			return SKL_RANGE_NONE;
		at = skip_blanks(at);
		if (*at != ',' && *at != '\0')
			return SKL_RANGE_NONE;
		if (++asked > SKL_MAX_RANGES)
			return SKL_RANGE_UNMET;
		count += fit(&wanted, size, &ranges[count]);
	}
	if (asked == 0)
		return SKL_RANGE_NONE;
	return count == 0 ? SKL_RANGE_UNMET : merge(ranges, count);
}
