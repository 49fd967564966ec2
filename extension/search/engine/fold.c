/*
 * search/engine/fold.c
 *		Letters as people mean them: lower case, without accents; and cutting a text into words.
 */
#include "skl.h"

#include "search/engine/fold.h"

#define REPLACEMENT 0xFFFDu

/* A range of code points that is written with one or two ASCII letters. */
typedef struct Plain
{
	uint16_t first;
	uint16_t last;
	char letters[3];
} Plain;

/* Latin-1 Supplement, Latin Extended-A, Romanian and Vietnamese; sorted. */
static const Plain plain[] = {
	{0xC0, 0xC5, "a"},	   {0xC6, 0xC6, "ae"},	  {0xC7, 0xC7, "c"},	 {0xC8, 0xCB, "e"},
	{0xCC, 0xCF, "i"},	   {0xD0, 0xD0, "d"},	  {0xD1, 0xD1, "n"},	 {0xD2, 0xD6, "o"},
	{0xD8, 0xD8, "o"},	   {0xD9, 0xDC, "u"},	  {0xDD, 0xDD, "y"},	 {0xDE, 0xDE, "th"},
	{0xDF, 0xDF, "ss"},	   {0xE0, 0xE5, "a"},	  {0xE6, 0xE6, "ae"},	 {0xE7, 0xE7, "c"},
	{0xE8, 0xEB, "e"},	   {0xEC, 0xEF, "i"},	  {0xF0, 0xF0, "d"},	 {0xF1, 0xF1, "n"},
	{0xF2, 0xF6, "o"},	   {0xF8, 0xF8, "o"},	  {0xF9, 0xFC, "u"},	 {0xFD, 0xFD, "y"},
	{0xFE, 0xFE, "th"},	   {0xFF, 0xFF, "y"},	  {0x100, 0x105, "a"},	 {0x106, 0x10D, "c"},
	{0x10E, 0x111, "d"},   {0x112, 0x11B, "e"},	  {0x11C, 0x123, "g"},	 {0x124, 0x127, "h"},
	{0x128, 0x131, "i"},   {0x132, 0x133, "ij"},  {0x134, 0x135, "j"},	 {0x136, 0x138, "k"},
	{0x139, 0x142, "l"},   {0x143, 0x14B, "n"},	  {0x14C, 0x151, "o"},	 {0x152, 0x153, "oe"},
	{0x154, 0x159, "r"},   {0x15A, 0x161, "s"},	  {0x162, 0x167, "t"},	 {0x168, 0x173, "u"},
	{0x174, 0x175, "w"},   {0x176, 0x178, "y"},	  {0x179, 0x17E, "z"},	 {0x17F, 0x17F, "s"},
	{0x218, 0x219, "s"},   {0x21A, 0x21B, "t"},	  {0x1EA0, 0x1EB7, "a"}, {0x1EB8, 0x1EC7, "e"},
	{0x1EC8, 0x1ECB, "i"}, {0x1ECC, 0x1EE3, "o"}, {0x1EE4, 0x1EF1, "u"}, {0x1EF2, 0x1EF9, "y"},
};

/* Greek letters with accents, and what they are without; sorted. */
static const uint16_t greek[][2] = {
	{0x386, 0x3B1}, {0x388, 0x3B5}, {0x389, 0x3B7}, {0x38A, 0x3B9}, {0x38C, 0x3BF}, {0x38E, 0x3C5},
	{0x38F, 0x3C9}, {0x390, 0x3B9}, {0x3AA, 0x3B9}, {0x3AB, 0x3C5}, {0x3AC, 0x3B1}, {0x3AD, 0x3B5},
	{0x3AE, 0x3B7}, {0x3AF, 0x3B9}, {0x3B0, 0x3C5}, {0x3C2, 0x3C3}, {0x3CA, 0x3B9}, {0x3CB, 0x3C5},
	{0x3CC, 0x3BF}, {0x3CD, 0x3C5}, {0x3CE, 0x3C9},
};

