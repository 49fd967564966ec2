/*
 * payment/chargeback_freeze.c
 *		What is frozen for a charge-back (T13a, T13b), in this order, until there is enough:
 *
 *	- what is in escrow, with the client's fee on it, of the milestone that the charge paid for,
 *	or of the one that took over its rest;
 *	- what is in the client's wallet;
 *	- what was released of these milestones, the newest earning first: out of what the freelancer
 *	has available, the rest as his debt, and out of the fees and the taxes within them.
 *
 * Money that was rolled on is followed by milestone.rolled_from. Where an earning or the escrow is
 * taken in part, the part is the largest one that together with the client's fee on it is no more
 * than what is still needed.
 */
#include "skl.h"

#include "core/spi.h"
#include "payment/chargeback.h"
#include "payment/fees.h"

#include "catalog/pg_type_d.h"

/* A milestone that the charge's money is or was in. */
typedef struct Place
{
	SklStep step; /* what is free in escrow; base + before is where its fee goes on */
	bool runs;	  /* it may have escrow */
} Place;

/* A tax account and what is taken off it. */
typedef struct Tax
{
	pg_uuid_t account;
	int64 minor;
} Tax;

/* Countries that one freeze can touch: more would not fit into a posting. */
#define MAX_TAXES 12

/* What is frozen of what, in minor units. */
typedef struct Freeze
{
	const SklFire *fire;
	char currency[4];
	int64 version; /* of the price list */
	int64 need;	   /* of the amount, what is not frozen yet */
	Place *places; /* the newest first */
	int nplaces;
	SklHolder escrow_holder;
	int64 escrow;
	int64 deferred;
	int64 wallet;
	int64 gross; /* of what was released */
	int64 available;
	int64 receivable;
	int64 service_fee;
	int64 service_tax;
	int64 client_fee;
	int64 client_tax;
	Tax taxes[MAX_TAXES];
	int ntaxes;
} Freeze;

/* Part of an earning that was chosen. */
typedef struct Chosen
{
	const Place *place;
	SklEarningLeft left;
	SklEarningPart part;
} Chosen;

static int64
frozen_total(const Freeze *f)
{
	return f->escrow + f->deferred + f->wallet + f->available + f->receivable + f->service_fee +
		   f->client_fee;
}

/* Reads the milestone of the charge and those that its rest was rolled on to. */
static void
read_places(Freeze *f)
{
	static SklStmt stmt = SKL_STMT(
		"WITH RECURSIVE place AS (SELECT $1::skillancer.milestone_id AS id, 0 AS depth UNION ALL"
		" SELECT n.id, p.depth + 1 FROM place p"
		" JOIN skillancer.milestone n ON n.rolled_from = p.id)"
		" SELECT m.id, m.booking_id, m.client_id, m.freelancer_id, coalesce(m.payer_id,"
		" m.client_id), skillancer.monetary_minor(m.amount), g.before,"
		" coalesce(skillancer.monetary_minor(m.rolled_after), 0) + g.held, g.held,"
		" m.state IN ('FUNDED', 'SUBMITTED', 'CHANGES_REQUESTED')"
		" FROM place p JOIN skillancer.milestone m ON m.id = p.id CROSS JOIN LATERAL ("
		"SELECT coalesce(skillancer.monetary_minor(m.released_part), 0)"
		" + coalesce(skillancer.monetary_minor(m.refunded_part), 0) AS before,"
		" coalesce(skillancer.monetary_minor(m.held), 0) AS held) g ORDER BY p.depth DESC",
		UUIDOID);
	pg_uuid_t milestone;
	Datum args[1] = {UUIDPGetDatum(&milestone)};
	bool isnull;

	if (!skl_fire_uuid(f->fire, "milestone_id", &milestone))
		return;
	f->nplaces = (int) skl_spi_exec(&stmt, args, NULL);
	f->places = palloc0(sizeof(Place) * (Size) Max(f->nplaces, 1));
	for (int i = 0; i < f->nplaces; i++)
	{
		SklStep *step = &f->places[i].step;
		pg_uuid_t *ids[] = {&step->milestone, &step->booking, &step->client, &step->freelancer,
							&step->payer};

		for (int id = 0; id < (int) lengthof(ids); id++)
			memcpy(ids[id], DatumGetPointer(skl_spi_value(i, id + 1, &isnull)), UUID_LEN);
		step->before = DatumGetInt64(skl_spi_value(i, 7, &isnull));
		step->base = DatumGetInt64(skl_spi_value(i, 8, &isnull));
		step->amount = DatumGetInt64(skl_spi_value(i, 6, &isnull)) - step->before -
					   DatumGetInt64(skl_spi_value(i, 9, &isnull));
		strlcpy(step->currency, f->currency, sizeof(step->currency));
		f->places[i].runs = DatumGetBool(skl_spi_value(i, 10, &isnull));
	}
	if (f->nplaces == 0)
		elog(ERROR, "a charge-back has lost its milestone");
	f->version = skl_fee_version(&f->places[0].step.booking);
}

