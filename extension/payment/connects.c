/*
 * payment/connects.c
 *		Connects, the tokens that proposals cost: bought and used (T17), given, returned, lapsed.
 *
 * Connects are the commodity XCN of the ledger. A person has two accounts of them: granted_tokens
 * for what was given, unearned_tokens for what was bought; the money that was paid for these lies
 * in unearned_tokens of its own currency until they are used. token_issue is the other side of
 * what the platform gives out. Given ones are used first; bought ones carry their average price,
 * and the last of them carries what is left, so that no cent stays behind. A return undoes what
 * its proposal's posting did, bought ones first.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/policy.h"
#include "core/spi.h"
#include "payment/payment.h"

#include "catalog/pg_type_d.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#define XCN "XCN"
#define CURRENCIES_MAX 8

PG_FUNCTION_INFO_V1(skl_fn_connects_cost);
PG_FUNCTION_INFO_V1(skl_fn_connects_spend);
PG_FUNCTION_INFO_V1(skl_fn_connects_lapse);

/* Money behind bought connects, in one currency. */
typedef struct Backing
{
	char currency[4];
	int64 minor;
} Backing;

/* What a person has, or what a proposal used: given and bought connects, and the money behind. */
typedef struct Purse
{
	int64 granted;
	int64 bought;
	int nbacking;
	Backing backing[CURRENCIES_MAX];
} Purse;

/* A part of an amount: all of it when of is all, else rounded half to even. */
static int64
share(int64 minor, int64 part, int64 whole)
{
	__int128 product = (__int128) minor * part;
	int64 quotient;
	int64 rest;

	if (part == whole)
		return minor;
	quotient = (int64) (product / whole);
	rest = (int64) (product % whole);
	if (rest * 2 > whole || (rest * 2 == whole && quotient % 2 != 0))
		quotient++;
	return quotient;
}

/* Adds one balance, or one leg, to a purse. */
static void
purse_add(Purse *purse, const char *account_class, const char *currency, int64 amount)
{
	if (strcmp(account_class, "granted_tokens") == 0)
		purse->granted += amount;
	else if (strcmp(currency, XCN) == 0)
		purse->bought += amount;
	else if (purse->nbacking == CURRENCIES_MAX)
		elog(ERROR, "connects were bought in too many currencies");
	else
	{
		Backing *backing = &purse->backing[purse->nbacking++];

		strlcpy(backing->currency, currency, sizeof(backing->currency));
		backing->minor = amount;
	}
}

/* The part of a purse that so many given and bought connects are. */
static Purse
purse_part(const Purse *purse, int64 granted, int64 bought)
{
	Purse part = {.granted = granted, .bought = bought};

	for (int i = 0; bought > 0 && i < purse->nbacking; i++)
	{
		int64 minor = share(purse->backing[i].minor, bought, purse->bought);

		purse_add(&part, "unearned_tokens", purse->backing[i].currency, minor);
	}
	return part;
}

/* Reads a purse by a statement that gives class, currency and amount for an id. */
static Purse
read_purse(SklStmt *stmt, const pg_uuid_t *id)
{
	Datum args[1] = {UUIDPGetDatum(id)};
	uint64 rows = skl_spi_exec(stmt, args, NULL);
	Purse purse = {0};
	bool isnull;

	for (uint64 i = 0; i < rows; i++)
		purse_add(&purse, skl_spi_text(i, 1), skl_spi_text(i, 2),
				  DatumGetInt64(skl_spi_value(i, 3, &isnull)));
	return purse;
}

/* Locks the accounts of a person and reads what is on them. */
static Purse
lock_purse(const pg_uuid_t *user)
{
	static SklStmt stmt =
		SKL_STMT("SELECT a.class, a.currency, a.balance FROM skillancer.ledger_account a"
				 " WHERE a.owner = $1 AND a.class IN ('unearned_tokens', 'granted_tokens')"
				 " ORDER BY a.id FOR UPDATE",
				 UUIDOID);

	return read_purse(&stmt, user);
}

