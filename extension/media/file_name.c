/*
 * media/file_name.c
 *		Cleaning the names of files.
 *
 * A name is shown to people and saved by browsers, so it may neither be a path nor read otherwise
 * than it is written, and its only dot is the one before its ending: "a/b.pdf.exe" becomes
 * "b_pdf.exe", which then is not the name of a PDF.
 */
#include "media/sniff.h"

#include <string.h>

/* Bytes of the UTF-8 sequence at the beginning; 1 for a byte that begins none. */
static size_t
width_of(const char *at, size_t rest)
{
	unsigned char first = (unsigned char) at[0];
	size_t width = first < 0xe0 ? 2 : (first < 0xf0 ? 3 : 4);

	if (first < 0xc2 || first > 0xf4 || width > rest)
		return 1;
	for (size_t i = 1; i < width; i++)
		if (((unsigned char) at[i] & 0xc0) != 0x80)
			return 1;
	return width;
}

/* Characters that change the direction of what stands around them, or are not seen at all:
 * U+200B..200F, U+202A..202E, U+2060..2069, U+FEFF. */
static bool
is_invisible(const unsigned char *at, size_t width)
{
	if (width != 3)
		return false;
	if (at[0] == 0xe2 && at[1] == 0x80)
		return (at[2] >= 0x8b && at[2] <= 0x8f) || (at[2] >= 0xaa && at[2] <= 0xae) ||
			   at[2] == 0xa8 || at[2] == 0xa9;
	if (at[0] == 0xe2 && at[1] == 0x81)
		return at[2] >= 0xa0 && at[2] <= 0xa9;
	return at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf;
}

/* C0, DEL and C1 */
static bool
is_control(const unsigned char *at, size_t width)
{
	if (width == 1)
		return at[0] < 0x20 || at[0] == 0x7f;
	return width == 2 && at[0] == 0xc2 && at[1] < 0xa0;
}

/* What follows the last slash of either kind. */
static const char *
last_part(const char *name, size_t *length)
{
	for (size_t i = *length; i > 0; i--)
	{
		if (name[i - 1] == '/' || name[i - 1] == '\\')
		{
			*length -= i;
			return name + i;
		}
	}
	return name;
}

/* One character as it may stand; returns how many bytes were written. */
static size_t
put_character(const unsigned char *at, size_t width, char *out)
{
	if (is_control(at, width) || is_invisible(at, width))
		return 0;
	if (width == 1 && (at[0] >= 0x80 || strchr("<>:\"|?*", at[0]) != NULL))
	{
		*out = '_';
		return 1;
	}
	memcpy(out, at, width);
	return width;
}

/* All dots but the last become underscores; blanks and dots at the ends go. */
static size_t
tidy(char *out, size_t length)
{
	size_t start = 0;
	bool seen = false;

	while (length > 0 && (out[length - 1] == ' ' || out[length - 1] == '.'))
		length--;
	while (start < length && (out[start] == ' ' || out[start] == '.'))
		start++;
	memmove(out, out + start, length - start);
	length -= start;
	for (size_t i = length; i > 0; i--)
	{
		if (out[i - 1] != '.')
			continue;
		if (seen)
			out[i - 1] = '_';
		seen = true;
	}
	return length;
}

/* Makes a long name fit, keeping its ending and whole characters. */
static size_t
shorten(char *out, size_t length, size_t limit)
{
	const char *dot = memchr(out, '.', length);
	size_t ending = dot == NULL ? 0 : length - (size_t) (dot - out);
	size_t keep;

	if (length <= limit)
		return length;
	if (ending > 20)
		ending = 0;
	keep = limit - ending;
	while (keep > 0 && ((unsigned char) out[keep] & 0xc0) == 0x80)
		keep--;
	memmove(out + keep, out + length - ending, ending);
	return keep + ending;
}

size_t
skl_media_clean_name(const char *name, size_t length, char *out)
{
	char clean[1024];
	size_t used = 0;
	const char *part = last_part(name, &length);

	for (size_t i = 0; i < length && used + 4 < sizeof(clean);)
	{
		size_t width = width_of(part + i, length - i);

		used += put_character((const unsigned char *) part + i, width, clean + used);
		i += width;
	}
	used = shorten(clean, tidy(clean, used), SKL_FILE_NAME_BYTES);
	if (used == 0)
	{
		memcpy(clean, "file", 4);
		used = 4;
	}
	memcpy(out, clean, used);
	out[used] = '\0';
	return used;
}
