/*
 * core/ledger_guard.c
 *		The triggers of the ledger: an account keeps what it is, and entries add up to zero.
 *
 * Posting (core/ledger.c) has checked the same before; the triggers bind whoever writes, superusers
 * and restores included. They are C because every posting runs them, and every leg the first.
 */
#include "skl.h"

#include "core/columns.h"
#include "core/errors.h"
#include "core/spi.h"

#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "utils/datum.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(skl_fn_account_guard);
PG_FUNCTION_INFO_V1(skl_fn_zero_sum);

/* Columns of ledger_account that a posting moves; needs_open is generated from the balance. */
static bool
is_moving(const char *column)
{
	return strcmp(column, "balance") == 0 || strcmp(column, "version") == 0 ||
		   strcmp(column, "needs_open") == 0;
}

static bool
is_same(TupleDesc desc, int attnum, HeapTuple old, HeapTuple new)
{
	Form_pg_attribute att = TupleDescAttr(desc, attnum - 1);
	bool old_null;
	bool new_null;
	Datum a = SPI_getbinval(old, desc, attnum, &old_null);
	Datum b = SPI_getbinval(new, desc, attnum, &new_null);

	if (old_null || new_null)
		return old_null == new_null;
	return datum_image_eq(a, b, att->attbyval, att->attlen);
}

/* account_guard(): BEFORE UPDATE of ledger_account, for each row. */
Datum
skl_fn_account_guard(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	TupleDesc desc = RelationGetDescr(data->tg_relation);
	int version = SPI_fnumber(desc, "version");
	bool isnull;

	for (int i = 1; i <= desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i - 1);

		if (!att->attisdropped && !is_moving(NameStr(att->attname)) &&
			!is_same(desc, i, data->tg_trigtuple, data->tg_newtuple))
			skl_failf(SKL_ERR_LEDGER_IMMUTABLE, "an account changes its balance only");
	}
	if (DatumGetInt64(SPI_getbinval(data->tg_newtuple, desc, version, &isnull)) <
		DatumGetInt64(SPI_getbinval(data->tg_trigtuple, desc, version, &isnull)))
		skl_failf(SKL_ERR_LEDGER_IMMUTABLE, "the version of an account only grows");
	return PointerGetDatum(data->tg_newtuple);
}

/* What the trigger looks at of an entry. */
typedef struct Entry
{
	int64 txn;
	int64 account;
	int64 amount;
	char currency[8];
} Entry;

/* A value of the slot by the name of its column. */
static Datum
slot_value(TupleTableSlot *slot, const char *column)
{
	bool isnull;
	Datum value = slot_getattr(slot, SPI_fnumber(slot->tts_tupleDescriptor, column), &isnull);

	if (isnull)
		skl_failf(SKL_ERR_LEDGER_UNBALANCED, "an entry has no %s", column);
	return value;
}

/* The entries of the statement. */
static Entry *
read_entries(TriggerData *data, int *n)
{
	TupleTableSlot *slot =
		MakeSingleTupleTableSlot(RelationGetDescr(data->tg_relation), &TTSOpsMinimalTuple);
	int allocated = 64;
	Entry *entries = palloc(sizeof(Entry) * (size_t) allocated);
	int reader = tuplestore_alloc_read_pointer(data->tg_newtable, 0);

	tuplestore_select_read_pointer(data->tg_newtable, reader);
	tuplestore_rescan(data->tg_newtable);
	*n = 0;
	while (tuplestore_gettupleslot(data->tg_newtable, true, false, slot))
	{
		Entry *entry;

		if (*n == allocated)
		{
			allocated *= 2;
			entries = repalloc_huge(entries, sizeof(Entry) * (size_t) allocated);
		}
		entry = &entries[(*n)++];
		entry->txn = DatumGetInt64(slot_value(slot, "txn"));
		entry->account = DatumGetInt64(slot_value(slot, "account"));
		entry->amount = DatumGetInt64(slot_value(slot, "amount"));
		text_to_cstring_buffer(DatumGetTextPP(slot_value(slot, "currency")), entry->currency,
							   sizeof(entry->currency));
	}
	ExecDropSingleTupleTableSlot(slot);
	return entries;
}