/* Posts the use of a part of a purse, or with sign -1 its return. */
static void
post_use(const char *kind, const pg_uuid_t *user, const pg_uuid_t *proposal, const Purse *part,
		 int sign)
{
	SklHolder holder = {.owner = user};
	SklPosting posting;

	skl_posting_start(&posting, XCN);
	skl_posting_debit(&posting, "granted_tokens", holder, sign * part->granted);
	skl_posting_credit(&posting, "token_issue", (SklHolder){0}, sign * part->granted);
	skl_posting_debit(&posting, "unearned_tokens", holder, sign * part->bought);
	skl_posting_credit(&posting, "revenue_tokens", (SklHolder){0}, sign * part->bought);
	for (int i = 0; i < part->nbacking; i++)
	{
		skl_posting_switch(&posting, part->backing[i].currency);
		skl_posting_debit(&posting, "unearned_tokens", holder, sign * part->backing[i].minor);
		skl_posting_credit(&posting, "revenue_tokens", (SklHolder){0},
						   sign * part->backing[i].minor);
	}
	skl_posting_send(&posting, kind, proposal);
}

/*
 * connects_spend(user uuid, proposal uuid, connects integer): T17, used; given ones first.
 * INSUFFICIENT_CONNECTS with what is needed and what there is.
 */
Datum
skl_fn_connects_spend(PG_FUNCTION_ARGS)
{
	pg_uuid_t *user = PG_GETARG_UUID_P(0);
	int64 needed = PG_GETARG_INT32(2);
	int64 granted;
	Purse purse;
	Purse part;

	if (needed == 0)
		PG_RETURN_VOID();
	skl_spi_connect();
	purse = lock_purse(user);
	if (purse.granted + purse.bought < needed)
		skl_fail_json(SKL_ERR_INSUFFICIENT_CONNECTS,
					  psprintf("{\"needed\": " INT64_FORMAT ", \"balance\": " INT64_FORMAT "}",
							   needed, purse.granted + purse.bought),
					  "this costs " INT64_FORMAT " connects and you have " INT64_FORMAT, needed,
					  purse.granted + purse.bought);
	granted = Min(needed, purse.granted);
	part = purse_part(&purse, granted, needed - granted);
	post_use("connects_used", user, PG_GETARG_UUID_P(1), &part, 1);
	skl_spi_finish();
	PG_RETURN_VOID();
}

/* What a proposal used, by the legs of its posting. */
static Purse
used_by(const pg_uuid_t *proposal)
{
	static SklStmt stmt =
		SKL_STMT("SELECT a.class, e.currency, e.amount FROM skillancer.ledger_txn t"
				 " JOIN skillancer.ledger_entry e ON e.txn = t.id AND e.amount > 0"
				 " JOIN skillancer.ledger_account a ON a.id = e.account"
				 " WHERE t.ref = $1 AND t.kind = 'connects_used' ORDER BY e.leg",
				 UUIDOID);

	return read_purse(&stmt, proposal);
}

/* Notes returned connects as a lot of their own, so that they lapse later. */
static void
record_return(const pg_uuid_t *user, int64 connects)
{
	static SklStmt stmt =
		SKL_STMT("INSERT INTO skillancer.connect_grant (user_id, kind, connects, expires_at)"
				 " VALUES ($1::skillancer.user_id, 'RETURN', $2, $3)",
				 UUIDOID, INT4OID, TIMESTAMPTZOID);
	Datum args[3] = {UUIDPGetDatum(user), Int32GetDatum((int32) connects),
					 TimestampTzGetDatum(skl_now_plus(skl_policy_interval("connectGrantLife")))};

	skl_spi_exec(&stmt, args, NULL);
}

/* Gives a percentage of what a proposal cost back, rounded down. */
static void
give_back(const SklFire *fire, int percent)
{
	pg_uuid_t user = skl_fire_id(fire, "freelancer_id");
	Purse used = used_by(&fire->id);
	int64 back = (used.granted + used.bought) * percent / 100;
	int64 bought = Min(back, used.bought);
	Purse part = purse_part(&used, back - bought, bought);

	if (back <= 0)
		return;
	post_use("connects_returned", &user, &fire->id, &part, -1);
	if (part.granted > 0)
		record_return(&user, part.granted);
}

/* A percentage in the terms of a proposal; 0 when it has none. */
static int
percent_of(const SklFire *fire, const char *name)
{
	bool isnull;
	Datum terms = skl_fire_datum(fire, "connect_terms", &isnull);
	char *percent = isnull ? NULL : skl_policy_pinned(DatumGetJsonbP(terms), name);

	return percent == NULL ? 0 : pg_strtoint32(percent);
}

