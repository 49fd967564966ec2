/*
 * payment/chargeback.c
 *		Charge-backs: the card holder's bank takes a charge back (T13), and decides weeks later.
 *
 * Until then as much as possible is frozen: chargeback_freeze.c says of what. Won (T13c): the
 * freeze is reversed, and what the freelancer has paid of the debt is given back to him. Lost
 * (T13d): what was frozen is gone; what could not be frozen is a write-off.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/spi.h"
#include "payment/chargeback.h"

#include "catalog/pg_type_d.h"

/* T13: the bank has the money, and its fee. */
static void
post_opened(const SklFire *fire, const SklMonetary *amount)
{
	int64 fee = skl_fire_money(fire, "fee")->minor;
	SklPosting posting;

	skl_posting_start(&posting, amount->currency);
	skl_posting_debit(&posting, "chargeback_receivable", (SklHolder){.ref = &fire->id},
					  amount->minor);
	skl_posting_debit(&posting, "expense_chargeback", (SklHolder){0}, fee);
	skl_posting_credit(&posting, "psp_clearing", (SklHolder){0}, amount->minor + fee);
	skl_posting_send(&posting, "chargeback", &fire->id);
}

void
skl_chargeback_tell(const char *machine, const pg_uuid_t *id, const char *event,
					const char *payload)
{
	(void) skl_fire(machine, id, event,
					DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(payload))), true);
}

char *
skl_chargeback_payload(int64 minor, const char *currency)
{
	char digits[SKL_MONEY_MAX];
	SklMonetary *money = skl_monetary_make(minor, currency);

	skl_money_write(money, digits);
	return psprintf("{\"amount\": \"%s\"}", digits);
}

static void
effect_open(const SklFire *fire)
{
	pg_uuid_t charge = skl_fire_id(fire, "charge_id");

	post_opened(fire, skl_fire_money(fire, "amount"));
	skl_chargeback_tell("charge", &charge, "charge_back", "{}");
	skl_chargeback_freeze(fire);
}

/* What of a debt was written off since it was made, in minor units. */
static int64
written_off(const pg_uuid_t *freelancer, const char *currency, int64 since)
{
	static SklStmt stmt =
		SKL_STMT("SELECT coalesce(-sum(e.amount), 0)::bigint FROM skillancer.ledger_account a"
				 " JOIN skillancer.ledger_entry e ON e.account = a.id AND e.txn > $3"
				 " JOIN skillancer.ledger_txn t ON t.id = e.txn AND t.kind = 'write_off'"
				 " WHERE a.class = 'freelancer_receivable' AND a.owner = $1 AND a.currency = $2",
				 UUIDOID, TEXTOID, INT8OID);
	Datum args[3] = {UUIDPGetDatum(freelancer), CStringGetTextDatum(currency),
					 Int64GetDatum(since)};
	bool isnull;

	skl_spi_exec(&stmt, args, NULL);
	return DatumGetInt64(skl_spi_value(0, 1, &isnull));
}

/* Makes the debt whole again before the freeze is reversed: who has paid of it gets that back. */
static void
restore_debt(const SklFire *fire, int64 freeze_posting)
{
	const SklMonetary *debt = skl_fire_money(fire, "receivable");
	pg_uuid_t freelancer;
	SklPosting posting;
	int64 missing;
	int64 off;

	if (debt->minor == 0 || !skl_fire_uuid(fire, "freelancer_id", &freelancer))
		return;
	missing = debt->minor - skl_ledger_lock("freelancer_receivable", &freelancer, debt->currency);
	if (missing <= 0)
		return;
	off = Min(missing, written_off(&freelancer, debt->currency, freeze_posting));
	skl_posting_start(&posting, debt->currency);
	skl_posting_debit(&posting, "freelancer_receivable", (SklHolder){.owner = &freelancer},
					  missing);
	skl_posting_credit(&posting, "expense_writeoff", (SklHolder){0}, off);
	skl_posting_credit(&posting, "freelancer_available", (SklHolder){.owner = &freelancer},
					   missing - off);
	skl_posting_send(&posting, "recoup_return", &fire->id);
}

/* The booking and the two whose billings a charge-back has changed; false: none. */
static bool
read_pair(const SklFire *fire, SklStep *step)
{
	static SklStmt stmt = SKL_STMT("SELECT m.booking_id, m.client_id, m.freelancer_id"
								   " FROM skillancer.milestone m"
								   " WHERE m.id = $1::skillancer.milestone_id",
								   UUIDOID);
	const SklMonetary *gross = skl_fire_money(fire, "from_released");
	Datum args[1] = {UUIDPGetDatum(&step->milestone)};
	pg_uuid_t *ids[] = {&step->booking, &step->client, &step->freelancer};
	bool isnull;

	if (gross->minor == 0)
		return false;
	step->milestone = skl_fire_id(fire, "milestone_id");
	step->amount = gross->minor;
	strlcpy(step->currency, gross->currency, sizeof(step->currency));
	if (skl_spi_exec(&stmt, args, NULL) != 1)
		elog(ERROR, "a charge-back has lost its milestone");
	for (int i = 0; i < (int) lengthof(ids); i++)
		memcpy(ids[i], DatumGetPointer(skl_spi_value(0, i + 1, &isnull)), UUID_LEN);
	return true;
}

