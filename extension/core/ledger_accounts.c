/*
 * core/ledger_accounts.c
 *		The accounts behind the legs of postings: found, made where they are missing, locked.
 *
 * legs → known derived accounts → row accounts by identity, locked by ascending id, in one
 * statement → what is left is derived and met for the first time, or has to be made.
 */
#include "skl.h"

#include "core/columns.h"
#include "core/ledger_accounts.h"
#include "core/spi.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "utils/inval.h"
#include "utils/memutils.h"

/* A derived account whose number is known: it never changes, and is kept in the backend. */
typedef struct DerivedAccount
{
	struct DerivedAccount *next;
	int64 id;
	char currency[4];
	char account_class[FLEXIBLE_ARRAY_MEMBER];
} DerivedAccount;

static MemoryContext derived_context = NULL;
static DerivedAccount *derived = NULL;
static bool derived_is_new = false; /* something was noted in this transaction */
static Oid account_relid = InvalidOid;

static void
forget_derived(void)
{
	derived = NULL;
	derived_is_new = false;
	if (derived_context != NULL)
		MemoryContextReset(derived_context);
}

/* What a transaction noted may have been made by it: after an abort it is not there. */
static void
derived_at_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT && derived_is_new)
		forget_derived();
	else if (event == XACT_EVENT_COMMIT)
		derived_is_new = false;
}

static void
derived_at_subabort(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && derived_is_new)
		forget_derived();
}

/* The tables may be others now: the extension was made anew. */
static void
derived_invalidated(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == account_relid)
		forget_derived();
}

static void
note_derived(const SklLeg *leg, int64 id)
{
	size_t length = strlen(leg->account_class) + 1;
	DerivedAccount *entry;

	if (derived_context == NULL)
	{
		derived_context =
			AllocSetContextCreate(TopMemoryContext, "skillancer accounts", ALLOCSET_SMALL_SIZES);
		RegisterXactCallback(derived_at_end, NULL);
		RegisterSubXactCallback(derived_at_subabort, NULL);
		CacheRegisterRelcacheCallback(derived_invalidated, (Datum) 0);
	}
	account_relid = get_relname_relid("ledger_account", get_namespace_oid(SKL_SCHEMA, false));
	entry = MemoryContextAlloc(derived_context, offsetof(DerivedAccount, account_class) + length);
	entry->id = id;
	strlcpy(entry->currency, leg->currency, sizeof(entry->currency));
	memcpy(entry->account_class, leg->account_class, length);
	entry->next = derived;
	derived = entry;
	derived_is_new = true;
}

static int64
known_derived(const SklLeg *leg)
{
	if (leg->owner != NULL || leg->ref != NULL)
		return 0;
	for (DerivedAccount *entry = derived; entry != NULL; entry = entry->next)
	{
		if (strcmp(entry->currency, leg->currency) == 0 &&
			strcmp(entry->account_class, leg->account_class) == 0)
			return entry->id;
	}
	return 0;
}

/* The legs whose accounts are not known yet, as columns: class, currency, owner, ref, booking. */
typedef struct Unknown
{
	int n;
	int *legs; /* where each is among all legs */
	Datum identity[5];
} Unknown;

static Unknown
unknown_of(const SklLeg **legs, int n, const int64 *numbers)
{
	Unknown unknown = {.legs = palloc(sizeof(int) * (size_t) n)};
	SklColumn columns[5];

	for (int i = 0; i < n; i++)
	{
		if (numbers[i] == 0)
			unknown.legs[unknown.n++] = i;
	}
	for (int i = 0; i < 5; i++)
		columns[i] = column_make(unknown.n);
	for (int i = 0; i < unknown.n; i++)
	{
		const SklLeg *leg = legs[unknown.legs[i]];

		column_set_text(&columns[0], i, leg->account_class);
		column_set_text(&columns[1], i, leg->currency);
		column_set_uuid(&columns[2], i, leg->owner);
		column_set_uuid(&columns[3], i, leg->ref);
		column_set_uuid(&columns[4], i, leg->booking);
	}
	for (int i = 0; i < 5; i++)
		unknown.identity[i] = column_array(&columns[i], i < 2 ? TEXTOID : UUIDOID);
	return unknown;
}

#define SAME_IDENTITY                                                \
	" a.class = l.class AND a.currency = l.currency"                 \
	" AND coalesce(a.owner, '00000000-0000-0000-0000-000000000000')" \
	" = coalesce(l.owner, '00000000-0000-0000-0000-000000000000')"   \
	" AND coalesce(a.ref, '00000000-0000-0000-0000-000000000000')"   \
	" = coalesce(l.ref, '00000000-0000-0000-0000-000000000000')"

