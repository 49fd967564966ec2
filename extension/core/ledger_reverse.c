/*
 * core/ledger_reverse.c
 *		Taking a posting back: the same legs with the opposite sign, once.
 *
 * The mirror has the key "reversal:<number>" and names the posting in its column "reverses", whose
 * unique index is the second guard. Row accounts are locked and floors checked as for any posting.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/ledger.h"
#include "core/spi.h"

#include "catalog/pg_type_d.h"

PG_FUNCTION_INFO_V1(skl_fn_ledger_reverse);

static pg_uuid_t *
uuid_or_null(uint64 row, int column)
{
	bool isnull;
	Datum value = skl_spi_value_in(CurrentMemoryContext, row, column, &isnull);

	return isnull ? NULL : DatumGetUUIDP(value);
}

/* The legs of a posting with the opposite sign; the number of them, and what it was about. */
static int
mirror_of(int64 txn, SklLeg *legs, pg_uuid_t **ref)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT a.class, a.owner, a.ref, a.booking_id::uuid, e.amount, e.currency, t.ref,"
		" t.reverses FROM skillancer.ledger_txn t"
		" JOIN skillancer.ledger_entry e ON e.txn = t.id"
		" JOIN skillancer.ledger_account a ON a.id = e.account WHERE t.id = $1 ORDER BY e.leg",
		INT8OID);
	Datum args[1] = {Int64GetDatum(txn)};
	uint64 rows = skl_spi_exec(&stmt, args, NULL);
	bool isnull;

	if (rows == 0 || rows > SKL_LEDGER_MAX_LEGS)
		skl_fail(SKL_ERR_RESOURCE_NOT_FOUND);
	(void) skl_spi_value(0, 8, &isnull);
	if (!isnull)
		skl_failf(SKL_ERR_INVALID_STATE, "a reversal is not reversed: post it again");
	*ref = uuid_or_null(0, 7);
	for (uint64 i = 0; i < rows; i++)
	{
		legs[i].account_class = skl_spi_text(i, 1);
		legs[i].owner = uuid_or_null(i, 2);
		legs[i].ref = uuid_or_null(i, 3);
		legs[i].booking = uuid_or_null(i, 4);
		legs[i].amount = -DatumGetInt64(skl_spi_value(i, 5, &isnull));
		strlcpy(legs[i].currency, skl_spi_text(i, 6), sizeof(legs[i].currency));
	}
	return (int) rows;
}

int64
skl_ledger_reverse(int64 txn, const char *reason)
{
	SklLeg legs[SKL_LEDGER_MAX_LEGS] = {0};
	SklPostingSpec posting = {.kind = "reversal", .legs = legs, .reverses = txn, .reason = reason};
	pg_uuid_t *ref;

	skl_spi_connect();
	posting.nlegs = mirror_of(txn, legs, &ref);
	posting.ref = ref;
	posting.key = psprintf("reversal:" INT64_FORMAT, txn);
	skl_ledger_post_many(&posting, 1);
	if (!posting.made)
		skl_failf(SKL_ERR_INVALID_STATE,
				  "posting " INT64_FORMAT " was reversed before, by " INT64_FORMAT, txn,
				  posting.txn);
	skl_spi_finish();
	return posting.txn;
}

/* ledger_mirror(txn, reason) returns bigint */
Datum
skl_fn_ledger_reverse(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(skl_ledger_reverse(PG_GETARG_INT64(0), text_to_cstring(PG_GETARG_TEXT_PP(1))));
}
