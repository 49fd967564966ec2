/*
 * search/index_merge.c
 *		Merging segments: many small ones become a larger one, and dead documents go.
 *
 * The long part, reading and writing, goes without a lock: segments do not change, and queries and
 * ticks go on. Then the row of search_index is locked, documents that died meanwhile are marked
 * dead in the new segment as well, and the manifest changes; the bytes of the old segments are
 * deleted later by search_collect(). So it is with numbers that changed (values.c), but for those
 * that can be taken over before the lock: many may change while a large segment is written.
 * Segments of one class and level are merged when there are skillancer.search_merge_factor of them,
 * and one alone when a quarter of it is dead, or has other numbers than those that were written.
 */
#include "skl.h"

#include "core/guc.h"
#include "search/engine/merge.h"
#include "search/index.h"
#include "search/index_level.h"
#include "search/values.h"

#include "miscadmin.h"

PG_FUNCTION_INFO_V1(skl_fn_search_merge);

/* Segments merged at once, and levels there are, at most. */
#define INPUTS_MAX 64
#define LEVELS_MAX 10

/* A share of dead documents, 1 in so many, from which a segment is written anew. */
#define DEAD_SHARE 4

/* The same of documents with other numbers than those in the segment. */
#define VALUES_SHARE 4

/*
 * Segments with fewer documents are not written anew for their dead ones: they merge soon anyway.
 */
#define DEAD_MIN_DOCS 64

/* So many changed numbers can wait for the lock; how often those before are taken over, at most. */
#define VALUES_FEW 200
#define VALUES_ROUNDS 8

/* What is merged. */
typedef struct Merge
{
	SklManifestRow rows[INPUTS_MAX];
	uint64_t *dead[INPUTS_MAX]; /* when the merge began */
	int32 carried[INPUTS_MAX];	/* versions of numbers that the new segment has */
	int n;
} Merge;

static void
take(Merge *merge, const SklManifestRow *rows, int n, int class, int level)
{
	int64 docs = 0;

	merge->n = 0;
	for (int i = 0; i < n && merge->n < INPUTS_MAX; i++)
	{
		if (rows[i].class != class || (level >= 0 && skl_index_level(rows[i].n_live) != level))
			continue;
		if (docs + rows[i].n_live > SKL_SEGMENT_DOCS_MAX)
			break;
		docs += rows[i].n_live;
		merge->rows[merge->n++] = rows[i];
	}
}

/* Chooses what to merge; false: nothing. all: everything of a class, however few. */
static bool
choose(const SklManifestRow *rows, int n, bool all, Merge *merge)
{
	for (int class = 0; class < 2; class ++)
	{
		if (all)
		{
			take(merge, rows, n, class, -1);
			if (merge->n > 1 || (merge->n == 1 && (merge->rows[0].n_live < merge->rows[0].n_docs ||
												   merge->rows[0].n_values > 0)))
				return true;
			continue;
		}
		for (int level = 0; level < LEVELS_MAX; level++)
		{
			take(merge, rows, n, class, level);
			if (merge->n >= skl_guc.search_merge_factor)
				return true;
		}
	}
	for (int i = 0; i < n && !all; i++)
	{
		if (rows[i].n_docs >= DEAD_MIN_DOCS &&
			(rows[i].n_docs - rows[i].n_live > rows[i].n_docs / DEAD_SHARE ||
			 rows[i].n_values > rows[i].n_docs / VALUES_SHARE))
		{
			merge->rows[0] = rows[i];
			merge->n = 1;
			return true;
		}
	}
	return false;
}

/* A growing string of bytes that may pass a gigabyte. */
typedef struct Bytes
{
	uint8_t *data;
	size_t length;
	size_t room;
} Bytes;

static void
append(void *context, const void *bytes, size_t length)
{
	Bytes *to = context;

	if (to->length + length > to->room)
	{
		to->room = Max(to->room * 2, to->length + length);
		to->data = repalloc_huge(to->data, to->room);
	}
	memcpy(to->data + to->length, bytes, length);
	to->length += length;
}

