/*
 * search/index.c
 *		An index: its row, its engine, and documents out of the source functions.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/spi.h"
#include "search/index.h"

#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define INDEX_COLUMNS                                                                    \
	" i.generation, coalesce(i.building, 0), i.k1, i.b, i.weights, i.config,"            \
	" coalesce(extract(epoch FROM i.half_life), 0)::float8 FROM skillancer.search_index" \
	" i WHERE i.index_id = $1"

/* Takes over the row that a statement has found. */
static void
take_index(int16 index_id, uint64 found, MemoryContext context, SklSearchIndex *index)
{
	bool isnull;
	ArrayType *weights;

	if (found != 1)
		elog(ERROR, "there is no search index %d", index_id);
	memset(index, 0, sizeof(*index));
	index->kind = skl_search_kind_of(index_id);
	if (index->kind == NULL)
		elog(ERROR, "search index %d is of no known kind", index_id);
	index->generation = DatumGetInt32(skl_spi_value(0, 1, &isnull));
	index->building = DatumGetInt32(skl_spi_value(0, 2, &isnull));
	index->k1 = DatumGetFloat4(skl_spi_value(0, 3, &isnull));
	index->b = DatumGetFloat4(skl_spi_value(0, 4, &isnull));
	weights = DatumGetArrayTypeP(skl_spi_value(0, 5, &isnull));
	for (int i = 0; i < SKL_FIELDS; i++)
		index->schema.weights[i] = (uint8_t) ((int16 *) ARR_DATA_PTR(weights))[i];
	index->schema.n_columns = index->kind->n_columns;
	index->schema.columns = index->kind->columns;
	index->config.kind = index->kind;
	index->config.config = MemoryContextStrdup(context, skl_spi_text(0, 6));
	index->config.half_life = DatumGetFloat8(skl_spi_value(0, 7, &isnull));
	index->config.now = skl_now();
}

void
skl_index_read(int16 index_id, Snapshot snapshot, SklSearchIndex *index)
{
	static SklStmt stmt = SKL_STMT("SELECT" INDEX_COLUMNS, INT2OID);
	Datum args[1] = {Int16GetDatum(index_id)};
	MemoryContext context = CurrentMemoryContext;
	uint64 found;

	skl_spi_connect();
	found = snapshot != NULL ? skl_spi_exec_snapshot(&stmt, args, snapshot)
							 : skl_spi_exec(&stmt, args, NULL);
	take_index(index_id, found, context, index);
	skl_spi_finish();
}

void
skl_index_lock(int16 index_id, SklSearchIndex *index)
{
	static SklStmt stmt = SKL_STMT("SELECT" INDEX_COLUMNS " FOR UPDATE", INT2OID);
	Datum args[1] = {Int16GetDatum(index_id)};
	MemoryContext context = CurrentMemoryContext;

	skl_spi_connect();
	take_index(index_id, skl_spi_exec(&stmt, args, NULL), context, index);
	skl_spi_finish();
}

static void *
take_memory(void *context, size_t size)
{
	return MemoryContextAllocHuge((MemoryContext) context, size);
}

static void
give_memory(void *context, void *block)
{
	pfree(block);
}

static bool
interrupted(void *context)
{
	CHECK_FOR_INTERRUPTS();
	return false;
}

void
skl_index_engine(SklEngine *engine)
{
	SklHooks hooks = {.take = take_memory,
					  .give = give_memory,
					  .interrupted = interrupted,
					  .context = CurrentMemoryContext};

	skl_engine_init(engine, &hooks);
}

void
skl_index_check(const SklEngine *engine, SklStatus status)
{
	const char *message = engine->message != NULL ? engine->message : "no reason given";

	if (status == SKL_ENGINE_OK)
		return;
	if (status == SKL_ENGINE_CORRUPT)
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
						errmsg("a segment of search is damaged: %s", message),
						errhint("SELECT skillancer.search_rebuild(kind) makes it anew.")));
	if (status == SKL_ENGINE_TOO_LARGE)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("a segment of search would be too large: %s", message)));
	if (status == SKL_ENGINE_INTERRUPTED)
		ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("search was interrupted")));
	elog(ERROR, "search engine: %s", message);
}

SklSegment *
skl_index_open(SklEngine *engine, const SklManifestRow *row, Snapshot snapshot)
{
	SklSegmentSource source = {.base = skl_store_bytes(row, snapshot),
							   .total = (uint64) row->bytes};
	SklSegment *segment;

	skl_index_check(engine, skl_segment_open(engine, &source, &segment));
	return segment;
}

/* A text of the last result, "" for NULL. */
static const char *
text_of(uint64 row, int column)
{
	char *value = skl_spi_text(row, column);

	return value != NULL ? value : "";
}

