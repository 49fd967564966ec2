/*
 * search/scope.c
 *		What a caller searches: the segments of an index that it may see, with what is dead in them.
 *
 * Segments of class 1 hold documents that are not for everybody. They are opened for staff who may
 * see all, and for somebody to whom policies show some of them: the others count as dead then.
 * skillancer.search_visible() says which.
 */
#include "skl.h"

#include "core/request.h"
#include "core/spi.h"
#include "search/scope.h"
#include "search/values.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/array.h"

/* Changes that a fresh search looks at, at most. */
#define FRESH_MAX 1000

/* Documents by their ids, sorted. */
typedef struct IdSet
{
	bool all;
	int n;
	const pg_uuid_t *ids;
} IdSet;

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(pg_uuid_t));
}

static bool
has_id(const IdSet *set, const pg_uuid_t *id)
{
	return set->all ||
		   bsearch(id, set->ids, (size_t) set->n, sizeof(pg_uuid_t), compare_ids) != NULL;
}

/* Reads a uuid[]. */
static void
id_set(Datum array, MemoryContext context, IdSet *set)
{
	Datum *elements;
	bool *nulls;
	pg_uuid_t *ids;

	deconstruct_array(DatumGetArrayTypeP(array), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &elements,
					  &nulls, &set->n);
	ids = MemoryContextAlloc(context, sizeof(pg_uuid_t) * (size_t) Max(set->n, 1));
	for (int i = 0; i < set->n; i++)
		ids[i] = *DatumGetUUIDP(elements[i]);
	qsort(ids, (size_t) set->n, sizeof(pg_uuid_t), compare_ids);
	set->ids = ids;
}

/* The restricted documents that the caller may see. */
static IdSet
visible_documents(const SklSearchKind *kind, Snapshot snapshot)
{
	static SklStmt stmt = SKL_STMT("SELECT skillancer.search_visible($1)", INT2OID);
	MemoryContext caller = CurrentMemoryContext;
	Datum args[1] = {Int16GetDatum(kind->index_id)};
	IdSet set = {false};
	bool isnull;
	Datum array;

	if (skl_request() == NULL || !skl_request()->has_user)
		return set;
	skl_spi_connect();
	skl_spi_exec_snapshot(&stmt, args, snapshot);
	array = skl_spi_value(0, 1, &isnull);
	set.all = isnull;
	if (!isnull)
		id_set(array, caller, &set);
	skl_spi_finish();
	return set;
}

/* The documents whose changes the indexer has not taken yet. */
static IdSet
pending_documents(const SklSearchKind *kind, Snapshot snapshot)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT coalesce(pg_catalog.array_agg(DISTINCT u.id), '{}') FROM ("
		"SELECT q.entity_id, q.op FROM skillancer.search_queue q WHERE q.index_id = $1"
		" ORDER BY q.xid DESC, q.seq DESC LIMIT $2) p CROSS JOIN LATERAL pg_catalog.unnest("
		"CASE WHEN p.op = 'o' THEN skillancer.search_owned($1, ARRAY[p.entity_id])"
		" ELSE ARRAY[p.entity_id] END) AS u (id)",
		INT2OID, INT8OID);
	MemoryContext caller = CurrentMemoryContext;
	Datum args[2] = {Int16GetDatum(kind->index_id), Int64GetDatum(FRESH_MAX)};
	IdSet set = {false};
	bool isnull;

	skl_spi_connect();
	skl_spi_exec_snapshot(&stmt, args, snapshot);
	id_set(skl_spi_value(0, 1, &isnull), caller, &set);
	skl_spi_finish();
	return set;
}

/* Marks documents as dead that are (in_set) or are not in a set; a copy of dead bits. */
static const uint64_t *
hide(SklEngine *engine, SklSegment *segment, const uint64_t *dead, const IdSet *set, bool in_set)
{
	uint32_t n = skl_segment_docs(segment);
	size_t words = skl_store_dead_words((int32) n);
	uint64_t *bits = skl_engine_zalloc(engine, words * sizeof(uint64_t));
	pg_uuid_t id;

	if (dead != NULL)
		memcpy(bits, dead, words * sizeof(uint64_t));
	for (uint32_t docno = 0; docno < n; docno++)
	{
		skl_index_check(engine, skl_segment_id(segment, docno, id.data));
		if (has_id(set, &id) == in_set)
			bits[docno / 64] |= (uint64_t) 1 << (docno % 64);
	}
	return bits;
}

