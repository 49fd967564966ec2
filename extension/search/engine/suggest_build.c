/*
 * search/engine/suggest_build.c
 *		Lays a snapshot of suggestions out in memory.
 *
 * The words that count are sorted and numbered, words of titles become entries where nothing better
 * has their text, entries are ranked, and the parts are laid out one behind the other.
 */
#include "skl.h"

#include "search/engine/fold.h"
#include "search/engine/suggest_count.h"
#include "search/engine/suggest_layout.h"

#include <math.h>
#include <stdlib.h>

/* What an entry's kind does to its score: skills before words, people last. */
static const double kind_factor[SKL_SUGGEST_KINDS] = {0.9, 1.2, 1.1, 0.8, 1.0};

/* Order in which the better of two entries with the same words comes first. */
static int
compare_same(const void *a, const void *b)
{
	const SklSuggestRow *x = *(const SklSuggestRow *const *) a;
	const SklSuggestRow *y = *(const SklSuggestRow *const *) b;
	bool x_person = x->kind == SKL_SUGGEST_PERSON;
	bool y_person = y->kind == SKL_SUGGEST_PERSON;
	int i;

	if (x_person != y_person)
		return x_person ? 1 : -1;
	for (i = 0; i < x->n_words && i < y->n_words; i++)
	{
		if (x->words[i] != y->words[i])
			return x->words[i] < y->words[i] ? -1 : 1;
	}
	if (x->n_words != y->n_words)
		return x->n_words - y->n_words;
	if (kind_factor[x->kind] != kind_factor[y->kind])
		return kind_factor[x->kind] > kind_factor[y->kind] ? -1 : 1;
	return (x->weight < y->weight) - (x->weight > y->weight);
}

static bool
same_words(const SklSuggestRow *a, const SklSuggestRow *b)
{
	return a->n_words == b->n_words &&
		   memcmp(a->words, b->words, sizeof(a->words[0]) * (size_t) a->n_words) == 0;
}

static int
compare_rank(const void *a, const void *b)
{
	const SklSuggestRow *x = *(const SklSuggestRow *const *) a;
	const SklSuggestRow *y = *(const SklSuggestRow *const *) b;
	int order;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	order = memcmp(x->text, y->text, x->length < y->length ? x->length : y->length);
	if (order != 0)
		return order;
	if (x->length != y->length)
		return x->length < y->length ? -1 : 1;
	if (x->id != NULL && y->id != NULL)
		return memcmp(x->id, y->id, 16);
	return (int) x->kind - (int) y->kind;
}

/* Entries without doubles, ranked; people of one name are several. */
static SklSuggestRow **
rank_entries(SklSuggestBuilder *builder)
{
	SklSuggestRow **sorted = skl_arena_zero(builder->arena, builder->n_entries, sizeof(*sorted));
	uint32_t n = 0;
	uint32_t kept = 0;
	uint32_t i;
	SklSuggestRow *entry;

	for (entry = builder->entries; entry != NULL; entry = entry->next)
		sorted[n++] = entry;
	qsort(sorted, n, sizeof(*sorted), compare_same);
	for (i = 0; i < n; i++)
	{
		SklSuggestRow *last = kept == 0 ? NULL : sorted[kept - 1];

		if (last != NULL && sorted[i]->kind != SKL_SUGGEST_PERSON && same_words(last, sorted[i]))
		{
			last->weight = sorted[i]->weight > last->weight ? sorted[i]->weight : last->weight;
			continue;
		}
		sorted[kept++] = sorted[i];
	}
	for (i = 0; i < kept; i++)
		sorted[i]->score = log(1 + sorted[i]->weight) * kind_factor[sorted[i]->kind];
	qsort(sorted, kept, sizeof(*sorted), compare_rank);
	builder->n_entries = kept;
	return sorted;
}

/* True for words that are worth being offered by themselves: two letters or more, not a number. */
static bool
offered(const SklSuggestCount *word)
{
	uint32_t i;

	for (i = 0; i < word->length; i++)
	{
		if (!skl_is_digit_code((unsigned char) word->text[i]))
			return word->length >= 2;
	}
	return false;
}

static int
compare_words(const void *a, const void *b)
{
	const SklSuggestCount *x = *(const SklSuggestCount *const *) a;
	const SklSuggestCount *y = *(const SklSuggestCount *const *) b;
	int order = memcmp(x->text, y->text, x->length < y->length ? x->length : y->length);

	return order != 0 ? order : (x->length > y->length) - (x->length < y->length);
}

/*
 * Takes past queries out that have a word nobody else has: it may come from a text that not
 * everybody may see.
 */