/* Ranges beyond ASCII that words are not made of: punctuation, symbols, emoji, private use. */
static const uint32_t no_words[][2] = {
	{0x80, 0xA9},	  {0xAB, 0xB4},		  {0xB6, 0xB9},		   {0xBB, 0xBF},	 {0xD7, 0xD7},
	{0xF7, 0xF7},	  {0x2000, 0x206F},	  {0x20A0, 0x20CF},	   {0x2190, 0x2BFF}, {0x2E00, 0x2E7F},
	{0x3000, 0x3020}, {0xD800, 0xF8FF},	  {0xFE00, 0xFE6F},	   {0xFF00, 0xFF0F}, {0xFF1A, 0xFF20},
	{0xFFF0, 0xFFFF}, {0x1F000, 0x1FAFF}, {0xE0000, 0x10FFFF},
};

uint32_t
skl_utf8_next(const char **at, const char *end)
{
	const unsigned char *s = (const unsigned char *) *at;
	int extra = s[0] < 0x80	  ? 0
				: s[0] < 0xC2 ? -1
				: s[0] < 0xE0 ? 1
				: s[0] < 0xF0 ? 2
				: s[0] < 0xF5 ? 3
							  : -1;
	uint32_t code;
	int i;

	(*at)++;
	if (extra <= 0)
		return extra == 0 ? s[0] : REPLACEMENT;
	if (end - *at < extra)
		return REPLACEMENT;
	code = s[0] & (0x3Fu >> extra);
	for (i = 1; i <= extra; i++)
	{
		if ((s[i] & 0xC0) != 0x80)
			return REPLACEMENT;
		code = code << 6 | (s[i] & 0x3Fu);
	}
	if ((extra == 2 && code < 0x800) || (extra == 3 && (code < 0x10000 || code > 0x10FFFF)) ||
		(code >= 0xD800 && code < 0xE000))
		return REPLACEMENT;
	*at += extra;
	return code;
}

