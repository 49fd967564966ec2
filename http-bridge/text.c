/*
 * text.c
 *		Reading text that strangers sent.
 */
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Length of the well-formed UTF-8 sequence at s, 0 when there is none. */
static size_t
utf8_sequence(const unsigned char *s, size_t left)
{
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	size_t length;

	if (s[0] < 0x80)
		return s[0] == 0 ? 0 : 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		length = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
	{
		length = 3;
		if (s[0] == 0xe0)
			low = 0xa0;
		else if (s[0] == 0xed)
			high = 0x9f;
	}
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
	{
		length = 4;
		if (s[0] == 0xf0)
			low = 0x90;
		else if (s[0] == 0xf4)
			high = 0x8f;
	}
	else
		return 0;
	if (left < length || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
	{
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

bool
skl_utf8_valid(const char *text, size_t length)
{
	const unsigned char *s = (const unsigned char *) text;
	size_t at = 0;

	while (at < length)
	{
		size_t step = utf8_sequence(s + at, length - at);

		if (step == 0)
			return false;
		at += step;
	}
	return true;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

char *
skl_percent_decode(SklRequestCtx *ctx, const char *text, size_t length, bool plus)
{
	char *out = skl_alloc(ctx, length + 1);
	size_t n = 0;

	for (size_t i = 0; i < length; i++)
	{
		if (text[i] == '%')
		{
			int high;
			int low;

			if (length - i < 3)
				return NULL;
			high = hex_value(text[i + 1]);
			low = hex_value(text[i + 2]);
			if (high < 0 || low < 0)
				return NULL;
			out[n++] = (char) (high << 4 | low);
			i += 2;
		}
		else
			out[n++] = plus && text[i] == '+' ? ' ' : text[i];
	}
	out[n] = '\0';
	return skl_utf8_valid(out, n) ? out : NULL;
}

bool
skl_is_integer(const char *text, int64_t min, int64_t max)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	long long value;

	if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits))
		return false;
	errno = 0;
	value = strtoll(text, NULL, 10);
	return errno == 0 && value >= min && value <= max;
}

bool
skl_is_decimal(const char *text)
{
	const char *at = text[0] == '-' ? text + 1 : text;
	size_t whole = strspn(at, "0123456789");
	size_t fraction = 0;

	at += whole;
	if (*at == '.')
	{
		fraction = strspn(at + 1, "0123456789");
		if (fraction == 0)
			return false;
		at += 1 + fraction;
	}
	if (whole == 0 || whole > 40 || fraction > 40)
		return false;
	if (*at == 'e' || *at == 'E')
	{
		size_t digits;

		at++;
		if (*at == '+' || *at == '-')
			at++;
		digits = strspn(at, "0123456789");
		if (digits == 0 || digits > 2)
			return false;
		at += digits;
	}
	return *at == '\0';
}

/* Reads exactly count digits; -1 when there are fewer. */
static int
digits_at(const char *text, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + text[i] - '0';
	}
	return value;
}

/* Checks YYYY-MM-DD at the head of text. */
static bool
date_at(const char *text)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year;
	int month;
	int day;
	bool leap;

	if (strnlen(text, 10) < 10 || text[4] != '-' || text[7] != '-')
		return false;
	year = digits_at(text, 4);
	month = digits_at(text + 5, 2);
	day = digits_at(text + 8, 2);
	if (year < 1 || month < 1 || month > 12 || day < 1)
		return false;
	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return day <= days[month - 1] + (leap && month == 2);
}

bool
skl_is_date(const char *text)
{
	return strlen(text) == 10 && date_at(text);
}

