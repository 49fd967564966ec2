/*
 * core/ledger.c
 *		Posting to the double-entry ledger.
 *
 * post → check legs → ledger_txn (its unique key is the idempotency) → accounts by identity →
 * lock row accounts by ascending id → new balances and floors → one UPDATE, one INSERT of all legs.
 * Accounts of mode "derived" are neither locked nor updated: their balance is the sum of their
 * entries, so that a fee account that every release touches is no bottleneck.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/ledger.h"
#include "core/request.h"
#include "core/spi.h"
#include "core/state.h"

#include "catalog/pg_type_d.h"
#include "common/cryptohash.h"
#include "common/int.h"
#include "common/sha2.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/memutils.h"

/* An account as far as posting needs it. */
typedef struct Account
{
	int64 id;
	int64 balance;
	int64 version;
	bool row_mode;
	bool floor_zero;
	bool debit_normal;
} Account;

PG_FUNCTION_INFO_V1(skl_fn_ledger_post);
PG_FUNCTION_INFO_V1(skl_fn_ledger_balance);

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

/*
 * Claims the key. True: *txn is new and is to be filled. False: the same posting was made before
 * and *txn is its number.
 */
static bool
claim_txn(const char *kind, const char *key, const pg_uuid_t *ref, bytea *print, int64 *txn)
{
	static SklStmt claim =
		SKL_STMT("INSERT INTO skillancer.ledger_txn (kind, idempotency_key, fingerprint, ref,"
				 " actor_id, correlation_id, effective_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
				 " ON CONFLICT (idempotency_key) DO NOTHING RETURNING id",
				 TEXTOID, TEXTOID, BYTEAOID, UUIDOID, UUIDOID, TEXTOID, TIMESTAMPTZOID);
	static SklStmt find = SKL_STMT("SELECT id, fingerprint = $2 FROM skillancer.ledger_txn"
								   " WHERE idempotency_key = $1",
								   TEXTOID, BYTEAOID);
	const SklRequest *request = skl_request();
	Datum args[7] = {CStringGetTextDatum(kind), CStringGetTextDatum(key), PointerGetDatum(print)};
	Datum find_args[2] = {args[1], args[2]};
	char nulls[] = "   nnn ";
	bool isnull;

	if (ref != NULL)
	{
		args[3] = UUIDPGetDatum(ref);
		nulls[3] = ' ';
	}
	if (request != NULL && request->has_user)
	{
		args[4] = UUIDPGetDatum(&request->user_id);
		nulls[4] = ' ';
	}
	if (request != NULL && request->request_id != NULL)
	{
		args[5] = CStringGetTextDatum(request->request_id);
		nulls[5] = ' ';
	}
	args[6] = TimestampTzGetDatum(skl_now());
	if (skl_spi_exec(&claim, args, nulls) == 1)
	{
		*txn = DatumGetInt64(skl_spi_value(0, 1, &isnull));
		return true;
	}
	if (skl_spi_exec(&find, find_args, NULL) != 1)
		skl_fail(SKL_ERR_RETRY_LATER);
	if (!DatumGetBool(skl_spi_value(0, 2, &isnull)))
		skl_failf(SKL_ERR_IDEMPOTENCY_MISMATCH, "a posting with this key says something else");
	*txn = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	return false;
}

/* Makes sure that the account of a leg exists, and returns its number. */
static int64
account_of(const SklLeg *leg)
{
	static SklStmt find =
		SKL_STMT("SELECT id FROM skillancer.ledger_account WHERE class = $1 AND currency = $2"
				 " AND coalesce(owner, '00000000-0000-0000-0000-000000000000')"
				 " = coalesce($3, '00000000-0000-0000-0000-000000000000')"
				 " AND coalesce(ref, '00000000-0000-0000-0000-000000000000')"
				 " = coalesce($4, '00000000-0000-0000-0000-000000000000')",
				 TEXTOID, TEXTOID, UUIDOID, UUIDOID);
	static SklStmt create = SKL_STMT(
		"INSERT INTO skillancer.ledger_account (class, currency, owner, ref, booking_id, mode,"
		" floor_zero, debit_normal)"
		" SELECT c.class, $2, $3, $4, $5::skillancer.booking_id, c.mode, c.floor_zero,"
		" c.type IN ('asset', 'expense', 'trading')"
		" FROM skillancer.account_class c WHERE c.class = $1 ON CONFLICT DO NOTHING",
		TEXTOID, TEXTOID, UUIDOID, UUIDOID, UUIDOID);
	Datum args[5] = {CStringGetTextDatum(leg->account_class), CStringGetTextDatum(leg->currency)};
	char nulls[] = "  nnn";
	bool isnull;

	if (leg->owner != NULL)
	{
		args[2] = UUIDPGetDatum(leg->owner);
		nulls[2] = ' ';
	}
	if (leg->ref != NULL)
	{
		args[3] = UUIDPGetDatum(leg->ref);
		nulls[3] = ' ';
	}
	if (leg->booking != NULL)
	{
		args[4] = UUIDPGetDatum(leg->booking);
		nulls[4] = ' ';
	}
	if (skl_spi_exec(&find, args, nulls) == 0)
	{
		skl_spi_exec(&create, args, nulls);
		if (skl_spi_exec(&find, args, nulls) == 0)
			elog(ERROR, "there is no account class \"%s\"", leg->account_class);
	}
	return DatumGetInt64(skl_spi_value(0, 1, &isnull));
}

