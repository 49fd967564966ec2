/*
 * search/engine/typo.c
 *		Finding the words of a vocabulary that lie within one or two typing errors of a word.
 *
 * The table: a head, the start of each bucket, then for each leaving the word it was made of and 16
 * bits of its hash. A bucket is the upper bits of the hash. It is filled in two passes that make
 * the same leavings, the first to count them.
 */
#include "skl.h"

#include "search/engine/fold.h"
#include "search/engine/typo.h"

/* Words of so many letters and more get leavings without two letters, others without one. */
#define TWO_DELETES_FROM 6
#define SHORTEST 3

/* 1 + 7 + 21 ways to leave out none, one or two of seven letters. */
#define MAX_LEAVINGS 29

typedef struct Head
{
	uint32_t bits; /* of the number of buckets */
	uint32_t entries;
} Head;

typedef struct Letters
{
	uint32_t code[SKL_TYPO_MAX_LETTERS];
	int count;
	bool plain; /* letters only */
} Letters;

typedef struct Leavings
{
	uint64_t hash[MAX_LEAVINGS];
	int count;
} Leavings;

/* Decodes a word; count is -1 when it is too long. */
static void
decode(const char *word, size_t length, Letters *letters)
{
	const char *at = word;
	const char *end = word + length;

	letters->count = 0;
	letters->plain = true;
	while (at < end)
	{
		uint32_t code = skl_utf8_next(&at, end);

		if (letters->count == SKL_TYPO_MAX_LETTERS)
		{
			letters->count = -1;
			return;
		}
		if (!skl_is_word_code(code) || skl_is_digit_code(code))
			letters->plain = false;
		letters->code[letters->count++] = code;
	}
}

/* Hash of the first letters of a word without those at two places (-1: none). */
static uint64_t
hash_without(const Letters *letters, int count, int a, int b)
{
	uint64_t hash = 14695981039346656037u;
	int i;

	for (i = 0; i < count; i++)
	{
		if (i != a && i != b)
			hash = (hash ^ letters->code[i]) * 1099511628211u;
	}
	hash ^= hash >> 32;
	return hash * 0x9E3779B97F4A7C15u;
}

static void
add_leaving(Leavings *leavings, uint64_t hash)
{
	int i;

	for (i = 0; i < leavings->count; i++)
	{
		if (leavings->hash[i] == hash)
			return;
	}
	leavings->hash[leavings->count++] = hash;
}

static void
make_leavings(const Letters *letters, int deletes, Leavings *leavings)
{
	int count = letters->count < SKL_TYPO_PREFIX ? letters->count : SKL_TYPO_PREFIX;
	int a;
	int b;

	leavings->count = 0;
	add_leaving(leavings, hash_without(letters, count, -1, -1));
	for (a = 0; deletes >= 1 && a < count; a++)
	{
		add_leaving(leavings, hash_without(letters, count, a, -1));
		for (b = a + 1; deletes >= 2 && b < count; b++)
			add_leaving(leavings, hash_without(letters, count, a, b));
	}
}

/* Leavings of a word of the vocabulary; none when it is never found. */
static void
vocabulary_leavings(const SklTypoWord *word, Leavings *leavings)
{
	Letters letters;

	leavings->count = 0;
	decode(word->text, word->length, &letters);
	if (letters.count >= SHORTEST && letters.plain)
		make_leavings(&letters, letters.count >= TWO_DELETES_FROM ? 2 : 1, leavings);
}

static uint32_t
bucket_of(uint64_t hash, uint32_t bits)
{
	return (uint32_t) (hash >> (64 - bits));
}

void *
skl_typo_build(SklArena *arena, const SklTypoWord *words, uint32_t count, size_t *size)
{
	Leavings leavings;
	uint64_t entries = 0;
	uint32_t bits = 4;
	uint32_t *starts;
	uint32_t *owners;
	uint16_t *tags;
	Head *head;
	uint32_t i;
	int j;

	for (i = 0; i < count; i++)
	{
		vocabulary_leavings(&words[i], &leavings);
		entries += (uint64_t) leavings.count;
	}
	while (bits < 24 && ((uint64_t) 4 << bits) < entries)
		bits++;
	*size = sizeof(Head) + (((size_t) 1 << bits) + 2) * sizeof(uint32_t) +
			entries * (sizeof(uint32_t) + sizeof(uint16_t));
	*size = (*size + 7) / 8 * 8;
	head = skl_arena_zero(arena, 1, *size);
	head->bits = bits;
	head->entries = (uint32_t) entries;
	starts = (uint32_t *) (head + 1);
	owners = starts + ((size_t) 1 << bits) + 2;
	tags = (uint16_t *) (owners + entries);
	for (i = 0; i < count; i++)
	{
		vocabulary_leavings(&words[i], &leavings);
		for (j = 0; j < leavings.count; j++)
			starts[bucket_of(leavings.hash[j], bits) + 2]++;
	}
	for (i = 2; i < ((uint32_t) 1 << bits) + 2; i++)
		starts[i] += starts[i - 1];
	/* starts[b + 1] runs from the start of bucket b to its end, which is the start of the next */
	for (i = 0; i < count; i++)
	{
		vocabulary_leavings(&words[i], &leavings);
		for (j = 0; j < leavings.count; j++)
		{
			uint32_t at = starts[bucket_of(leavings.hash[j], bits) + 1]++;

			owners[at] = i;
			tags[at] = (uint16_t) leavings.hash[j];
		}
	}
	return head;
}

