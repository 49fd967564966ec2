/*
 * search/engine/column_read.c
 *		Reads columns page by page.
 */
#include "search/engine/column_read.h"

SklColumn *
skl_column_open(SklSegment *segment, const char *name)
{
	for (uint32_t c = 0; c < segment->header.n_columns; c++)
	{
		const SklColumnHeader *header = &segment->columns[c];
		uint32_t n_pages = skl_pages(segment->header.n_docs);
		SklColumn *column;

		if (strcmp(header->name, name) != 0)
			continue;
		if (sizeof(SklColumnPage) * (uint64_t) n_pages > header->labels)
			skl_segment_corrupt(segment, "a column has too few pages");
		column = skl_engine_alloc(segment->engine, sizeof(*column));
		*column = (SklColumn){.segment = segment, .header = header, .n_pages = n_pages};
		column->pages =
			skl_segment_bytes(segment, header->offset, sizeof(SklColumnPage) * (uint64_t) n_pages);
		return column;
	}
	return NULL;
}

SklColumnPage
skl_column_page(const SklColumn *column, uint32_t page)
{
	SklColumnPage entry;

	memcpy(&entry, column->pages + sizeof(entry) * (size_t) page, sizeof(entry));
	return entry;
}

static uint32_t
docs_of_page(const SklSegment *segment, uint32_t page)
{
	uint32_t left = segment->header.n_docs - page * SKL_COLUMN_PAGE;

	return left < SKL_COLUMN_PAGE ? left : SKL_COLUMN_PAGE;
}

static SklBytes
page_bytes(const SklColumn *column, uint32_t page)
{
	SklColumnPage entry = skl_column_page(column, page);
	uint64_t body = sizeof(SklColumnPage) * (uint64_t) column->n_pages;

	if ((uint64_t) entry.offset + entry.length > column->header->labels - body)
		skl_segment_corrupt(column->segment, "a page lies outside of its column");
	return (SklBytes){skl_segment_bytes(column->segment,
										column->header->offset + body + entry.offset, entry.length),
					  entry.length};
}

bool
skl_numbers_open(SklBytes page, uint32_t n, SklNumbers *numbers)
{
	SklNumberPage head;
	size_t bitmap = ((size_t) n + 63) / 64 * 8;
	size_t needed;

	if (page.length < sizeof(head))
		return false;
	memcpy(&head, page.data, sizeof(head));
	if (head.n != n || (head.width > 56 && head.width != 64))
		return false;
	needed =
		head.width == 64 ? bitmap + 8 * (size_t) n : skl_bits_bytes(n, head.width) + SKL_BITS_SLACK;
	if (page.length - sizeof(head) < needed)
		return false;
	*numbers = (SklNumbers){.base = head.base,
							.n = n,
							.width = head.width,
							.packed = page.data + sizeof(head),
							.wide = page.data + sizeof(head) + bitmap};
	return true;
}

void
skl_column_numbers_of(const SklColumn *column, uint32_t page, SklNumbers *numbers)
{
	uint32_t n_labels = column->header->n_labels;

	if (!skl_numbers_open(page_bytes(column, page), docs_of_page(column->segment, page), numbers))
		skl_segment_corrupt(column->segment, "a page of numbers is wrong");
	if (column->header->kind == SKL_COLUMN_LABEL && (numbers->width > skl_bits_width(n_labels) ||
													 numbers->base < 0 || numbers->base > n_labels))
		skl_segment_corrupt(column->segment, "a page of labels is wrong");
}

