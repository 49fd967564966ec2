/*
 * types/tally.c
 *		Tallies of ratings as plain C, see tally.h.
 */
#include "skl.h"

#include "types/tally.h"

#include <math.h>

/* Reads one counter up to a slash or the end, and moves past it. */
static SklParseError
read_counter(const char **str, const char *end, int32_t *counter)
{
	const char *p = *str;
	int64_t value = 0;

	if (p == end || *p < '0' || *p > '9')
		return SKL_PARSE_SYNTAX;
	for (; p < end && *p >= '0' && *p <= '9'; p++)
	{
		value = value * 10 + (*p - '0');
		if (value > INT32_MAX)
			return SKL_PARSE_OUT_OF_RANGE;
	}
	*counter = (int32_t) value;
	*str = p;
	return SKL_PARSE_OK;
}

SklParseError
skl_tally_parse(const char *str, size_t len, SklTally *tally)
{
	const char *end;
	int i;

	skl_trim(&str, &len);
	if (len == 0)
		return SKL_PARSE_EMPTY;
	end = str + len;
	for (i = 0; i < SKL_STARS; i++)
	{
		SklParseError error;

		if (i > 0 && (str == end || *str++ != '/'))
			return SKL_PARSE_SYNTAX;
		error = read_counter(&str, end, &tally->count[i]);
		if (error != SKL_PARSE_OK)
			return error;
	}
	return str == end ? SKL_PARSE_OK : SKL_PARSE_SYNTAX;
}

/* Writes a number that is not negative; returns its length. */
static size_t
write_number(int32_t value, char *out)
{
	char reversed[10];
	size_t n = 0;
	size_t pos = 0;

	do
	{
		reversed[n++] = (char) ('0' + value % 10);
		value /= 10;
	} while (value > 0);
	while (n > 0)
		out[pos++] = reversed[--n];
	return pos;
}

size_t
skl_tally_write(const SklTally *tally, char *out)
{
	size_t pos = 0;
	int i;

	for (i = 0; i < SKL_STARS; i++)
	{
		if (i > 0)
			out[pos++] = '/';
		pos += write_number(tally->count[i], out + pos);
	}
	out[pos] = '\0';
	return pos;
}

int64_t
skl_tally_total(const SklTally *tally)
{
	int64_t total = 0;
	int i;

	for (i = 0; i < SKL_STARS; i++)
		total += tally->count[i];
	return total;
}

int64_t
skl_tally_stars(const SklTally *tally)
{
	int64_t stars = 0;
	int i;

	for (i = 0; i < SKL_STARS; i++)
		stars += (int64_t) tally->count[i] * (i + 1);
	return stars;
}

double
skl_tally_bayes(const SklTally *tally, double prior, double weight)
{
	return (weight * prior + (double) skl_tally_stars(tally)) /
		   (weight + (double) skl_tally_total(tally));
}

double
skl_wilson_lower(double share, double n, double z)
{
	double square = z * z;
	double bound;

	if (n <= 0)
		return 0;
	bound = (share + square / (2 * n) - z * sqrt((share * (1 - share) + square / (4 * n)) / n)) /
			(1 + square / n);
	return bound < 0 ? 0 : bound;
}

double
skl_tally_wilson(const SklTally *tally, double z)
{
	double n = (double) skl_tally_total(tally);

	if (n <= 0)
		return 0;
	return skl_wilson_lower(((double) skl_tally_stars(tally) - n) / ((SKL_STARS - 1) * n), n, z);
}

bool
skl_tally_add(SklTally *tally, int star, int64_t n)
{
	int64_t count = tally->count[star - 1] + n;

	if (count < 0 || count > INT32_MAX)
		return false;
	tally->count[star - 1] = (int32_t) count;
	return true;
}
