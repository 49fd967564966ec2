/*
 * search/values.c
 *		Numbers and priors of documents that changed after their segment was written.
 *
 * A price that changes, or a rating, leaves the words of a document as they are. Then the indexer
 * does not write the document again: it puts all its numbers and its prior into search_value, 64
 * documents a row, and counts search_segment.value_version up, in the transaction of the tick. Who
 * searches reads the rows that are newer than what the process has, and makes of them pages in the
 * place of those of the segment (an overlay, exec.h). A snapshot that is older than that begins
 * anew. Merges write the numbers into the new segment.
 */
#include "skl.h"

#include "core/spi.h"
#include "search/engine/column.h"
#include "search/engine/column_write.h"
#include "search/engine/overlay.h"
#include "search/index.h"
#include "search/stamps.h"
#include "search/values.h"

#include "miscadmin.h"
#include "utils/memutils.h"

/* Documents of a row of search_value: with all their numbers they fit into a page. */
#define PART_DOCS 64

/* How long a process keeps what it does not use. */
#define KEEP_SECONDS 60

StaticAssertDecl(PART_DOCS * sizeof(SklValueEntry) <= 7000,
				 "a row of search_value fits into a page");

/* What this process has of a segment. */
typedef struct Kept
{
	SklStamped stamped;
	MemoryContext context;
	int32 version;
	uint32 n_pages;
	SklBytes *pages[SKL_VALUES_MAX];
	SklOverlay overlays[SKL_VALUES_MAX];
	uint8_t *prior;
} Kept;

static void drop_kept(void *entry);

static SklStampTable kept = {
	.name = "values", .entry_size = sizeof(Kept), .keep_seconds = KEEP_SECONDS, .drop = drop_kept};

/* ---- rows ---- */

/* Appends the entries of row `row` of the last result. */
static int
take_entries(uint64 row, SklValueEntry *entries, int n)
{
	bool isnull;
	bytea *bytes = DatumGetByteaPP(skl_spi_value(row, 1, &isnull));
	size_t length = VARSIZE_ANY_EXHDR(bytes);

	if (length % sizeof(SklValueEntry) != 0 || length > PART_DOCS * sizeof(SklValueEntry))
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
						errmsg("a row of skillancer.search_value has a wrong size"),
						errhint("SELECT skillancer.search_rebuild(kind) makes it anew.")));
	memcpy(&entries[n], VARDATA_ANY(bytes), length);
	return n + (int) (length / sizeof(SklValueEntry));
}

/* The entries with a version above one, as a snapshot (NULL: the transaction) sees them. */
static SklValueEntry *
read_since(int64 seg_id, int32 version, Snapshot snapshot, int *n)
{
	static SklStmt stmt = SKL_STMT("SELECT v.entries FROM skillancer.search_value v"
								   " WHERE v.seg_id = $1 AND v.version > $2",
								   INT8OID, INT4OID);
	Datum args[2] = {Int64GetDatum(seg_id), Int32GetDatum(version)};
	MemoryContext caller = CurrentMemoryContext;
	SklValueEntry *entries;
	uint64 found;

	skl_spi_connect();
	found = snapshot != NULL ? skl_spi_exec_snapshot(&stmt, args, snapshot)
							 : skl_spi_exec(&stmt, args, NULL);
	entries = MemoryContextAllocHuge(caller, sizeof(SklValueEntry) * PART_DOCS * Max(found, 1));
	*n = 0;
	for (uint64 i = 0; i < found; i++)
		*n = take_entries(i, entries, *n);
	skl_spi_finish();
	return entries;
}

SklValueEntry *
skl_values_since(int64 seg_id, int32 version, int *n)
{
	return read_since(seg_id, version, NULL, n);
}

