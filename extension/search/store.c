/*
 * search/store.c
 *		Segments as rows: reading the manifest, and writing and removing segments.
 *
 * A query reads the manifest, chunks and dead bits with one snapshot, so it sees one consistent set
 * of segments without a lock. The indexer and the merger change them under the lock of the row of
 * search_index. segment_cache.c keeps the bytes.
 */
#include "skl.h"

#include "core/spi.h"
#include "search/segment_cache.h"
#include "search/store.h"

#include "access/xlog.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"

/* Chunks inserted by one statement. */
#define CHUNKS_AT_ONCE 32

/* Runs a statement with a snapshot, or with what the transaction sees now. */
static uint64
run(SklStmt *stmt, Datum *args, Snapshot snapshot)
{
	return snapshot != NULL ? skl_spi_exec_snapshot(stmt, args, snapshot)
							: skl_spi_exec(stmt, args, NULL);
}

SklManifestRow *
skl_store_manifest(int16 index_id, int32 generation, int classes, Snapshot snapshot, int *n)
{
	static SklStmt stmt =
		SKL_STMT("SELECT s.seg_id, s.class, s.level, s.ndocs, s.nlive, s.dead_version, s.bytes,"
				 " s.stamp, s.nvalues, s.value_version FROM skillancer.search_segment s"
				 " WHERE s.index_id = $1 AND s.generation = $2 AND s.class < $3 ORDER BY s.seg_id",
				 INT2OID, INT4OID, INT2OID);
	Datum args[3] = {Int16GetDatum(index_id), Int32GetDatum(generation),
					 Int16GetDatum((int16) classes)};
	MemoryContext caller = CurrentMemoryContext;
	SklManifestRow *rows;
	bool isnull;

	skl_spi_connect();
	*n = (int) run(&stmt, args, snapshot);
	rows = MemoryContextAlloc(caller, sizeof(SklManifestRow) * (size_t) Max(*n, 1));
	for (int i = 0; i < *n; i++)
		rows[i] = (SklManifestRow){
			.seg_id = DatumGetInt64(skl_spi_value((uint64) i, 1, &isnull)),
			.class = DatumGetInt16(skl_spi_value((uint64) i, 2, &isnull)),
			.level = DatumGetInt16(skl_spi_value((uint64) i, 3, &isnull)),
			.n_docs = DatumGetInt32(skl_spi_value((uint64) i, 4, &isnull)),
			.n_live = DatumGetInt32(skl_spi_value((uint64) i, 5, &isnull)),
			.dead_version = DatumGetInt32(skl_spi_value((uint64) i, 6, &isnull)),
			.bytes = DatumGetInt64(skl_spi_value((uint64) i, 7, &isnull)),
			.stamp = DatumGetInt64(skl_spi_value((uint64) i, 8, &isnull)),
			.n_values = DatumGetInt32(skl_spi_value((uint64) i, 9, &isnull)),
			.value_version = DatumGetInt32(skl_spi_value((uint64) i, 10, &isnull))};
	skl_spi_finish();
	return rows;
}

/* Copies chunks [from, to) to where they belong. */
static void
read_chunks(const SklManifestRow *row, int32 from, int32 to, uint8_t *bytes, Snapshot snapshot)
{
	static SklStmt stmt = SKL_STMT("SELECT c.chunk_no, c.data FROM skillancer.search_chunk c"
								   " WHERE c.seg_id = $1 AND c.chunk_no >= $2 AND c.chunk_no < $3",
								   INT8OID, INT4OID, INT4OID);
	Datum args[3] = {Int64GetDatum(row->seg_id), Int32GetDatum(from), Int32GetDatum(to)};
	uint64 found;
	bool isnull;

	skl_spi_connect();
	found = run(&stmt, args, snapshot);
	if (found != (uint64) (to - from))
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
						errmsg("segment " INT64_FORMAT " of search lacks chunks", row->seg_id),
						errhint("SELECT skillancer.search_rebuild(kind) makes it anew.")));
	for (uint64 i = 0; i < found; i++)
	{
		int64 offset = (int64) DatumGetInt32(skl_spi_value(i, 1, &isnull)) * SKL_CHUNK_BYTES;
		bytea *data = DatumGetByteaPP(skl_spi_value(i, 2, &isnull));
		int64 length = (int64) VARSIZE_ANY_EXHDR(data);

		if (length != Min(SKL_CHUNK_BYTES, row->bytes - offset))
			ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
							errmsg("a chunk of segment " INT64_FORMAT " of search has a wrong size",
								   row->seg_id)));
		memcpy(bytes + offset, VARDATA_ANY(data), (size_t) length);
	}
	skl_spi_finish();
}

