/*
 * search/index_write.c
 *		Writing an index: documents become a new segment, and their older versions die.
 *
 * search_write() takes the ids of documents that changed. Those that are to be found become one
 * segment a class; every older version of all of them is marked dead. One that says what it said,
 * and only its numbers or its prior may have changed, stays where it is, and these are stored
 * beside it (values.c). Where a document is in a segment is looked up in a table of the segment's
 * ids, sorted, that this process keeps.
 * All of it is ordinary inserts and updates in the caller's transaction, under the lock of the row
 * of search_index. search_build() writes what a generation in building has nothing of: it has no
 * older versions to look for, and takes the lock for the manifest only.
 */
#include "skl.h"

#include "core/spi.h"
#include "search/index.h"
#include "search/index_level.h"
#include "search/stamps.h"
#include "search/values.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(skl_fn_search_write);
PG_FUNCTION_INFO_V1(skl_fn_search_build);
PG_FUNCTION_INFO_V1(skl_fn_search_try);

/* How long a process keeps the ids of a segment: every tick asks for all that there are. */
#define KEEP_SECONDS 600

typedef struct LookupId
{
	pg_uuid_t id;
	uint32 docno;
} LookupId;

typedef struct Lookup
{
	SklStamped stamped;
	uint32 n;
	LookupId *ids; /* NULL: not read yet */
} Lookup;

static void drop_lookup(void *entry);

static SklStampTable lookups = {
	.name = "ids", .entry_size = sizeof(Lookup), .keep_seconds = KEEP_SECONDS, .drop = drop_lookup};

static int
compare_lookup(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(pg_uuid_t));
}

/* SklStampTable.drop */
static void
drop_lookup(void *entry)
{
	if (((Lookup *) entry)->ids != NULL)
		pfree(((Lookup *) entry)->ids);
}

static LookupId *
read_ids(const SklManifestRow *row)
{
	LookupId *ids =
		MemoryContextAllocHuge(lookups.context, sizeof(LookupId) * (size_t) Max(row->n_docs, 1));
	SklEngine engine;
	SklSegment *segment;

	skl_index_engine(&engine);
	segment = skl_index_open(&engine, row, NULL);
	for (uint32 docno = 0; docno < (uint32) row->n_docs; docno++)
	{
		skl_index_check(&engine, skl_segment_id(segment, docno, ids[docno].id.data));
		ids[docno].docno = docno;
	}
	skl_engine_release(&engine);
	qsort(ids, (size_t) row->n_docs, sizeof(LookupId), compare_lookup);
	return ids;
}

/* The sorted ids of a segment. */
static const Lookup *
lookup_of(const SklManifestRow *row)
{
	Lookup *lookup = skl_stamps_find(&lookups, row->stamp);

	if (lookup->ids == NULL)
	{
		lookup->ids = read_ids(row);
		lookup->n = (uint32) row->n_docs;
	}
	return lookup;
}

/*
 * The bits of a segment's dead documents as this transaction sees them: never those of the cache,
 * which knows them by a version that a transaction that is rolled back may have used as well.
 */
static uint64_t *
stored_dead(const SklManifestRow *row)
{
	uint64_t *dead = palloc(skl_store_dead_words(row->n_docs) * sizeof(uint64_t));

	skl_store_read_dead(row, dead, NULL);
	return dead;
}

/*
 * Marks the documents of a segment that are among the ids (sorted) as dead; how many. known, when
 * not NULL, notes which of the ids have died anywhere.
 */