void
skl_column_lists_of(const SklColumn *column, uint32_t page, SklLabelLists *lists)
{
	SklBytes bytes = page_bytes(column, page);
	uint32_t n = docs_of_page(column->segment, page);
	SklLabelsPage head;
	uint64_t offset_bytes;

	if (bytes.length < sizeof(head))
		skl_segment_corrupt(column->segment, "a page of labels is wrong");
	memcpy(&head, bytes.data, sizeof(head));
	offset_bytes = skl_bits_bytes((size_t) n + 1, head.offset_bits);
	if (head.offset_bits > 32 || head.label_bits > skl_bits_width(column->header->n_labels) ||
		sizeof(head) + offset_bytes + skl_bits_bytes(head.n_labels, head.label_bits) +
				SKL_BITS_SLACK >
			bytes.length)
		skl_segment_corrupt(column->segment, "a page of labels is wrong");
	*lists = (SklLabelLists){.n = n,
							 .n_labels = head.n_labels,
							 .offset_bits = head.offset_bits,
							 .label_bits = head.label_bits,
							 .offsets = bytes.data + sizeof(head),
							 .labels = bytes.data + sizeof(head) + offset_bytes};
}

SklBytes
skl_column_label(const SklColumn *column, uint32_t label)
{
	const SklColumnHeader *header = column->header;
	SklSegment *segment = column->segment;
	uint64_t texts = header->labels + 4 * ((uint64_t) header->n_labels + 1);
	const uint8_t *offsets;
	uint32_t from;
	uint32_t to;

	if (label >= header->n_labels || texts > header->length)
		skl_segment_corrupt(segment, "a label is out of range");
	offsets = skl_segment_bytes(segment, header->offset + header->labels + 4 * (uint64_t) label, 8);
	from = skl_load32(offsets);
	to = skl_load32(offsets + 4);
	if (from > to || to - from > SKL_LABEL_MAX || to > header->length - texts)
		skl_segment_corrupt(segment, "a label is out of range");
	return (SklBytes){skl_segment_bytes(segment, header->offset + texts + from, to - from),
					  to - from};
}

const uint8_t *
skl_column_counts(const SklColumn *column, uint32_t visibility)
{
	const SklColumnHeader *header = column->header;
	SklSegment *segment = column->segment;
	const uint64_t *classes = segment->header.classes;
	uint64_t row = 4 * (uint64_t) header->n_labels;
	uint64_t texts = header->labels + 4 * ((uint64_t) header->n_labels + 1);
	uint64_t before = 0;
	uint64_t at;

	if (!(classes[visibility / 64] >> visibility % 64 & 1))
		return NULL;
	for (uint32_t c = 0; c < visibility; c++)
		before += classes[c / 64] >> c % 64 & 1;
	if (texts > header->length)
		skl_segment_corrupt(segment, "a column is cut off");
	at = texts + skl_load32(skl_segment_bytes(segment, header->offset + texts - 4, 4));
	if (at + (before + 1) * row > header->length)
		skl_segment_corrupt(segment, "a column is cut off");
	return skl_segment_bytes(segment, header->offset + at + before * row, row);
}

int64_t
skl_number_at(SklSegment *segment, uint64_t offset, uint64_t length, uint32_t docno)
{
	SklColumnHeader header = {.offset = offset, .length = length, .labels = length};
	SklColumn column = {
		.segment = segment, .header = &header, .n_pages = skl_pages(segment->header.n_docs)};
	SklNumbers numbers;
	int64_t number = 0;

	if (sizeof(SklColumnPage) * (uint64_t) column.n_pages > length)
		skl_segment_corrupt(segment, "a column has too few pages");
	column.pages =
		skl_segment_bytes(segment, offset, sizeof(SklColumnPage) * (uint64_t) column.n_pages);
	skl_column_numbers_of(&column, docno / SKL_COLUMN_PAGE, &numbers);
	(void) skl_number_get(&numbers, docno % SKL_COLUMN_PAGE, &number);
	return number;
}

bool
skl_column_page_read(SklBytes page, uint32_t n, int64_t *numbers, bool *present)
{
	SklNumbers view;

	if (!skl_numbers_open(page, n, &view))
		return false;
	for (uint32_t i = 0; i < n; i++)
	{
		numbers[i] = 0;
		present[i] = skl_number_get(&view, i, &numbers[i]);
	}
	return true;
}