/* Writes down what is frozen of a milestone: its escrow, or (earning) what it released. */
static void
keep_part(const Freeze *f, const SklStep *step, const pg_uuid_t *earning,
		  const SklEarningPart *part)
{
	static SklStmt stmt = SKL_STMT(
		"INSERT INTO skillancer.chargeback_part (chargeback_id, milestone_id, earning_id, gross,"
		" fee, tax, client_fee, client_tax) VALUES ($1, $2::skillancer.milestone_id, $3,"
		" skillancer.monetary_of($4, $9), skillancer.monetary_of($5, $9),"
		" skillancer.monetary_of($6, $9), skillancer.monetary_of($7, $9),"
		" skillancer.monetary_of($8, $9))",
		UUIDOID, UUIDOID, UUIDOID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, TEXTOID);
	Datum args[9] = {UUIDPGetDatum(&f->fire->id),	   UUIDPGetDatum(&step->milestone),
					 UUIDPGetDatum(earning),		   Int64GetDatum(part->gross),
					 Int64GetDatum(part->service_fee), Int64GetDatum(part->service_tax),
					 Int64GetDatum(part->client_fee),  Int64GetDatum(part->client_tax),
					 CStringGetTextDatum(f->currency)};

	skl_spi_exec(&stmt, args, earning == NULL ? "  n      " : NULL);
}

/* The client's fee on a part of what is free in escrow: all of it takes all that is deferred. */
static int64
deferred_on(const Freeze *f, const SklStep *step, int64 part, int64 deferred)
{
	if (part == step->amount)
		return deferred;
	return Min(deferred,
			   skl_fee(f->version, "CLIENT", f->currency, step->base + step->before, part));
}

/* T13a: what is in escrow, with the client's fee on it. */
static void
freeze_escrow(Freeze *f, const Place *place)
{
	const SklStep *step = &place->step;
	int64 deferred = skl_ledger_balance("deferred_fee", NULL, &step->milestone, f->currency);
	int64 low = 0;
	int64 high = Min(step->amount, f->need);
	SklEarningPart part = {0};

	while (low < high)
	{
		int64 middle = low + (high - low + 1) / 2;

		if (middle + deferred_on(f, step, middle, deferred) <= f->need)
			low = middle;
		else
			high = middle - 1;
	}
	if (low == 0)
		return;
	f->escrow = part.gross = low;
	f->deferred = part.client_fee = deferred_on(f, step, low, deferred);
	f->need -= f->escrow + f->deferred;
	f->escrow_holder = skl_step_holder(step);
	keep_part(f, step, NULL, &part);
}

static void
freeze_wallet(Freeze *f)
{
	pg_uuid_t client = skl_fire_id(f->fire, "user_id");

	f->wallet = Min(f->need, skl_ledger_lock("client_wallet", &client, f->currency));
	f->need -= f->wallet;
}

/*
 * The largest part of an earning that with the client's fee on it is no more than what is needed.
 */
static SklEarningPart
largest_part(const SklEarningLeft *left, int64 need)
{
	SklEarningPart part = {0};
	int64 high = Min(left->gross, need);

	while (part.gross < high)
	{
		int64 middle = part.gross + (high - part.gross + 1) / 2;

		if (middle + skl_fee_share(left->client.left, middle, left->gross) <= need)
			part.gross = middle;
		else
			high = middle - 1;
	}
	part.client_fee = skl_fee_share(left->client.left, part.gross, left->gross);
	return part;
}

/* Chooses earnings of one milestone, the newest first, as long as something is needed. */
static void
choose_earnings(Freeze *f, const Place *place, List **chosen)
{
	SklEarningLeft *left;
	int n = skl_earnings_left(&place->step.milestone, &left);

	for (int i = 0; i < n && f->need > 0; i++)
	{
		Chosen *one = palloc0(sizeof(Chosen));

		one->place = place;
		one->left = left[i];
		one->part = largest_part(&left[i], f->need);
		if (one->part.gross == 0)
			return;
		f->need -= one->part.gross + one->part.client_fee;
		f->gross += one->part.gross;
		f->client_fee += one->part.client_fee;
		*chosen = lappend(*chosen, one);
	}
}

/* What is taken off the account of a country. */
static void
add_tax(Freeze *f, const SklFeeLeft *fee, int64 tax)
{
	int i = 0;

	if (tax == 0)
		return;
	while (i < f->ntaxes && memcmp(&f->taxes[i].account, &fee->account, UUID_LEN) != 0)
		i++;
	if (i == MAX_TAXES)
		elog(ERROR, "a charge-back takes back the taxes of too many countries");
	f->ntaxes = Max(f->ntaxes, i + 1);
	f->taxes[i].account = fee->account;
	f->taxes[i].minor += tax;
}

