/*
 * payment/chargeback.c
 *		Charge-backs: the card holder's bank takes a charge back (T13), and decides weeks later.
 *
 * Until then as much as possible is frozen, in this order: what is in escrow of the milestone that
 * the charge paid for (T13a), what is in the client's wallet, and what was released of the
 * milestone (T13b): out of what the freelancer has available, the rest as his debt, and out of the
 * fees. Won (T13c): the freeze is reversed, and what the freelancer has paid of the debt is given
 * back to him. Lost (T13d): what was frozen is gone; what could not be frozen is a write-off.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/spi.h"
#include "payment/payment.h"

#include "catalog/pg_type_d.h"

/* What is frozen of what, in minor units. */
typedef struct Freeze
{
	SklStep step; /* the milestone; step.before is what left its escrow before */
	bool has_milestone;
	bool milestone_runs; /* it has escrow that no dispute holds */
	int64 released;		 /* gross that the freelancer has of it */
	int64 version;		 /* of the price list */
	int64 need;			 /* of the amount, what is not frozen yet */
	int64 escrow;
	int64 deferred;
	int64 wallet;
	int64 gross; /* of what was released */
	int64 available;
	int64 receivable;
	int64 service_fee;
	int64 client_fee;
} Freeze;

static int64
frozen_total(const Freeze *f)
{
	return f->escrow + f->deferred + f->wallet + f->available + f->receivable + f->service_fee +
		   f->client_fee;
}

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

/* Fires an event of another machine with an amount, or with nothing. */
static void
tell(const char *machine, const pg_uuid_t *id, const char *event, const char *payload)
{
	(void) skl_fire(machine, id, event,
					DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(payload))), true);
}

/* Reads the milestone of the charge, whose lock the caller has. */
static void
read_milestone(const SklFire *fire, Freeze *f)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT m.booking_id, m.client_id, m.freelancer_id, skillancer.monetary_minor(m.amount),"
		" coalesce(skillancer.monetary_minor(m.released_part), 0)"
		" + coalesce(skillancer.monetary_minor(m.refunded_part), 0),"
		" m.state IN ('FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED') AND m.frozen IS NULL,"
		" coalesce((SELECT sum(skillancer.monetary_minor(e.gross)) FROM skillancer.earning e"
		" WHERE e.milestone_id = m.id), 0)::bigint"
		" - coalesce(skillancer.monetary_minor(m.given_back), 0)"
		" - coalesce((SELECT sum(skillancer.monetary_minor(b.from_released))"
		" FROM skillancer.chargeback b WHERE b.milestone_id = m.id"
		" AND b.state IN ('OPEN', 'LOST')), 0)::bigint"
		" FROM skillancer.milestone m WHERE m.id = $1::skillancer.milestone_id",
		UUIDOID);
	Datum args[1] = {UUIDPGetDatum(&f->step.milestone)};
	bool isnull;

	f->has_milestone = skl_fire_uuid(fire, "milestone_id", &f->step.milestone);
	if (!f->has_milestone)
		return;
	if (skl_spi_exec(&stmt, args, NULL) != 1)
		elog(ERROR, "a charge-back has lost its milestone");
	memcpy(&f->step.booking, DatumGetPointer(skl_spi_value(0, 1, &isnull)), UUID_LEN);
	memcpy(&f->step.client, DatumGetPointer(skl_spi_value(0, 2, &isnull)), UUID_LEN);
	memcpy(&f->step.freelancer, DatumGetPointer(skl_spi_value(0, 3, &isnull)), UUID_LEN);
	f->step.before = DatumGetInt64(skl_spi_value(0, 5, &isnull));
	f->step.amount = DatumGetInt64(skl_spi_value(0, 4, &isnull)) - f->step.before;
	f->milestone_runs = DatumGetBool(skl_spi_value(0, 6, &isnull));
	f->released = DatumGetInt64(skl_spi_value(0, 7, &isnull));
	f->version = skl_fee_version(&f->step.booking);
}

/*
 * The largest part of a price, up to a limit, that together with the client's fee on it is no more
 * than what is needed.
 */
static int64
largest_part(const Freeze *f, int64 before, int64 limit, int64 *fee)
{
	int64 low = 0;
	int64 high = Min(limit, f->need);

	while (low < high)
	{
		int64 middle = low + (high - low + 1) / 2;

		if (middle + skl_fee(f->version, "CLIENT", f->step.currency, before, middle) <= f->need)
			low = middle;
		else
			high = middle - 1;
	}
	*fee = low == 0 ? 0 : skl_fee(f->version, "CLIENT", f->step.currency, before, low);
	return low;
}

/* T13a: what is in escrow, with the client's fee on it. */
static void
freeze_escrow(Freeze *f)
{
	if (!f->milestone_runs || f->step.amount <= 0)
		return;
	f->escrow = largest_part(f, f->step.before, f->step.amount, &f->deferred);
	f->need -= f->escrow + f->deferred;
}