static int32
kill_in(const SklManifestRow *row, const pg_uuid_t *ids, int n, bool *known)
{
	const Lookup *lookup = lookup_of(row);
	size_t bytes = skl_store_dead_words(row->n_docs) * sizeof(uint64_t);
	uint64_t *before = NULL;
	uint64_t *dead = NULL;
	int32 killed = 0;

	for (int i = 0; i < n; i++)
	{
		const LookupId *found =
			bsearch(&ids[i], lookup->ids, lookup->n, sizeof(LookupId), compare_lookup);

		if (found == NULL)
			continue;
		if (dead == NULL)
		{
			before = stored_dead(row);
			dead = memcpy(palloc(bytes), before, bytes);
		}
		if (dead[found->docno / 64] & ((uint64_t) 1 << (found->docno % 64)))
			continue;
		dead[found->docno / 64] |= (uint64_t) 1 << (found->docno % 64);
		killed++;
		if (known != NULL)
			known[i] = true;
	}
	if (killed == row->n_live)
	{
		skl_store_remove(row);
		skl_stamps_drop(&lookups, row->stamp);
	}
	else if (killed > 0)
		skl_store_put_dead(row->seg_id, row->n_docs, before, dead);
	if (dead != NULL)
	{
		pfree(before);
		pfree(dead);
	}
	return killed;
}

/* Numbers to be stored for a document of a segment. */
typedef struct Change
{
	int row; /* of the manifest */
	SklValueEntry entry;
} Change;

/* Documents that stay where they are. */
typedef struct Stay
{
	const SklSearchIndex *index;
	SklManifestRow *rows;
	int n_rows;
	MemoryContext context;
	SklEngine engine;
	SklSegment **segments; /* of the rows; opened when first asked for */
	uint64_t **dead;	   /* likewise; NULL also for none */
	Change *changes;
	pg_uuid_t *ids; /* of the changes, sorted */
	int n;
	int room;
} Stay;

static void
begin_stay(Stay *stay, const SklSearchIndex *index, SklManifestRow *rows, int n_rows)
{
	*stay = (Stay){.index = index, .rows = rows, .n_rows = n_rows, .context = CurrentMemoryContext};
	skl_index_engine(&stay->engine);
	stay->segments = palloc0(sizeof(SklSegment *) * (size_t) Max(n_rows, 1));
	stay->dead = palloc0(sizeof(uint64_t *) * (size_t) Max(n_rows, 1));
	stay->room = 64;
	stay->changes = palloc(sizeof(Change) * (size_t) stay->room);
	stay->ids = palloc(sizeof(pg_uuid_t) * (size_t) stay->room);
}

/* Where a document lives in a segment of the manifest; NULL: it does not. */
static const LookupId *
alive_in(Stay *stay, int row, const pg_uuid_t *id)
{
	const SklManifestRow *manifest = &stay->rows[row];
	const Lookup *lookup = lookup_of(manifest);
	const LookupId *found = bsearch(id, lookup->ids, lookup->n, sizeof(LookupId), compare_lookup);

	if (found == NULL || manifest->n_live == manifest->n_docs)
		return found;
	if (stay->dead[row] == NULL)
		stay->dead[row] = stored_dead(manifest);
	return stay->dead[row][found->docno / 64] >> found->docno % 64 & 1 ? NULL : found;
}

static void
add_change(Stay *stay, int row, uint32 docno, const SklSourceRow *source)
{
	Change *change;

	if (stay->n == stay->room)
	{
		stay->room *= 2;
		stay->changes = repalloc(stay->changes, sizeof(Change) * (size_t) stay->room);
		stay->ids = repalloc(stay->ids, sizeof(pg_uuid_t) * (size_t) stay->room);
	}
	change = &stay->changes[stay->n];
	memset(change, 0, sizeof(*change));
	change->row = row;
	change->entry.docno = docno;
	change->entry.prior = skl_search_prior(&stay->index->config, source);
	for (int i = 0; i < source->n_numbers && i < SKL_VALUES_MAX; i++)
	{
		change->entry.present |= (uint16) (source->has_number[i] << i);
		change->entry.numbers[i] = source->numbers[i];
	}
	stay->ids[stay->n++] = source->id;
}