/* Shares the service fee that goes back out among the earnings, and finds the taxes within both. */
static void
share_fees(Freeze *f, List *chosen)
{
	int64 rest = f->service_fee;
	ListCell *cell;

	foreach (cell, chosen)
	{
		Chosen *one = lfirst(cell);

		one->part.service_fee = Min(rest, one->left.service.left);
		rest -= one->part.service_fee;
		one->part.service_tax = skl_fee_part_tax(&one->left.service, one->part.service_fee);
		one->part.client_tax = skl_fee_part_tax(&one->left.client, one->part.client_fee);
		add_tax(f, &one->left.service, one->part.service_tax);
		add_tax(f, &one->left.client, one->part.client_tax);
		f->service_tax += one->part.service_tax;
		f->client_tax += one->part.client_tax;
		keep_part(f, &one->place->step, &one->left.earning, &one->part);
	}
	f->service_fee -= rest; /* never more than what these earnings paid */
}

/* T13b: what was released, out of the freelancer's balance, as his debt, and out of the fees. */
static void
freeze_released(Freeze *f)
{
	List *chosen = NIL;
	ListCell *cell;
	SklStep step;
	int64 net;

	for (int i = 0; i < f->nplaces && f->need > 0; i++)
		choose_earnings(f, &f->places[i], &chosen);
	if (chosen == NIL)
		return;
	foreach (cell, chosen)
	{
		Chosen *one = lfirst(cell);

		if (one->left.on_hold)
			skl_chargeback_tell("earning", &one->left.earning, "mature", "{}");
	}
	step = f->places[0].step;
	step.amount = f->gross;
	f->service_fee = skl_step_service_fee_back(&step);
	share_fees(f, chosen);
	net = f->gross - f->service_fee;
	f->available = Min(net, skl_ledger_lock("freelancer_available", &step.freelancer, f->currency));
	f->receivable = net - f->available;
}

static int64
post_freeze(const Freeze *f)
{
	pg_uuid_t client = skl_fire_id(f->fire, "user_id");
	SklHolder freelancer = {.owner = f->nplaces == 0 ? NULL : &f->places[0].step.freelancer};
	SklPosting posting;

	skl_posting_start(&posting, f->currency);
	skl_posting_debit(&posting, "escrow", f->escrow_holder, f->escrow);
	skl_posting_debit(&posting, "deferred_fee", f->escrow_holder, f->deferred);
	skl_posting_debit(&posting, "client_wallet", (SklHolder){.owner = &client}, f->wallet);
	skl_posting_debit(&posting, "freelancer_available", freelancer, f->available);
	skl_posting_debit(&posting, "freelancer_receivable", freelancer, f->receivable);
	skl_posting_debit(&posting, "revenue_service", (SklHolder){0}, f->service_fee - f->service_tax);
	skl_posting_debit(&posting, "revenue_client", (SklHolder){0}, f->client_fee - f->client_tax);
	for (int i = 0; i < f->ntaxes; i++)
		skl_posting_debit(&posting, "tax_payable", (SklHolder){.ref = &f->taxes[i].account},
						  f->taxes[i].minor);
	skl_posting_credit(&posting, "chargeback_hold", (SklHolder){.ref = &f->fire->id},
					   frozen_total(f));
	return posting.nlegs == 0 ? 0 : skl_posting_send(&posting, "chargeback_freeze", &f->fire->id);
}

/* Keeps what was frozen in the row: the end needs it. */
static void
keep_freeze(const Freeze *f, int64 posting)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.chargeback SET held = skillancer.monetary_of($2, $6),"
				 " from_escrow = skillancer.monetary_of($3, $6),"
				 " from_released = skillancer.monetary_of($4, $6),"
				 " receivable = skillancer.monetary_of($5, $6), freeze_posting = nullif($7, 0)"
				 " WHERE id = $1",
				 UUIDOID, INT8OID, INT8OID, INT8OID, INT8OID, TEXTOID, INT8OID);
	Datum args[7] = {UUIDPGetDatum(&f->fire->id),  Int64GetDatum(frozen_total(f)),
					 Int64GetDatum(f->escrow),	   Int64GetDatum(f->gross),
					 Int64GetDatum(f->receivable), CStringGetTextDatum(f->currency),
					 Int64GetDatum(posting)};

	skl_spi_exec(&stmt, args, NULL);
}

void
skl_chargeback_freeze(const SklFire *fire)
{
	const SklMonetary *amount = skl_fire_money(fire, "amount");
	Freeze f = {.fire = fire, .need = amount->minor};

	strlcpy(f.currency, amount->currency, sizeof(f.currency));
	read_places(&f);
	if (f.nplaces > 0 && f.places[0].runs)
		freeze_escrow(&f, &f.places[0]);
	freeze_wallet(&f);
	freeze_released(&f);
	keep_freeze(&f, post_freeze(&f));
	if (f.escrow > 0)
		skl_chargeback_tell("milestone", &f.places[0].step.milestone, "hold",
							skl_chargeback_payload(f.escrow, f.currency));
}