/* Adds what is pending as segments of this query, and hides older versions. */
static void
add_fresh(SklEngine *engine, const IdSet *pending, bool restricted, const IdSet *visible,
		  Snapshot snapshot, SklScope *scope)
{
	SklIndexBuilders builders;
	Datum *ids = palloc(sizeof(Datum) * (size_t) Max(pending->n, 1));

	for (int i = 0; i < scope->n; i++)
		scope->segments[i].dead =
			hide(engine, scope->segments[i].segment, scope->segments[i].dead, pending, true);
	for (int i = 0; i < pending->n; i++)
		ids[i] = UUIDPGetDatum(&pending->ids[i]);
	skl_index_add(
		&scope->index,
		PointerGetDatum(construct_array(ids, pending->n, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR)),
		snapshot, NULL, &builders);
	for (int class = 0; class < (restricted ? 2 : 1); class ++)
	{
		SklSegmentSummary summary;
		SklSegmentSource source = {NULL};
		SklSearchSegment *segment = &scope->segments[scope->n];
		SklBytes bytes;

		if (builders.builders[class] == NULL)
			continue;
		skl_index_check(&builders.engines[class],
						skl_builder_finish_bytes(builders.builders[class], &bytes, &summary));
		source.base = bytes.data;
		source.total = bytes.length;
		*segment = (SklSearchSegment){NULL};
		skl_index_check(engine, skl_segment_open(engine, &source, &segment->segment));
		if (class == 1 && !visible->all)
			segment->dead = hide(engine, segment->segment, NULL, visible, false);
		scope->n++;
	}
}

void
skl_scope_open(SklEngine *engine, const SklSearchKind *kind, bool fresh, Snapshot snapshot,
			   SklScope *scope)
{
	IdSet visible = visible_documents(kind, snapshot);
	bool restricted = visible.all || visible.n > 0;
	SklManifestRow *rows;
	int n;

	memset(scope, 0, sizeof(*scope));
	skl_index_read(kind->index_id, snapshot, &scope->index);
	rows = skl_store_manifest(kind->index_id, scope->index.generation, restricted ? 2 : 1, snapshot,
							  &n);
	scope->segments = skl_engine_zalloc(engine, sizeof(SklSearchSegment) * (size_t) (n + 2));
	for (int i = 0; i < n; i++)
	{
		SklSearchSegment *segment = &scope->segments[scope->n];

		if (rows[i].n_live == 0)
			continue;
		segment->segment = skl_index_open(engine, &rows[i], snapshot);
		segment->dead = skl_store_dead(&rows[i], snapshot);
		segment->cache_id = (uint64_t) rows[i].stamp;
		skl_values_open(engine, kind, &rows[i], segment->segment, snapshot, segment);
		if (rows[i].class == 1 && !visible.all)
			segment->dead = hide(engine, segment->segment, segment->dead, &visible, false);
		scope->n++;
		scope->documents += (uint64_t) rows[i].n_live;
	}
	if (fresh)
	{
		IdSet pending = pending_documents(kind, snapshot);

		if (pending.n > 0)
			add_fresh(engine, &pending, restricted, &visible, snapshot, scope);
	}
}

void
skl_scope_open_one(SklEngine *engine, const SklSearchKind *kind, int64 seg_id, SklScope *scope)
{
	SklManifestRow *rows;
	int n;

	memset(scope, 0, sizeof(*scope));
	skl_index_read(kind->index_id, NULL, &scope->index);
	rows = skl_store_manifest(kind->index_id, scope->index.generation, 2, NULL, &n);
	scope->segments = skl_engine_zalloc(engine, sizeof(SklSearchSegment));
	for (int i = 0; i < n; i++)
	{
		if (rows[i].seg_id != seg_id)
			continue;
		scope->segments[0].segment = skl_index_open(engine, &rows[i], NULL);
		scope->n = 1;
		scope->documents = (uint64_t) rows[i].n_live;
	}
}
