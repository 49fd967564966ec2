/*
 * core/accept.c
 *		Reading the header Accept.
 *
 *	Accept = range *( "," range );  range = type "/" subtype *( ";" name "=" value )
 *
 * Parameters other than q are taken for part of the range and do not match our types, which have
 * none; but charset says nothing about the type and is passed over.
 */
#include "core/accept.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

typedef struct Range
{
	const char *type; /* up to its semicolon or end */
	size_t length;
	int quality;
	bool plain; /* has no parameter that narrows it */
} Range;

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Without blanks at both ends. */
static void
trim(const char **text, size_t *length)
{
	while (*length > 0 && is_blank(**text))
	{
		(*text)++;
		(*length)--;
	}
	while (*length > 0 && is_blank((*text)[*length - 1]))
		(*length)--;
}

/* A weight: 0 to 1 with up to three decimals, in thousandths; -1 when it is none. */
static int
weight(const char *text, size_t length)
{
	int value;
	int place = 100;

	if (length < 1 || length > 5 || (text[0] != '0' && text[0] != '1') ||
		(length > 1 && text[1] != '.'))
		return -1;
	value = (text[0] - '0') * 1000;
	for (size_t i = 2; i < length; i++, place /= 10)
	{
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value += (text[i] - '0') * place;
	}
	return value <= 1000 ? value : -1;
}

/* One parameter of a range. */
static void
take_parameter(Range *range, const char *text, size_t length)
{
	trim(&text, &length);
	if (length >= 2 && strncasecmp(text, "q=", 2) == 0)
		range->quality = weight(text + 2, length - 2);
	else if (length > 0 && (length < 8 || strncasecmp(text, "charset=", 8) != 0))
		range->plain = false;
}

static Range
read_range(const char *text, size_t length)
{
	Range range = {.type = text, .quality = 1000, .plain = true};
	size_t at = 0;

	while (at < length && text[at] != ';')
		at++;
	range.length = at;
	trim(&range.type, &range.length);
	while (at < length)
	{
		size_t from = ++at;

		while (at < length && text[at] != ';')
			at++;
		take_parameter(&range, text + from, at - from);
	}
	return range;
}

/* How well a range matches a type: 3 the type itself, 2 its family, 1 anything, 0 not at all. */
static int
closeness(const Range *range, const char *type)
{
	size_t family = strcspn(type, "/") + 1;

	if (!range->plain || range->quality < 0)
		return 0;
	if (range->length == strlen(type) && strncasecmp(range->type, type, range->length) == 0)
		return 3;
	if (range->length == family + 1 && range->type[family] == '*' &&
		strncasecmp(range->type, type, family) == 0)
		return 2;
	return range->length == 3 && memcmp(range->type, "*/*", 3) == 0 ? 1 : 0;
}

int
skl_accept_quality(const char *header, const char *type)
{
	int closest = 0;
	int quality = 0;

	if (header == NULL || header[strspn(header, " \t,")] == '\0')
		return 1000;
	while (*header != '\0')
	{
		size_t length = strcspn(header, ",");
		Range range = read_range(header, length);
		int close = closeness(&range, type);

		if (close > closest)
		{
			closest = close;
			quality = range.quality;
		}
		header += length;
		header += *header == ',';
	}
	return quality;
}

int
skl_accept_best(const char *header, const char *const *types, size_t n)
{
	int best = -1;
	int highest = 0;

	for (size_t i = 0; i < n; i++)
	{
		int quality = skl_accept_quality(header, types[i]);

		if (quality > highest)
		{
			highest = quality;
			best = (int) i;
		}
	}
	return best;
}