/* What is stored of a part; how many entries. */
static int
read_part(int64 seg_id, int32 part, SklValueEntry *entries)
{
	static SklStmt stmt = SKL_STMT("SELECT v.entries FROM skillancer.search_value v"
								   " WHERE v.seg_id = $1 AND v.part = $2",
								   INT8OID, INT4OID);
	Datum args[2] = {Int64GetDatum(seg_id), Int32GetDatum(part)};
	int n = 0;

	if (skl_spi_exec(&stmt, args, NULL) > 0)
		n = take_entries(0, entries, 0);
	return n;
}

static void
write_part(int64 seg_id, int32 part, int32 version, const SklValueEntry *entries, int n)
{
	static SklStmt stmt =
		SKL_STMT("INSERT INTO skillancer.search_value AS v (seg_id, part, version, entries)"
				 " VALUES ($1, $2, $3, $4) ON CONFLICT (seg_id, part) DO UPDATE"
				 " SET version = excluded.version, entries = excluded.entries",
				 INT8OID, INT4OID, INT4OID, BYTEAOID);
	size_t length = sizeof(SklValueEntry) * (size_t) n;
	bytea *bytes = palloc(VARHDRSZ + length);
	Datum args[4] = {Int64GetDatum(seg_id), Int32GetDatum(part), Int32GetDatum(version),
					 PointerGetDatum(bytes)};

	SET_VARSIZE(bytes, VARHDRSZ + length);
	memcpy(VARDATA(bytes), entries, length);
	skl_spi_exec(&stmt, args, NULL);
	pfree(bytes);
}

/* Puts an entry among those of its part; how many there are then. */
static int
put_entry(SklValueEntry *stored, int n, const SklValueEntry *entry)
{
	for (int i = 0; i < n; i++)
	{
		if (stored[i].docno != entry->docno)
			continue;
		stored[i] = *entry;
		return n;
	}
	stored[n] = *entry;
	return n + 1;
}

static int
by_docno(const void *a, const void *b)
{
	const SklValueEntry *x = a;
	const SklValueEntry *y = b;

	return x->docno < y->docno ? -1 : x->docno > y->docno;
}

int32
skl_values_write(int64 seg_id, int32 version, SklValueEntry *entries, int n)
{
	SklValueEntry stored[PART_DOCS];
	int32 added = 0;

	qsort(entries, (size_t) n, sizeof(SklValueEntry), by_docno);
	skl_spi_connect();
	for (int i = 0; i < n;)
	{
		int32 part = (int32) (entries[i].docno / PART_DOCS);
		int before = read_part(seg_id, part, stored);
		int count = before;

		CHECK_FOR_INTERRUPTS();
		for (; i < n && (int32) (entries[i].docno / PART_DOCS) == part; i++)
			count = put_entry(stored, count, &entries[i]);
		write_part(seg_id, part, version, stored, count);
		added += count - before;
	}
	skl_spi_finish();
	return added;
}

void
skl_values_note(int64 seg_id, int32 version, int32 added)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.search_segment SET nvalues = nvalues + $2,"
								   " value_version = $3 WHERE seg_id = $1",
								   INT8OID, INT4OID, INT4OID);
	Datum args[3] = {Int64GetDatum(seg_id), Int32GetDatum(added), Int32GetDatum(version)};

	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	skl_spi_finish();
}

/* ---- what a process keeps ---- */

/* SklStampTable.drop */
static void
drop_kept(void *entry)
{
	if (((Kept *) entry)->context != NULL)
		MemoryContextDelete(((Kept *) entry)->context);
}

/* What the process has of a segment; empty when it has nothing, or what is newer. */
static Kept *
find_kept(const SklManifestRow *row)
{
	Kept *entry = skl_stamps_find(&kept, row->stamp);

	if (entry->version > row->value_version)
	{
		skl_stamps_drop(&kept, row->stamp);
		entry = skl_stamps_find(&kept, row->stamp);
	}
	if (entry->context == NULL)
	{
		entry->context =
			AllocSetContextCreate(kept.context, "skillancer search values", ALLOCSET_SMALL_SIZES);
		entry->n_pages = ((uint32) row->n_docs + SKL_COLUMN_PAGE - 1) / SKL_COLUMN_PAGE;
	}
	return entry;
}

