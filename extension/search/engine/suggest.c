/*
 * search/engine/suggest.c
 *		Reads a snapshot of suggestions.
 *
 * A prefix is a range of the sorted words. One word typed: the best entries of its range, kept
 * ready for the large ones. Several: the entries of the rarest complete word, best first, that have
 * all the others; and words of the range that stand behind the last complete word in titles. When
 * nothing is found, words that begin like what was typed but for one or two errors are tried.
 */
#include "skl.h"

#include "search/engine/fold.h"
#include "search/engine/suggest_layout.h"

#include <math.h>
#include <stdlib.h>

#define WORD_BYTES (SKL_TYPO_MAX_LETTERS * 4)

/* Entries of the rarest word that are looked at for the others. */
#define MAX_CHECKED 20000u

/* Ranges of words that begin almost as typed, and candidates for "did you mean". */
#define MAX_RANGES 16
#define MAX_CANDIDATES 32

/* Words that are walked in search of beginnings almost as typed. */
#define MAX_WALKED 4000

/* How much better an entry is whose first word is the one being typed. */
#define FIRST_WORD 1.25

typedef struct Typed
{
	char text[WORD_BYTES];
	size_t length;
} Typed;

/* What was typed, cut into words. */
typedef struct Input
{
	Typed words[SKL_SUGGEST_MAX_WORDS];
	uint32_t numbers[SKL_SUGGEST_MAX_WORDS]; /* of complete words */
	int n;									 /* words before the last one */
	Typed last;
	size_t last_start; /* where the last word begins in the text */
	int errors;		   /* mended in complete words */
} Input;

/* Words [first, behind) that are a typed prefix with so many errors. */
typedef struct Range
{
	uint32_t first;
	uint32_t behind;
	int errors;
} Range;

bool
skl_suggest_valid(const void *bytes, size_t size)
{
	static const size_t sizes[SKL_PARTS] = {sizeof(SklSuggestEntry),
											sizeof(SklSuggestWord),
											sizeof(uint32_t),
											sizeof(uint32_t),
											sizeof(SklSuggestPair),
											sizeof(SklSuggestTop),
											sizeof(uint32_t),
											16,
											1,
											1};
	const SklSuggestHead *head = bytes;
	int part;

	if (size < sizeof(*head) || head->magic != SKL_SUGGEST_MAGIC || head->size > size)
		return false;
	for (part = 0; part < SKL_PARTS; part++)
	{
		if (head->start[part] > head->size || head->start[part] % 8 != 0 ||
			head->count[part] > (head->size - head->start[part]) / sizes[part])
			return false;
	}
	return true;
}

static const SklSuggestWord *
words_of(const SklSuggestHead *head)
{
	return skl_suggest_part(head, SKL_PART_WORDS);
}

static const char *
text_of(const SklSuggestHead *head, uint32_t at)
{
	return (const char *) skl_suggest_part(head, SKL_PART_TEXT) + at;
}

/* Order of a word and a prefix: 0 when the word begins with it. */
static int
compare_prefix(const SklSuggestHead *head, uint32_t number, const char *prefix, size_t length)
{
	const SklSuggestWord *word = &words_of(head)[number];
	size_t common = word->length < length ? word->length : length;
	int order = memcmp(text_of(head, word->text), prefix, common);

	return order != 0 ? order : word->length < length ? -1 : 0;
}

