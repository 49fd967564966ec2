/*
 * search/engine/synonym.c
 *		Other ways to say the same, as lexemes.
 *
 * The table: a head, the phrases sorted by their lexemes (which end in a NUL each), their numbers
 * in the order of groups, and the bytes. A look-up tries the longest run of lexemes first.
 */
#include "skl.h"

#include "search/engine/synonym.h"

#include <stdlib.h>

/* Other phrases that one phrase stands for, at most. */
#define MAX_FOUND 16

/* Bytes of a phrase, NULs included. */
#define KEY_MAX 512

typedef struct Phrase
{
	uint32_t group;
	uint32_t key; /* offset among the bytes */
	uint16_t length;
	uint16_t count;
	uint8_t offsets[SKL_SYNONYM_MAX_WORDS];
	uint8_t pad[2];
} Phrase;

typedef struct Head
{
	uint32_t phrases; /* sorted by key, then group */
	uint32_t bytes;
} Head;

/* A phrase that is being collected. */
typedef struct Row
{
	struct Row *next;
	Phrase phrase;
	const char *key;
	uint32_t number; /* in the order of keys */
} Row;

struct SklSynonymBuilder
{
	SklArena *arena;
	Row *rows;
	uint32_t count;
	size_t bytes;
};

SklSynonymBuilder *
skl_synonym_builder(SklArena *arena)
{
	SklSynonymBuilder *builder = skl_arena_zero(arena, 1, sizeof(*builder));

	builder->arena = arena;
	return builder;
}

/* Joins lexemes; 0 when they are too long. */
static size_t
join_key(const char *const *lexemes, const uint32_t *lengths, int count, char *key)
{
	size_t length = 0;
	int i;

	for (i = 0; i < count; i++)
	{
		if (length + lengths[i] + 1 > KEY_MAX)
			return 0;
		memcpy(key + length, lexemes[i], lengths[i]);
		length += lengths[i];
		key[length++] = '\0';
	}
	return length;
}

void
skl_synonym_add(SklSynonymBuilder *builder, uint32_t group, const SklLexemes *phrase)
{
	char key[KEY_MAX];
	size_t length = join_key(phrase->lexeme, phrase->length, phrase->count, key);
	Row *row;
	int i;

	if (length == 0)
		return;
	row = skl_arena_zero(builder->arena, 1, sizeof(*row));
	row->phrase.group = group;
	row->phrase.length = (uint16_t) length;
	row->phrase.count = (uint16_t) phrase->count;
	for (i = 0; i < phrase->count; i++)
		row->phrase.offsets[i] = (uint8_t) (phrase->offset[i] < 255 ? phrase->offset[i] : 255);
	row->key = skl_arena_copy(builder->arena, key, length);
	row->next = builder->rows;
	builder->rows = row;
	builder->count++;
	builder->bytes += length;
}

