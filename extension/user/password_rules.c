/*
 * user/password_rules.c
 *		Which passwords are refused: too short, too long, too plain, or among the first guesses.
 *
 * Guessing tools start with words and decorate them, so the comparison undoes the decoration:
 * digits and signs at either end go, look-alikes become letters, case goes. What remains is looked
 * up in common_passwords.def; runs of the alphabet or of one letter count as common too.
 */
#include "skl.h"

#include "user/password.h"

#include "mb/pg_wchar.h"

#include <ctype.h>
#include <wctype.h>

#define SKL_WORD(word) word,
static const char *const common_words[] = {
#include "user/common_passwords.def"
};
#undef SKL_WORD

/* Letters, and every byte of a character beyond ASCII. */
static bool
is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IS_HIGHBIT_SET(c);
}

/* The letter that a character stands for in a decorated word. */
static char
undecorated(char c)
{
	static const char from[] = "@4013!$57";
	static const char to[] = "aaoieisst";
	const char *found = c == '\0' ? NULL : strchr(from, c);

	if (found != NULL)
		return to[found - from];
	return pg_ascii_tolower((unsigned char) c);
}

/* The bare word of a password, in the current memory context. */
static char *
bare_word(const char *password)
{
	const char *start = password;
	const char *end = password + strlen(password);
	char *word;

	while (start < end && !is_word_byte(*start))
		start++;
	while (end > start && !is_word_byte(end[-1]))
		end--;
	word = palloc0((size_t) (end - start) + 1);
	for (size_t i = 0; i < (size_t) (end - start); i++)
		word[i] = undecorated(start[i]);
	return word;
}

/* Shorter ones may be chance. */
#define RUN_MIN 4

/* True when each character follows from the one before by the same step of -1, 0 or 1. */
static bool
is_run(const char *s, size_t len)
{
	int step;

	if (len < RUN_MIN)
		return false;
	step = s[1] - s[0];
	if (step < -1 || step > 1)
		return false;
	for (size_t i = 2; i < len; i++)
	{
		if (s[i] - s[i - 1] != step)
			return false;
	}
	return true;
}

static int
compare_words(const void *key, const void *element)
{
	return strcmp((const char *) key, *(const char *const *) element);
}

/* True for one to three letters beside digits that count up, down or stand still: Aa123456. */
static bool
is_letters_and_run(const char *password, const char *word)
{
	const char *digits = password + strlen(password);

	while (digits > password && isdigit((unsigned char) digits[-1]))
		digits--;
	return strlen(word) <= 3 && is_run(digits, strlen(digits));
}

/* True when the word is the name before the @ of the address. */
static bool
is_own_name(const char *word, const char *email)
{
	const char *at = email == NULL ? NULL : strchr(email, '@');

	if (at == NULL)
		return false;
	return strcmp(word, bare_word(pnstrdup(email, (Size) (at - email)))) == 0;
}

bool
skl_password_is_common(const char *password, const char *email)
{
	char *word = bare_word(password);

	return bsearch(word, common_words, lengthof(common_words), sizeof(common_words[0]),
				   compare_words) != NULL ||
		   is_run(word, strlen(word)) || is_letters_and_run(password, word) ||
		   is_own_name(word, email);
}

/* The first kind of character that is missing, as a message, or NULL. */
static const char *
missing_kind(const char *password)
{
	pg_wchar *wide = palloc(sizeof(pg_wchar) * (strlen(password) + 1));
	int length = pg_mb2wchar(password, wide);
	bool upper = false;
	bool lower = false;
	bool digit = false;

	for (int i = 0; i < length; i++)
	{
		upper = upper || iswupper((wint_t) wide[i]);
		lower = lower || iswlower((wint_t) wide[i]);
		digit = digit || (wide[i] >= '0' && wide[i] <= '9');
	}
	explicit_bzero(wide, sizeof(pg_wchar) * (size_t) length);
	if (!upper)
		return "must contain an upper-case letter";
	if (!lower)
		return "must contain a lower-case letter";
	if (!digit)
		return "must contain a digit";
	return NULL;
}

const char *
skl_password_problem(const char *password, const char *email)
{
	int length = pg_mbstrlen(password);
	const char *missing;

	if (length < SKL_PASSWORD_MIN)
		return psprintf("must have at least %d characters", SKL_PASSWORD_MIN);
	if (length > SKL_PASSWORD_MAX)
		return psprintf("must have at most %d characters", SKL_PASSWORD_MAX);
	missing = missing_kind(password);
	if (missing != NULL)
		return missing;
	if (skl_password_is_common(password, email))
		return "is too easy to guess";
	return NULL;
}
