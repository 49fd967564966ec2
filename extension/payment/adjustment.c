/*
 * payment/adjustment.c
 *		Postings by hand: nobody makes one alone, and nobody makes one about himself.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/request.h"
#include "core/spi.h"
#include "payment/payment.h"

#include "catalog/pg_type_d.h"

static bool
is_caller(const SklFire *fire, const char *column)
{
	const SklRequest *request = skl_request();
	pg_uuid_t user;

	return request != NULL && request->has_user && skl_fire_uuid(fire, column, &user) &&
		   memcmp(&user, &request->user_id, UUID_LEN) == 0;
}

static bool
guard_finance(const SklFire *fire)
{
	if (!skl_request_has_permission("finance:adjust"))
		skl_fail(SKL_ERR_PERMISSION_DENIED);
	return true;
}

/* The legs of the row: one a result row of class, owner, signed minor units, currency. */
static uint64
read_legs(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT l.leg ->> 'account', (l.leg ->> 'userId')::skillancer.user_id::uuid,"
		" CASE WHEN l.leg ? 'debit' THEN skillancer.monetary_minor(m.money)"
		" ELSE -skillancer.monetary_minor(m.money) END, skillancer.monetary_currency(m.money)"
		" FROM pg_catalog.jsonb_array_elements($1) WITH ORDINALITY AS l (leg, n)"
		" CROSS JOIN LATERAL (SELECT coalesce(l.leg -> 'debit', l.leg -> 'credit')"
		"::skillancer.monetary AS money) m ORDER BY l.n",
		JSONBOID);
	bool isnull;
	Datum args[1] = {skl_fire_datum(fire, "legs", &isnull)};

	return isnull ? 0 : skl_spi_exec(&stmt, args, NULL);
}

/* Another one than who proposed it, and no account of his own is in it. */
static bool
guard_second_person(const SklFire *fire)
{
	uint64 n;

	guard_finance(fire);
	if (is_caller(fire, "proposed_by"))
		skl_failf(SKL_ERR_PERMISSION_DENIED, "a second person has to approve this");
	n = read_legs(fire);
	for (uint64 i = 0; i < n; i++)
	{
		bool isnull;
		Datum owner = skl_spi_value(i, 2, &isnull);

		if (!isnull && memcmp(DatumGetPointer(owner), &skl_request()->user_id, UUID_LEN) == 0)
			skl_failf(SKL_ERR_PERMISSION_DENIED, "this is about an account of yours");
	}
	return true;
}

/* Who decided, when, and what was posted; nobody decides about a proposal of his own. */
static void
keep_decision(const SklFire *fire, int64 posting)
{
	static SklStmt stmt = SKL_STMT(
		"UPDATE skillancer.adjustment SET decided_by = $2::skillancer.user_id, decided_at = $3,"
		" posting = nullif($4, 0), note = $5 WHERE id = $1",
		UUIDOID, UUIDOID, TIMESTAMPTZOID, INT8OID, TEXTOID);
	char *note = skl_fire_payload(fire, "note");
	char nulls[] = "     ";
	Datum args[5] = {UUIDPGetDatum(&fire->id), UUIDPGetDatum(&skl_request()->user_id),
					 TimestampTzGetDatum(skl_now()), Int64GetDatum(posting),
					 note != NULL ? CStringGetTextDatum(note) : (Datum) 0};

	nulls[1] = is_caller(fire, "proposed_by") ? 'n' : ' ';
	nulls[4] = note == NULL ? 'n' : ' ';
	skl_spi_exec(&stmt, args, nulls);
}

static int64
post_legs(const SklFire *fire, const char *kind)
{
	SklPostingSpec spec = {.kind = kind, .ref = &fire->id, .reason = skl_fire_text(fire, "reason")};
	SklLeg legs[SKL_LEDGER_MAX_LEGS] = {0};
	uint64 n = read_legs(fire);
	bool isnull;

	if (n > SKL_LEDGER_MAX_LEGS)
		skl_fail(SKL_ERR_LEDGER_UNBALANCED);
	for (uint64 i = 0; i < n; i++)
	{
		Datum owner = skl_spi_value_in(CurrentMemoryContext, i, 2, &isnull);

		legs[i].account_class = skl_spi_text(i, 1);
		legs[i].owner = isnull ? NULL : DatumGetUUIDP(owner);
		legs[i].amount = DatumGetInt64(skl_spi_value(i, 3, &isnull));
		strlcpy(legs[i].currency, skl_spi_text(i, 4), sizeof(legs[i].currency));
	}
	spec.legs = legs;
	spec.nlegs = (int) n;
	spec.key = psprintf("%s:%s", kind,
						DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&fire->id))));
	skl_ledger_post_many(&spec, 1);
	return spec.txn;
}

static void
effect_approve(const SklFire *fire)
{
	const char *kind = skl_fire_text(fire, "kind");
	int64 posting;

	if (strcmp(kind, "REVERSAL") == 0)
		posting =
			skl_ledger_reverse(skl_fire_int64(fire, "reverses"), skl_fire_text(fire, "reason"));
	else
		posting = post_legs(fire, strcmp(kind, "WRITE_OFF") == 0 ? "write_off" : "adjustment");
	keep_decision(fire, posting);
}

static void
effect_reject(const SklFire *fire)
{
	keep_decision(fire, 0);
}

void
skl_adjustment_init(void)
{
	skl_register_guard("adjustment_finance", guard_finance);
	skl_register_guard("adjustment_second_person", guard_second_person);
	skl_register_effect("adjustment", "approve", effect_approve);
	skl_register_effect("adjustment", "reject", effect_reject);
}
