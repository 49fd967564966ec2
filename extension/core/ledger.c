/*
 * core/ledger.c
 *		Posting to the double-entry ledger.
 *
 * postings → check legs → ledger_txn (its unique key is the idempotency) → accounts by identity →
 * lock row accounts by ascending id → new balances and floors → one UPDATE, one INSERT of all legs.
 * Many postings take as many statements as one: every statement works on columns of all of them.
 * Accounts of mode "derived" are neither locked nor updated: their balance is the sum of their
 * entries, so that a fee account that every release touches is no bottleneck.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/columns.h"
#include "core/ledger.h"
#include "core/ledger_accounts.h"
#include "core/request.h"
#include "core/spi.h"
#include "core/state.h"

#include "catalog/pg_type_d.h"
#include "common/cryptohash.h"
#include "common/int.h"
#include "common/sha2.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

/* Refuses legs that are empty, zero, or do not add up to zero in every currency. */
static void
check_legs(const SklLeg *legs, int nlegs)
{
	if (nlegs < 2 || nlegs > SKL_LEDGER_MAX_LEGS)
		skl_failf(SKL_ERR_LEDGER_UNBALANCED, "a posting has 2 to %d legs", SKL_LEDGER_MAX_LEGS);
	for (int i = 0; i < nlegs; i++)
	{
		int64 sum = 0;

		if (legs[i].amount == 0)
			skl_failf(SKL_ERR_LEDGER_UNBALANCED, "a leg of a posting is zero");
		for (int k = 0; k < nlegs; k++)
		{
			if (strcmp(legs[k].currency, legs[i].currency) == 0 &&
				pg_add_s64_overflow(sum, legs[k].amount, &sum))
				ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
								errmsg("the legs of a posting are out of range")));
		}
		if (sum != 0)
			skl_fail(SKL_ERR_LEDGER_UNBALANCED);
	}
}

static void
append_uuid(StringInfo buf, const pg_uuid_t *id)
{
	static const pg_uuid_t none = {{0}};

	appendBinaryStringInfo(buf, (const char *) (id != NULL ? id : &none), UUID_LEN);
}