static void
drop_private_queries(SklSuggestBuilder *builder, uint32_t min_documents)
{
	SklSuggestRow **link = &builder->entries;

	while (*link != NULL)
	{
		SklSuggestRow *row = *link;
		bool known = true;
		int i;

		for (i = 0; i < row->n_words && row->kind == SKL_SUGGEST_QUERY; i++)
		{
			const SklSuggestCount *word = &builder->words[row->words[i]];

			known = known && (word->in_entry || word->frequency >= min_documents);
		}
		if (known)
			link = &row->next;
		else
		{
			*link = row->next;
			builder->n_entries--;
		}
	}
}

/* Sorts and numbers the words that count, and offers those of titles. */
static SklSuggestCount **
number_words(SklSuggestBuilder *builder, uint32_t min_documents, uint32_t *count)
{
	SklSuggestCount **sorted = skl_arena_zero(builder->arena, builder->n_words, sizeof(*sorted));
	uint32_t n = 0;
	uint32_t i;

	for (i = 0; i < builder->n_words; i++)
	{
		SklSuggestCount *word = &builder->words[i];

		word->number = UINT32_MAX;
		if (word->frequency >= min_documents && word->frequency > 0 && offered(word))
		{
			SklSuggestRow *entry =
				skl_suggest_row(builder, SKL_SUGGEST_WORD, word->shown, word->shown_length,
								word->frequency, word->category);

			entry->words[0] = i;
			entry->n_words = 1;
			word->in_entry = true;
		}
		if (word->in_entry || (word->frequency >= min_documents && word->frequency > 0))
			sorted[n++] = word;
	}
	qsort(sorted, n, sizeof(*sorted), compare_words);
	for (i = 0; i < n; i++)
		sorted[i]->number = i;
	*count = n;
	return sorted;
}

/* The snapshot while it is laid out. */
typedef struct Layout
{
	SklSuggestBuilder *builder;
	SklSuggestRow **entries;
	uint32_t n_entries;
	SklSuggestCount **words;
	uint32_t n_words;
	uint32_t n_pairs;
	uint32_t min_documents;
	SklTypoWord *typo_words;
	void *typos;
	SklSuggestTop *tops;
	uint32_t n_tops;
	uint32_t *top_entries;
	uint32_t n_top_entries;
	SklSuggestHead head;
} Layout;

static bool
pair_counts(const Layout *layout, const SklSuggestNear *pair)
{
	const SklSuggestCount *words = layout->builder->words;

	return pair->words != 0 && pair->count >= layout->min_documents &&
		   words[(pair->words - 1) >> 32].number != UINT32_MAX &&
		   words[(uint32_t) (pair->words - 1)].number != UINT32_MAX;
}

/* Counts what each part holds. */
static void
measure(Layout *layout, size_t typo_size)
{
	uint64_t *count = layout->head.count;
	uint32_t i;

	count[SKL_PART_ENTRIES] = layout->n_entries;
	count[SKL_PART_WORDS] = layout->n_words;
	count[SKL_PART_TYPOS] = typo_size;
	for (i = 0; i < layout->n_entries; i++)
	{
		const SklSuggestRow *entry = layout->entries[i];

		count[SKL_PART_TEXT] += entry->length;
		count[SKL_PART_IDS] += entry->id != NULL ? 1 : 0;
		count[SKL_PART_FORWARD] += (uint64_t) entry->n_words;
	}
	count[SKL_PART_POSTINGS] = count[SKL_PART_FORWARD];
	for (i = 0; i < layout->n_words; i++)
		count[SKL_PART_TEXT] += layout->words[i]->length + layout->words[i]->shown_length;
	for (i = 0; i < layout->builder->n_pair_slots; i++)
		count[SKL_PART_PAIRS] += pair_counts(layout, &layout->builder->pairs[i]) ? 1 : 0;
}

/* Offsets of the parts; returns the size of all. */
static uint64_t
place_parts(SklSuggestHead *head)
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
	uint64_t at = sizeof(*head);
	int part;

	for (part = 0; part < SKL_PARTS; part++)
	{
		head->start[part] = at;
		at = (at + head->count[part] * sizes[part] + 7) / 8 * 8;
	}
	head->magic = SKL_SUGGEST_MAGIC;
	head->size = at;
	return at;
}

static void *
part_of(SklSuggestHead *head, SklSuggestPart part)
{
	return (char *) head + head->start[part];
}

static uint32_t
put_text(SklSuggestHead *head, uint32_t *used, const char *chars, size_t length)
{
	uint32_t at = *used;

	memcpy((char *) part_of(head, SKL_PART_TEXT) + at, chars, length);
	*used += (uint32_t) length;
	return at;
}