static void
take_labels(uint64 row, int column, SklSourceRow *source)
{
	bool isnull;
	Datum value = skl_spi_value(row, column, &isnull);
	Datum *texts;
	bool *nulls;
	int n;

	if (isnull)
		return;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &texts, &nulls,
					  &n);
	source->labels = palloc(sizeof(SklBytes) * (size_t) Max(n, 1));
	for (int i = 0; i < n; i++)
		if (!nulls[i])
		{
			text *label = DatumGetTextPP(texts[i]);

			source->labels[source->n_labels++] =
				(SklBytes){(const uint8_t *) VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label)};
		}
}

static void
take_numbers(uint64 row, int column, SklSourceRow *source)
{
	bool isnull;
	Datum value = skl_spi_value(row, column, &isnull);
	Datum *numbers;
	bool *nulls;

	if (isnull)
		return;
	deconstruct_array(DatumGetArrayTypeP(value), INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &numbers, &nulls, &source->n_numbers);
	source->numbers = palloc(sizeof(int64) * (size_t) Max(source->n_numbers, 1));
	source->has_number = palloc(sizeof(bool) * (size_t) Max(source->n_numbers, 1));
	for (int i = 0; i < source->n_numbers; i++)
	{
		source->has_number[i] = !nulls[i];
		source->numbers[i] = nulls[i] ? 0 : DatumGetInt64(numbers[i]);
	}
}

/* A row of the last result as a document's source; lives as long as the result. */
static void
take_row(uint64 row, SklSourceRow *source)
{
	bool isnull;

	memset(source, 0, sizeof(*source));
	source->id = *DatumGetUUIDP(skl_spi_value(row, 1, &isnull));
	source->class = DatumGetInt32(skl_spi_value(row, 2, &isnull));
	source->language = skl_spi_text(row, 4);
	for (int field = 0; field < SKL_FIELDS; field++)
		source->text[field] = text_of(row, 5 + field);
	source->quality = DatumGetFloat8(skl_spi_value(row, 8, &isnull));
	source->at = DatumGetTimestampTz(skl_spi_value(row, 9, &isnull));
	take_labels(row, 10, source);
	take_numbers(row, 11, source);
}

static void
add_row(const SklSearchIndex *index, uint64 row, const SklIndexKnown *known,
		SklIndexBuilders *builders)
{
	SklEngine scratch;
	SklSourceRow source;
	SklDocument document;
	int class;

	take_row(row, &source);
	if (known != NULL &&
		known->take(known->context, &source, skl_search_fingerprint(&index->config, &source)))
		return;
	class = source.class == 0 ? 0 : 1;
	if (builders->builders[class] == NULL)
		skl_index_check(&builders->engines[class],
						skl_builder_create(&builders->engines[class], &index->schema,
										   &builders->builders[class]));
	skl_index_engine(&scratch);
	skl_search_document(&scratch.arena, &index->config, &source, &document);
	skl_index_check(&builders->engines[class],
					skl_builder_add(builders->builders[class], &document));
	skl_engine_release(&scratch);
}

int64
skl_index_add(const SklSearchIndex *index, Datum ids, Snapshot snapshot, const SklIndexKnown *known,
			  SklIndexBuilders *builders)
{
	static SklStmt stmts[SKL_SEARCH_KINDS];
	SklStmt *stmt = &stmts[index->kind - skl_search_kinds];
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext scratch;
	MemoryContext spi;
	uint64 found;

	if (stmt->sql == NULL)
	{
		*stmt = (SklStmt){.nargs = 1, .argtypes = {UUIDARRAYOID}};
		stmt->sql = MemoryContextStrdup(
			TopMemoryContext,
			psprintf("SELECT s.* FROM %s($1) s ORDER BY s.entity_id", index->kind->source));
	}
	for (int class = 0; class < 2; class ++)
	{
		skl_index_engine(&builders->engines[class]);
		builders->builders[class] = NULL;
	}
	skl_spi_connect();
	found = snapshot != NULL ? skl_spi_exec_snapshot(stmt, &ids, snapshot)
							 : skl_spi_exec(stmt, &ids, NULL);
	scratch = AllocSetContextCreate(caller, "skillancer document", ALLOCSET_DEFAULT_SIZES);
	spi = MemoryContextSwitchTo(scratch);
	for (uint64 row = 0; row < found; row++)
	{
		CHECK_FOR_INTERRUPTS();
		add_row(index, row, known, builders);
		MemoryContextReset(scratch);
	}
	MemoryContextSwitchTo(spi);
	MemoryContextDelete(scratch);
	skl_spi_finish();
	return (int64) found;
}