/* SHA-256 over what a posting says: the same key with another fingerprint is another posting. */
static bytea *
fingerprint(const char *kind, const pg_uuid_t *ref, const SklLeg *legs, int nlegs)
{
	bytea *result = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%s%c", kind, '\0');
	append_uuid(&buf, ref);
	for (int i = 0; i < nlegs; i++)
	{
		appendStringInfo(&buf, "%s%c%s%c" INT64_FORMAT "%c", legs[i].account_class, '\0',
						 legs[i].currency, '\0', legs[i].amount, '\0');
		append_uuid(&buf, legs[i].owner);
		append_uuid(&buf, legs[i].ref);
	}
	if (ctx == NULL || pg_cryptohash_init(ctx) < 0 ||
		pg_cryptohash_update(ctx, (uint8 *) buf.data, (size_t) buf.len) < 0 ||
		pg_cryptohash_final(ctx, (uint8 *) VARDATA(result), PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "SHA-256 failed");
	pg_cryptohash_free(ctx);
	SET_VARSIZE(result, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	return result;
}

static int
compare_keys(const void *a, const void *b)
{
	const SklPostingSpec *left = *(SklPostingSpec *const *) a;
	const SklPostingSpec *right = *(SklPostingSpec *const *) b;

	return strcmp(left->key, right->key);
}

/* The closed period that keeps a posting out, if there is one, as an error. */
static void
refuse_closed(const SklPostingSpec *posting)
{
	static SklStmt stmt = SKL_STMT("SELECT max(p.through)::text FROM skillancer.ledger_period p"
								   " WHERE p.ends_at > $1",
								   TIMESTAMPTZOID);
	Datum args[1] = {TimestampTzGetDatum(posting->effective_at)};
	char *through = NULL;

	if (skl_spi_exec(&stmt, args, NULL) == 1)
		through = skl_spi_text(0, 1);
	if (through != NULL)
		skl_failf(SKL_ERR_PERIOD_CLOSED, "the books are closed through %s", through);
	skl_fail(SKL_ERR_RETRY_LATER);
}

/* Finds the postings whose keys were there before: the same ones, or an error. */
static void
find_earlier(SklPostingSpec **sorted, Datum *prints, int n)
{
	static SklStmt find = SKL_STMT("SELECT id, fingerprint = $2 FROM skillancer.ledger_txn"
								   " WHERE idempotency_key = $1",
								   TEXTOID, BYTEAOID);
	bool isnull;

	for (int i = 0; i < n; i++)
	{
		Datum args[2] = {0, prints[i]};

		if (sorted[i]->made)
			continue;
		args[0] = CStringGetTextDatum(sorted[i]->key);
		if (skl_spi_exec(&find, args, NULL) != 1)
			refuse_closed(sorted[i]);
		if (!DatumGetBool(skl_spi_value(0, 2, &isnull)))
			skl_failf(SKL_ERR_IDEMPOTENCY_MISMATCH, "a posting with this key says something else");
		sorted[i]->txn = DatumGetInt64(skl_spi_value(0, 1, &isnull));
		if (sorted[i]->number != 0)
			skl_failf(SKL_ERR_RETRY_LATER, "a posting that was promised a number has another one");
	}
}

/* The columns of ledger_txn for postings in the order of their keys. */
static void
txn_columns(SklPostingSpec **sorted, const Datum *prints, int n, Datum *args)
{
	SklColumn kinds = column_make(n), keys = column_make(n), fingerprints = column_make(n),
			  refs = column_make(n), dates = column_make(n), reverses = column_make(n),
			  reasons = column_make(n), numbers = column_make(n);

	for (int i = 0; i < n; i++)
	{
		column_set_text(&kinds, i, sorted[i]->kind);
		column_set_text(&keys, i, sorted[i]->key);
		column_set(&fingerprints, i, prints[i], false);
		column_set_uuid(&refs, i, sorted[i]->ref);
		column_set(&dates, i, TimestampTzGetDatum(sorted[i]->effective_at), false);
		column_set(&reverses, i, Int64GetDatum(sorted[i]->reverses), sorted[i]->reverses == 0);
		column_set_text(&reasons, i, sorted[i]->reason);
		column_set(&numbers, i, Int64GetDatum(sorted[i]->number), sorted[i]->number == 0);
	}
	args[0] = column_array(&kinds, TEXTOID);
	args[1] = column_array(&keys, TEXTOID);
	args[2] = column_array(&fingerprints, BYTEAOID);
	args[3] = column_array(&refs, UUIDOID);
	args[4] = column_array(&dates, TIMESTAMPTZOID);
	args[5] = column_array(&reverses, INT8OID);
	args[6] = column_array(&reasons, TEXTOID);
	args[7] = column_array(&numbers, INT8OID);
}

/*
 * Claims the keys, in their order, so that two batches never wait for each other in a circle. Sets
 * txn of every posting, and made of those that are new and are to be filled.
 */
static void
claim_txns(SklPostingSpec **sorted, int n)
{
	static SklStmt claim = SKL_STMT(
		"INSERT INTO skillancer.ledger_txn (id, kind, idempotency_key, fingerprint, ref,"
		" effective_at, reverses, reason, actor_id, correlation_id) OVERRIDING SYSTEM VALUE"
		" SELECT coalesce(p.number, nextval('skillancer.ledger_txn_id_seq')), p.kind, p.key,"
		" p.print, p.ref, p.effective_at, p.reverses, p.reason, $9, $10"
		" FROM unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[], $5::timestamptz[],"
		" $6::bigint[], $7::text[], $8::bigint[])"
		" AS p (kind, key, print, ref, effective_at, reverses, reason, number)"
		" WHERE NOT EXISTS (SELECT FROM skillancer.ledger_period c"
		" WHERE c.ends_at > p.effective_at)"
		" ON CONFLICT (idempotency_key) DO NOTHING RETURNING idempotency_key, id",
		TEXTARRAYOID, TEXTARRAYOID, BYTEAARRAYOID, UUIDARRAYOID, TIMESTAMPTZARRAYOID, INT8ARRAYOID,
		TEXTARRAYOID, INT8ARRAYOID, UUIDOID, TEXTOID);
	Datum *prints = palloc(sizeof(Datum) * (size_t) n);
	Datum args[10];
	char nulls[] = "        nn";
	uint64 rows;
	uint64 row = 0;
	bool isnull;

	for (int i = 0; i < n; i++)
		prints[i] = PointerGetDatum(
			fingerprint(sorted[i]->kind, sorted[i]->ref, sorted[i]->legs, sorted[i]->nlegs));
	txn_columns(sorted, prints, n, args);
	skl_request_stamp(&args[8], &nulls[8]);
	rows = skl_spi_exec(&claim, args, nulls);
	for (int i = 0; i < n && row < rows; i++)
	{
		if (strcmp(skl_spi_text(row, 1), sorted[i]->key) != 0)
			continue;
		sorted[i]->txn = DatumGetInt64(skl_spi_value(row, 2, &isnull));
		sorted[i]->made = true;
		row++;
	}
	find_earlier(sorted, prints, n);
}

/* The legs of all new postings, one below the other, with the account of each. */
typedef struct Sheet
{
	int n;
	const SklLeg **legs;
	int64 *txns;
	int *numbers; /* of the leg within its posting, from 1 */
	int64 *accounts;
} Sheet;

static Sheet
sheet_of(const SklPostingSpec *postings, int n)
{
	Sheet sheet = {0};

	for (int i = 0; i < n; i++)
		sheet.n += postings[i].made ? postings[i].nlegs : 0;
	sheet.legs = palloc(sizeof(SklLeg *) * (size_t) Max(sheet.n, 1));
	sheet.txns = palloc(sizeof(int64) * (size_t) Max(sheet.n, 1));
	sheet.numbers = palloc(sizeof(int) * (size_t) Max(sheet.n, 1));
	sheet.accounts = palloc0(sizeof(int64) * (size_t) Max(sheet.n, 1));
	sheet.n = 0;
	for (int i = 0; i < n; i++)
	{
		for (int k = 0; postings[i].made && k < postings[i].nlegs; k++)
		{
			sheet.legs[sheet.n] = &postings[i].legs[k];
			sheet.txns[sheet.n] = postings[i].txn;
			sheet.numbers[sheet.n++] = k + 1;
		}
	}
	return sheet;
}

static int
compare_accounts(const void *a, const void *b)
{
	int64 left = ((const SklAccount *) a)->id;
	int64 right = ((const SklAccount *) b)->id;

	return (left > right) - (left < right);
}

/* Moves a locked account by one leg and checks its floor. */
static void
move_account(SklAccount *account, int64 amount)
{
	int64 change = amount;

	if (!account->debit_normal && pg_sub_s64_overflow(0, amount, &change))
		change = PG_INT64_MIN;
	if (change == PG_INT64_MIN || pg_add_s64_overflow(account->balance, change, &account->balance))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("the balance of an account is out of range")));
	account->version++;
	if (account->floor_zero && account->balance < 0)
		skl_fail(SKL_ERR_INSUFFICIENT_FUNDS);
}

