/*
 * search/engine/column_write.c
 *		Collects the values of a column and writes its section.
 */
#include "search/engine/column_write.h"

#include <stdlib.h>

#define WIDE 64 /* numbers too far apart for a frame of reference */

/* ---- pages of numbers ---- */

/*
 * Least and greatest number of a page; false when it has none.
 */
static bool
page_span(const int64_t *numbers, const bool *present, uint32_t n, int64_t *min, int64_t *max)
{
	bool any = false;

	*min = INT64_MAX;
	*max = INT64_MIN;
	for (uint32_t i = 0; i < n; i++)
	{
		if (present != NULL && !present[i])
			continue;
		any = true;
		*min = numbers[i] < *min ? numbers[i] : *min;
		*max = numbers[i] > *max ? numbers[i] : *max;
	}
	return any;
}

static size_t
write_wide(const int64_t *numbers, const bool *present, uint32_t n, uint8_t *at)
{
	size_t bitmap = ((size_t) n + 63) / 64 * 8;

	memset(at, 0, bitmap);
	for (uint32_t i = 0; i < n; i++)
	{
		bool has = present == NULL || present[i];
		int64_t number = has ? numbers[i] : 0;

		at[i / 8] |= (uint8_t) (has << i % 8);
		memcpy(at + bitmap + 8 * (size_t) i, &number, sizeof(number));
	}
	return bitmap + 8 * (size_t) n;
}

static size_t
write_page(const int64_t *numbers, const bool *present, uint32_t n, int64_t min, int64_t max,
		   uint8_t *page)
{
	SklNumberPage head = {.base = min, .n = n};
	uint64_t pending = 0;
	unsigned bits = 0;
	uint8_t *at = page + sizeof(head);

	head.width = (uint8_t) skl_bits_width((uint64_t) max - (uint64_t) min + 1);
	if (head.width > 56 || (uint64_t) max - (uint64_t) min == UINT64_MAX)
		head.width = WIDE;
	memcpy(page, &head, sizeof(head));
	if (head.width == WIDE)
		return sizeof(head) + write_wide(numbers, present, n, at);
	for (uint32_t i = 0; i < n; i++)
	{
		bool has = present == NULL || present[i];

		pending |= (has ? (uint64_t) numbers[i] - (uint64_t) min + 1 : 0) << bits;
		bits += head.width;
		for (; bits >= 8; bits -= 8, pending >>= 8)
			*at++ = (uint8_t) pending;
	}
	*at++ = (uint8_t) pending;
	memset(at, 0, SKL_BITS_SLACK);
	return (size_t) (at - page) + SKL_BITS_SLACK;
}

size_t
skl_column_page_write(const int64_t *numbers, const bool *present, uint32_t n, uint8_t *page)
{
	int64_t min;
	int64_t max;

	if (!page_span(numbers, present, n, &min, &max))
	{
		SklNumberPage head = {.n = n};

		memcpy(page, &head, sizeof(head));
		memset(page + sizeof(head), 0, SKL_BITS_SLACK);
		return sizeof(head) + SKL_BITS_SLACK;
	}
	return write_page(numbers, present, n, min, max, page);
}

void
skl_column_numbers(SklBuffer *bytes, const int64_t *numbers, const bool *present, uint32_t n)
{
	uint32_t pages = skl_pages(n);
	size_t table = bytes->length;
	size_t body = table + sizeof(SklColumnPage) * (size_t) pages;

	memset(skl_buffer_reserve(bytes, body - table), 0, body - table);
	bytes->length = body;
	for (uint32_t p = 0; p < pages; p++)
	{
		uint32_t first = p * SKL_COLUMN_PAGE;
		uint32_t count = n - first < SKL_COLUMN_PAGE ? n - first : SKL_COLUMN_PAGE;
		SklColumnPage entry = {.offset = (uint32_t) (bytes->length - body)};
		uint8_t *at = skl_buffer_reserve(bytes, SKL_COLUMN_PAGE_BYTES(count));

		entry.length = (uint32_t) skl_column_page_write(
			numbers + first, present == NULL ? NULL : present + first, count, at);
		(void) page_span(numbers + first, present == NULL ? NULL : present + first, count,
						 &entry.min, &entry.max);
		bytes->length += entry.length;
		memcpy(bytes->data + table + sizeof(entry) * (size_t) p, &entry, sizeof(entry));
	}
}

/* ---- collecting ---- */

void
skl_column_begin(SklColumnBuilder *column, SklEngine *engine, SklColumnKind kind)
{
	memset(column, 0, sizeof(*column));
	column->engine = engine;
	column->kind = kind;
	column->numbers.engine = engine;
	column->present.engine = engine;
	column->counts.engine = engine;
	column->labels.engine = engine;
	column->entries.engine = engine;
}

static SklLabelEntry *
entries_of(const SklColumnBuilder *column)
{
	return (SklLabelEntry *) (void *) column->entries.data;
}

