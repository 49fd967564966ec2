/*
 * core/ledger_seal.c
 *		The hash of a range of entries, which seals are made of and checked with.
 *
 * SHA-256 over the hash of the seal before, the range, and every entry of it with its posting and
 * what its account is, in the order of posting and leg. Each value goes in with its length, so that
 * no two ranges have the same bytes; NULL is a length of its own.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/ledger.h"
#include "core/spi.h"

#include "catalog/pg_type_d.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "libpq/pqformat.h"

PG_FUNCTION_INFO_V1(skl_fn_ledger_range_hash);

/* Columns of the statement below, all of them sent as they are: text, bytea, or in binary. */
#define SEALED_COLUMNS 21

static void
add(pg_cryptohash_ctx *ctx, const void *data, size_t len)
{
	if (pg_cryptohash_update(ctx, data, len) < 0)
		elog(ERROR, "SHA-256 failed");
}

/* One value with its length before it; -1 stands for NULL. */
static void
add_value(pg_cryptohash_ctx *ctx, const bytea *value)
{
	uint32 len = pg_hton32(value != NULL ? (uint32) VARSIZE_ANY_EXHDR(value) : UINT32_MAX);

	add(ctx, &len, sizeof(len));
	if (value != NULL)
		add(ctx, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

static void
add_rows(pg_cryptohash_ctx *ctx, uint64 rows)
{
	for (uint64 row = 0; row < rows; row++)
	{
		for (int column = 1; column <= SEALED_COLUMNS; column++)
		{
			bool isnull;
			Datum value = skl_spi_value(row, column, &isnull);

			add_value(ctx, isnull ? NULL : DatumGetByteaPP(value));
		}
	}
}

/* ledger_range_hash(epoch, from xid8, to xid8, previous bytea) returns bytea */
Datum
skl_fn_ledger_range_hash(PG_FUNCTION_ARGS)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT int8send(e.txn), int2send(e.leg), int8send(e.account), int8send(e.amount),"
		" textsend(e.currency), int8send(e.balance_after), int8send(e.account_version),"
		" int4send(e.epoch), xid8send(e.xid), textsend(t.kind), textsend(t.idempotency_key),"
		" t.fingerprint, uuid_send(t.ref), int8send(t.reverses), timestamptz_send(t.effective_at),"
		" timestamptz_send(t.posted_at), uuid_send(t.actor_id), textsend(t.reason),"
		" textsend(a.class), uuid_send(a.owner), uuid_send(a.ref)"
		" FROM skillancer.ledger_entry e"
		" LEFT JOIN skillancer.ledger_txn t ON t.id = e.txn"
		" LEFT JOIN skillancer.ledger_account a ON a.id = e.account"
		" WHERE e.epoch = $1 AND e.xid >= $2 AND e.xid < $3 ORDER BY e.txn, e.leg",
		INT4OID, XID8OID, XID8OID);
	Datum args[3] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2)};
	uint64 range[3] = {pg_hton64((uint64) PG_GETARG_INT32(0)),
					   pg_hton64((uint64) PG_GETARG_INT64(1)),
					   pg_hton64((uint64) PG_GETARG_INT64(2))};
	bytea *result = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);

	if (ctx == NULL || pg_cryptohash_init(ctx) < 0)
		elog(ERROR, "SHA-256 failed");
	add_value(ctx, PG_GETARG_BYTEA_PP(3));
	add(ctx, range, sizeof(range));
	skl_spi_connect();
	add_rows(ctx, skl_spi_exec(&stmt, args, NULL));
	skl_spi_finish();
	if (pg_cryptohash_final(ctx, (uint8 *) VARDATA(result), PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "SHA-256 failed");
	pg_cryptohash_free(ctx);
	SET_VARSIZE(result, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	PG_RETURN_BYTEA_P(result);
}
