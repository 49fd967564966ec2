/*
 * search/engine/fold.h
 *		Letters as people mean them: lower case, without accents; and cutting a text into words.
 *
 * Latin (with its accents), Greek and Cyrillic are folded, other scripts stay as they are. The
 * rules are those of suggestions and typing errors, not of the index, which has PostgreSQL's
 * dictionaries.
 */
#ifndef SKL_SEARCH_ENGINE_FOLD_H
#define SKL_SEARCH_ENGINE_FOLD_H

/* Decodes one code point at *at and moves *at behind it; a byte that is not UTF-8 is U+FFFD. */
extern uint32_t skl_utf8_next(const char **at, const char *end);

/* Encodes a code point; returns its 1 to 4 bytes. */
extern int skl_utf8_put(uint32_t code, char *to);

/* True for what words are made of: letters and digits of any script. */
extern bool skl_is_word_code(uint32_t code);

extern bool skl_is_digit_code(uint32_t code);

/*
 * Folds a code point: up to two come back (ß is ss, æ is ae); returns how many, 0 for a combining
 * accent.
 */
extern int skl_fold_code(uint32_t code, uint32_t folded[2]);

/* Lower case with accents kept, as the dictionaries of the index have it. */
extern uint32_t skl_lower_code(uint32_t code);

/*
 * Takes the next word of a text: folded into word (capacity bytes, cut to whole letters), returning
 * its length or 0 at the end. Apostrophes within a word are dropped, + and # at its end belong to
 * it
 * ("c++", "c#"). *start and *end are the bytes of the text it was in; *at moves
 * behind.
 */
extern size_t skl_fold_word(const char *text, size_t length, size_t *at, char *word,
							size_t capacity, size_t *start, size_t *end);

#endif