static void
store_accounts(const SklAccount *accounts, int n)
{
	static SklStmt store = SKL_STMT(
		"UPDATE skillancer.ledger_account a SET balance = n.balance, version = n.version"
		" FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (id, balance, version)"
		" WHERE a.id = n.id",
		INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID);
	SklColumn ids = column_make(n), balances = column_make(n), versions = column_make(n);
	Datum args[3];

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
	{
		column_set(&ids, i, Int64GetDatum(accounts[i].id), false);
		column_set(&balances, i, Int64GetDatum(accounts[i].balance), false);
		column_set(&versions, i, Int64GetDatum(accounts[i].version), false);
	}
	args[0] = column_array(&ids, INT8OID);
	args[1] = column_array(&balances, INT8OID);
	args[2] = column_array(&versions, INT8OID);
	skl_spi_exec(&store, args, NULL);
}

/* Applies every leg to its account and writes all entries by one statement. */
static void
write_entries(const Sheet *sheet, SklAccount *accounts, int naccounts)
{
	static SklStmt insert = SKL_STMT(
		"INSERT INTO skillancer.ledger_entry (txn, leg, account, amount, currency, balance_after,"
		" account_version, epoch)"
		" SELECT l.txn, l.leg, l.account, l.amount, l.currency, l.balance_after, l.version, $8"
		" FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[],"
		" $6::bigint[], $7::bigint[])"
		" AS l (txn, leg, account, amount, currency, balance_after, version)",
		INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, INT8ARRAYOID,
		INT8ARRAYOID, INT4OID);
	SklColumn legs = column_make(sheet->n), amounts = column_make(sheet->n),
			  currencies = column_make(sheet->n), after = column_make(sheet->n),
			  versions = column_make(sheet->n);
	Datum args[8];

	for (int i = 0; i < sheet->n; i++)
	{
		SklAccount key = {.id = sheet->accounts[i]};
		SklAccount *account =
			bsearch(&key, accounts, (size_t) naccounts, sizeof(SklAccount), compare_accounts);

		if (account != NULL)
			move_account(account, sheet->legs[i]->amount);
		column_set(&legs, i, Int64GetDatum(sheet->numbers[i]), false);
		column_set(&amounts, i, Int64GetDatum(sheet->legs[i]->amount), false);
		column_set_text(&currencies, i, sheet->legs[i]->currency);
		column_set(&after, i, Int64GetDatum(account ? account->balance : 0), account == NULL);
		column_set(&versions, i, Int64GetDatum(account ? account->version : 0), account == NULL);
	}
	store_accounts(accounts, naccounts);
	args[0] = int8_array(sheet->txns, sheet->n);
	args[1] = column_array(&legs, INT8OID);
	args[2] = int8_array(sheet->accounts, sheet->n);
	args[3] = column_array(&amounts, INT8OID);
	args[4] = column_array(&currencies, TEXTOID);
	args[5] = column_array(&after, INT8OID);
	args[6] = column_array(&versions, INT8OID);
	args[7] = Int32GetDatum(skl_epoch());
	skl_spi_exec(&insert, args, NULL);
}

