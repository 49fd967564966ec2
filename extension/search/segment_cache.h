/*
 * search/segment_cache.h
 *		Between store.c and segment_cache.c.
 */
#ifndef SKL_SEARCH_SEGMENT_CACHE_H
#define SKL_SEARCH_SEGMENT_CACHE_H

#include "search/store.h"

/* Reads all bytes of a segment from rows. */
extern void skl_store_read(const SklManifestRow *row, uint8_t *bytes, Snapshot snapshot);

#endif