/* Notes the end. */
static void
close_it(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.chargeback SET closed_at = $2 WHERE id = $1",
								   UUIDOID, TIMESTAMPTZOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};

	skl_spi_exec(&stmt, args, NULL);
}

/*
 * The milestone whose escrow is held, how much of it, and whether that is all that is left of it;
 * false: none.
 */
static bool
read_held(const SklFire *fire, pg_uuid_t *milestone, int64 *held, bool *is_all)
{
	static SklStmt stmt = SKL_STMT("SELECT m.id, skillancer.monetary_minor(p.gross),"
								   " skillancer.monetary_minor(m.amount)"
								   " - coalesce(skillancer.monetary_minor(m.released_part), 0)"
								   " - coalesce(skillancer.monetary_minor(m.refunded_part), 0)"
								   " = skillancer.monetary_minor(p.gross)"
								   " FROM skillancer.chargeback_part p"
								   " JOIN skillancer.milestone m ON m.id = p.milestone_id"
								   " WHERE p.chargeback_id = $1 AND p.earning_id IS NULL",
								   UUIDOID);
	Datum args[1] = {UUIDPGetDatum(&fire->id)};
	bool isnull;

	if (skl_spi_exec(&stmt, args, NULL) != 1)
		return false;
	memcpy(milestone, DatumGetPointer(skl_spi_value(0, 1, &isnull)), UUID_LEN);
	*held = DatumGetInt64(skl_spi_value(0, 2, &isnull));
	*is_all = DatumGetBool(skl_spi_value(0, 3, &isnull));
	return true;
}

/* Tells the milestone whose escrow is held how it ended. */
static void
tell_milestone(const SklFire *fire, const char *event)
{
	pg_uuid_t milestone;
	int64 held;
	bool is_all;

	if (!read_held(fire, &milestone, &held, &is_all))
		return;
	if (event == NULL)
		event = is_all ? "lose_all" : "lose_held";
	skl_chargeback_tell("milestone", &milestone, event,
						skl_chargeback_payload(held, skl_fire_money(fire, "amount")->currency));
}

/* T13c: the bank gives the money back, and everything is as before. */
static void
effect_win(const SklFire *fire)
{
	static SklStmt others = SKL_STMT("SELECT FROM skillancer.chargeback"
									 " WHERE charge_id = $1::skillancer.charge_id"
									 " AND state IN ('OPEN', 'LOST')",
									 UUIDOID);
	const SklMonetary *amount = skl_fire_money(fire, "amount");
	pg_uuid_t charge = skl_fire_id(fire, "charge_id");
	Datum args[1] = {UUIDPGetDatum(&charge)};
	SklStep step = {0};
	SklPosting posting;
	bool isnull;
	Datum freeze = skl_fire_datum(fire, "freeze_posting", &isnull);

	skl_posting_start(&posting, amount->currency);
	skl_posting_debit(&posting, "psp_clearing", (SklHolder){0}, amount->minor);
	skl_posting_credit(&posting, "chargeback_receivable", (SklHolder){.ref = &fire->id},
					   amount->minor);
	skl_posting_send(&posting, "chargeback_won", &fire->id);
	if (!isnull)
	{
		restore_debt(fire, DatumGetInt64(freeze));
		(void) skl_ledger_reverse(DatumGetInt64(freeze), "the charge-back was won");
		if (read_pair(fire, &step))
			(void) skl_step_service_fee(&step); /* bills the pair again */
	}
	close_it(fire);
	tell_milestone(fire, "unhold");
	if (skl_spi_exec(&others, args, NULL) == 0)
		skl_chargeback_tell("charge", &charge, "restore", "{}");
}

/* What had been released and is lost went back; the taxes were taken back with the freeze. */
static void
return_earnings(const SklFire *fire, int64 lost)
{
	static SklStmt stmt = SKL_STMT(
		"INSERT INTO skillancer.earning_return (earning_id, freelancer_id, client_id, posting,"
		" gross, fee, tax, client_fee, client_tax)"
		" SELECT e.id, e.freelancer_id, e.client_id, $2, p.gross, p.fee, p.tax, p.client_fee,"
		" p.client_tax FROM skillancer.chargeback_part p"
		" JOIN skillancer.earning e ON e.id = p.earning_id"
		" WHERE p.chargeback_id = $1 ORDER BY e.id DESC",
		UUIDOID, INT8OID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), Int64GetDatum(lost)};

	skl_spi_exec(&stmt, args, NULL);
}

/* T13d: what was frozen is gone, and the rest as well. */
static void
effect_lose(const SklFire *fire)
{
	const SklMonetary *amount = skl_fire_money(fire, "amount");
	int64 held = skl_fire_money(fire, "held")->minor;
	SklPosting posting;

	skl_posting_start(&posting, amount->currency);
	skl_posting_debit(&posting, "chargeback_hold", (SklHolder){.ref = &fire->id}, held);
	skl_posting_debit(&posting, "expense_writeoff", (SklHolder){0}, amount->minor - held);
	skl_posting_credit(&posting, "chargeback_receivable", (SklHolder){.ref = &fire->id},
					   amount->minor);
	return_earnings(fire, skl_posting_send(&posting, "chargeback_lost", &fire->id));
	close_it(fire);
	tell_milestone(fire, NULL);
}

void
skl_chargeback_init(void)
{
	skl_register_effect("chargeback", "open", effect_open);
	skl_register_effect("chargeback", "win", effect_win);
	skl_register_effect("chargeback", "lose", effect_lose);
}