/* The balance of a user's account, locked. */
static int64
lock_balance(const char *account_class, const pg_uuid_t *user, const char *currency)
{
	static SklStmt stmt = SKL_STMT("SELECT balance FROM skillancer.ledger_account"
								   " WHERE class = $1 AND owner = $2 AND currency = $3 FOR UPDATE",
								   TEXTOID, UUIDOID, TEXTOID);
	Datum args[3] = {CStringGetTextDatum(account_class), UUIDPGetDatum(user),
					 CStringGetTextDatum(currency)};
	bool isnull;

	return skl_spi_exec(&stmt, args, NULL) == 1 ? DatumGetInt64(skl_spi_value(0, 1, &isnull)) : 0;
}

static void
freeze_wallet(const SklFire *fire, Freeze *f)
{
	pg_uuid_t client = skl_fire_id(fire, "user_id");

	f->wallet = Min(f->need, lock_balance("client_wallet", &client, f->step.currency));
	f->need -= f->wallet;
}

/* Earnings of the milestone that are on hold come off it, so that they can be frozen. */
static void
mature_earnings(const Freeze *f)
{
	static SklStmt stmt = SKL_STMT("SELECT e.id FROM skillancer.earning e"
								   " WHERE e.milestone_id = $1::skillancer.milestone_id"
								   " AND e.state = 'PENDING' ORDER BY e.id",
								   UUIDOID);
	Datum args[1] = {UUIDPGetDatum(&f->step.milestone)};
	uint64 n = skl_spi_exec(&stmt, args, NULL);
	pg_uuid_t *ids = palloc(sizeof(pg_uuid_t) * (size_t) Max(n, 1));
	bool isnull;

	for (uint64 i = 0; i < n; i++)
		memcpy(&ids[i], DatumGetPointer(skl_spi_value(i, 1, &isnull)), UUID_LEN);
	for (uint64 i = 0; i < n; i++)
		tell("earning", &ids[i], "mature", "{}");
}

/* T13b: what was released, out of the freelancer's balance, as his debt, and out of the fees. */
static void
freeze_released(Freeze *f)
{
	SklStep part = f->step;
	int64 net;

	if (!f->has_milestone || f->released <= 0 || f->need <= 0)
		return;
	part.amount = largest_part(f, 0, f->released, &f->client_fee);
	f->gross = part.amount;
	f->need -= f->gross + f->client_fee;
	if (f->gross == 0)
		return;
	mature_earnings(f);
	f->service_fee = skl_step_service_fee_back(&part);
	net = f->gross - f->service_fee;
	f->available =
		Min(net, lock_balance("freelancer_available", &part.freelancer, f->step.currency));
	f->receivable = net - f->available;
}

static int64
post_freeze(const SklFire *fire, const Freeze *f)
{
	pg_uuid_t client = skl_fire_id(fire, "user_id");
	SklHolder freelancer = {.owner = &f->step.freelancer};
	SklPosting posting;

	skl_posting_start(&posting, f->step.currency);
	skl_posting_debit(&posting, "escrow", skl_step_holder(&f->step), f->escrow);
	skl_posting_debit(&posting, "deferred_fee", skl_step_holder(&f->step), f->deferred);
	skl_posting_debit(&posting, "client_wallet", (SklHolder){.owner = &client}, f->wallet);
	skl_posting_debit(&posting, "freelancer_available", freelancer, f->available);
	skl_posting_debit(&posting, "freelancer_receivable", freelancer, f->receivable);
	skl_posting_debit(&posting, "revenue_service", (SklHolder){0}, f->service_fee);
	skl_posting_debit(&posting, "revenue_client", (SklHolder){0}, f->client_fee);
	skl_posting_credit(&posting, "chargeback_hold", (SklHolder){.ref = &fire->id}, frozen_total(f));
	return posting.nlegs == 0 ? 0 : skl_posting_send(&posting, "chargeback_freeze", &fire->id);
}

/* Keeps what was frozen in the row: the end needs it. */
static void
keep_freeze(const SklFire *fire, const Freeze *f, int64 posting)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.chargeback SET held = skillancer.monetary_of($2, $6),"
				 " from_escrow = skillancer.monetary_of($3, $6),"
				 " from_released = skillancer.monetary_of($4, $6),"
				 " receivable = skillancer.monetary_of($5, $6), freeze_posting = nullif($7, 0)"
				 " WHERE id = $1",
				 UUIDOID, INT8OID, INT8OID, INT8OID, INT8OID, TEXTOID, INT8OID);
	Datum args[7] = {UUIDPGetDatum(&fire->id),	   Int64GetDatum(frozen_total(f)),
					 Int64GetDatum(f->escrow),	   Int64GetDatum(f->gross),
					 Int64GetDatum(f->receivable), CStringGetTextDatum(f->step.currency),
					 Int64GetDatum(posting)};

	skl_spi_exec(&stmt, args, NULL);
}

static char *
amount_payload(int64 minor, const char *currency)
{
	char digits[SKL_MONEY_MAX];
	SklMonetary *money = skl_monetary_make(minor, currency);

	skl_money_write(money, digits);
	return psprintf("{\"amount\": \"%s\"}", digits);
}

