/*
 * core/ledger_collect.c
 *		Firing one event at many objects with all their postings in one batch.
 *
 * While postings are collected, skl_ledger_post() keeps a copy, gives it the number that it will
 * have, and returns; in the end all of them are posted at once. So the effects of transitions need
 * not know of it. Who asks for a balance that a collected posting moves has it posted first.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/fire.h"
#include "core/ledger.h"
#include "core/spi.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(skl_fn_fire_batch);

/* What is collected; the context is NULL while nothing is to be. */
static MemoryContext collecting = NULL;
static SklPostingSpec *collected = NULL;
static int ncollected = 0;
static int capacity = 0;

static const pg_uuid_t *
copy_uuid(const pg_uuid_t *id)
{
	pg_uuid_t *copy;

	if (id == NULL)
		return NULL;
	copy = palloc(sizeof(pg_uuid_t));
	*copy = *id;
	return copy;
}

static SklLeg *
copy_legs(const SklLeg *legs, int n)
{
	SklLeg *copies = palloc(sizeof(SklLeg) * (size_t) n);

	for (int i = 0; i < n; i++)
	{
		copies[i] = legs[i];
		copies[i].account_class = pstrdup(legs[i].account_class);
		copies[i].owner = copy_uuid(legs[i].owner);
		copies[i].ref = copy_uuid(legs[i].ref);
		copies[i].booking = copy_uuid(legs[i].booking);
	}
	return copies;
}

/* A number for a posting that is written later. */
static int64
reserve_number(void)
{
	static SklStmt stmt =
		SKL_STMT0("SELECT pg_catalog.nextval('skillancer.ledger_txn_id_seq'::pg_catalog.regclass)");
	int64 number;
	bool isnull;

	skl_spi_connect();
	skl_spi_exec(&stmt, NULL, NULL);
	number = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_spi_finish();
	return number;
}

bool
skl_ledger_collect(const char *kind, const char *key, const pg_uuid_t *ref, const SklLeg *legs,
				   int nlegs, int64 *number)
{
	MemoryContext caller;

	if (collecting == NULL)
		return false;
	*number = reserve_number();
	caller = MemoryContextSwitchTo(collecting);
	if (ncollected == capacity)
	{
		capacity = Max(64, capacity * 2);
		collected = collected == NULL
						? palloc(sizeof(SklPostingSpec) * (size_t) capacity)
						: repalloc(collected, sizeof(SklPostingSpec) * (size_t) capacity);
	}
	collected[ncollected++] = (SklPostingSpec){
		.kind = pstrdup(kind),
		.key = pstrdup(key),
		.ref = copy_uuid(ref),
		.legs = copy_legs(legs, nlegs),
		.nlegs = nlegs,
		.number = *number,
	};
	MemoryContextSwitchTo(caller);
	return true;
}

static void
forget_collected(void)
{
	if (collecting != NULL)
		MemoryContextDelete(collecting);
	collecting = NULL;
	collected = NULL;
	ncollected = 0;
	capacity = 0;
}

/* Posts what is collected so far; more may follow. */
static void
post_collected(void)
{
	int n = ncollected;

	ncollected = 0;
	if (n > 0)
		skl_ledger_post_many(collected, n);
}

static bool
same_uuid(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return a == NULL || b == NULL ? a == b : memcmp(a, b, sizeof(*a)) == 0;
}

void
skl_ledger_settle(const char *account_class, const pg_uuid_t *owner, const pg_uuid_t *ref)
{
	for (int i = 0; i < ncollected; i++)
	{
		for (int k = 0; k < collected[i].nlegs; k++)
		{
			const SklLeg *leg = &collected[i].legs[k];

			if (strcmp(leg->account_class, account_class) == 0 && same_uuid(leg->owner, owner) &&
				same_uuid(leg->ref, ref))
			{
				post_collected();
				return;
			}
		}
	}
}

/*
 * fire_batch(machine text, event text, ids uuid[], timers boolean) returns bigint: as the
 * marketplace, in the order of the ids; timers have to be due still. All of it or nothing; an error
 * is the error of the object that it is about.
 */
Datum
skl_fn_fire_batch(PG_FUNCTION_ARGS)
{
	char *machine = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char *event = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Jsonb *nothing = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
	bool timers = PG_GETARG_BOOL(3);
	Datum *ids;
	bool *nulls;
	int n;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &ids,
					  &nulls, &n);
	if (collecting != NULL)
		elog(ERROR, "a batch of transitions is not nested");
	collecting = AllocSetContextCreate(TopTransactionContext, "skillancer collected postings",
									   ALLOCSET_DEFAULT_SIZES);
	PG_TRY();
	{
		for (int i = 0; i < n; i++)
		{
			if (!nulls[i] && timers)
				(void) skl_fire_timer(machine, DatumGetUUIDP(ids[i]), event);
			else if (!nulls[i])
				(void) skl_fire(machine, DatumGetUUIDP(ids[i]), event, nothing, true);
		}
		post_collected();
	}
	PG_FINALLY();
	{
		forget_collected();
	}
	PG_END_TRY();
	PG_RETURN_INT64(n);
}
