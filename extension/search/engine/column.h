/*
 * search/engine/column.h
 *		Columns: what filters, facets and sorts read instead of the documents.
 *
 * A column is cut into pages of SKL_COLUMN_PAGE documents. A page of numbers is a frame of
 * reference: the least number, then for each document the difference plus one, 0 for none, in as
 * few bits as they need. A page stands alone, so that one with fresher numbers can take its place.
 */
#ifndef SKL_SEARCH_COLUMN_H
#define SKL_SEARCH_COLUMN_H

#include "search/engine/document.h"

#define SKL_COLUMN_PAGE 4096

/* Bytes that a page of n numbers takes at most. */
#define SKL_COLUMN_PAGE_BYTES(n) (32 + 9 * (size_t) (n))

/* Writes a page of n numbers (present[i] false: none); the bytes it takes. */
extern size_t skl_column_page_write(const int64_t *numbers, const bool *present, uint32_t n,
									uint8_t *page);

/* Reads a whole page; false when the bytes are no page of n numbers. */
extern bool skl_column_page_read(SklBytes page, uint32_t n, int64_t *numbers, bool *present);

#endif