static void
effect_open(const SklFire *fire)
{
	const SklMonetary *amount = skl_fire_money(fire, "amount");
	pg_uuid_t charge = skl_fire_id(fire, "charge_id");
	Freeze f = {.need = amount->minor};

	strlcpy(f.step.currency, amount->currency, sizeof(f.step.currency));
	post_opened(fire, amount);
	tell("charge", &charge, "charge_back", "{}");
	read_milestone(fire, &f);
	freeze_escrow(&f);
	freeze_wallet(fire, &f);
	freeze_released(&f);
	keep_freeze(fire, &f, post_freeze(fire, &f));
	if (f.escrow > 0)
		tell("milestone", &f.step.milestone, "hold", amount_payload(f.escrow, f.step.currency));
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
	missing = debt->minor - lock_balance("freelancer_receivable", &freelancer, debt->currency);
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

/* Bills the pair again for what was released and is not frozen any more. */
static void
bill_again(const SklFire *fire)
{
	const SklMonetary *gross = skl_fire_money(fire, "from_released");
	Freeze f = {0};

	if (gross->minor == 0)
		return;
	strlcpy(f.step.currency, gross->currency, sizeof(f.step.currency));
	read_milestone(fire, &f);
	f.step.amount = gross->minor;
	(void) skl_step_service_fee(&f.step);
}

/* Notes the end, and tells the milestone whose escrow is held. */
static void
close_it(const SklFire *fire, const char *milestone_event)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.chargeback SET closed_at = $2 WHERE id = $1",
								   UUIDOID, TIMESTAMPTZOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};
	const SklMonetary *escrow = skl_fire_money(fire, "from_escrow");
	pg_uuid_t milestone;

	skl_spi_exec(&stmt, args, NULL);
	if (escrow->minor > 0 && skl_fire_uuid(fire, "milestone_id", &milestone))
		tell("milestone", &milestone, milestone_event,
			 amount_payload(escrow->minor, escrow->currency));
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
		bill_again(fire);
	}
	close_it(fire, "unhold");
	if (skl_spi_exec(&others, args, NULL) == 0)
		tell("charge", &charge, "restore", "{}");
}

/* The event of a milestone that loses what is held: it is over when nothing is left in escrow. */
static const char *
losing_event(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("SELECT FROM skillancer.milestone m"
								   " WHERE m.id = $1::skillancer.milestone_id"
								   " AND skillancer.monetary_minor(m.amount)"
								   " > coalesce(skillancer.monetary_minor(m.released_part), 0)"
								   " + coalesce(skillancer.monetary_minor(m.refunded_part), 0)"
								   " + skillancer.monetary_minor(m.frozen)",
								   UUIDOID);
	pg_uuid_t milestone;
	Datum args[1] = {UUIDPGetDatum(&milestone)};

	if (!skl_fire_uuid(fire, "milestone_id", &milestone))
		return "lose_all";
	return skl_spi_exec(&stmt, args, NULL) == 1 ? "lose_held" : "lose_all";
}

/* What a posting took out of a revenue, in minor units. */
static int64
taken_from(int64 txn, const char *revenue)
{
	static SklStmt stmt =
		SKL_STMT("SELECT coalesce(sum(e.amount), 0)::bigint FROM skillancer.ledger_entry e"
				 " JOIN skillancer.ledger_account a ON a.id = e.account"
				 " WHERE e.txn = $1 AND a.class = $2",
				 INT8OID, TEXTOID);
	Datum args[2] = {Int64GetDatum(txn), CStringGetTextDatum(revenue)};
	bool isnull;

	skl_spi_exec(&stmt, args, NULL);
	return DatumGetInt64(skl_spi_value(0, 1, &isnull));
}

/* What had been released and is lost: the earnings, and the tax within the fees on them. */
static void
return_earnings(const SklFire *fire, int64 lost)
{
	bool isnull;
	Datum released = skl_fire_datum(fire, "from_released", &isnull);
	SklStep step = {.client = skl_fire_id(fire, "user_id")};
	int64 freeze;

	if (isnull || DatumGetMonetaryP(released)->minor == 0)
		return;
	step.milestone = skl_fire_id(fire, "milestone_id");
	step.freelancer = skl_fire_id(fire, "freelancer_id");
	step.amount = DatumGetMonetaryP(released)->minor;
	strlcpy(step.currency, DatumGetMonetaryP(released)->currency, sizeof(step.currency));
	freeze = skl_fire_int64(fire, "freeze_posting");
	skl_earning_return(&step, taken_from(freeze, "revenue_service"),
					   taken_from(freeze, "revenue_client"), lost);
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
	close_it(fire, losing_event(fire));
}

void
skl_chargeback_init(void)
{
	skl_register_effect("chargeback", "open", effect_open);
	skl_register_effect("chargeback", "win", effect_win);
	skl_register_effect("chargeback", "lose", effect_lose);
}
