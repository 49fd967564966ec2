/*
 * search/engine/overlay.h
 *		What an overlay is made of: the numbers of a page, and the priors, of a segment.
 */
#ifndef SKL_SEARCH_ENGINE_OVERLAY_H
#define SKL_SEARCH_ENGINE_OVERLAY_H

#include "search/engine/segment_read.h"

/*
 * The numbers of a page of a column of numbers: of the overlay where there is one (over.data), else
 * the segment's own. numbers and present have room for SKL_COLUMN_PAGE. A column that the segment
 * does not have has none.
 */
extern SklStatus skl_overlay_numbers(SklSegment *segment, const char *column, uint32_t page,
									 SklBytes over, int64_t *numbers, bool *present, uint32_t *n);

/* The prior of every document. */
extern SklStatus skl_overlay_priors(SklSegment *segment, uint8_t *priors);

#endif
