/*
 * search/engine/snippet.c
 *		The part of a text that answers a query best, as HTML with the query's words marked.
 *
 * Tokens that the query has are found by binary search among its terms. A window slides over them
 * and keeps the sum of the weights of the distinct terms in it. The best one is widened to whole
 * words on both sides and written with its marks.
 */
#include "skl.h"

#include "search/engine/fold.h"
#include "search/engine/snippet.h"

#include <stdlib.h>

/* A run of letters without white space counts as a word for each so many bytes. */
#define LONG_WORD 64

#define OPEN "<mark>"
#define CLOSE "</mark>"
#define ELLIPSIS "\xE2\x80\xA6"

/* A token that the query has. */
typedef struct Match
{
	const SklToken *token;
	uint32_t term;
} Match;

typedef struct Matches
{
	Match *at;
	size_t count;
} Matches;

/* Bytes that are shown, and the matches among them. */
typedef struct Window
{
	size_t start;
	size_t end;
	size_t first;
	size_t last; /* behind the last match */
} Window;

static int
compare_bytes(const char *a, uint32_t a_length, const char *b, uint32_t b_length)
{
	int order = memcmp(a, b, a_length < b_length ? a_length : b_length);

	return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static int
compare_terms(const void *a, const void *b)
{
	const SklSnippetTerm *x = *(const SklSnippetTerm *const *) a;
	const SklSnippetTerm *y = *(const SklSnippetTerm *const *) b;

	return compare_bytes(x->lexeme, x->length, y->lexeme, y->length);
}

/* Index of the term that a lexeme is, or term_count. */
static uint32_t
find_term(const SklSnippetTerm *const *sorted, size_t n, const SklSnippetTerm *terms,
		  size_t term_count, const SklToken *token)
{
	size_t low = 0;
	size_t high = n;
	size_t i;

	while (low < high)
	{
		size_t middle = (low + high) / 2;
		int order = compare_bytes(sorted[middle]->lexeme, sorted[middle]->length, token->lexeme,
								  token->length);

		if (order == 0)
			return (uint32_t) (sorted[middle] - terms);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (i = 0; n < term_count && i < term_count; i++)
	{
		if (terms[i].prefix && token->length >= terms[i].length &&
			memcmp(token->lexeme, terms[i].lexeme, terms[i].length) == 0)
			return (uint32_t) i;
	}
	return (uint32_t) term_count;
}

static Matches
find_matches(SklArena *arena, const SklToken *tokens, size_t token_count,
			 const SklSnippetTerm *terms, size_t term_count, size_t text_length)
{
	const SklSnippetTerm **sorted = skl_arena_zero(arena, term_count, sizeof(*sorted));
	Matches matches = {skl_arena_zero(arena, token_count, sizeof(Match)), 0};
	size_t n = 0;
	size_t i;

	for (i = 0; i < term_count; i++)
	{
		if (!terms[i].prefix)
			sorted[n++] = &terms[i];
	}
	qsort(sorted, n, sizeof(*sorted), compare_terms);
	for (i = 0; i < token_count; i++)
	{
		uint32_t term = find_term(sorted, n, terms, term_count, &tokens[i]);

		if (term == term_count || tokens[i].end > text_length || tokens[i].start >= tokens[i].end)
			continue;
		matches.at[matches.count].token = &tokens[i];
		matches.at[matches.count++].term = term;
	}
	return matches;
}

/* The matches within so many positions whose distinct terms weigh most, the first of equals. */
static Window
best_window(SklArena *arena, const Matches *matches, const SklSnippetTerm *terms, size_t term_count,
			uint32_t words)
{
	uint32_t *times = skl_arena_zero(arena, term_count, sizeof(uint32_t));
	Window best = {0, 0, 0, 0};
	double best_sum = 0;
	double sum = 0;
	size_t first = 0;
	size_t i;

	for (i = 0; i < matches->count; i++)
	{
		const Match *match = &matches->at[i];

		if (times[match->term]++ == 0)
			sum += terms[match->term].weight;
		while (match->token->position - matches->at[first].token->position >= words)
		{
			if (--times[matches->at[first].term] == 0)
				sum -= terms[matches->at[first].term].weight;
			first++;
		}
		if (sum > best_sum * 1.000001)
		{
			best_sum = sum;
			best.first = first;
			best.last = i + 1;
		}
	}
	return best;
}

static bool
is_white(unsigned char byte)
{
	return byte <= ' ' || byte == 0x7F;
}

static bool
is_inside_letter(unsigned char byte)
{
	return (byte & 0xC0) == 0x80;
}

/* The end of the word that begins at or behind a place. */
static size_t
word_behind(const char *chars, size_t length, size_t at)
{
	size_t start;

	while (at < length && is_white((unsigned char) chars[at]))
		at++;
	start = at;
	while (at < length && !is_white((unsigned char) chars[at]) && at - start < LONG_WORD)
		at++;
	while (at < length && is_inside_letter((unsigned char) chars[at]))
		at++;
	return at;
}

/* The start of the word that ends at or before a place. */
static size_t
word_before(const char *chars, size_t at)
{
	size_t end;

	while (at > 0 && is_white((unsigned char) chars[at - 1]))
		at--;
	end = at;
	while (at > 0 && !is_white((unsigned char) chars[at - 1]) && end - at < LONG_WORD)
		at--;
	while (at > 0 && is_inside_letter((unsigned char) chars[at]))
		at--;
	return at;
}

/* Widens a window to so many words, evenly unless an end of the text is near. */
static void
widen(const char *chars, size_t length, int words, Window *window)
{
	size_t at;
	int before;
	int i;

	for (at = window->start; at < window->end && words > 0; words--)
		at = word_behind(chars, window->end, at);
	before = words / 2;
	for (i = 0; i < before && window->start > 0; i++)
		window->start = word_before(chars, window->start);
	for (words -= i; words > 0 && window->end < length; words--)
		window->end = word_behind(chars, length, window->end);
	for (; words > 0 && window->start > 0; words--)
		window->start = word_before(chars, window->start);
}

/* The letters of a word that a match cuts off belong to the window. */
static void
round_to_words(const char *chars, size_t length, Window *window)
{
	if (window->start > 0 && !is_white((unsigned char) chars[window->start]) &&
		!is_white((unsigned char) chars[window->start - 1]))
		window->start = word_before(chars, window->start);
	if (window->end < length && window->end > 0 && !is_white((unsigned char) chars[window->end]) &&
		!is_white((unsigned char) chars[window->end - 1]))
		window->end = word_behind(chars, length, window->end);
}

/* Where the snippet is written. */
typedef struct Writer
{
	char *to;
	char before; /* last byte that was written */
} Writer;

static void
write_bytes(Writer *writer, const char *bytes, size_t length)
{
	memcpy(writer->to, bytes, length);
	writer->to += length;
	writer->before = bytes[length - 1];
}

/* Writes text as HTML; white space and control characters become one space. */
static void
write_escaped(Writer *writer, const char *chars, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
	{
		if (chars[i] == '&')
			write_bytes(writer, "&amp;", 5);
		else if (chars[i] == '<')
			write_bytes(writer, "&lt;", 4);
		else if (chars[i] == '>')
			write_bytes(writer, "&gt;", 4);
		else if (chars[i] == '"')
			write_bytes(writer, "&quot;", 6);
		else if (chars[i] == '\'')
			write_bytes(writer, "&#39;", 5);
		else if (!is_white((unsigned char) chars[i]))
			write_bytes(writer, &chars[i], 1);
		else if (writer->before != ' ')
			write_bytes(writer, " ", 1);
	}
}

/* Writes the window with its marks; overlapping tokens (of compounds) get one. */
static void
write_window(Writer *writer, const char *chars, size_t length, const Window *window,
			 const Matches *matches)
{
	size_t at = window->start;
	size_t i;

	if (window->start > 0)
		write_bytes(writer, ELLIPSIS, 3);
	for (i = window->first; i < matches->count && matches->at[i].token->start < window->end; i++)
	{
		size_t start = matches->at[i].token->start;
		size_t end = matches->at[i].token->end;

		while (i + 1 < matches->count && matches->at[i + 1].token->start < end)
		{
			i++;
			end = matches->at[i].token->end > end ? matches->at[i].token->end : end;
		}
		if (start < at || end > window->end)
			continue;
		write_escaped(writer, chars + at, start - at);
		write_bytes(writer, OPEN, sizeof(OPEN) - 1);
		write_escaped(writer, chars + start, end - start);
		write_bytes(writer, CLOSE, sizeof(CLOSE) - 1);
		at = end;
	}
	write_escaped(writer, chars + at, window->end - at);
	if (window->end < length)
		write_bytes(writer, ELLIPSIS, 3);
	*writer->to = '\0';
}

/* Distinct terms among the matches of a window. */
static int
count_terms(SklArena *arena, const Window *window, const Matches *matches, size_t term_count)
{
	bool *seen = skl_arena_zero(arena, term_count, sizeof(bool));
	int count = 0;
	size_t i;

	for (i = window->first; i < matches->count && matches->at[i].token->end <= window->end; i++)
	{
		if (!seen[matches->at[i].term])
			count++;
		seen[matches->at[i].term] = true;
	}
	return count;
}

void
skl_snippet(SklArena *arena, const char *chars, size_t length, const SklToken *tokens,
			size_t token_count, const SklSnippetTerm *terms, size_t term_count, int words,
			SklSnippet *snippet)
{
	Matches matches = find_matches(arena, tokens, token_count, terms, term_count, length);
	Window window = {0, length, 0, matches.count};
	Writer writer = {NULL, ' '};

	if (words > 0)
	{
		window = best_window(arena, &matches, terms, term_count, (uint32_t) words);
		if (window.last > 0)
		{
			window.start = matches.at[window.first].token->start;
			window.end = matches.at[window.last - 1].token->end;
		}
		round_to_words(chars, length, &window);
		widen(chars, length, words, &window);
		while (window.first > 0 && matches.at[window.first - 1].token->start >= window.start)
			window.first--;
	}
	snippet->html = skl_arena_alloc(arena, (window.end - window.start) * 6 + 16 +
											   matches.count * (sizeof(OPEN) + sizeof(CLOSE)));
	writer.to = snippet->html;
	write_window(&writer, chars, length, &window, &matches);
	snippet->length = (size_t) (writer.to - snippet->html);
	snippet->matched = count_terms(arena, &window, &matches, term_count);
}