void
skl_store_read(const SklManifestRow *row, uint8_t *bytes, Snapshot snapshot)
{
	int32 n = (int32) ((row->bytes + SKL_CHUNK_BYTES - 1) / SKL_CHUNK_BYTES);

	for (int32 from = 0; from < n; from += 1024)
	{
		CHECK_FOR_INTERRUPTS();
		read_chunks(row, from, Min(from + 1024, n), bytes, snapshot);
	}
}

size_t
skl_store_dead_words(int32 n_docs)
{
	return (size_t) ((n_docs + SKL_DEAD_PART_DOCS - 1) / SKL_DEAD_PART_DOCS) * SKL_DEAD_PART_WORDS;
}

void
skl_store_read_dead(const SklManifestRow *row, uint64_t *dead, Snapshot snapshot)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT d.part, d.bits FROM skillancer.search_dead d WHERE d.seg_id = $1", INT8OID);
	Datum args[1] = {Int64GetDatum(row->seg_id)};
	size_t words = skl_store_dead_words(row->n_docs);
	uint64 found;
	bool isnull;

	memset(dead, 0, words * sizeof(uint64_t));
	skl_spi_connect();
	found = run(&stmt, args, snapshot);
	for (uint64 i = 0; i < found; i++)
	{
		int32 part = DatumGetInt32(skl_spi_value(i, 1, &isnull));
		bytea *bits = DatumGetByteaPP(skl_spi_value(i, 2, &isnull));

		if (part < words / SKL_DEAD_PART_WORDS &&
			VARSIZE_ANY_EXHDR(bits) == SKL_DEAD_PART_WORDS * sizeof(uint64_t))
			memcpy(dead + (size_t) part * SKL_DEAD_PART_WORDS, VARDATA_ANY(bits),
				   SKL_DEAD_PART_WORDS * sizeof(uint64_t));
	}
	skl_spi_finish();
}

/* A number for a new segment. */
static int64
next_segment(void)
{
	static SklStmt stmt = SKL_STMT0("SELECT pg_catalog.nextval('skillancer.search_segment_seq')");
	bool isnull;
	int64 seg_id;

	skl_spi_connect();
	skl_spi_exec(&stmt, NULL, NULL);
	seg_id = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_spi_finish();
	return seg_id;
}

/* Inserts chunks from number "from" on, at most CHUNKS_AT_ONCE; returns how many bytes. */
static size_t
write_chunks(int64 seg_id, int32 from, const uint8_t *bytes, size_t length)
{
	static SklStmt stmt =
		SKL_STMT("INSERT INTO skillancer.search_chunk (seg_id, chunk_no, data)"
				 " SELECT $1, $2 + c.n::integer, c.data FROM pg_catalog.unnest($3)"
				 " WITH ORDINALITY AS c (data, n)",
				 INT8OID, INT4OID, BYTEAARRAYOID);
	Datum chunks[CHUNKS_AT_ONCE];
	Datum args[3] = {Int64GetDatum(seg_id), Int32GetDatum(from - 1)};
	size_t at = 0;
	int n = 0;

	for (; n < CHUNKS_AT_ONCE && at < length; n++)
	{
		size_t part = Min(SKL_CHUNK_BYTES, length - at);
		bytea *data = palloc(VARHDRSZ + part);

		SET_VARSIZE(data, VARHDRSZ + part);
		memcpy(VARDATA(data), bytes + at, part);
		chunks[n] = PointerGetDatum(data);
		at += part;
	}
	args[2] = PointerGetDatum(construct_array(chunks, n, BYTEAOID, -1, false, TYPALIGN_INT));
	skl_spi_exec(&stmt, args, NULL);
	pfree(DatumGetPointer(args[2]));
	while (n > 0)
		pfree(DatumGetPointer(chunks[--n]));
	return at;
}

