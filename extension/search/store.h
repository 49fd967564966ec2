/*
 * search/store.h
 *		Segments as rows: which ones there are, their bytes, their dead documents; and writing them.
 */
#ifndef SKL_SEARCH_STORE_H
#define SKL_SEARCH_STORE_H

#include "search/engine/segment_read.h"

#include "utils/snapshot.h"

/* Bytes of a chunk: with its key it fills a page of the table. */
#define SKL_CHUNK_BYTES 8000

/* Documents of one row of search_dead. */
#define SKL_DEAD_PART_DOCS 8192
#define SKL_DEAD_PART_WORDS (SKL_DEAD_PART_DOCS / 64)

/* A row of search_segment. */
typedef struct SklManifestRow
{
	int64 seg_id;
	int16 class;
	int16 level;
	int32 n_docs;
	int32 n_live;
	int32 dead_version;
	int32 n_values; /* documents that have other numbers than those in the segment: values.h */
	int32 value_version;
	int64 bytes;
	int64 stamp;
} SklManifestRow;

/*
 * The segments of a generation, oldest first: those that everybody may see (classes 1), or those
 * of class 1 as well (classes 2). What snapshot sees; NULL: what the transaction sees now. The rows
 * are the caller's.
 */
extern SklManifestRow *skl_store_manifest(int16 index_id, int32 generation, int classes,
										  Snapshot snapshot, int *n);

/*
 * The bytes of a segment, side by side; valid until the end of the transaction. From shared memory
 * where possible, else from a copy of this process.
 */
extern const uint8_t *skl_store_bytes(const SklManifestRow *row, Snapshot snapshot);

/* Its dead documents, a bit each; NULL: none. Valid until the next call for this segment. */
extern const uint64_t *skl_store_dead(const SklManifestRow *row, Snapshot snapshot);

/* The same from rows, whatever the cache has: skl_store_dead_words() words. */
extern void skl_store_read_dead(const SklManifestRow *row, uint64_t *dead, Snapshot snapshot);

/* Words that the bits of so many documents take, whole parts. */
extern size_t skl_store_dead_words(int32 n_docs);

/* Writes the bytes of a new segment: sets seg_id, stamp and bytes of its row. */
extern void skl_store_write(const uint8_t *bytes, size_t length, SklManifestRow *row);

/*
 * Waits until what this transaction wrote is on disk: before it takes a lock, so that the commit
 * has little left to write.
 */
extern void skl_store_flush(void);

/* Adds a written segment to the manifest, all of its documents alive. */
extern void skl_store_add(const SklManifestRow *row, int16 index_id, int32 generation);

/*
 * Stores the dead bits of a segment: the parts that differ from what is stored (before; NULL:
 * nothing is), and the count of living documents in the manifest.
 */
extern void skl_store_put_dead(int64 seg_id, int32 n_docs, const uint64_t *before,
							   const uint64_t *dead);

/* Takes a segment out of the manifest; search_collect() deletes its bytes later. */
extern void skl_store_remove(const SklManifestRow *row);

/* Lets shared memory for the cache be set up; called once from _PG_init. */
extern void skl_store_init(void);

#endif