bool
skl_is_timestamp(const char *text)
{
	const char *at = text + 19;

	if (strlen(text) < 20 || !date_at(text) || (text[10] != 'T' && text[10] != 't') ||
		text[13] != ':' || text[16] != ':')
		return false;
	if (digits_at(text + 11, 2) < 0 || digits_at(text + 11, 2) > 23 ||
		digits_at(text + 14, 2) < 0 || digits_at(text + 14, 2) > 59 ||
		digits_at(text + 17, 2) < 0 || digits_at(text + 17, 2) > 60)
		return false;
	if (*at == '.')
	{
		size_t fraction = strspn(at + 1, "0123456789");

		if (fraction == 0 || fraction > 9)
			return false;
		at += 1 + fraction;
	}
	if ((*at == 'Z' || *at == 'z') && at[1] == '\0')
		return true;
	return (*at == '+' || *at == '-') && strlen(at) == 6 && at[3] == ':' &&
		   digits_at(at + 1, 2) >= 0 && digits_at(at + 1, 2) <= 14 && digits_at(at + 4, 2) >= 0 &&
		   digits_at(at + 4, 2) <= 59;
}

bool
skl_is_uuid(const char *text)
{
	if (strlen(text) != 36)
		return false;
	for (int i = 0; i < 36; i++)
	{
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : hex_value(text[i]) < 0)
			return false;
	}
	return true;
}

bool
skl_is_typeid(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(text, prefix, length) != 0 || text[length] != '_')
		return false;
	text += length + 1;
	return strlen(text) == 26 && text[0] >= '0' && text[0] <= '7' &&
		   strspn(text, "0123456789abcdefghjkmnpqrstvwxyz") == 26;
}

bool
skl_is_currency(const char *text)
{
	return strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

bool
skl_accepts(const char *header, const char *token)
{
	size_t length = strlen(token);

	while (header != NULL && *header != '\0')
	{
		size_t item;
		const char *rest;

		header += strspn(header, " \t,");
		item = strcspn(header, " \t,;");
		rest = header + item + strspn(header + item, " \t");
		if (item == length && strncasecmp(header, token, length) == 0)
		{
			if (*rest != ';')
				return true;
			rest += 1 + strspn(rest + 1, " \t");
			if (strncasecmp(rest, "q=", 2) != 0)
				return true;
			return strtod(rest + 2, NULL) > 0.0;
		}
		header += strcspn(header, ",");
	}
	return false;
}

void
skl_buffer_add(SklBuffer *buffer, const char *text, size_t length)
{
	if (buffer->length + length + 1 > buffer->capacity)
	{
		size_t capacity = buffer->capacity * 2 > 256 ? buffer->capacity * 2 : 256;
		char *grown;

		while (capacity < buffer->length + length + 1)
			capacity *= 2;
		grown = skl_alloc(buffer->ctx, capacity);
		if (buffer->length > 0)
			memcpy(grown, buffer->data, buffer->length);
		buffer->data = grown;
		buffer->capacity = capacity;
	}
	memcpy(buffer->data + buffer->length, text, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void
skl_buffer_puts(SklBuffer *buffer, const char *text)
{
	skl_buffer_add(buffer, text, strlen(text));
}

void
skl_buffer_json(SklBuffer *buffer, const char *text)
{
	static const char digits[] = "0123456789abcdef";

	skl_buffer_add(buffer, "\"", 1);
	for (const unsigned char *s = (const unsigned char *) text; *s != '\0'; s++)
	{
		if (*s == '"' || *s == '\\')
		{
			char escaped[2] = {'\\', (char) *s};

			skl_buffer_add(buffer, escaped, 2);
		}
		else if (*s < 0x20 || *s == 0x7f)
		{
			char escaped[6] = {'\\', 'u', '0', '0', digits[*s >> 4], digits[*s & 15]};

			skl_buffer_add(buffer, escaped, 6);
		}
		else
			skl_buffer_add(buffer, (const char *) s, 1);
	}
	skl_buffer_add(buffer, "\"", 1);
}

void
skl_buffer_array_item(SklBuffer *buffer, const char *text)
{
	skl_buffer_add(buffer, "\"", 1);
	for (const char *s = text; *s != '\0'; s++)
	{
		if (*s == '"' || *s == '\\')
			skl_buffer_add(buffer, "\\", 1);
		skl_buffer_add(buffer, s, 1);
	}
	skl_buffer_add(buffer, "\"", 1);
}