void
skl_store_write(const uint8_t *bytes, size_t length, SklManifestRow *row)
{
	row->seg_id = next_segment();
	row->bytes = (int64) length;
	if (!pg_strong_random(&row->stamp, sizeof(row->stamp)))
		elog(ERROR, "there is no random number");
	skl_spi_connect();
	for (size_t at = 0; at < length;)
	{
		CHECK_FOR_INTERRUPTS();
		at += write_chunks(row->seg_id, (int32) (at / SKL_CHUNK_BYTES), bytes + at, length - at);
	}
	skl_spi_finish();
}

void
skl_store_flush(void)
{
	if (XactLastRecEnd != 0)
		XLogFlush(XactLastRecEnd);
}

void
skl_store_add(const SklManifestRow *row, int16 index_id, int32 generation)
{
	static SklStmt stmt = SKL_STMT(
		"INSERT INTO skillancer.search_segment (seg_id, index_id, generation, class, level, ndocs,"
		" nlive, bytes, stamp) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)",
		INT8OID, INT2OID, INT4OID, INT2OID, INT2OID, INT4OID, INT8OID, INT8OID);
	Datum args[8] = {Int64GetDatum(row->seg_id), Int16GetDatum(index_id),
					 Int32GetDatum(generation),	 Int16GetDatum(row->class),
					 Int16GetDatum(row->level),	 Int32GetDatum(row->n_docs),
					 Int64GetDatum(row->bytes),	 Int64GetDatum(row->stamp)};

	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	skl_spi_finish();
}

/* Stores one part of dead bits. */
static void
put_part(int64 seg_id, int32 part, const uint64_t *words)
{
	static SklStmt stmt =
		SKL_STMT("INSERT INTO skillancer.search_dead AS d (seg_id, part, bits) VALUES ($1, $2, $3)"
				 " ON CONFLICT (seg_id, part) DO UPDATE SET bits = excluded.bits",
				 INT8OID, INT4OID, BYTEAOID);
	size_t bytes = SKL_DEAD_PART_WORDS * sizeof(uint64_t);
	bytea *bits = palloc(VARHDRSZ + bytes);
	Datum args[3] = {Int64GetDatum(seg_id), Int32GetDatum(part), PointerGetDatum(bits)};

	SET_VARSIZE(bits, VARHDRSZ + bytes);
	memcpy(VARDATA(bits), words, bytes);
	skl_spi_exec(&stmt, args, NULL);
	pfree(bits);
}

void
skl_store_put_dead(int64 seg_id, int32 n_docs, const uint64_t *before, const uint64_t *dead)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.search_segment SET nlive = ndocs - $2,"
								   " dead_version = dead_version + 1 WHERE seg_id = $1",
								   INT8OID, INT4OID);
	size_t parts = skl_store_dead_words(n_docs) / SKL_DEAD_PART_WORDS;
	Datum args[2] = {Int64GetDatum(seg_id)};
	int64 count = 0;

	skl_spi_connect();
	for (size_t part = 0; part < parts; part++)
	{
		const uint64_t *words = dead + part * SKL_DEAD_PART_WORDS;
		size_t bytes = SKL_DEAD_PART_WORDS * sizeof(uint64_t);
		int64 here = (int64) pg_popcount((const char *) words, (int) bytes);

		if (before == NULL ? here > 0
						   : memcmp(words, before + part * SKL_DEAD_PART_WORDS, bytes) != 0)
			put_part(seg_id, (int32) part, words);
		count += here;
	}
	args[1] = Int32GetDatum((int32) count);
	skl_spi_exec(&stmt, args, NULL);
	skl_spi_finish();
}

void
skl_store_remove(const SklManifestRow *row)
{
	static SklStmt stmt =
		SKL_STMT("DELETE FROM skillancer.search_segment WHERE seg_id = $1", INT8OID);
	Datum args[1] = {Int64GetDatum(row->seg_id)};

	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	skl_spi_finish();
}