static void
grow_table(SklColumnBuilder *column)
{
	uint32_t size = column->table_size == 0 ? 64 : column->table_size * 2;

	column->table = skl_engine_zalloc(column->engine, sizeof(uint32_t) * size);
	column->table_size = size;
	for (uint32_t i = 0; i < column->n_entries; i++)
	{
		uint32_t slot = entries_of(column)[i].hash & (size - 1);

		while (column->table[slot] != 0)
			slot = (slot + 1) & (size - 1);
		column->table[slot] = i + 1;
	}
}

/* The number of a label's entry, a new one if need be. */
static uint32_t
find_label(SklColumnBuilder *column, SklBytes label)
{
	uint32_t hash = skl_crc32c(0, label.data, label.length);
	SklLabelEntry entry = {.length = label.length, .hash = hash};
	uint32_t slot;

	if (column->n_entries * 2 >= column->table_size)
		grow_table(column);
	slot = hash & (column->table_size - 1);
	for (; column->table[slot] != 0; slot = (slot + 1) & (column->table_size - 1))
	{
		const SklLabelEntry *old = &entries_of(column)[column->table[slot] - 1];

		if (old->hash == hash && old->length == label.length &&
			memcmp(old->text, label.data, label.length) == 0)
			return column->table[slot] - 1;
	}
	entry.text =
		(uint8_t *) skl_arena_copy(&column->engine->arena, (const char *) label.data, label.length);
	skl_buffer_add(&column->entries, &entry, sizeof(entry));
	column->table[slot] = ++column->n_entries;
	return column->n_entries - 1;
}

void
skl_column_add(SklColumnBuilder *column, const SklDocValue *value)
{
	int64_t number = value->number;
	bool present = value->present;

	column->n_docs++;
	if (column->kind == SKL_COLUMN_LABELS)
	{
		for (uint32_t i = 0; i < value->n_labels; i++)
		{
			uint32_t entry = find_label(column, value->labels[i]);

			skl_buffer_add(&column->labels, &entry, sizeof(entry));
		}
		skl_buffer_add(&column->counts, &value->n_labels, sizeof(value->n_labels));
		return;
	}
	if (column->kind == SKL_COLUMN_LABEL)
	{
		present = value->n_labels > 0;
		number = present ? find_label(column, value->labels[0]) : 0;
	}
	skl_buffer_add(&column->numbers, &number, sizeof(number));
	skl_buffer_add(&column->present, &present, sizeof(present));
}

/* ---- labels ---- */

static int
compare_entries(const void *a, const void *b)
{
	const SklLabelEntry *left = *(SklLabelEntry *const *) a;
	const SklLabelEntry *right = *(SklLabelEntry *const *) b;
	uint32_t shorter = left->length < right->length ? left->length : right->length;
	int order = memcmp(left->text, right->text, shorter);

	return order != 0 ? order : (left->length > right->length) - (left->length < right->length);
}

/* Numbers the labels in the order of their texts; the entries in that order. */
static SklLabelEntry **
sort_labels(SklColumnBuilder *column)
{
	SklLabelEntry **sorted =
		skl_engine_alloc(column->engine, sizeof(*sorted) * ((size_t) column->n_entries + 1));

	for (uint32_t i = 0; i < column->n_entries; i++)
		sorted[i] = &entries_of(column)[i];
	qsort(sorted, column->n_entries, sizeof(*sorted), compare_entries);
	for (uint32_t i = 0; i < column->n_entries; i++)
		sorted[i]->ordinal = i;
	return sorted;
}

/* From entry numbers to the numbers of sorted labels; within a document ascending. */
static void
renumber(SklColumnBuilder *column)
{
	const SklLabelEntry *entries = entries_of(column);
	int64_t *numbers = (int64_t *) (void *) column->numbers.data;
	const bool *present = (const bool *) column->present.data;
	const uint32_t *counts = (const uint32_t *) (const void *) column->counts.data;
	uint32_t *labels = (uint32_t *) (void *) column->labels.data;

	for (uint32_t d = 0; d < column->n_docs; d++)
	{
		if (column->kind == SKL_COLUMN_LABEL)
		{
			if (present[d])
				numbers[d] = entries[numbers[d]].ordinal;
			continue;
		}
		for (uint32_t i = 0; i < counts[d]; i++)
		{
			uint32_t ordinal = entries[labels[i]].ordinal;
			uint32_t j = i;

			for (; j > 0 && labels[j - 1] > ordinal; j--)
				labels[j] = labels[j - 1];
			labels[j] = ordinal;
		}
		labels += counts[d];
	}
}