static void
write_words(Layout *layout, SklSuggestHead *head, uint32_t *chars)
{
	SklSuggestWord *words = part_of(head, SKL_PART_WORDS);
	uint32_t postings = 0;
	uint32_t i;

	for (i = 0; i < layout->n_words; i++)
	{
		SklSuggestCount *word = layout->words[i];

		words[i].text = put_text(head, chars, word->text, word->length);
		words[i].shown = put_text(head, chars, word->shown, word->shown_length);
		words[i].length = (uint16_t) word->length;
		words[i].shown_length = (uint16_t) word->shown_length;
		words[i].frequency = word->frequency > word->postings ? word->frequency : word->postings;
		words[i].postings = postings;
		postings += word->postings;
	}
}

/* Entries, their words and ids, and the postings of the words in the order of entries. */
static void
write_entries(Layout *layout, SklSuggestHead *head, uint32_t *chars)
{
	SklSuggestEntry *entries = part_of(head, SKL_PART_ENTRIES);
	SklSuggestWord *words = part_of(head, SKL_PART_WORDS);
	uint32_t *forward = part_of(head, SKL_PART_FORWARD);
	uint32_t *postings = part_of(head, SKL_PART_POSTINGS);
	char *ids = part_of(head, SKL_PART_IDS);
	uint32_t n_forward = 0;
	uint32_t n_ids = 0;
	uint32_t i;
	int j;

	for (i = 0; i < layout->n_entries; i++)
	{
		const SklSuggestRow *entry = layout->entries[i];

		entries[i].text = put_text(head, chars, entry->text, entry->length);
		entries[i].length = (uint16_t) entry->length;
		entries[i].kind = (uint8_t) entry->kind;
		entries[i].category = entry->category;
		entries[i].score = (float) entry->score;
		entries[i].forward = n_forward;
		entries[i].n_words = (uint8_t) entry->n_words;
		if (entry->id != NULL)
		{
			memcpy(ids + (size_t) n_ids * 16, entry->id, 16);
			entries[i].id = ++n_ids;
		}
		for (j = 0; j < entry->n_words; j++)
		{
			SklSuggestWord *word = &words[layout->builder->words[entry->words[j]].number];

			forward[n_forward++] = (uint32_t) (word - words);
			postings[word->postings + word->n_postings++] = i;
		}
	}
}

static int
compare_pairs(const void *a, const void *b)
{
	const SklSuggestPair *x = a;
	const SklSuggestPair *y = b;

	return (x->word > y->word) - (x->word < y->word);
}

static void
write_pairs(Layout *layout, SklSuggestHead *head)
{
	const SklSuggestNear *pairs = layout->builder->pairs;
	const SklSuggestCount *known = layout->builder->words;
	SklSuggestWord *words = part_of(head, SKL_PART_WORDS);
	SklSuggestPair *to = part_of(head, SKL_PART_PAIRS);
	uint32_t n_slots = layout->builder->n_pair_slots;
	uint32_t at = 0;
	uint32_t i;

	for (i = 0; i < n_slots; i++)
	{
		if (pair_counts(layout, &pairs[i]))
			words[known[(pairs[i].words - 1) >> 32].number].n_pairs++;
	}
	for (i = 0; i < layout->n_words; i++)
	{
		words[i].pairs = at;
		at += words[i].n_pairs;
		words[i].n_pairs = 0;
	}
	for (i = 0; i < n_slots; i++)
	{
		SklSuggestWord *first;

		if (!pair_counts(layout, &pairs[i]))
			continue;
		first = &words[known[(pairs[i].words - 1) >> 32].number];
		to[first->pairs + first->n_pairs].word = known[(uint32_t) (pairs[i].words - 1)].number;
		to[first->pairs + first->n_pairs++].count = pairs[i].count;
	}
	for (i = 0; i < layout->n_words; i++)
		qsort(to + words[i].pairs, words[i].n_pairs, sizeof(*to), compare_pairs);
}

/* Bytes of the first so many letters of a word; 0 when it is shorter. */
static uint32_t
prefix_bytes(const SklSuggestCount *word, int letters)
{
	const char *at = word->text;
	const char *end = at + word->length;

	while (letters > 0 && at < end)
	{
		(void) skl_utf8_next(&at, end);
		letters--;
	}
	return letters > 0 ? 0 : (uint32_t) (at - word->text);
}

