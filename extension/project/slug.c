/*
 * project/slug.c
 *		Slugs: the part of a name that is fit for an address, and the key by which spellings of a
 *		skill are compared. No PostgreSQL in here.
 *
 * Latin letters lose their marks, everything else between letters becomes one hyphen, and the signs
 * that tell skills apart are spelled out: "C++" is c-plus-plus, "C#" c-sharp, ".NET" dot-net.
 */
#include "skl.h"

#include "project/slug.h"

/* U+00C0 to U+017F in lower-case ASCII; an empty text is no letter. */
static const char *const latin[] = {
	"a", "a", "a",	"a",  "a", "a", "ae", "c",	"e",  "e", "e", "e", "i",  "i",	 "i", "i", "d", "n",
	"o", "o", "o",	"o",  "o", "",	"o",  "u",	"u",  "u", "u", "y", "th", "ss", "a", "a", "a", "a",
	"a", "a", "ae", "c",  "e", "e", "e",  "e",	"i",  "i", "i", "i", "d",  "n",	 "o", "o", "o", "o",
	"o", "",  "o",	"u",  "u", "u", "u",  "y",	"th", "y", "a", "a", "a",  "a",	 "a", "a", "c", "c",
	"c", "c", "c",	"c",  "c", "c", "d",  "d",	"d",  "d", "e", "e", "e",  "e",	 "e", "e", "e", "e",
	"e", "e", "g",	"g",  "g", "g", "g",  "g",	"g",  "g", "h", "h", "h",  "h",	 "i", "i", "i", "i",
	"i", "i", "i",	"i",  "i", "i", "ij", "ij", "j",  "j", "k", "k", "k",  "l",	 "l", "l", "l", "l",
	"l", "l", "l",	"l",  "l", "n", "n",  "n",	"n",  "n", "n", "n", "n",  "n",	 "o", "o", "o", "o",
	"o", "o", "oe", "oe", "r", "r", "r",  "r",	"r",  "r", "s", "s", "s",  "s",	 "s", "s", "s", "s",
	"t", "t", "t",	"t",  "t", "t", "u",  "u",	"u",  "u", "u", "u", "u",  "u",	 "u", "u", "u", "u",
	"w", "w", "y",	"y",  "y", "z", "z",  "z",	"z",  "z", "z", "s",
};

#define LATIN_FIRST 0xC0
#define LATIN_LAST 0x17F

typedef struct Slug
{
	char *out;
	size_t len;
	bool gap; /* a hyphen is due before the next letter */
} Slug;

/* Appends letters, after a hyphen when one is due. */
static void
append(Slug *s, const char *letters, size_t n)
{
	size_t need = n + (s->gap && s->len > 0 ? 1 : 0);

	if (n == 0 || s->len + need > SKL_SLUG_MAX)
		return;
	if (s->gap && s->len > 0)
		s->out[s->len++] = '-';
	s->gap = false;
	memcpy(s->out + s->len, letters, n);
	s->len += n;
}

/* Appends a word of its own. */
static void
append_word(Slug *s, const char *word)
{
	s->gap = true;
	append(s, word, strlen(word));
	s->gap = true;
}

/* Appends one ASCII character; next is the one after it, or NUL. */
static void
append_ascii(Slug *s, char c, char next)
{
	char lower = c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;

	if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9'))
		append(s, &lower, 1);
	else if (c == '+')
		append_word(s, "plus");
	else if (c == '#')
		append_word(s, "sharp");
	else if (c == '&')
		append_word(s, "and");
	else if (c == '.' && s->len == 0 && next != '\0' && next != '.' && next != ' ')
		append_word(s, "dot");
	else if (c != '\'')
		s->gap = true;
}

size_t
skl_slug(const char *name, size_t len, char *out)
{
	Slug s = {out, 0, false};
	size_t i = 0;

	while (i < len)
	{
		unsigned char c = (unsigned char) name[i];
		unsigned point;

		if (c < 0x80)
		{
			append_ascii(&s, name[i], i + 1 < len ? name[i + 1] : '\0');
			i++;
			continue;
		}
		point = i + 1 < len ? ((c & 0x1Fu) << 6) | ((unsigned char) name[i + 1] & 0x3Fu) : 0;
		if (c >= 0xC3 && c <= 0xC5 && point >= LATIN_FIRST && point <= LATIN_LAST)
			append(&s, latin[point - LATIN_FIRST], strlen(latin[point - LATIN_FIRST]));
		else
			s.gap = true;
		for (i++; i < len && ((unsigned char) name[i] & 0xC0) == 0x80; i++)
			;
	}
	out[s.len] = '\0';
	return s.len;
}
