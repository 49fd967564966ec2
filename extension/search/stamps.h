/*
 * search/stamps.h
 *		What a process keeps of segments, by their stamps, until it has not been used for a while.
 */
#ifndef SKL_SEARCH_STAMPS_H
#define SKL_SEARCH_STAMPS_H

#include "utils/hsearch.h"
#include "utils/timestamp.h"

/* Begins the entries of every table. */
typedef struct SklStamped
{
	int64 stamp; /* key: search_segment.stamp */
	TimestampTz used;
} SklStamped;

typedef struct SklStampTable
{
	const char *name; /* of its memory, as pg_log_backend_memory_contexts() shows it */
	Size entry_size;
	int keep_seconds;		   /* how long an entry stays behind its last use */
	void (*drop)(void *entry); /* lets go of what an entry has */

	/* set by skl_stamps_find() */
	MemoryContext context; /* for what entries have */
	HTAB *hash;
	TimestampTz swept;
} SklStampTable;

/* The entry of a segment; made, all zero behind its stamp, when there is none. Drops old ones. */
extern void *skl_stamps_find(SklStampTable *table, int64 stamp);

/* Drops the entry of a segment, if there is one. */
extern void skl_stamps_drop(SklStampTable *table, int64 stamp);

#endif
