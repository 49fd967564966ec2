/*
 * core/csv.c
 *		Lines of comma-separated values: quoting (RFC 4180), and cells that are no formulas.
 */
#include "core/csv.h"

#include <string.h>

static size_t
digits(const char *text, size_t length, size_t at)
{
	size_t from = at;

	while (at < length && text[at] >= '0' && text[at] <= '9')
		at++;
	return at - from;
}

bool
skl_csv_is_number(const char *text, size_t length)
{
	size_t at = length > 0 && text[0] == '-' ? 1 : 0;
	size_t whole = digits(text, length, at);
	size_t fraction = 0;

	at += whole;
	if (at < length && text[at] == '.')
	{
		fraction = digits(text, length, at + 1);
		at += 1 + fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (at < length && (text[at] == 'e' || text[at] == 'E'))
	{
		size_t exponent;

		at++;
		at += at < length && (text[at] == '-' || text[at] == '+');
		exponent = digits(text, length, at);
		if (exponent == 0)
			return false;
		at += exponent;
	}
	return at == length;
}

size_t
skl_csv_cell(const char *cell, size_t length, char *out)
{
	bool formula =
		length > 0 && memchr("=+-@\t\r\n", cell[0], 7) != NULL && !skl_csv_is_number(cell, length);
	bool quoted = false;
	char *at = out;

	for (size_t i = 0; i < length && !quoted; i++)
		quoted = memchr("\",\r\n", cell[i], 4) != NULL;
	if (quoted)
		*at++ = '"';
	if (formula)
		*at++ = '\'';
	for (size_t i = 0; i < length; i++)
	{
		if (cell[i] == '"')
			*at++ = '"';
		*at++ = cell[i];
	}
	if (quoted)
		*at++ = '"';
	return (size_t) (at - out);
}