/* Words from "first" on that share its first bytes. */
static uint32_t
same_prefix(const Layout *layout, uint32_t first, uint32_t bytes, uint64_t *postings)
{
	const SklSuggestCount *head = layout->words[first];
	uint32_t i = first;

	*postings = 0;
	while (i < layout->n_words && layout->words[i]->length >= bytes &&
		   memcmp(layout->words[i]->text, head->text, bytes) == 0)
		*postings += layout->words[i++]->postings;
	return i;
}

/* Ranges of words that deserve to have their best entries kept, without the entries. */
static void
choose_tops(Layout *layout)
{
	uint32_t room = 0;
	int letters;

	for (letters = 1; letters <= SKL_SUGGEST_TOP_LETTERS; letters++)
	{
		uint32_t i = 0;

		while (i < layout->n_words)
		{
			uint32_t bytes = prefix_bytes(layout->words[i], letters);
			uint64_t postings;
			uint32_t behind;

			if (bytes == 0)
			{
				i++;
				continue;
			}
			behind = same_prefix(layout, i, bytes, &postings);
			if (letters <= 2 || postings > SKL_SUGGEST_TOP_POSTINGS)
			{
				if (layout->n_tops == room)
				{
					room = room == 0 ? 256 : room * 2;
					layout->tops = skl_arena_grow(layout->builder->arena, layout->tops,
												  layout->n_tops * sizeof(SklSuggestTop),
												  room * sizeof(SklSuggestTop));
				}
				memset(&layout->tops[layout->n_tops], 0, sizeof(SklSuggestTop));
				layout->tops[layout->n_tops].first = i;
				layout->tops[layout->n_tops++].behind = behind;
			}
			i = behind;
		}
	}
}

static int
compare_tops(const void *a, const void *b)
{
	const SklSuggestTop *x = a;
	const SklSuggestTop *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->behind > y->behind) - (x->behind < y->behind);
}

/* Finds the best entries of each range, which needs the other parts. */
static void
write_tops(Layout *layout, SklSuggestHead *head)
{
	SklSuggestTop *tops = part_of(head, SKL_PART_TOPS);
	uint32_t *entries = part_of(head, SKL_PART_TOP_ENTRIES);
	uint32_t i;

	for (i = 0; i < layout->n_tops; i++)
	{
		tops[i] = layout->tops[i];
		tops[i].start = i * SKL_SUGGEST_TOP;
		tops[i].count = skl_suggest_best(head, tops[i].first, tops[i].behind, 0,
										 entries + tops[i].start, SKL_SUGGEST_TOP);
	}
}

static void
build_typos(Layout *layout, size_t *size)
{
	SklTypoWord *words =
		skl_arena_zero(layout->builder->arena, layout->n_words, sizeof(SklTypoWord));
	uint32_t i;

	for (i = 0; i < layout->n_words; i++)
	{
		words[i].text = layout->words[i]->text;
		words[i].length = layout->words[i]->length;
		words[i].frequency = layout->words[i]->frequency;
	}
	layout->typos = skl_typo_build(layout->builder->arena, words, layout->n_words, size);
}

/* How many entries have each word. */
static void
count_postings(Layout *layout)
{
	uint32_t i;
	int j;

	for (i = 0; i < layout->n_entries; i++)
	{
		for (j = 0; j < layout->entries[i]->n_words; j++)
			layout->builder->words[layout->entries[i]->words[j]].postings++;
	}
}

void *
skl_suggest_build(SklSuggestBuilder *builder, uint32_t min_documents, size_t *size)
{
	Layout layout = {.builder = builder, .min_documents = min_documents};
	SklSuggestHead *head;
	size_t typo_size;
	uint32_t chars = 0;

	drop_private_queries(builder, min_documents);
	layout.words = number_words(builder, min_documents, &layout.n_words);
	layout.entries = rank_entries(builder);
	layout.n_entries = builder->n_entries;
	count_postings(&layout);
	build_typos(&layout, &typo_size);
	choose_tops(&layout);
	if (layout.n_tops > 0)
		qsort(layout.tops, layout.n_tops, sizeof(*layout.tops), compare_tops);
	measure(&layout, typo_size);
	layout.head.count[SKL_PART_TOPS] = layout.n_tops;
	layout.head.count[SKL_PART_TOP_ENTRIES] = (uint64_t) layout.n_tops * SKL_SUGGEST_TOP;
	*size = place_parts(&layout.head);
	head = skl_arena_zero(builder->arena, 1, *size);
	*head = layout.head;
	write_words(&layout, head, &chars);
	write_entries(&layout, head, &chars);
	write_pairs(&layout, head);
	memcpy(part_of(head, SKL_PART_TYPOS), layout.typos, typo_size);
	write_tops(&layout, head);
	return head;
}