int
skl_typo_errors_allowed(const char *word, size_t length)
{
	Letters letters;

	decode(word, length, &letters);
	if (!letters.plain || letters.count < 4)
		return 0;
	return letters.count < 8 ? 1 : 2;
}

static int
least(int a, int b, int c)
{
	int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Optimal string alignment, three rows. */
static int
distance(const Letters *a, const Letters *b, int max)
{
	int rows[3][SKL_TYPO_MAX_LETTERS + 1];
	int i;
	int j;

	if (a->count < 0 || b->count < 0 || a->count - b->count > max || b->count - a->count > max)
		return max + 1;
	for (j = 0; j <= b->count; j++)
		rows[0][j] = j;
	for (i = 1; i <= a->count; i++)
	{
		int *row = rows[i % 3];
		const int *above = rows[(i + 2) % 3];
		const int *twice = rows[(i + 1) % 3];
		int best = row[0] = i;

		for (j = 1; j <= b->count; j++)
		{
			bool same = a->code[i - 1] == b->code[j - 1];

			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1));
			if (i > 1 && j > 1 && a->code[i - 1] == b->code[j - 2] &&
				a->code[i - 2] == b->code[j - 1] && twice[j - 2] + 1 < row[j])
				row[j] = twice[j - 2] + 1;
			best = row[j] < best ? row[j] : best;
		}
		if (best > max)
			return max + 1;
	}
	return rows[a->count % 3][b->count] > max ? max + 1 : rows[a->count % 3][b->count];
}

int
skl_typo_distance(const char *a, size_t a_length, const char *b, size_t b_length, int max)
{
	Letters first;
	Letters second;

	decode(a, a_length, &first);
	decode(b, b_length, &second);
	return distance(&first, &second, max);
}

static bool
nearer(const SklTypoMatch *a, const SklTypoMatch *b)
{
	if (a->errors != b->errors)
		return a->errors < b->errors;
	if (a->frequency != b->frequency)
		return a->frequency > b->frequency;
	return a->word < b->word;
}

/* Puts a match into its place among the best, unless it is there; the new count. */
static size_t
insert_match(SklTypoMatch *matches, size_t count, size_t limit, SklTypoMatch match)
{
	size_t at = count;
	size_t i;

	for (i = 0; i < count; i++)
	{
		if (matches[i].word == match.word)
			return count;
	}
	while (at > 0 && nearer(&match, &matches[at - 1]))
		at--;
	if (at == limit)
		return count;
	if (count < limit)
		count++;
	memmove(&matches[at + 1], &matches[at], (count - 1 - at) * sizeof(*matches));
	matches[at] = match;
	return count;
}

size_t
skl_typo_find(const void *table, SklTypoVocabulary vocabulary, const void *context,
			  const char *word, size_t length, int max_errors, SklTypoMatch *matches, size_t limit)
{
	const Head *head = table;
	const uint32_t *starts = (const uint32_t *) (head + 1);
	const uint32_t *owners = starts + ((size_t) 1 << head->bits) + 2;
	const uint16_t *tags = (const uint16_t *) (owners + head->entries);
	uint32_t seen[256];
	Letters letters;
	Leavings leavings;
	size_t count = 0;
	int i;

	decode(word, length, &letters);
	if (letters.count < SHORTEST || max_errors < 1 || limit == 0)
		return 0;
	memset(seen, 0xFF, sizeof(seen));
	make_leavings(&letters, max_errors, &leavings);
	for (i = 0; i < leavings.count; i++)
	{
		uint32_t bucket = bucket_of(leavings.hash[i], head->bits);
		uint32_t at;

		for (at = starts[bucket]; at < starts[bucket + 1]; at++)
		{
			SklTypoMatch match = {.word = owners[at]};
			SklTypoWord found;
			Letters candidate;

			if (tags[at] != (uint16_t) leavings.hash[i] || seen[match.word % 256] == match.word)
				continue;
			seen[match.word % 256] = match.word;
			found = vocabulary(context, match.word);
			decode(found.text, found.length, &candidate);
			match.frequency = found.frequency;
			match.errors = distance(&letters, &candidate, max_errors);
			if (match.errors == 0 || match.errors > max_errors ||
				(match.errors == 1 && letters.code[0] != candidate.code[0]))
				continue;
			count = insert_match(matches, count, limit, match);
		}
	}
	return count;
}