/* A proposal that the client has not seen: all back within the window, a part after it. */
static void
effect_withdraw(const SklFire *fire)
{
	bool viewed;
	bool isnull;
	Datum terms = skl_fire_datum(fire, "connect_terms", &isnull);
	Datum made;
	char *window;
	Datum until;

	(void) skl_fire_datum(fire, "viewed_at", &viewed);
	if (isnull || !viewed)
		return;
	window = skl_policy_pinned(DatumGetJsonbP(terms), "connectReturnWindow");
	made = skl_fire_datum(fire, "created_at", &isnull);
	until = DirectFunctionCall2(timestamptz_pl_interval, made,
								IntervalPGetDatum(skl_policy_parse_interval(window)));
	give_back(fire,
			  percent_of(fire, skl_now() <= DatumGetTimestampTz(until) ? "connectReturnEarly"
																	   : "connectReturnLate"));
}

/* Has anybody been hired for the project of this proposal? */
static bool
somebody_was_hired(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("SELECT FROM skillancer.proposal p"
								   " WHERE p.project_id = $1::skillancer.project_id"
								   " AND p.state = 'ACCEPTED' LIMIT 1",
								   UUIDOID);
	pg_uuid_t project = skl_fire_id(fire, "project_id");
	Datum args[1] = {UUIDPGetDatum(&project)};

	return skl_spi_exec(&stmt, args, NULL) == 1;
}

/* Proposals that end with their project: it was cancelled, or taken down, and nobody was hired. */
static void
effect_close(const SklFire *fire)
{
	char *cause = skl_fire_payload(fire, "cause");

	if (cause != NULL && (strcmp(cause, "cancel") == 0 || strcmp(cause, "reject") == 0) &&
		!somebody_was_hired(fire))
		give_back(fire, percent_of(fire, "connectReturnCancelled"));
}

/* T17, bought: money of the wallet for connects that are not used yet. */
static void
effect_complete(const SklFire *fire)
{
	const SklMonetary *price = skl_fire_money(fire, "price");
	pg_uuid_t user = skl_fire_id(fire, "user_id");
	int64 connects = skl_fire_int64(fire, "connects");
	SklHolder holder = {.owner = &user};
	SklPosting posting;

	skl_posting_start(&posting, price->currency);
	skl_posting_debit(&posting, "client_wallet", holder, price->minor);
	skl_posting_credit(&posting, "unearned_tokens", holder, price->minor);
	skl_posting_switch(&posting, XCN);
	skl_posting_debit(&posting, "token_issue", (SklHolder){0}, connects);
	skl_posting_credit(&posting, "unearned_tokens", holder, connects);
	skl_posting_send(&posting, "connects_bought", &fire->id);
}

/* The purchase that waits for this charge, locked; false when there is none. */
static bool
purchase_of(const SklFire *fire, pg_uuid_t *purchase, SklMonetary *price)
{
	static SklStmt stmt =
		SKL_STMT("SELECT p.id, p.price FROM skillancer.connect_purchase p"
				 " WHERE p.charge_id = $1::skillancer.charge_id AND p.state = 'CREATED'"
				 " FOR NO KEY UPDATE",
				 UUIDOID);
	Datum args[1] = {UUIDPGetDatum(&fire->id)};
	bool isnull;

	if (skl_spi_exec(&stmt, args, NULL) != 1)
		return false;
	memcpy(purchase, DatumGetPointer(skl_spi_value(0, 1, &isnull)), sizeof(*purchase));
	memcpy(price, DatumGetPointer(skl_spi_value(0, 2, &isnull)), sizeof(*price));
	return true;
}

static void
tell_purchase(const pg_uuid_t *purchase, const char *event)
{
	Jsonb *nothing = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));

	(void) skl_fire("connect_purchase", purchase, event, nothing, true);
}

/* A charge was captured: money that is not enough any more stays in the wallet. */
static void
effect_captured(const SklFire *fire)
{
	pg_uuid_t purchase;
	SklMonetary price;
	pg_uuid_t user;

	if (!purchase_of(fire, &purchase, &price))
		return;
	user = skl_fire_id(fire, "user_id");
	tell_purchase(&purchase,
				  skl_ledger_balance("client_wallet", &user, NULL, price.currency) >= price.minor
					  ? "complete"
					  : "fail");
}