static int
compare_keys(const char *a, size_t a_length, const char *b, size_t b_length)
{
	int order = memcmp(a, b, a_length < b_length ? a_length : b_length);

	return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static int
compare_rows(const void *a, const void *b)
{
	const Row *x = *(const Row *const *) a;
	const Row *y = *(const Row *const *) b;
	int order = compare_keys(x->key, x->phrase.length, y->key, y->phrase.length);

	return order != 0 ? order
					  : (x->phrase.group > y->phrase.group) - (x->phrase.group < y->phrase.group);
}

static int
compare_groups(const void *a, const void *b)
{
	const Row *x = *(const Row *const *) a;
	const Row *y = *(const Row *const *) b;

	if (x->phrase.group != y->phrase.group)
		return x->phrase.group < y->phrase.group ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

/* The parts of a table. */
static const Phrase *
phrases_of(const Head *head)
{
	return (const Phrase *) (head + 1);
}

static const uint32_t *
order_of(const Head *head)
{
	return (const uint32_t *) (phrases_of(head) + head->phrases);
}

static const char *
bytes_of(const Head *head)
{
	return (const char *) (order_of(head) + head->phrases);
}

void *
skl_synonym_build(SklSynonymBuilder *builder, size_t *size)
{
	Row **rows = skl_arena_zero(builder->arena, builder->count, sizeof(*rows));
	Phrase *phrases;
	uint32_t used = 0;
	uint32_t *order;
	uint32_t i = 0;
	Row *row;
	Head *head;
	char *bytes;

	for (row = builder->rows; row != NULL; row = row->next)
		rows[i++] = row;
	qsort(rows, builder->count, sizeof(*rows), compare_rows);
	*size = sizeof(Head) + builder->count * (sizeof(Phrase) + sizeof(uint32_t)) + builder->bytes;
	head = skl_arena_zero(builder->arena, 1, *size);
	head->phrases = builder->count;
	head->bytes = (uint32_t) builder->bytes;
	phrases = (Phrase *) (head + 1);
	order = (uint32_t *) (phrases + builder->count);
	bytes = (char *) (order + builder->count);
	for (i = 0; i < builder->count; i++)
	{
		rows[i]->number = i;
		phrases[i] = rows[i]->phrase;
		phrases[i].key = used;
		memcpy(bytes + used, rows[i]->key, rows[i]->phrase.length);
		used += rows[i]->phrase.length;
	}
	qsort(rows, builder->count, sizeof(*rows), compare_groups);
	for (i = 0; i < builder->count; i++)
		order[i] = rows[i]->number;
	return head;
}

/* The first phrase with a key, or the number of phrases. */
static uint32_t
find_key(const Head *head, const char *key, size_t length)
{
	const Phrase *phrases = phrases_of(head);
	const char *bytes = bytes_of(head);
	uint32_t low = 0;
	uint32_t high = head->phrases;

	while (low < high)
	{
		uint32_t middle = low + (high - low) / 2;

		if (compare_keys(bytes + phrases[middle].key, phrases[middle].length, key, length) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The place of a group's first phrase in the order of groups. */
static uint32_t
find_group(const Head *head, uint32_t group)
{
	const uint32_t *order = order_of(head);
	uint32_t low = 0;
	uint32_t high = head->phrases;

	while (low < high)
	{
		uint32_t middle = low + (high - low) / 2;

		if (phrases_of(head)[order[middle]].group < group)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
has_key(const Head *head, uint32_t at, const char *key, size_t length)
{
	const Phrase *phrase = &phrases_of(head)[at];

	return phrase->length == length && memcmp(bytes_of(head) + phrase->key, key, length) == 0;
}

/* Takes a phrase of the table apart. */
static void
read_phrase(const Phrase *phrase, const char *bytes, SklLexemes *lexemes)
{
	const char *at = bytes + phrase->key;
	int i;

	lexemes->count = phrase->count;
	for (i = 0; i < phrase->count; i++)
	{
		lexemes->lexeme[i] = at;
		lexemes->length[i] = (uint32_t) strlen(at);
		lexemes->offset[i] = phrase->offsets[i];
		at += lexemes->length[i] + 1;
	}
}

/* Members of a group but the one with a key; the new count. */
static size_t
add_group(const Head *head, uint32_t group, const char *key, size_t length, SklLexemes *found,
		  size_t count)
{
	const uint32_t *order = order_of(head);
	uint32_t i;

	for (i = find_group(head, group); i < head->phrases && count < MAX_FOUND; i++)
	{
		const Phrase *phrase = &phrases_of(head)[order[i]];

		if (phrase->group != group)
			break;
		if (!has_key(head, order[i], key, length))
			read_phrase(phrase, bytes_of(head), &found[count++]);
	}
	return count;
}

int
skl_synonym_find(const void *table, SklArena *arena, const char *const *lexemes,
				 const uint32_t *lengths, int count, SklLexemes **found, size_t *found_count)
{
	const Head *head = table;
	char key[KEY_MAX];

	*found = NULL;
	*found_count = 0;
	for (; table != NULL && count > 0; count--)
	{
		size_t length = join_key(lexemes, lengths, count, key);
		uint32_t at = length == 0 ? head->phrases : find_key(head, key, length);

		if (at == head->phrases || !has_key(head, at, key, length))
			continue;
		*found = skl_arena_zero(arena, MAX_FOUND, sizeof(SklLexemes));
		for (; at < head->phrases && has_key(head, at, key, length); at++)
			*found_count =
				add_group(head, phrases_of(head)[at].group, key, length, *found, *found_count);
		return count;
	}
	return 0;
}