/* Makes a page of a column anew: the numbers as they were, then those of the entries. */
static void
make_page(SklEngine *engine, Kept *entry, SklSegment *segment, const SklColumnDef *column,
		  int number, uint32 page, const SklValueEntry *entries, int n)
{
	static int64_t numbers[SKL_COLUMN_PAGE];
	static bool present[SKL_COLUMN_PAGE];
	SklBytes *bytes = &entry->pages[number][page];
	uint8_t *data;
	uint32_t count;

	skl_index_check(
		engine, skl_overlay_numbers(segment, column->name, page, *bytes, numbers, present, &count));
	for (int i = 0; i < n; i++)
	{
		uint32 at = entries[i].docno % SKL_COLUMN_PAGE;

		if (at >= count)
			continue;
		present[at] = (entries[i].present >> number & 1) != 0;
		numbers[at] = entries[i].numbers[number];
	}
	data = palloc(SKL_COLUMN_PAGE_BYTES(count));
	count = (uint32_t) skl_column_page_write(numbers, present, count, data);
	if (bytes->data != NULL)
		pfree(unconstify(uint8_t *, bytes->data));
	*bytes = (SklBytes){memcpy(MemoryContextAlloc(entry->context, count), data, count), count};
	pfree(data);
}

/* Takes entries, in order, over into the pages and priors that the process has. */
static void
apply(SklEngine *engine, Kept *entry, const SklSearchKind *kind, const SklManifestRow *row,
	  SklSegment *segment, const SklValueEntry *entries, int n)
{
	int n_numbers = (int) (kind->n_columns - kind->n_labels);
	int i = 0;

	if (entry->prior == NULL)
	{
		uint8_t *prior = MemoryContextAllocHuge(entry->context, (Size) row->n_docs);

		skl_index_check(engine, skl_overlay_priors(segment, prior));
		for (int c = 0; c < n_numbers; c++)
			entry->pages[c] =
				MemoryContextAllocZero(entry->context, sizeof(SklBytes) * entry->n_pages);
		entry->prior = prior;
	}
	while (i < n && entries[i].docno < (uint32) row->n_docs)
	{
		uint32 page = entries[i].docno / SKL_COLUMN_PAGE;
		int first = i;

		CHECK_FOR_INTERRUPTS();
		for (; i < n && entries[i].docno / SKL_COLUMN_PAGE == page &&
			   entries[i].docno < (uint32) row->n_docs;
			 i++)
			entry->prior[entries[i].docno] = entries[i].prior;
		for (int c = 0; c < n_numbers; c++)
			make_page(engine, entry, segment, &kind->columns[kind->n_labels + (uint32) c], c, page,
					  &entries[first], i - first);
	}
}

void
skl_values_open(SklEngine *engine, const SklSearchKind *kind, const SklManifestRow *row,
				SklSegment *segment, Snapshot snapshot, SklSearchSegment *to)
{
	uint32 n_numbers = kind->n_columns - kind->n_labels;
	Kept *entry;
	SklValueEntry *entries;
	int n;

	if (row->n_values == 0)
		return;
	entry = find_kept(row);
	if (entry->version < row->value_version)
	{
		entries = read_since(row->seg_id, entry->version, snapshot, &n);
		qsort(entries, (size_t) n, sizeof(SklValueEntry), by_docno);
		entry->version = PG_INT32_MAX; /* an error leaves nothing that can be used */
		apply(engine, entry, kind, row, segment, entries, n);
		entry->version = row->value_version;
		pfree(entries);
	}
	for (uint32 c = 0; c < n_numbers; c++)
		entry->overlays[c] = (SklOverlay){.column = kind->columns[kind->n_labels + c].name,
										  .n_pages = entry->n_pages,
										  .pages = entry->pages[c]};
	to->n_overlays = n_numbers;
	to->overlays = entry->overlays;
	to->prior = entry->prior;
}