/* SklIndexKnown.take */
static bool
take_stay(void *context, const SklSourceRow *source, int64 version)
{
	Stay *stay = context;
	MemoryContext caller = MemoryContextSwitchTo(stay->context);
	bool same = false;

	for (int row = 0; row < stay->n_rows; row++)
	{
		const LookupId *found;
		int64 stored;

		if (stay->rows[row].class != (source->class == 0 ? 0 : 1) || stay->rows[row].n_live == 0)
			continue;
		found = alive_in(stay, row, &source->id);
		if (found == NULL)
			continue;
		if (stay->segments[row] == NULL)
			stay->segments[row] = skl_index_open(&stay->engine, &stay->rows[row], NULL);
		skl_index_check(&stay->engine,
						skl_segment_version(stay->segments[row], found->docno, &stored));
		same = stored == version;
		if (same)
			add_change(stay, row, found->docno, source);
		break;
	}
	MemoryContextSwitchTo(caller);
	return same;
}

static int
compare_changes(const void *a, const void *b)
{
	return ((const Change *) a)->row - ((const Change *) b)->row;
}

/* Stores the numbers of the documents that stay. */
static void
store_changes(Stay *stay)
{
	SklValueEntry *entries = palloc(sizeof(SklValueEntry) * (size_t) Max(stay->n, 1));

	qsort(stay->changes, (size_t) stay->n, sizeof(Change), compare_changes);
	for (int i = 0; i < stay->n;)
	{
		const SklManifestRow *row = &stay->rows[stay->changes[i].row];
		int32 version = row->value_version + 1;
		int n = 0;

		for (; i < stay->n && &stay->rows[stay->changes[i].row] == row; i++)
			entries[n++] = stay->changes[i].entry;
		skl_values_note(row->seg_id, version, skl_values_write(row->seg_id, version, entries, n));
	}
	skl_engine_release(&stay->engine);
}

/* Leaves out of sorted ids those that stay; how many are left. */
static int
without_stay(const Stay *stay, pg_uuid_t *ids, int n)
{
	int left = 0;

	for (int i = 0; i < n; i++)
		if (bsearch(&ids[i], stay->ids, (size_t) stay->n, sizeof(pg_uuid_t), compare_lookup) ==
			NULL)
			ids[left++] = ids[i];
	return left;
}

/* Finishes builders into rows, which are in no manifest yet; one without documents has none. */
static void
write_segments(SklIndexBuilders *builders, SklManifestRow *rows)
{
	for (int class = 0; class < 2; class ++)
	{
		SklEngine *engine = &builders->engines[class];
		SklManifestRow *row = &rows[class];
		SklSegmentSummary summary = {0};
		SklBytes bytes;

		*row = (SklManifestRow){.class = (int16) class};
		if (builders->builders[class] != NULL)
			skl_index_check(engine,
							skl_builder_finish_bytes(builders->builders[class], &bytes, &summary));
		if (summary.n_docs > 0)
			skl_store_write(bytes.data, bytes.length, row);
		row->n_docs = row->n_live = (int32) summary.n_docs;
		row->level = (int16) skl_index_level(row->n_docs);
		skl_engine_release(engine);
	}
}

/* Adds what was written to the manifest. */
static void
add_segments(const SklSearchIndex *index, int32 generation, const SklManifestRow *rows)
{
	for (int class = 0; class < 2; class ++)
		if (rows[class].n_docs > 0)
			skl_store_add(&rows[class], index->kind->index_id, generation);
}

/* The elements of a uuid[], sorted. */
static pg_uuid_t *
sorted_ids(ArrayType *array, int *n)
{
	Datum *elements;
	bool *nulls;
	pg_uuid_t *ids;
	int count = 0;

	deconstruct_array(array, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &elements, &nulls, n);
	ids = palloc(sizeof(pg_uuid_t) * (size_t) Max(*n, 1));
	for (int i = 0; i < *n; i++)
		if (!nulls[i])
			ids[count++] = *DatumGetUUIDP(elements[i]);
	*n = count;
	qsort(ids, (size_t) count, sizeof(pg_uuid_t), compare_lookup);
	return ids;
}