/* Copies the dead bits of an input; NULL: none. */
static uint64_t *
copy_dead(const SklManifestRow *row)
{
	const uint64_t *dead = skl_store_dead(row, NULL);
	size_t bytes = skl_store_dead_words(row->n_docs) * sizeof(uint64_t);
	uint64_t *copy;

	if (dead == NULL)
		return NULL;
	copy = MemoryContextAllocHuge(CurrentMemoryContext, bytes);
	memcpy(copy, dead, bytes);
	return copy;
}

/* Merges into bytes; the new numbers of all documents come back. */
static uint32_t **
merge_bytes(SklEngine *engine, const SklSearchKind *kind, Merge *merge, Bytes *bytes,
			SklSegmentSummary *summary)
{
	SklMergeInput inputs[INPUTS_MAX];
	SklSegmentSink sink = {append, bytes};
	uint32_t **new_docno;

	bytes->room = 64 * 1024;
	bytes->length = 0;
	bytes->data = palloc(bytes->room);
	for (int i = 0; i < merge->n; i++)
	{
		SklSearchSegment numbers = {NULL};
		SklSegment *segment = skl_index_open(engine, &merge->rows[i], NULL);

		merge->dead[i] = copy_dead(&merge->rows[i]);
		merge->carried[i] = merge->rows[i].value_version;
		skl_values_open(engine, kind, &merge->rows[i], segment, NULL, &numbers);
		inputs[i] = (SklMergeInput){segment, merge->dead[i], numbers.n_overlays, numbers.overlays,
									numbers.prior};
	}
	skl_index_check(engine,
					skl_merge(engine, inputs, (uint32_t) merge->n, &sink, summary, &new_docno));
	return new_docno;
}

/* The current row of an input; NULL when all of it has died and it is gone. */
static const SklManifestRow *
current_row(const SklManifestRow *rows, int n, int64 seg_id)
{
	for (int i = 0; i < n; i++)
		if (rows[i].seg_id == seg_id)
			return &rows[i];
	return NULL;
}

/* Marks in the new segment what died in an input since the merge began; how many. */
static int32
carry_deaths(const Merge *merge, int input, const SklManifestRow *now, const uint32_t *new_docno,
			 uint64_t *dead)
{
	const uint64_t *dead_now = now == NULL ? NULL : skl_store_dead(now, NULL);
	int32 n = 0;

	if (now != NULL && now->dead_version == merge->rows[input].dead_version)
		return 0;
	for (int32 docno = 0; docno < merge->rows[input].n_docs; docno++)
	{
		uint64_t bit = (uint64_t) 1 << (docno % 64);

		if (new_docno[docno] == UINT32_MAX || (now != NULL && !(dead_now[docno / 64] & bit)))
			continue;
		dead[new_docno[docno] / 64] |= (uint64_t) 1 << (new_docno[docno] % 64);
		n++;
	}
	return n;
}

/* The entries of an input that the new segment lacks, as its own; how many. */
static int
entries_since(const Merge *merge, int input, const uint32_t *new_docno, SklValueEntry **entries)
{
	int n;
	int kept = 0;

	*entries = skl_values_since(merge->rows[input].seg_id, merge->carried[input], &n);
	for (int e = 0; e < n; e++)
	{
		SklValueEntry entry = (*entries)[e];

		if (entry.docno >= (uint32_t) merge->rows[input].n_docs ||
			new_docno[entry.docno] == UINT32_MAX)
			continue;
		entry.docno = new_docno[entry.docno];
		(*entries)[kept++] = entry;
	}
	return kept;
}

/*
 * Takes numbers that changed in the inputs since the last time over to the new segment; how many.
 * rows: the manifest, read before.
 */