/* Locks the row accounts among the unknown ones, adds them to accounts, and notes their numbers. */
static int
lock_rows(const Unknown *unknown, int64 *numbers, SklAccount *accounts)
{
	static SklStmt stmt =
		SKL_STMT("SELECT l.ord, a.id, a.balance, a.version, a.floor_zero, a.debit_normal"
				 " FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[])"
				 " WITH ORDINALITY AS l (class, currency, owner, ref, ord)"
				 " JOIN skillancer.ledger_account a ON" SAME_IDENTITY " AND a.mode = 'row'"
				 " ORDER BY a.id FOR UPDATE OF a",
				 TEXTARRAYOID, TEXTARRAYOID, UUIDARRAYOID, UUIDARRAYOID);
	uint64 rows = skl_spi_exec(&stmt, unknown->identity, NULL);
	int n = 0;
	bool isnull;

	for (uint64 i = 0; i < rows; i++)
	{
		int64 id = DatumGetInt64(skl_spi_value(i, 2, &isnull));

		numbers[unknown->legs[DatumGetInt64(skl_spi_value(i, 1, &isnull)) - 1]] = id;
		if (n > 0 && accounts[n - 1].id == id)
			continue;
		accounts[n++] = (SklAccount){
			.id = id,
			.balance = DatumGetInt64(skl_spi_value(i, 3, &isnull)),
			.version = DatumGetInt64(skl_spi_value(i, 4, &isnull)),
			.floor_zero = DatumGetBool(skl_spi_value(i, 5, &isnull)),
			.debit_normal = DatumGetBool(skl_spi_value(i, 6, &isnull)),
		};
	}
	return n;
}

/*
 * Finds the derived accounts among the unknown ones; true when no leg is left without an account.
 */
static bool
find_derived(const SklLeg **legs, const Unknown *unknown, int64 *numbers)
{
	static SklStmt stmt =
		SKL_STMT("SELECT l.ord, a.id FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[])"
				 " WITH ORDINALITY AS l (class, currency, owner, ref, ord)"
				 " JOIN skillancer.ledger_account a ON" SAME_IDENTITY " AND a.mode = 'derived'",
				 TEXTARRAYOID, TEXTARRAYOID, UUIDARRAYOID, UUIDARRAYOID);
	uint64 rows = skl_spi_exec(&stmt, unknown->identity, NULL);
	bool isnull;

	for (uint64 i = 0; i < rows; i++)
	{
		int leg = unknown->legs[DatumGetInt64(skl_spi_value(i, 1, &isnull)) - 1];

		numbers[leg] = DatumGetInt64(skl_spi_value(i, 2, &isnull));
		if (legs[leg]->owner == NULL && legs[leg]->ref == NULL && known_derived(legs[leg]) == 0)
			note_derived(legs[leg], numbers[leg]);
	}
	for (int i = 0; i < unknown->n; i++)
	{
		if (numbers[unknown->legs[i]] == 0)
			return false;
	}
	return true;
}

/* Makes the accounts that are not there yet. */
static void
make_accounts(const Unknown *unknown)
{
	static SklStmt stmt = SKL_STMT(
		"INSERT INTO skillancer.ledger_account (class, currency, owner, ref, booking_id, mode,"
		" floor_zero, debit_normal)"
		" SELECT c.class, l.currency, l.owner, l.ref, l.booking::skillancer.booking_id, c.mode,"
		" c.floor_zero, c.type IN ('asset', 'expense', 'trading')"
		" FROM (SELECT DISTINCT ON (u.class, u.currency, u.owner, u.ref) u.*"
		" FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[])"
		" AS u (class, currency, owner, ref, booking)) l"
		" JOIN skillancer.account_class c ON c.class = l.class"
		" ORDER BY c.class, l.currency, l.owner, l.ref ON CONFLICT DO NOTHING",
		TEXTARRAYOID, TEXTARRAYOID, UUIDARRAYOID, UUIDARRAYOID, UUIDARRAYOID);

	skl_spi_exec(&stmt, unknown->identity, NULL);
}

/* Every leg's account that exists; true when that is all of them. Row accounts are locked. */
static bool
look_up(const SklLeg **legs, int n, int64 *numbers, SklAccount *accounts, int *naccounts)
{
	Unknown unknown;

	for (int i = 0; i < n; i++)
		numbers[i] = known_derived(legs[i]);
	unknown = unknown_of(legs, n, numbers);
	*naccounts = lock_rows(&unknown, numbers, accounts);
	unknown = unknown_of(legs, n, numbers);
	return unknown.n == 0 || find_derived(legs, &unknown, numbers);
}

SklAccount *
skl_ledger_accounts(const SklLeg **legs, int n, int64 *numbers, int *naccounts)
{
	SklAccount *accounts = palloc(sizeof(SklAccount) * (size_t) Max(n, 1));
	Unknown unknown;

	if (look_up(legs, n, numbers, accounts, naccounts))
		return accounts;
	unknown = unknown_of(legs, n, numbers);
	make_accounts(&unknown);
	if (look_up(legs, n, numbers, accounts, naccounts))
		return accounts;
	unknown = unknown_of(legs, n, numbers);
	elog(ERROR, "there is no account class \"%s\"", legs[unknown.legs[0]]->account_class);
}