/* Postings with a date of their own keep a close of the books waiting, and wait for one. */
static void
hold_periods_open(void)
{
	static SklStmt stmt = SKL_STMT0("SELECT pg_catalog.pg_advisory_xact_lock_shared("
									"pg_catalog.hashtextextended('skillancer.ledger_close', 0))");

	skl_spi_exec(&stmt, NULL, NULL);
}

void
skl_ledger_post_many(SklPostingSpec *postings, int n)
{
	SklPostingSpec **sorted;
	SklAccount *accounts;
	bool dated = false;
	int naccounts;
	Sheet sheet;

	for (int i = 0; i < n; i++)
		check_legs(postings[i].legs, postings[i].nlegs);
	skl_state_check();
	skl_spi_connect();
	sorted = palloc(sizeof(*sorted) * (size_t) Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		sorted[i] = &postings[i];
		dated = dated || postings[i].effective_at != 0;
		if (postings[i].effective_at == 0)
			postings[i].effective_at = skl_now();
	}
	if (dated)
		hold_periods_open();
	qsort(sorted, (size_t) n, sizeof(*sorted), compare_keys);
	claim_txns(sorted, n);
	sheet = sheet_of(postings, n);
	if (sheet.n > 0)
	{
		accounts = skl_ledger_accounts(sheet.legs, sheet.n, sheet.accounts, &naccounts);
		write_entries(&sheet, accounts, naccounts);
	}
	skl_spi_finish();
}

int64
skl_ledger_post(const char *kind, const char *key, const pg_uuid_t *ref, const SklLeg *legs,
				int nlegs)
{
	SklPostingSpec posting = {.kind = kind, .key = key, .ref = ref, .legs = legs, .nlegs = nlegs};

	if (skl_ledger_collect(kind, key, ref, legs, nlegs, &posting.number))
		return posting.number;
	skl_ledger_post_many(&posting, 1);
	return posting.txn;
}

int64
skl_ledger_balance(const char *account_class, const pg_uuid_t *owner, const pg_uuid_t *ref,
				   const char *currency)
{
	static SklStmt stmt =
		SKL_STMT("SELECT CASE WHEN a.mode = 'row' THEN a.balance ELSE"
				 " skillancer.ledger_derived_balance(a.id, a.debit_normal) END"
				 " FROM skillancer.ledger_account a WHERE a.class = $1 AND a.currency = $2"
				 " AND coalesce(a.owner, '00000000-0000-0000-0000-000000000000')"
				 " = coalesce($3, '00000000-0000-0000-0000-000000000000')"
				 " AND coalesce(a.ref, '00000000-0000-0000-0000-000000000000')"
				 " = coalesce($4, '00000000-0000-0000-0000-000000000000')",
				 TEXTOID, TEXTOID, UUIDOID, UUIDOID);
	Datum args[4] = {CStringGetTextDatum(account_class), CStringGetTextDatum(currency)};
	char nulls[] = "  nn";
	int64 balance = 0;
	bool isnull;

	if (owner != NULL)
	{
		args[2] = UUIDPGetDatum(owner);
		nulls[2] = ' ';
	}
	if (ref != NULL)
	{
		args[3] = UUIDPGetDatum(ref);
		nulls[3] = ' ';
	}
	skl_ledger_settle(account_class, owner, ref);
	skl_spi_connect();
	if (skl_spi_exec(&stmt, args, nulls) == 1)
		balance = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_spi_finish();
	return balance;
}

int64
skl_ledger_lock(const char *account_class, const pg_uuid_t *owner, const char *currency)
{
	SklLeg leg = {.account_class = account_class, .owner = owner};
	const SklLeg *legs[] = {&leg};
	SklAccount *accounts;
	int64 number;
	int naccounts;
	int64 balance;

	strlcpy(leg.currency, currency, sizeof(leg.currency));
	skl_ledger_settle(account_class, owner, NULL);
	skl_spi_connect();
	accounts = skl_ledger_accounts(legs, 1, &number, &naccounts);
	if (naccounts != 1)
		elog(ERROR, "account class \"%s\" has no row to lock", account_class);
	balance = accounts[0].balance;
	skl_spi_finish();
	return balance;
}