static void
effect_not_captured(const SklFire *fire)
{
	pg_uuid_t purchase;
	SklMonetary price;

	if (purchase_of(fire, &purchase, &price))
		tell_purchase(&purchase, "fail");
}

/*
 * connects_lapse(user uuid) returns integer: takes back what is left of lots that have expired.
 * Lots are used oldest first, so what is on the account beyond the living lots is of dead ones.
 */
Datum
skl_fn_connects_lapse(PG_FUNCTION_ARGS)
{
	static SklStmt stmt = SKL_STMT(
		"WITH dead AS (UPDATE skillancer.connect_grant SET settled_at = $2"
		" WHERE user_id = $1::skillancer.user_id AND settled_at IS NULL AND expires_at <= $2"
		" RETURNING id)"
		" SELECT (SELECT d.id FROM dead d ORDER BY d.id DESC LIMIT 1),"
		" (SELECT coalesce(sum(g.connects), 0)::bigint FROM skillancer.connect_grant g"
		" WHERE g.user_id = $1::skillancer.user_id AND g.expires_at > $2)",
		UUIDOID, TIMESTAMPTZOID);
	pg_uuid_t *user = PG_GETARG_UUID_P(0);
	Datum args[2] = {UUIDPGetDatum(user), TimestampTzGetDatum(skl_now())};
	SklPosting posting;
	pg_uuid_t grant;
	int64 lapsed;
	Purse purse;
	bool none;
	bool isnull;
	Datum last;

	skl_spi_connect();
	purse = lock_purse(user);
	skl_spi_exec(&stmt, args, NULL);
	last = skl_spi_value(0, 1, &none);
	lapsed = purse.granted - DatumGetInt64(skl_spi_value(0, 2, &isnull));
	if (none || lapsed <= 0)
	{
		skl_spi_finish();
		PG_RETURN_INT32(0);
	}
	memcpy(&grant, DatumGetPointer(last), sizeof(grant));
	skl_posting_start(&posting, XCN);
	skl_posting_debit(&posting, "granted_tokens", (SklHolder){.owner = user}, lapsed);
	skl_posting_credit(&posting, "token_issue", (SklHolder){0}, lapsed);
	skl_posting_send(&posting, "connects_lapsed", &grant);
	skl_spi_finish();
	PG_RETURN_INT32((int32) lapsed);
}

/* Does a budget fall into a tier of policy connectCosts: {"below"} or {"upTo"} minor units? */
static bool
in_tier(int64 minor, const char *below, const char *up_to)
{
	if (below != NULL)
		return minor < pg_strtoint64(below);
	return up_to == NULL || minor <= pg_strtoint64(up_to);
}

/*
 * connects_cost(budget in the currency of policy connectCosts) returns integer: the first tier of
 * the policy that the budget falls into.
 */
Datum
skl_fn_connects_cost(PG_FUNCTION_ARGS)
{
	static SklStmt stmt =
		SKL_STMT("SELECT t ->> 'below', t ->> 'upTo', (t ->> 'connects')::pg_catalog.int4"
				 " FROM pg_catalog.jsonb_array_elements($1 -> 'tiers') WITH ORDINALITY AS e (t, n)"
				 " ORDER BY e.n",
				 JSONBOID);
	int64 minor = PG_GETARG_MONETARY_P(0)->minor;
	Datum args[1];
	uint64 rows;
	int32 cost = -1;
	bool isnull;

	skl_spi_connect();
	args[0] = JsonbPGetDatum(skl_policy_value("connectCosts"));
	rows = skl_spi_exec(&stmt, args, NULL);
	for (uint64 i = 0; i < rows && cost < 0; i++)
	{
		if (in_tier(minor, skl_spi_text(i, 1), skl_spi_text(i, 2)))
			cost = DatumGetInt32(skl_spi_value(i, 3, &isnull));
	}
	skl_spi_finish();
	if (cost < 0)
		elog(ERROR, "policy \"connectCosts\" has no tier for a budget of " INT64_FORMAT, minor);
	PG_RETURN_INT32(cost);
}

void
skl_connects_init(void)
{
	skl_register_effect("proposal", "withdraw", effect_withdraw);
	skl_register_effect("proposal", "close", effect_close);
	skl_register_effect("connect_purchase", "complete", effect_complete);
	skl_register_effect("charge", "capture", effect_captured);
	skl_register_effect("charge", "decline", effect_not_captured);
	skl_register_effect("charge", "void", effect_not_captured);
}