static int
carry_values(Merge *merge, const SklManifestRow *rows, int n_rows, uint32_t *const *new_docno,
			 SklManifestRow *row)
{
	int all = 0;

	for (int i = 0; i < merge->n; i++)
	{
		const SklManifestRow *now = current_row(rows, n_rows, merge->rows[i].seg_id);
		SklValueEntry *entries;
		int n;

		if (now == NULL || now->value_version == merge->carried[i])
			continue;
		n = entries_since(merge, i, new_docno[i], &entries);
		if (n > 0)
			row->n_values += skl_values_write(row->seg_id, ++row->value_version, entries, n);
		merge->carried[i] = now->value_version;
		pfree(entries);
		all += n;
	}
	return all;
}

/* Takes numbers over until few are left, which can wait for the lock. */
static void
catch_up(int16 index_id, int32 generation, Merge *merge, uint32_t *const *new_docno,
		 SklManifestRow *row)
{
	int n = VALUES_FEW;

	for (int round = 0; round < VALUES_ROUNDS && n >= VALUES_FEW; round++)
	{
		int n_rows;
		SklManifestRow *rows = skl_store_manifest(index_id, generation, 2, NULL, &n_rows);

		n = carry_values(merge, rows, n_rows, new_docno, row);
		pfree(rows);
	}
}

/* Puts the new segment in the place of the old ones. */
static void
replace(const SklSearchIndex *index, int32 generation, Merge *merge, SklManifestRow *row,
		uint32_t *const *new_docno)
{
	uint64_t *dead = palloc0(skl_store_dead_words(Max(row->n_docs, 1)) * sizeof(uint64_t));
	SklManifestRow *rows;
	int32 died = 0;
	int n;

	rows = skl_store_manifest(index->kind->index_id, generation, 2, NULL, &n);
	(void) carry_values(merge, rows, n, new_docno, row);
	for (int i = 0; i < merge->n; i++)
	{
		const SklManifestRow *now = current_row(rows, n, merge->rows[i].seg_id);

		died += carry_deaths(merge, i, now, new_docno[i], dead);
		if (now != NULL)
			skl_store_remove(now);
	}
	if (row->n_docs == died)
		return; /* nothing is left; the bytes are collected */
	skl_store_add(row, index->kind->index_id, generation);
	if (died > 0)
		skl_store_put_dead(row->seg_id, row->n_docs, NULL, dead);
	if (row->n_values > 0)
		skl_values_note(row->seg_id, row->value_version, row->n_values);
}

static void
run_merge(int16 index_id, int32 generation, Merge *merge)
{
	SklManifestRow row = {.class = merge->rows[0].class};
	SklSegmentSummary summary;
	SklSearchIndex index;
	SklEngine engine;
	uint32_t **new_docno;
	Bytes bytes;

	skl_index_engine(&engine);
	new_docno = merge_bytes(&engine, skl_search_kind_of(index_id), merge, &bytes, &summary);
	row.n_docs = row.n_live = (int32) summary.n_docs;
	row.level = (int16) skl_index_level(row.n_docs);
	if (row.n_docs > 0)
	{
		skl_store_write(bytes.data, bytes.length, &row);
		pfree(bytes.data);
		(void) skl_store_bytes(&row, NULL); /* into shared memory, before anybody waits for it */
		catch_up(index_id, generation, merge, new_docno, &row);
		skl_store_flush();
	}
	skl_index_lock(index_id, &index);
	if (generation == index.generation || generation == index.building)
		replace(&index, generation, merge, &row, new_docno);
	skl_engine_release(&engine);
}

/*
 * search_merge(index_id, generation, all boolean) returns integer: merges what is to be merged,
 * once a class; how many segments went into it, 0 when there was nothing to do.
 */
Datum
skl_fn_search_merge(PG_FUNCTION_ARGS)
{
	int16 index_id = PG_GETARG_INT16(0);
	int32 generation = PG_GETARG_INT32(1);
	Merge merge;
	SklManifestRow *rows;
	int n;

	rows = skl_store_manifest(index_id, generation, 2, NULL, &n);
	if (!choose(rows, n, PG_GETARG_BOOL(2), &merge))
		PG_RETURN_INT32(0);
	run_merge(index_id, generation, &merge);
	PG_RETURN_INT32(merge.n);
}