static Datum
int8_array(const int64 *values, int n)
{
	Datum *elements = palloc(sizeof(Datum) * (size_t) n);

	for (int i = 0; i < n; i++)
		elements[i] = Int64GetDatum(values[i]);
	return PointerGetDatum(
		construct_array(elements, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

static Datum
int8_array_or_null(const int64 *values, const bool *isnull, int n)
{
	Datum *elements = palloc(sizeof(Datum) * (size_t) n);
	int dims[1] = {n};
	int lbs[1] = {1};

	for (int i = 0; i < n; i++)
		elements[i] = Int64GetDatum(values[i]);
	return PointerGetDatum(construct_md_array(elements, (bool *) isnull, 1, dims, lbs, INT8OID,
											  sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* Locks the row accounts among ids, in the order of their numbers, and reads all of them. */
static Account *
lock_accounts(const int64 *ids, int n, int *naccounts)
{
	static SklStmt lock =
		SKL_STMT("SELECT id, balance, version, mode = 'row', floor_zero, debit_normal"
				 " FROM skillancer.ledger_account WHERE id = ANY ($1) AND mode = 'row'"
				 " ORDER BY id FOR UPDATE",
				 INT8ARRAYOID);
	Datum args[1] = {int8_array(ids, n)};
	uint64 rows = skl_spi_exec(&lock, args, NULL);
	Account *accounts = palloc0(sizeof(Account) * (size_t) Max(rows, 1));
	bool isnull;

	for (uint64 i = 0; i < rows; i++)
	{
		accounts[i].id = DatumGetInt64(skl_spi_value(i, 1, &isnull));
		accounts[i].balance = DatumGetInt64(skl_spi_value(i, 2, &isnull));
		accounts[i].version = DatumGetInt64(skl_spi_value(i, 3, &isnull));
		accounts[i].row_mode = DatumGetBool(skl_spi_value(i, 4, &isnull));
		accounts[i].floor_zero = DatumGetBool(skl_spi_value(i, 5, &isnull));
		accounts[i].debit_normal = DatumGetBool(skl_spi_value(i, 6, &isnull));
	}
	*naccounts = (int) rows;
	return accounts;
}

static Account *
find_account(Account *accounts, int n, int64 id)
{
	for (int i = 0; i < n; i++)
	{
		if (accounts[i].id == id)
			return &accounts[i];
	}
	return NULL;
}

/* Moves a locked account by one leg and checks its floor. */
static void
move_account(Account *account, int64 amount)
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
store_accounts(const Account *accounts, int n)
{
	static SklStmt store = SKL_STMT(
		"UPDATE skillancer.ledger_account a SET balance = n.balance, version = n.version"
		" FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (id, balance, version)"
		" WHERE a.id = n.id",
		INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID);
	int64 ids[SKL_LEDGER_MAX_LEGS];
	int64 balances[SKL_LEDGER_MAX_LEGS];
	int64 versions[SKL_LEDGER_MAX_LEGS];
	Datum args[3];

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
	{
		ids[i] = accounts[i].id;
		balances[i] = accounts[i].balance;
		versions[i] = accounts[i].version;
	}
	args[0] = int8_array(ids, n);
	args[1] = int8_array(balances, n);
	args[2] = int8_array(versions, n);
	skl_spi_exec(&store, args, NULL);
}

/* Applies every leg to its account and writes all entries by one statement. */
static void
write_entries(int64 txn, const SklLeg *legs, const int64 *ids, int nlegs, Account *accounts,
			  int naccounts)
{
	static SklStmt insert = SKL_STMT(
		"INSERT INTO skillancer.ledger_entry (txn, leg, account, amount, currency, balance_after,"
		" account_version, epoch)"
		" SELECT $1, l.leg, l.account, l.amount, l.currency, l.balance_after, l.version, $7"
		" FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[])"
		" WITH ORDINALITY AS l (account, amount, currency, balance_after, version, leg)",
		INT8OID, INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT4OID);
	int64 amounts[SKL_LEDGER_MAX_LEGS];
	int64 after[SKL_LEDGER_MAX_LEGS] = {0};
	int64 versions[SKL_LEDGER_MAX_LEGS] = {0};
	bool derived[SKL_LEDGER_MAX_LEGS];
	Datum currencies[SKL_LEDGER_MAX_LEGS];
	Datum args[7];

	for (int i = 0; i < nlegs; i++)
	{
		Account *account = find_account(accounts, naccounts, ids[i]);

		amounts[i] = legs[i].amount;
		currencies[i] = CStringGetTextDatum(legs[i].currency);
		derived[i] = account == NULL;
		if (account == NULL)
			continue;
		move_account(account, legs[i].amount);
		after[i] = account->balance;
		versions[i] = account->version;
	}
	store_accounts(accounts, naccounts);
	args[0] = Int64GetDatum(txn);
	args[1] = int8_array(ids, nlegs);
	args[2] = int8_array(amounts, nlegs);
	args[3] = PointerGetDatum(construct_array(currencies, nlegs, TEXTOID, -1, false, TYPALIGN_INT));
	args[4] = int8_array_or_null(after, derived, nlegs);
	args[5] = int8_array_or_null(versions, derived, nlegs);
	args[6] = Int32GetDatum(skl_epoch());
	skl_spi_exec(&insert, args, NULL);
}

int64
skl_ledger_post(const char *kind, const char *key, const pg_uuid_t *ref, const SklLeg *legs,
				int nlegs)
{
	int64 ids[SKL_LEDGER_MAX_LEGS];
	Account *accounts;
	int naccounts;
	int64 txn;

	check_legs(legs, nlegs);
	skl_state_check();
	skl_spi_connect();
	if (claim_txn(kind, key, ref, fingerprint(kind, ref, legs, nlegs), &txn))
	{
		for (int i = 0; i < nlegs; i++)
			ids[i] = account_of(&legs[i]);
		accounts = lock_accounts(ids, nlegs, &naccounts);
		write_entries(txn, legs, ids, nlegs, accounts, naccounts);
	}
	skl_spi_finish();
	return txn;
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
	skl_spi_connect();
	if (skl_spi_exec(&stmt, args, nulls) == 1)
		balance = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_spi_finish();
	return balance;
}

/* The text elements of argument n, which must have as many as there are legs. */
static Datum *
leg_column(FunctionCallInfo fcinfo, int n, Oid type, int16 typlen, bool byval, char align,
		   bool **nulls, int *nlegs)
{
	Datum *elements;
	int count;

	skl_need_arg(fcinfo, n, "a column of the legs");
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), type, typlen, byval, align, &elements, nulls,
					  &count);
	if (*nlegs >= 0 && count != *nlegs)
		elog(ERROR, "the columns of a posting have different lengths");
	*nlegs = count;
	return elements;
}

/*
 * ledger_post(kind, key, ref, classes text[], owners uuid[], refs uuid[], bookings uuid[],
 * amounts bigint[], currency text) returns bigint: one currency, debit positive.
 */
Datum
skl_fn_ledger_post(PG_FUNCTION_ARGS)
{
	SklLeg *legs;
	int n = -1;
	bool *nulls;
	bool *class_nulls;
	bool *id_nulls[3];
	Datum *ids[3];
	Datum *classes = leg_column(fcinfo, 3, TEXTOID, -1, false, TYPALIGN_INT, &class_nulls, &n);
	Datum *amounts;

	for (int i = 0; i < 3; i++)
		ids[i] =
			leg_column(fcinfo, 4 + i, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &id_nulls[i], &n);
	amounts =
		leg_column(fcinfo, 7, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &nulls, &n);
	skl_need_arg(fcinfo, 0, "the kind");
	skl_need_arg(fcinfo, 1, "the idempotency key");
	skl_need_arg(fcinfo, 8, "the currency");
	legs = palloc0(sizeof(SklLeg) * (size_t) Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		if (class_nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("leg %d has no account class", i + 1)));
		legs[i].account_class = TextDatumGetCString(classes[i]);
		legs[i].owner = id_nulls[0][i] ? NULL : DatumGetUUIDP(ids[0][i]);
		legs[i].ref = id_nulls[1][i] ? NULL : DatumGetUUIDP(ids[1][i]);
		legs[i].booking = id_nulls[2][i] ? NULL : DatumGetUUIDP(ids[2][i]);
		legs[i].amount = nulls[i] ? 0 : DatumGetInt64(amounts[i]);
		text_to_cstring_buffer(PG_GETARG_TEXT_PP(8), legs[i].currency, sizeof(legs[i].currency));
	}
	PG_RETURN_INT64(skl_ledger_post(text_to_cstring(PG_GETARG_TEXT_PP(0)),
									text_to_cstring(PG_GETARG_TEXT_PP(1)),
									PG_ARGISNULL(2) ? NULL : PG_GETARG_UUID_P(2), legs, n));
}

/* ledger_balance(class, owner, ref, currency) returns bigint: minor units on the normal side. */
Datum
skl_fn_ledger_balance(PG_FUNCTION_ARGS)
{
	skl_need_arg(fcinfo, 0, "the account class");
	skl_need_arg(fcinfo, 3, "the currency");
	PG_RETURN_INT64(skl_ledger_balance(
		text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_ARGISNULL(1) ? NULL : PG_GETARG_UUID_P(1),
		PG_ARGISNULL(2) ? NULL : PG_GETARG_UUID_P(2), text_to_cstring(PG_GETARG_TEXT_PP(3))));
}