/* The first word from low on that is not before (or, behind: not among) those with a prefix. */
static uint32_t
prefix_bound(const SklSuggestHead *head, uint32_t low, const char *prefix, size_t length,
			 bool behind)
{
	uint32_t high = (uint32_t) head->count[SKL_PART_WORDS];

	while (low < high)
	{
		uint32_t middle = low + (high - low) / 2;
		int order = compare_prefix(head, middle, prefix, length);

		if (order < 0 || (order == 0 && behind))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Number of a word, or UINT32_MAX. */
static uint32_t
find_word(const SklSuggestHead *head, const char *word, size_t length)
{
	uint32_t at = prefix_bound(head, 0, word, length, false);

	if (at < head->count[SKL_PART_WORDS] && words_of(head)[at].length == length &&
		compare_prefix(head, at, word, length) == 0)
		return at;
	return UINT32_MAX;
}

/* Inserts a number into the ascending, distinct best; the new count. */
static uint32_t
insert_best(uint32_t *best, uint32_t count, uint32_t limit, uint32_t number)
{
	uint32_t at = count;

	while (at > 0 && best[at - 1] > number)
		at--;
	if ((at > 0 && best[at - 1] == number) || at == limit)
		return count;
	if (count == limit)
		count--;
	memmove(&best[at + 1], &best[at], (count - at) * sizeof(*best));
	best[at] = number;
	return count + 1;
}

uint32_t
skl_suggest_best(const SklSuggestHead *head, uint32_t first, uint32_t behind, unsigned kinds,
				 uint32_t *best, uint32_t limit)
{
	const SklSuggestEntry *entries = skl_suggest_part(head, SKL_PART_ENTRIES);
	const SklSuggestWord *words = words_of(head);
	const uint32_t *postings = skl_suggest_part(head, SKL_PART_POSTINGS);
	uint32_t count = 0;
	uint32_t i;
	uint32_t j;

	for (i = first; i < behind; i++)
	{
		const uint32_t *of_word = postings + words[i].postings;

		for (j = 0; j < words[i].n_postings; j++)
		{
			if (count == limit && of_word[j] > best[limit - 1])
				break;
			if (kinds == 0 || (kinds >> entries[of_word[j]].kind & 1) != 0)
				count = insert_best(best, count, limit, of_word[j]);
		}
	}
	return count;
}

/* The same through what is kept ready. */
static uint32_t
best_of_range(const SklSuggestHead *head, const Range *range, unsigned kinds, uint32_t *best)
{
	const SklSuggestTop *tops = skl_suggest_part(head, SKL_PART_TOPS);
	const uint32_t *kept = skl_suggest_part(head, SKL_PART_TOP_ENTRIES);
	size_t low = 0;
	size_t high = kinds == 0 ? head->count[SKL_PART_TOPS] : 0;

	while (low < high)
	{
		size_t middle = (low + high) / 2;
		const SklSuggestTop *top = &tops[middle];

		if (top->first == range->first && top->behind == range->behind)
		{
			memcpy(best, kept + top->start, top->count * sizeof(*best));
			return top->count;
		}
		if (top->first < range->first ||
			(top->first == range->first && top->behind < range->behind))
			low = middle + 1;
		else
			high = middle;
	}
	return skl_suggest_best(head, range->first, range->behind, kinds, best, SKL_SUGGEST_TOP);
}

static SklTypoWord
vocabulary_word(const void *context, uint32_t number)
{
	const SklSuggestHead *head = context;
	const SklSuggestWord *word = &words_of(head)[number];
	SklTypoWord found = {text_of(head, word->text), word->length, word->frequency};

	return found;
}

/* Number of a complete word, with typing errors mended; UINT32_MAX when it is nothing known. */
static uint32_t
know_word(const SklSuggestHead *head, const Typed *word, int *errors)
{
	uint32_t number = find_word(head, word->text, word->length);
	int allowed = skl_typo_errors_allowed(word->text, word->length);
	SklTypoMatch match;

	if (number != UINT32_MAX || allowed == 0 ||
		skl_typo_find(skl_suggest_part(head, SKL_PART_TYPOS), vocabulary_word, head, word->text,
					  word->length, allowed, &match, 1) == 0)
		return number;
	*errors += match.errors;
	return match.word;
}

/* Cuts a text into words; only the last ones of many count. False when there is none. */
static bool
read_input(const char *chars, size_t length, Input *input)
{
	Typed word;
	size_t at = 0;
	size_t start;
	size_t end = 0;

	memset(input, 0, sizeof(*input));
	if (length > SKL_SUGGEST_MAX_TEXT)
		return false;
	while ((word.length =
				skl_fold_word(chars, length, &at, word.text, sizeof(word.text), &start, &end)) > 0)
	{
		if (input->last.length > 0)
		{
			if (input->n == SKL_SUGGEST_MAX_WORDS)
				return false;
			input->words[input->n++] = input->last;
		}
		input->last = word;
		input->last_start = start;
	}
	return input->last.length > 0;
}

/* Every word before the last one must be known. */
static bool
know_words(const SklSuggestHead *head, Input *input)
{
	int i;

	for (i = 0; i < input->n; i++)
	{
		input->numbers[i] = know_word(head, &input->words[i], &input->errors);
		if (input->numbers[i] == UINT32_MAX)
			return false;
	}
	return true;
}

/* True when an entry has every complete word and one of the range. */
static bool
has_all(const SklSuggestHead *head, const SklSuggestEntry *entry, const Input *input,
		const Range *range)
{
	const uint32_t *forward =
		(const uint32_t *) skl_suggest_part(head, SKL_PART_FORWARD) + entry->forward;
	unsigned used = 0;
	int i;
	int j;

	for (i = 0; i <= input->n; i++)
	{
		uint32_t first = i < input->n ? input->numbers[i] : range->first;
		uint32_t behind = i < input->n ? first + 1 : range->behind;

		for (j = 0; j < entry->n_words; j++)
		{
			if ((used >> j & 1) == 0 && forward[j] >= first && forward[j] < behind)
				break;
		}
		if (j == entry->n_words)
			return false;
		used |= 1u << j;
	}
	return true;
}

/* Entries with all words, best first. */
static uint32_t
best_of_words(const SklSuggestHead *head, const Input *input, const Range *range, unsigned kinds,
			  uint32_t *best)
{
	const SklSuggestEntry *entries = skl_suggest_part(head, SKL_PART_ENTRIES);
	const uint32_t *postings = skl_suggest_part(head, SKL_PART_POSTINGS);
	const SklSuggestWord *rarest = &words_of(head)[input->numbers[0]];
	uint32_t count = 0;
	uint32_t i;

	for (i = 1; i < (uint32_t) input->n; i++)
	{
		const SklSuggestWord *word = &words_of(head)[input->numbers[i]];

		if (word->n_postings < rarest->n_postings)
			rarest = word;
	}
	for (i = 0; i < rarest->n_postings && i < MAX_CHECKED && count < SKL_SUGGEST_TOP; i++)
	{
		uint32_t number = postings[rarest->postings + i];

		if ((count == 0 || best[count - 1] != number) &&
			(kinds == 0 || (kinds >> entries[number].kind & 1) != 0) &&
			has_all(head, &entries[number], input, range))
			best[count++] = number;
	}
	return count;
}

/* Suggestions that are being collected, best first. */
typedef struct Collected
{
	const SklSuggestHead *head;
	SklSuggestion *to;
	size_t count;
	size_t limit;
} Collected;

/* True when two texts begin with different letters of ASCII: then they are different. */
static bool
differs_at_once(const SklSuggestion *a, const SklSuggestion *b)
{
	char first = (char) (a->text[0] | 0x20);
	char second = (char) (b->text[0] | 0x20);

	return first != second && first >= 'a' && first <= 'z' && second >= 'a' && second <= 'z';
}

/* True when two texts are the same words. */
static bool
same_text(const SklSuggestion *a, const SklSuggestion *b)
{
	char first[WORD_BYTES];
	char second[WORD_BYTES];
	size_t at[2] = {0, 0};
	size_t length[2];
	size_t ignored;

	if (differs_at_once(a, b))
		return false;
	do
	{
		length[0] =
			skl_fold_word(a->text, a->length, &at[0], first, sizeof(first), &ignored, &ignored);
		length[1] =
			skl_fold_word(b->text, b->length, &at[1], second, sizeof(second), &ignored, &ignored);
		if (length[0] != length[1] || memcmp(first, second, length[0]) != 0)
			return false;
	} while (length[0] > 0);
	return true;
}

static void
collect(Collected *all, const SklSuggestion *suggestion)
{
	size_t at = all->count;
	size_t i;

	for (i = 0; i < all->count && suggestion->kind != SKL_SUGGEST_PERSON; i++)
	{
		if (all->to[i].kind == SKL_SUGGEST_PERSON || !same_text(&all->to[i], suggestion))
			continue;
		if (all->to[i].score >= suggestion->score)
			return;
		memmove(&all->to[i], &all->to[i + 1], (all->count - 1 - i) * sizeof(*suggestion));
		at = --all->count;
		break;
	}
	while (at > 0 && all->to[at - 1].score < suggestion->score)
		at--;
	if (at == all->limit)
		return;
	if (all->count == all->limit)
		all->count--;
	memmove(&all->to[at + 1], &all->to[at], (all->count - at) * sizeof(*suggestion));
	all->to[at] = *suggestion;
	all->count++;
}

static double
taste_boost(const SklSuggestTaste *taste, uint16_t category)
{
	if (taste == NULL || taste->boosts == NULL || category >= taste->count)
		return 1.0;
	return taste->boosts[category];
}

/* Collects entries by number. */
static void
collect_entries(Collected *all, const uint32_t *numbers, uint32_t n, const Range *range,
				const SklSuggestTaste *taste, int errors)
{
	const SklSuggestEntry *entries = skl_suggest_part(all->head, SKL_PART_ENTRIES);
	const uint32_t *forward = skl_suggest_part(all->head, SKL_PART_FORWARD);
	const unsigned char *ids = skl_suggest_part(all->head, SKL_PART_IDS);
	uint32_t i;

	for (i = 0; i < n; i++)
	{
		const SklSuggestEntry *entry = &entries[numbers[i]];
		uint32_t head_word = forward[entry->forward];
		SklSuggestion suggestion = {.kind = (SklSuggestKind) entry->kind,
									.text = text_of(all->head, entry->text),
									.length = entry->length,
									.category = entry->category,
									.errors = errors};

		if (entry->id > 0)
			suggestion.id = ids + (size_t) (entry->id - 1) * 16;
		suggestion.score = entry->score * taste_boost(taste, entry->category) / (1 << errors);
		if (head_word >= range->first && head_word < range->behind)
			suggestion.score *= FIRST_WORD;
		collect(all, &suggestion);
	}
}

/* What was typed before the last word, as it was typed, and a word behind it. */
static void
join_text(SklArena *arena, const SklSuggestHead *head, const char *before, size_t length,
		  const SklSuggestWord *word, SklSuggestion *suggestion)
{
	char *chars = skl_arena_alloc(arena, length + word->shown_length);

	memcpy(chars, before, length);
	memcpy(chars + length, text_of(head, word->shown), word->shown_length);
	suggestion->text = chars;
	suggestion->length = (uint32_t) (length + word->shown_length);
}

/* Collects words of the range that stand behind the last complete word in titles. */
static void
collect_pairs(Collected *all, SklArena *arena, const char *chars, const Input *input,
			  const Range *range, int errors)
{
	const SklSuggestWord *words = words_of(all->head);
	const SklSuggestWord *before = &words[input->numbers[input->n - 1]];
	const SklSuggestPair *pairs =
		(const SklSuggestPair *) skl_suggest_part(all->head, SKL_PART_PAIRS) + before->pairs;
	uint32_t low = 0;
	uint32_t high = before->n_pairs;
	uint32_t best[SKL_SUGGEST_MAX_RESULTS];
	uint32_t n = 0;
	uint32_t i;

	while (low < high)
	{
		uint32_t middle = (low + high) / 2;

		if (pairs[middle].word < range->first)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < before->n_pairs && pairs[low].word < range->behind; low++)
	{
		uint32_t at = n;

		while (at > 0 && pairs[best[at - 1]].count < pairs[low].count)
			at--;
		if (at == SKL_SUGGEST_MAX_RESULTS)
			continue;
		if (n < SKL_SUGGEST_MAX_RESULTS)
			n++;
		memmove(&best[at + 1], &best[at], (n - 1 - at) * sizeof(*best));
		best[at] = low;
	}
	for (i = 0; i < n; i++)
	{
		SklSuggestion suggestion = {.kind = SKL_SUGGEST_WORD, .errors = errors};

		suggestion.score = 0.9 * log(1.0 + pairs[best[i]].count) / (1 << errors);
		join_text(arena, all->head, chars, input->last_start, &words[pairs[best[i]].word],
				  &suggestion);
		collect(all, &suggestion);
	}
}

/* Suggestions for the last word in a range. */
static void
complete_range(Collected *all, SklArena *arena, const char *chars, const Input *input,
			   const Range *range, const SklSuggestTaste *taste)
{
	unsigned kinds = taste == NULL ? 0 : taste->kinds;
	uint32_t best[SKL_SUGGEST_TOP];
	int errors = range->errors + input->errors;
	uint32_t n;

	if (range->first >= range->behind)
		return;
	if (input->n == 0)
		n = best_of_range(all->head, range, kinds, best);
	else
		n = best_of_words(all->head, input, range, kinds, best);
	collect_entries(all, best, n, range, taste, errors < 8 ? errors : 8);
	if (input->n > 0 && (kinds == 0 || (kinds >> SKL_SUGGEST_WORD & 1) != 0))
		collect_pairs(all, arena, chars, input, range, errors < 8 ? errors : 8);
}

/*
 * Words whose beginning is a typed word but for some errors: the sorted words are walked like a
 * tree, with a row of the distance for each letter; a row without hope skips all words that share
 * it.
 */
typedef struct Walk
{
	const SklSuggestHead *head;
	uint32_t typed[SKL_TYPO_MAX_LETTERS];
	int n;
	int max;
	int rows[SKL_TYPO_MAX_LETTERS + 3][SKL_TYPO_MAX_LETTERS + 1];
	uint32_t letters[SKL_TYPO_MAX_LETTERS + 3]; /* of the word that is walked */
	Range *ranges;
	int n_ranges;
} Walk;

/* Fills the row of the letter at depth (from 1); its least number. */
static int
walk_row(Walk *walk, int depth)
{
	const uint32_t *letter = &walk->letters[depth];
	const int *above = walk->rows[depth - 1];
	int *row = walk->rows[depth];
	int least = row[0] = depth;
	int j;

	for (j = 1; j <= walk->n; j++)
	{
		int change = above[j - 1] + (letter[0] == walk->typed[j - 1] ? 0 : 1);

		row[j] = (above[j] < row[j - 1] ? above[j] : row[j - 1]) + 1;
		row[j] = change < row[j] ? change : row[j];
		if (depth > 1 && j > 1 && letter[0] == walk->typed[j - 2] &&
			letter[-1] == walk->typed[j - 1] && walk->rows[depth - 2][j - 2] + 1 < row[j])
			row[j] = walk->rows[depth - 2][j - 2] + 1;
		least = row[j] < least ? row[j] : least;
	}
	return least;
}

/* Walks one word; returns the next word to walk. */
static uint32_t
walk_word(Walk *walk, uint32_t number)
{
	const SklSuggestWord *word = &words_of(walk->head)[number];
	const char *chars = text_of(walk->head, word->text);
	const char *at = chars;
	int depth;

	for (depth = 1; at < chars + word->length && depth <= walk->n + walk->max; depth++)
	{
		int least;
		uint32_t behind;

		walk->letters[depth] = skl_utf8_next(&at, chars + word->length);
		least = walk_row(walk, depth);
		if (least <= walk->max && walk->rows[depth][walk->n] > walk->max)
			continue;
		behind = prefix_bound(walk->head, number, chars, (size_t) (at - chars), true);
		if (least <= walk->max)
		{
			walk->ranges[walk->n_ranges].first = number;
			walk->ranges[walk->n_ranges].behind = behind;
			walk->ranges[walk->n_ranges++].errors = walk->rows[depth][walk->n];
		}
		return behind;
	}
	return number + 1;
}

/* Ranges of words that begin almost as typed, with the same first letter. */
static int
almost_ranges(const SklSuggestHead *head, const Typed *typed, Range *ranges)
{
	Walk walk = {.head = head, .ranges = ranges};
	const char *at = typed->text;
	int allowed = skl_typo_errors_allowed(typed->text, typed->length);
	uint32_t first;
	uint32_t behind;
	size_t letter = 0;
	int j;

	if (allowed == 0)
		return 0;
	while (at < typed->text + typed->length && walk.n < SKL_TYPO_MAX_LETTERS)
	{
		walk.typed[walk.n++] = skl_utf8_next(&at, typed->text + typed->length);
		letter = walk.n == 1 ? (size_t) (at - typed->text) : letter;
	}
	for (j = 0; j <= walk.n; j++)
		walk.rows[0][j] = j;
	first = prefix_bound(head, 0, typed->text, letter, false);
	behind = prefix_bound(head, first, typed->text, letter, true);
	for (walk.max = 1; walk.max <= allowed && walk.n_ranges == 0; walk.max++)
	{
		uint32_t number = first;
		int walked;

		for (walked = 0; walked < MAX_WALKED && number < behind && walk.n_ranges < MAX_RANGES;
			 walked++)
			number = walk_word(&walk, number);
	}
	return walk.n_ranges;
}

size_t
skl_suggest_complete(const void *snapshot, SklArena *arena, const char *chars, size_t length,
					 const SklSuggestTaste *taste, SklSuggestion *suggestions, size_t limit)
{
	Collected all = {.head = snapshot, .to = suggestions};
	Input input;
	Range range = {0};

	all.limit = limit < SKL_SUGGEST_MAX_RESULTS ? limit : SKL_SUGGEST_MAX_RESULTS;
	if (all.limit == 0 || !read_input(chars, length, &input) || !know_words(snapshot, &input))
		return 0;
	range.first = prefix_bound(snapshot, 0, input.last.text, input.last.length, false);
	range.behind = prefix_bound(snapshot, range.first, input.last.text, input.last.length, true);
	complete_range(&all, arena, chars, &input, &range, taste);
	if (all.count == 0)
	{
		Range ranges[MAX_RANGES];
		int n = almost_ranges(snapshot, &input.last, ranges);
		int i;

		for (i = 0; i < n; i++)
			complete_range(&all, arena, chars, &input, &ranges[i], taste);
	}
	return all.count;
}

uint32_t
skl_suggest_frequency(const void *snapshot, const char *word, size_t length)
{
	uint32_t number = find_word(snapshot, word, length);

	return number == UINT32_MAX ? 0 : words_of(snapshot)[number].frequency;
}

uint32_t
skl_suggest_pair(const void *snapshot, const char *a, size_t a_length, const char *b,
				 size_t b_length)
{
	uint32_t first = a_length == 0 ? UINT32_MAX : find_word(snapshot, a, a_length);
	uint32_t second = b_length == 0 ? UINT32_MAX : find_word(snapshot, b, b_length);
	const SklSuggestPair *pairs = skl_suggest_part(snapshot, SKL_PART_PAIRS);
	uint32_t low;
	uint32_t high;

	if (first == UINT32_MAX || second == UINT32_MAX)
		return 0;
	low = words_of(snapshot)[first].pairs;
	high = low + words_of(snapshot)[first].n_pairs;
	while (low < high)
	{
		uint32_t middle = low + (high - low) / 2;

		if (pairs[middle].word == second)
			return pairs[middle].count;
		if (pairs[middle].word < second)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

double
skl_suggest_score(const void *snapshot, const char *word, size_t length, uint32_t frequency,
				  int errors, const char *before, size_t before_length, const char *behind,
				  size_t behind_length)
{
	double together = 1 +
					  log(1.0 + skl_suggest_pair(snapshot, before, before_length, word, length)) +
					  log(1.0 + skl_suggest_pair(snapshot, word, length, behind, behind_length));

	return log(1.0 + frequency) * together / (1 << errors);
}

static int
compare_corrections(const void *a, const void *b)
{
	const SklCorrection *x = a;
	const SklCorrection *y = b;

	return (x->score < y->score) - (x->score > y->score);
}

size_t
skl_suggest_correct(const void *snapshot, const char *word, size_t length, int max_errors,
					const char *before, size_t before_length, const char *behind,
					size_t behind_length, SklCorrection *corrections, size_t limit)
{
	SklTypoMatch matches[MAX_CANDIDATES];
	SklCorrection all[MAX_CANDIDATES];
	size_t n = skl_typo_find(skl_suggest_part(snapshot, SKL_PART_TYPOS), vocabulary_word, snapshot,
							 word, length, max_errors, matches, MAX_CANDIDATES);
	size_t i;

	for (i = 0; i < n; i++)
	{
		SklTypoWord found = vocabulary_word(snapshot, matches[i].word);

		all[i].text = found.text;
		all[i].length = found.length;
		all[i].frequency = found.frequency;
		all[i].errors = matches[i].errors;
		all[i].score =
			skl_suggest_score(snapshot, found.text, found.length, found.frequency,
							  matches[i].errors, before, before_length, behind, behind_length);
	}
	qsort(all, n, sizeof(*all), compare_corrections);
	n = n < limit ? n : limit;
	memcpy(corrections, all, n * sizeof(*all));
	return n;
}