/* A uuid[] of those ids that are not known. */
static Datum
unknown_ids(const pg_uuid_t *ids, const bool *known, int n)
{
	Datum *elements = palloc(sizeof(Datum) * (size_t) Max(n, 1));
	int count = 0;

	for (int i = 0; i < n; i++)
		if (!known[i])
			elements[count++] = UUIDPGetDatum(&ids[i]);
	return PointerGetDatum(
		construct_array(elements, count, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

/* Kills the versions of documents that there are. */
static void
kill_versions(SklManifestRow *rows, int n_rows, const pg_uuid_t *ids, int n, bool *known)
{
	for (int i = 0; i < n_rows && n > 0; i++)
		if (rows[i].n_live > 0)
			rows[i].n_live -= kill_in(&rows[i], ids, n, known);
}

/*
 * search_write(index_id, generation, changed uuid[], gone uuid[]) returns (indexed bigint, segment
 * bigint, fresh uuid[]): indexes what there is of changed, and makes sure that nothing of gone is
 * found. How many documents were indexed, the segment with those for everybody (or NULL), and which
 * of changed were not in the index before. The row of search_index is locked.
 */
Datum
skl_fn_search_write(PG_FUNCTION_ARGS)
{
	int32 generation = PG_GETARG_INT32(1);
	SklSearchIndex index;
	SklIndexBuilders builders;
	SklManifestRow written[2];
	SklManifestRow *rows;
	pg_uuid_t *ids[2];
	int n[2];
	int n_rows;
	bool *seen;
	Stay stay;
	SklIndexKnown known = {take_stay, &stay};
	TupleDesc desc;
	Datum values[3] = {0};
	bool nulls[3] = {false, true, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "search_write must return a row");
	skl_index_lock(PG_GETARG_INT16(0), &index);
	rows = skl_store_manifest(index.kind->index_id, generation, 2, NULL, &n_rows);
	begin_stay(&stay, &index, rows, n_rows);
	values[0] = Int64GetDatum(skl_index_add(&index, PG_GETARG_DATUM(2), NULL, &known, &builders));
	for (int a = 0; a < 2; a++)
		ids[a] = sorted_ids(PG_GETARG_ARRAYTYPE_P(2 + a), &n[a]);
	n[0] = without_stay(&stay, ids[0], n[0]);
	store_changes(&stay);
	seen = palloc0(sizeof(bool) * (size_t) Max(n[0], 1));
	kill_versions(rows, n_rows, ids[0], n[0], seen);
	kill_versions(rows, n_rows, ids[1], n[1], NULL);
	values[2] = unknown_ids(ids[0], seen, n[0]);
	write_segments(&builders, written);
	add_segments(&index, generation, written);
	values[1] = Int64GetDatum(written[0].seg_id);
	nulls[1] = written[0].n_docs == 0;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * search_build(index_id, generation, ids uuid[]) returns boolean: indexes documents that the
 * generation in building does not have. The row of search_index is locked when all is written but
 * the manifest; false: the generation is no longer in building, and nothing was done.
 */
Datum
skl_fn_search_build(PG_FUNCTION_ARGS)
{
	int16 index_id = PG_GETARG_INT16(0);
	int32 generation = PG_GETARG_INT32(1);
	SklSearchIndex index;
	SklIndexBuilders builders;
	SklManifestRow written[2];

	skl_index_read(index_id, NULL, &index);
	skl_index_add(&index, PG_GETARG_DATUM(2), NULL, NULL, &builders);
	write_segments(&builders, written);
	skl_store_flush();
	skl_index_lock(index_id, &index);
	if (index.building != generation)
		PG_RETURN_BOOL(false);
	add_segments(&index, generation, written);
	PG_RETURN_BOOL(true);
}

/* search_try(index_id, id): raises what indexing this document would raise, and stores nothing. */
Datum
skl_fn_search_try(PG_FUNCTION_ARGS)
{
	Datum id = PG_GETARG_DATUM(1);
	SklSearchIndex index;
	SklIndexBuilders builders;

	skl_index_read(PG_GETARG_INT16(0), NULL, &index);
	skl_index_add(&index,
				  PointerGetDatum(construct_array(&id, 1, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR)),
				  NULL, NULL, &builders);
	for (int class = 0; class < 2; class ++)
		skl_engine_release(&builders.engines[class]);
	PG_RETURN_VOID();
}
