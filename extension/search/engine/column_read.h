/*
 * search/engine/column_read.h
 *		Reads columns of an open segment page by page. Functions raise on the segment's engine.
 */
#ifndef SKL_SEARCH_COLUMN_READ_H
#define SKL_SEARCH_COLUMN_READ_H

#include "search/engine/column.h"
#include "search/engine/segment_view.h"

/* A page of numbers: number i is base + v - 1, where v is the packed number; v = 0: none. */
typedef struct SklNumbers
{
	int64_t base;
	uint32_t n;
	unsigned width;		   /* 64: a bitmap, then numbers as they are */
	const uint8_t *packed; /* of width 64: the bitmap */
	const uint8_t *wide;
} SklNumbers;

/* A page of several labels a document. */
typedef struct SklLabelLists
{
	uint32_t n;
	uint32_t n_labels;
	unsigned offset_bits;
	unsigned label_bits;
	const uint8_t *offsets;
	const uint8_t *labels;
} SklLabelLists;

typedef struct SklColumn
{
	SklSegment *segment;
	const SklColumnHeader *header;
	const uint8_t *pages; /* SklColumnPage, not aligned */
	uint32_t n_pages;
} SklColumn;

/* The column of that name; NULL when the segment has none of that name. */
extern SklColumn *skl_column_open(SklSegment *segment, const char *name);

/* What the table says about a page. */
extern SklColumnPage skl_column_page(const SklColumn *column, uint32_t page);

/* A page of a number or label column; of a labels column. */
extern void skl_column_numbers_of(const SklColumn *column, uint32_t page, SklNumbers *numbers);
extern void skl_column_lists_of(const SklColumn *column, uint32_t page, SklLabelLists *lists);

/* The same of bytes that stand alone; false when they are no page of n numbers. */
extern bool skl_numbers_open(SklBytes page, uint32_t n, SklNumbers *numbers);

/* The text of a label. */
extern SklBytes skl_column_label(const SklColumn *column, uint32_t label);

/* How many documents of the class have each label: u32s, not aligned; NULL: none of the class. */
extern const uint8_t *skl_column_counts(const SklColumn *column, uint32_t visibility);

/* One number of a table of pages that begins at offset. */
extern int64_t skl_number_at(SklSegment *segment, uint64_t offset, uint64_t length, uint32_t docno);

/* Number i of a page; false when there is none. */
static inline bool
skl_number_get(const SklNumbers *numbers, uint32_t i, int64_t *number)
{
	uint64_t value;

	if (__builtin_expect(numbers->width > 56, 0))
	{
		if (!(numbers->packed[i / 8] >> i % 8 & 1))
			return false;
		*number = (int64_t) skl_load64(numbers->wide + 8 * (size_t) i);
		return true;
	}
	value = skl_bits_get(numbers->packed, i, numbers->width);
	*number = (int64_t) ((uint64_t) numbers->base + value - 1);
	return value != 0;
}

#endif
