/*
 * search/engine/suggest_count.c
 *		Collects what a snapshot of suggestions is made of.
 *
 * Titles are counted as they come: words in one table, pairs of near words in another, which
 * forgets the rarest pairs whenever it is full.
 */
#include "skl.h"

#include "search/engine/fold.h"
#include "search/engine/suggest_count.h"

#define WORD_MAX ((size_t) SKL_TYPO_MAX_LETTERS)
#define MAX_VOCABULARY (1u << 20)
#define MAX_PAIRS (1u << 20)

/* Words so far apart in a title still go together. */
#define PAIR_DISTANCE 3

SklSuggestBuilder *
skl_suggest_builder(SklArena *arena, SklSuggestSkip skip, void *skip_context)
{
	SklSuggestBuilder *builder = skl_arena_zero(arena, 1, sizeof(*builder));

	builder->arena = arena;
	builder->skip = skip;
	builder->skip_context = skip_context;
	return builder;
}

static uint32_t
hash_bytes(const char *bytes, size_t length)
{
	uint32_t hash = 2166136261u;
	size_t i;

	for (i = 0; i < length; i++)
		hash = (hash ^ (unsigned char) bytes[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static uint32_t *
word_slot(const SklSuggestBuilder *builder, const char *chars, size_t length)
{
	uint32_t mask = builder->n_word_slots - 1;
	uint32_t at = hash_bytes(chars, length) & mask;

	while (builder->word_slots[at] != 0)
	{
		const SklSuggestCount *word = &builder->words[builder->word_slots[at] - 1];

		if (word->length == length && memcmp(word->text, chars, length) == 0)
			break;
		at = (at + 1) & mask;
	}
	return &builder->word_slots[at];
}

static void
grow_words(SklSuggestBuilder *builder)
{
	uint32_t i;

	if (builder->n_words < builder->words_room)
		return;
	builder->words_room = builder->words_room == 0 ? 1024 : builder->words_room * 2;
	builder->words =
		skl_arena_grow(builder->arena, builder->words, builder->n_words * sizeof(SklSuggestCount),
					   builder->words_room * sizeof(SklSuggestCount));
	builder->n_word_slots = builder->words_room * 2;
	builder->word_slots = skl_arena_zero(builder->arena, builder->n_word_slots, sizeof(uint32_t));
	for (i = 0; i < builder->n_words; i++)
		*word_slot(builder, builder->words[i].text, builder->words[i].length) = i + 1;
}

/* A word as it stands in a text, in lower case. */
static void
set_shown(SklSuggestBuilder *builder, SklSuggestCount *word, const char *chars, size_t length)
{
	const char *at = chars;
	const char *end = chars + length;

	word->shown = skl_arena_alloc(builder->arena, length * 2 + 4);
	while (at < end)
		word->shown_length += (uint32_t) skl_utf8_put(skl_lower_code(skl_utf8_next(&at, end)),
													  word->shown + word->shown_length);
}

/* Number of a word, new or known; UINT32_MAX when there are too many. */
static uint32_t
take_word(SklSuggestBuilder *builder, const char *folded, size_t length, const char *chars,
		  size_t text_length)
{
	uint32_t *slot;
	SklSuggestCount *word;

	grow_words(builder);
	slot = word_slot(builder, folded, length);
	if (*slot != 0)
		return *slot - 1;
	if (builder->n_words >= MAX_VOCABULARY)
		return UINT32_MAX;
	word = &builder->words[builder->n_words++];
	memset(word, 0, sizeof(*word));
	word->text = skl_arena_copy(builder->arena, folded, length);
	word->length = (uint32_t) length;
	word->last_title = UINT32_MAX;
	set_shown(builder, word, chars, text_length);
	*slot = builder->n_words;
	return builder->n_words - 1;
}

static SklSuggestNear *
pair_slot(const SklSuggestBuilder *builder, uint64_t key)
{
	uint64_t mask = builder->n_pair_slots - 1;
	uint64_t at = (key * 0x9E3779B97F4A7C15u) >> 40 & mask;

	while (builder->pairs[at].words != 0 && builder->pairs[at].words != key)
		at = (at + 1) & mask;
	return &builder->pairs[at];
}

/* Puts pairs that were seen so often into a table of so many slots. */
static void
rehash_pairs(SklSuggestBuilder *builder, uint32_t slots, uint32_t least)
{
	SklSuggestNear *old = builder->pairs;
	uint32_t n_old = builder->n_pair_slots;
	uint32_t i;

	builder->pairs = skl_arena_zero(builder->arena, slots, sizeof(SklSuggestNear));
	builder->n_pair_slots = slots;
	builder->n_pairs = 0;
	for (i = 0; i < n_old; i++)
	{
		if (old[i].words == 0 || old[i].count < least)
			continue;
		*pair_slot(builder, old[i].words) = old[i];
		builder->n_pairs++;
	}
}

/* Makes room in the table; a full one forgets what was seen once, or twice, … */
static void
grow_pairs(SklSuggestBuilder *builder)
{
	uint32_t least;

	if (builder->n_pairs * 2 < builder->n_pair_slots)
		return;
	if (builder->n_pairs < MAX_PAIRS)
	{
		rehash_pairs(builder, builder->n_pair_slots == 0 ? 4096 : builder->n_pair_slots * 2, 1);
		return;
	}
	for (least = 2; builder->n_pairs > MAX_PAIRS / 2; least++)
		rehash_pairs(builder, builder->n_pair_slots, least);
}

static void
count_pair(SklSuggestBuilder *builder, uint32_t first, uint32_t second)
{
	uint64_t key = ((uint64_t) first << 32 | second) + 1;
	SklSuggestNear *pair;

	if (first == second)
		return;
	grow_pairs(builder);
	pair = pair_slot(builder, key);
	if (pair->words == 0)
		builder->n_pairs++;
	pair->words = key;
	pair->count++;
}

/* Boyer and Moore's majority vote. */
static void
vote_category(SklSuggestCount *word, uint16_t category)
{
	if (word->category == category && word->vote < UINT16_MAX)
		word->vote++;
	else if (word->vote > 0)
		word->vote--;
	else
	{
		word->category = category;
		word->vote = 1;
	}
}

void
skl_suggest_title(SklSuggestBuilder *builder, const char *chars, size_t length, uint16_t category)
{
	uint32_t near[PAIR_DISTANCE];
	int n_near = 0;
	char folded[WORD_MAX];
	size_t at = 0;
	size_t start;
	size_t end;
	size_t word_length;

	while ((word_length = skl_fold_word(chars, length, &at, folded, sizeof(folded), &start, &end)) >
		   0)
	{
		uint32_t number = UINT32_MAX;
		int i;

		if (end - start <= WORD_MAX &&
			(builder->skip == NULL ||
			 !builder->skip(builder->skip_context, chars + start, end - start)))
			number = take_word(builder, folded, word_length, chars + start, end - start);
		if (number == UINT32_MAX)
			continue;
		for (i = 0; i < n_near; i++)
			count_pair(builder, near[i], number);
		memmove(near + 1, near, sizeof(near) - sizeof(near[0]));
		near[0] = number;
		n_near += n_near < PAIR_DISTANCE ? 1 : 0;
		if (builder->words[number].last_title == builder->titles)
			continue;
		builder->words[number].last_title = builder->titles;
		builder->words[number].frequency++;
		vote_category(&builder->words[number], category);
	}
	builder->titles++;
}

SklSuggestRow *
skl_suggest_row(SklSuggestBuilder *builder, SklSuggestKind kind, const char *chars, size_t length,
				double weight, uint16_t category)
{
	SklSuggestRow *entry = skl_arena_zero(builder->arena, 1, sizeof(*entry));

	entry->text = chars;
	entry->length = length;
	entry->kind = kind;
	entry->category = category;
	entry->weight = weight < 1 ? 1 : weight;
	entry->next = builder->entries;
	builder->entries = entry;
	builder->n_entries++;
	return entry;
}

void
skl_suggest_add(SklSuggestBuilder *builder, SklSuggestKind kind, const char *chars, size_t length,
				const char *spelling, double weight, uint16_t category, const unsigned char *id)
{
	uint32_t words[SKL_SUGGEST_MAX_WORDS];
	const char *typed = spelling == NULL ? chars : spelling;
	size_t typed_length = spelling == NULL ? length : strlen(spelling);
	int n = 0;
	char folded[WORD_MAX];
	SklSuggestRow *entry;
	size_t at = 0;
	size_t start;
	size_t end;
	size_t word_length;

	if (length > SKL_SUGGEST_MAX_TEXT || typed_length > SKL_SUGGEST_MAX_TEXT)
		return;
	while (n < SKL_SUGGEST_MAX_WORDS &&
		   (word_length =
				skl_fold_word(typed, typed_length, &at, folded, sizeof(folded), &start, &end)) > 0)
	{
		uint32_t number;

		if (kind == SKL_SUGGEST_QUERY && builder->skip != NULL &&
			builder->skip(builder->skip_context, typed + start, end - start))
			continue;
		number = take_word(builder, folded, word_length, typed + start, end - start);
		if (number == UINT32_MAX)
			continue;
		builder->words[number].in_entry |= kind != SKL_SUGGEST_QUERY;
		words[n++] = number;
	}
	if (n == 0)
		return;
	entry = skl_suggest_row(builder, kind, skl_arena_copy(builder->arena, chars, length), length,
							weight, category);
	memcpy(entry->words, words, sizeof(words[0]) * (size_t) n);
	entry->n_words = n;
	if (id != NULL)
		entry->id = (const unsigned char *) skl_arena_copy(builder->arena, (const char *) id, 16);
}