int
skl_utf8_put(uint32_t code, char *to)
{
	if (code < 0x80)
	{
		to[0] = (char) code;
		return 1;
	}
	if (code < 0x800)
	{
		to[0] = (char) (0xC0 | code >> 6);
		to[1] = (char) (0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000)
	{
		to[0] = (char) (0xE0 | code >> 12);
		to[1] = (char) (0x80 | (code >> 6 & 0x3F));
		to[2] = (char) (0x80 | (code & 0x3F));
		return 3;
	}
	to[0] = (char) (0xF0 | code >> 18);
	to[1] = (char) (0x80 | (code >> 12 & 0x3F));
	to[2] = (char) (0x80 | (code >> 6 & 0x3F));
	to[3] = (char) (0x80 | (code & 0x3F));
	return 4;
}

bool
skl_is_digit_code(uint32_t code)
{
	return code >= '0' && code <= '9';
}

bool
skl_is_word_code(uint32_t code)
{
	size_t i;

	if (code < 0x80)
		return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') ||
			   skl_is_digit_code(code);
	for (i = 0; i < sizeof(no_words) / sizeof(no_words[0]); i++)
	{
		if (code <= no_words[i][1])
			return code < no_words[i][0];
	}
	return true;
}

/* Latin with accents: the letters it is written with, or NULL. */
static const char *
plain_letters(uint32_t code)
{
	size_t low = 0;
	size_t high = sizeof(plain) / sizeof(plain[0]);

	while (low < high)
	{
		size_t middle = (low + high) / 2;

		if (code > plain[middle].last)
			low = middle + 1;
		else if (code < plain[middle].first)
			high = middle;
		else
			return plain[middle].letters;
	}
	return NULL;
}

static uint32_t
fold_greek(uint32_t code)
{
	size_t i;

	for (i = 0; i < sizeof(greek) / sizeof(greek[0]); i++)
	{
		if (greek[i][0] == code)
			return greek[i][1];
	}
	return code >= 0x391 && code <= 0x3A9 ? code + 0x20 : code;
}

static uint32_t
fold_cyrillic(uint32_t code)
{
	if (code >= 0x400 && code <= 0x40F)
		code += 0x50;
	else if (code >= 0x410 && code <= 0x42F)
		code += 0x20;
	return code == 0x450 || code == 0x451 ? 0x435 : code;
}

int
skl_fold_code(uint32_t code, uint32_t folded[2])
{
	const char *letters;

	folded[0] = code;
	if (code < 0x80)
	{
		if (code >= 'A' && code <= 'Z')
			folded[0] = code + ('a' - 'A');
		return 1;
	}
	if (code >= 0x300 && code <= 0x36F)
		return 0;
	if (code >= 0x370 && code <= 0x3FF)
		folded[0] = fold_greek(code);
	else if (code >= 0x400 && code <= 0x45F)
		folded[0] = fold_cyrillic(code);
	letters = plain_letters(code);
	if (letters == NULL)
		return 1;
	folded[0] = (unsigned char) letters[0];
	folded[1] = (unsigned char) letters[1];
	return letters[1] == '\0' ? 1 : 2;
}

/* Scripts where capital and small letters alternate: which of a pair is the capital. */
static uint32_t
lower_pair(uint32_t code)
{
	bool odd_capital = (code >= 0x139 && code <= 0x148) || (code >= 0x179 && code <= 0x17E);

	return (code % 2 == 1) == odd_capital ? code + 1 : code;
}

uint32_t
skl_lower_code(uint32_t code)
{
	if (code < 0x80)
		return code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code;
	if (code >= 0xC0 && code <= 0xDE)
		return code == 0xD7 ? code : code + 0x20;
	if (code == 0x130 || code == 0x178)
		return code == 0x130 ? 'i' : 0xFF;
	if (code == 0x138 || code == 0x149 || code == 0x17F)
		return code;
	if ((code >= 0x100 && code <= 0x17E) || (code >= 0x1E00 && code <= 0x1EFF && code != 0x1E9E))
		return lower_pair(code);
	if (code >= 0x388 && code <= 0x38A)
		return code + 0x25;
	if (code == 0x386 || code == 0x38C)
		return code == 0x386 ? 0x3AC : 0x3CC;
	if (code == 0x38E || code == 0x38F)
		return code + 0x3F;
	if ((code >= 0x391 && code <= 0x3AB) || (code >= 0x410 && code <= 0x42F))
		return code + 0x20;
	return code >= 0x400 && code <= 0x40F ? code + 0x50 : code;
}

static uint32_t
peek(const char *at, const char *end)
{
	return at < end ? skl_utf8_next(&at, end) : 0;
}

/* Signs that belong to the word before them: "c++", "c#". Returns what is behind them. */
static const char *
trailing_signs(const char *at, const char *end)
{
	const char *behind = at;

	while (behind < end && (*behind == '+' || *behind == '#'))
		behind++;
	return skl_is_word_code(peek(behind, end)) ? at : behind;
}

/* Appends what a code point folds to, if there is room for all of it. */
static size_t
append_folded(uint32_t code, char *word, size_t used, size_t capacity)
{
	uint32_t folded[2];
	int count = skl_fold_code(code, folded);
	char bytes[8];
	int length = 0;
	int i;

	for (i = 0; i < count; i++)
		length += skl_utf8_put(folded[i], bytes + length);
	if (used + (size_t) length > capacity)
		return used;
	memcpy(word + used, bytes, (size_t) length);
	return used + (size_t) length;
}

size_t
skl_fold_word(const char *chars, size_t length, size_t *at, char *word, size_t capacity,
			  size_t *start, size_t *end)
{
	const char *p = chars + *at;
	const char *last = chars + length;
	size_t used = 0;

	while (p < last && !skl_is_word_code(peek(p, last)))
		(void) skl_utf8_next(&p, last);
	*start = (size_t) (p - chars);
	while (p < last)
	{
		const char *next = p;
		uint32_t code = skl_utf8_next(&next, last);

		if (code == '\'' || code == 0x2019)
		{
			if (!skl_is_word_code(peek(next, last)))
				break;
		}
		else if (!skl_is_word_code(code))
			break;
		else
			used = append_folded(code, word, used, capacity);
		p = next;
	}
	if (used > 0)
	{
		const char *behind = trailing_signs(p, last);

		for (; p < behind; p++)
			used = append_folded((unsigned char) *p, word, used, capacity);
	}
	*end = (size_t) (p - chars);
	*at = *end;
	return used;
}