static int
by_posting(const void *a, const void *b)
{
	const Entry *left = a;
	const Entry *right = b;

	if (left->txn != right->txn)
		return left->txn < right->txn ? -1 : 1;
	return strcmp(left->currency, right->currency);
}

static int
by_account(const void *a, const void *b)
{
	const Entry *left = a;
	const Entry *right = b;

	if (left->account != right->account)
		return left->account < right->account ? -1 : 1;
	return strcmp(left->currency, right->currency);
}

/* Entries in the order of their postings: each posting adds up to zero in each currency. */
static void
check_sums(const Entry *entries, int n)
{
	for (int i = 0; i < n;)
	{
		const Entry *first = &entries[i];
		__int128 sum = 0;

		for (; i < n && by_posting(first, &entries[i]) == 0; i++)
			sum += entries[i].amount;
		if (sum != 0)
			skl_fail(SKL_ERR_LEDGER_UNBALANCED);
	}
}

/* The accounts with the currencies that their entries have, each once. */
static void
account_columns(Entry *entries, int n, Datum *args)
{
	SklColumn accounts = column_make(n), currencies = column_make(n);

	qsort(entries, (size_t) n, sizeof(Entry), by_account);
	accounts.n = currencies.n = 0;
	for (int i = 0; i < n; i++)
	{
		if (i > 0 && by_account(&entries[i - 1], &entries[i]) == 0)
			continue;
		column_set(&accounts, accounts.n++, Int64GetDatum(entries[i].account), false);
		column_set_text(&currencies, currencies.n++, entries[i].currency);
	}
	args[0] = column_array(&accounts, INT8OID);
	args[1] = column_array(&currencies, TEXTOID);
}

/* The postings, each once, of entries in their order. */
static Datum
posting_column(const Entry *entries, int n)
{
	SklColumn postings = column_make(n);

	postings.n = 0;
	for (int i = 0; i < n; i++)
	{
		if (i == 0 || entries[i].txn != entries[i - 1].txn)
			column_set(&postings, postings.n++, Int64GetDatum(entries[i].txn), false);
	}
	return column_array(&postings, INT8OID);
}

/*
 * What foreign keys would say, for all entries of a statement at once: the posting and the account
 * of each are there, and the account has its currency. Neither is ever deleted or changed. A
 * foreign key would lock the account's row for each entry, and with it the accounts that all share.
 */
static void
check_references(Entry *entries, int n)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT 1 FROM unnest($1::bigint[], $2::text[]) AS i (account, currency)"
		" LEFT JOIN skillancer.ledger_account a ON a.id = i.account"
		" WHERE a.currency IS DISTINCT FROM i.currency"
		" UNION ALL SELECT 2 FROM unnest($3::bigint[]) AS i (txn)"
		" WHERE NOT EXISTS (SELECT FROM skillancer.ledger_txn t WHERE t.id = i.txn) LIMIT 1",
		INT8ARRAYOID, TEXTARRAYOID, INT8ARRAYOID);
	Datum args[3];
	bool isnull;

	args[2] = posting_column(entries, n);
	account_columns(entries, n, args);
	skl_spi_connect();
	if (skl_spi_exec(&stmt, args, NULL) > 0)
		skl_failf(SKL_ERR_LEDGER_UNBALANCED, DatumGetInt32(skl_spi_value(0, 1, &isnull)) == 1
												 ? "an entry has another currency than its account"
												 : "an entry has no posting");
	skl_spi_finish();
}

/* zero_sum(): AFTER INSERT on ledger_entry, for each statement, with its rows as new table. */
Datum
skl_fn_zero_sum(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	Entry *entries;
	int n;

	if (data->tg_newtable == NULL)
		elog(ERROR, "zero_sum() needs the new rows of its statement");
	entries = read_entries(data, &n);
	qsort(entries, (size_t) n, sizeof(Entry), by_posting);
	check_sums(entries, n);
	check_references(entries, n);
	return PointerGetDatum(NULL);
}
