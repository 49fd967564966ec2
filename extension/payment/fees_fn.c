/*
 * payment/fees_fn.c
 *		The fee schedule: reads the tiers of a version and applies the arithmetic of fees.c.
 *
 * A version never changes while it is used, and is asked for at every release: a backend keeps the
 * tiers that it has met. A trigger on the table invalidates its relcache entry; that message
 * reaches every backend at commit, before its next statement, and the tiers are forgotten.
 */
#include "skl.h"

#include "core/spi.h"
#include "payment/fees.h"
#include "payment/payment.h"

#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(skl_fn_fee_step);

/* The tiers of one version, kind and currency. */
typedef struct KnownTiers
{
	int64 version;
	char kind[16];
	char currency[4];
	int ntiers;
	SklFeeTier tiers[SKL_FEE_MAX_TIERS];
} KnownTiers;

/* A market has few: when there are more, the oldest give way to all of the new ones. */
#define MAX_KNOWN 32

static KnownTiers known[MAX_KNOWN];
static int count_known = 0;
static Oid schedule = InvalidOid;
static bool stale = true;

static void
schedule_changed(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == schedule)
		stale = true;
}

void
skl_fees_init(void)
{
	CacheRegisterRelcacheCallback(schedule_changed, (Datum) 0);
}

/* Reads the tiers of a version for a currency: its own rows, else those for any currency. */
static int
read_tiers(int64 version, const char *kind, const char *currency, SklFeeTier *tiers)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT skillancer.monetary_minor(skillancer.monetary(f.above, $3)), f.bps"
		" FROM skillancer.fee_schedule f WHERE f.version = $1 AND f.kind = $2"
		" AND f.currency = (SELECT max(g.currency COLLATE \"C\") FROM skillancer.fee_schedule g"
		" WHERE g.version = $1 AND g.kind = $2 AND g.currency IN ('*', $3))"
		" ORDER BY f.above",
		INT8OID, TEXTOID, TEXTOID);
	Datum args[3] = {Int64GetDatum(version), CStringGetTextDatum(kind),
					 CStringGetTextDatum(currency)};
	uint64 n = skl_spi_exec(&stmt, args, NULL);
	bool isnull;

	if (n == 0 || n > SKL_FEE_MAX_TIERS)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("fee schedule " INT64_FORMAT " has no usable tiers of kind %s",
							   version, kind),
						errhint("A schedule has 1 to %d rows for each kind.", SKL_FEE_MAX_TIERS)));
	for (uint64 i = 0; i < n; i++)
	{
		tiers[i].above = DatumGetInt64(skl_spi_value(i, 1, &isnull));
		tiers[i].bps = DatumGetInt32(skl_spi_value(i, 2, &isnull));
	}
	return (int) n;
}

/* Forgets what is out of date. */
static void
prepare_known(void)
{
	if (!stale && count_known < MAX_KNOWN)
		return;
	count_known = 0;
	schedule = get_relname_relid("fee_schedule", get_namespace_oid(SKL_SCHEMA, false));
	stale = false;
}

/* The tiers, out of memory when they are known. Valid until the next call. */
static const KnownTiers *
find_tiers(int64 version, const char *kind, const char *currency)
{
	KnownTiers *entry;

	prepare_known();
	for (int i = 0; i < count_known; i++)
	{
		entry = &known[i];
		if (entry->version == version && strcmp(entry->kind, kind) == 0 &&
			strcmp(entry->currency, currency) == 0)
			return entry;
	}
	entry = &known[count_known];
	entry->version = version;
	strlcpy(entry->kind, kind, sizeof(entry->kind));
	strlcpy(entry->currency, currency, sizeof(entry->currency));
	entry->ntiers = read_tiers(version, kind, currency, entry->tiers);
	/* Reading may have taken in an invalidation: then they are good for this call only. */
	if (!stale)
		count_known++;
	return entry;
}

int64
skl_fee(int64 version, const char *kind, const char *currency, int64 before, int64 minor)
{
	const KnownTiers *found = find_tiers(version, kind, currency);
	int64 fee;

	if (!skl_fee_step(found->tiers, found->ntiers, before, minor, &fee))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("fee out of range")));
	return fee;
}

/* fee_step(version, kind, before, amount) returns monetary. */
Datum
skl_fn_fee_step(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	char *kind = text_to_cstring(PG_GETARG_TEXT_PP(1));
	SklMonetary *before = PG_GETARG_MONETARY_P(2);
	SklMonetary *amount = PG_GETARG_MONETARY_P(3);
	int64 fee;

	skl_monetary_same_currency(before, amount, "bill");
	skl_spi_connect();
	fee = skl_fee(PG_GETARG_INT32(0), kind, amount->currency, before->minor, amount->minor);
	skl_spi_finish();
	MemoryContextSwitchTo(caller);
	PG_RETURN_MONETARY_P(skl_monetary_make(fee, amount->currency));
}
