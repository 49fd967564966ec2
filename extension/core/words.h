/*
 * core/words.h
 *		Walking over the words of a text that somebody wrote: what finds contact details is made
 *		of it. No PostgreSQL in here, so that it can be fuzzed and used outside a server.
 */
#ifndef SKL_CORE_WORDS_H
#define SKL_CORE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* How many digits a phone number has. */
#define SKL_PHONE_MIN_DIGITS 9
#define SKL_PHONE_MAX_DIGITS 15

typedef struct SklWords
{
	const char *at;
	size_t len;
} SklWords;

/* A word: half-open range of a text. */
typedef struct SklWord
{
	size_t start;
	size_t end;
} SklWord;

/* Words are runs of ASCII letters, digits and bytes of other scripts. */
extern bool skl_is_word_byte(char c);

/* An ASCII digit, whatever the locale. */
extern bool skl_is_digit(char c);

/* Whether a range is a lower-case ASCII word, whatever its case. */
extern bool skl_is_word(const SklWords *t, SklWord w, const char *word);

/* Whether a range is one of the words of a list that ends with NULL. */
extern bool skl_is_among(const SklWords *t, SklWord w, const char *const *words);

/* Whether a lower-case ASCII text stands at a position. */
extern bool skl_text_at(const SklWords *t, size_t pos, const char *what);

/* The first word at or after pos; false when there is none. */
extern bool skl_next_word(const SklWords *t, size_t pos, SklWord *w);

/* The last word that ends at or before pos; false when there is none. */
extern bool skl_previous_word(const SklWords *t, size_t pos, SklWord *w);

/* Groups of digits with at most two separators between them. */
typedef struct SklDigits
{
	int n;
	int groups;
	int length[3]; /* of the first groups */
	int gap;	   /* separators behind the last digit */
	size_t end;	   /* behind the last digit */
	size_t looked; /* behind what was looked at */
} SklDigits;

/* The digits from pos on, where one stands. */
extern SklDigits skl_digits_at(const SklWords *t, size_t pos);

/*
 * "jane at gmail dot com", "jane (at) site [dot] io": at is the word "at". A host of mail needs no
 * brackets and no spelled dot. Sets the first and the last word.
 */
extern bool skl_spelled_email(const SklWords *t, SklWord at, const char *const *mail_hosts,
							  const char *const *top_domains, SklWord *name, SklWord *top);

#endif