/* Pages of several labels a document. */
static void
write_lists(const SklColumnBuilder *column, SklBuffer *bytes)
{
	const uint32_t *counts = (const uint32_t *) (const void *) column->counts.data;
	const uint32_t *labels = (const uint32_t *) (const void *) column->labels.data;
	uint32_t pages = skl_pages(column->n_docs);
	size_t body = sizeof(SklColumnPage) * (size_t) pages;
	uint32_t label_bits = skl_bits_width(column->n_entries);

	memset(skl_buffer_reserve(bytes, body), 0, body);
	bytes->length = body;
	for (uint32_t p = 0; p < pages; p++)
	{
		uint32_t first = p * SKL_COLUMN_PAGE;
		uint32_t n = column->n_docs - first;
		uint32_t offsets[SKL_COLUMN_PAGE + 1] = {0};
		SklColumnPage entry = {.offset = (uint32_t) (bytes->length - body)};
		SklLabelsPage head = {.label_bits = (uint8_t) label_bits};
		size_t offset_bytes;
		size_t label_bytes;
		uint8_t *at;

		n = n < SKL_COLUMN_PAGE ? n : SKL_COLUMN_PAGE;
		for (uint32_t i = 0; i < n; i++)
			offsets[i + 1] = offsets[i] + counts[first + i];
		head.n_labels = offsets[n];
		head.offset_bits = (uint8_t) skl_bits_width(offsets[n]);
		offset_bytes = skl_bits_bytes((size_t) n + 1, head.offset_bits);
		label_bytes = skl_bits_bytes(head.n_labels, label_bits);
		entry.length = (uint32_t) (sizeof(head) + offset_bytes + label_bytes + SKL_BITS_SLACK);
		at = skl_buffer_reserve(bytes, entry.length);
		memset(at, 0, entry.length);
		memcpy(at, &head, sizeof(head));
		skl_bits_pack32(offsets, (size_t) n + 1, head.offset_bits, at + sizeof(head));
		skl_bits_pack32(labels, head.n_labels, label_bits, at + sizeof(head) + offset_bytes);
		labels += head.n_labels;
		bytes->length += entry.length;
		memcpy(bytes->data + sizeof(entry) * (size_t) p, &entry, sizeof(entry));
	}
}

/* Texts of the labels, behind their offsets. */
static void
write_texts(SklBuffer *bytes, SklLabelEntry *const *sorted, uint32_t n)
{
	uint32_t offset = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		skl_buffer_add(bytes, &offset, sizeof(offset));
		offset += sorted[i]->length;
	}
	skl_buffer_add(bytes, &offset, sizeof(offset));
	for (uint32_t i = 0; i < n; i++)
		skl_buffer_add(bytes, sorted[i]->text, sorted[i]->length);
}

/* How many documents of each class have each label: what an empty query counts. */
static void
write_counts(const SklColumnBuilder *column, SklBuffer *bytes, const uint8_t *classes,
			 const uint64_t class_set[4])
{
	uint32_t n = column->n_entries;
	uint32_t rows[256];
	uint32_t n_rows = 0;
	uint32_t *matrix;
	const int64_t *numbers = (const int64_t *) (const void *) column->numbers.data;
	const bool *present = (const bool *) column->present.data;
	const uint32_t *counts = (const uint32_t *) (const void *) column->counts.data;
	const uint32_t *labels = (const uint32_t *) (const void *) column->labels.data;

	for (uint32_t c = 0; c < 256; c++)
		rows[c] = class_set[c / 64] >> c % 64 & 1 ? n_rows++ : 0;
	matrix = skl_engine_zalloc(column->engine, sizeof(uint32_t) * n_rows * (size_t) n);
	for (uint32_t d = 0; d < column->n_docs; d++)
	{
		uint32_t *row = matrix + (size_t) rows[classes[d]] * n;

		if (column->kind == SKL_COLUMN_LABEL && present[d])
			row[numbers[d]]++;
		for (uint32_t i = 0; column->kind == SKL_COLUMN_LABELS && i < counts[d]; i++)
			row[*labels++]++;
	}
	skl_buffer_add(bytes, matrix, sizeof(uint32_t) * n_rows * (size_t) n);
}

SklBytes
skl_column_finish(SklColumnBuilder *column, const uint8_t *classes, const uint64_t class_set[4],
				  uint64_t *labels, uint32_t *n_labels)
{
	SklBuffer bytes = {.engine = column->engine};
	SklLabelEntry **sorted = NULL;

	if (column->kind != SKL_COLUMN_NUMBER)
	{
		sorted = sort_labels(column);
		renumber(column);
	}
	if (column->kind == SKL_COLUMN_LABELS)
		write_lists(column, &bytes);
	else
		skl_column_numbers(&bytes, (const int64_t *) (const void *) column->numbers.data,
						   (const bool *) column->present.data, column->n_docs);
	*labels = bytes.length;
	*n_labels = column->n_entries;
	if (column->kind != SKL_COLUMN_NUMBER)
	{
		write_texts(&bytes, sorted, column->n_entries);
		write_counts(column, &bytes, classes, class_set);
	}
	return (SklBytes){bytes.data, (uint32_t) bytes.length};
}
