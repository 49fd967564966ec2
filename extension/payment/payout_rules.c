/*
 * payment/payout_rules.c
 *		Who may be paid out now: the guard of every payout, asked for or scheduled.
 *
 * The row of the account is locked first, so that payouts of one person are decided one after the
 * other: two at once cannot both find the limit free, and an account that is being restricted or
 * suspended pays nothing behind its back. The balance itself is the floor of the ledger.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/policy.h"
#include "core/spi.h"
#include "payment/payment.h"

#include "catalog/pg_type_d.h"

/* What a person has been paid out within the window of the policy. */
typedef struct Recent
{
	int64 count;  /* in any currency */
	int64 amount; /* in one, minor units */
} Recent;

static void
lock_account(const pg_uuid_t *user)
{
	static SklStmt stmt = SKL_STMT("SELECT state FROM skillancer.user_account"
								   " WHERE id = $1::skillancer.user_id FOR NO KEY UPDATE",
								   UUIDOID);
	Datum args[1] = {UUIDPGetDatum(user)};

	if (skl_spi_exec(&stmt, args, NULL) != 1 || strcmp(skl_spi_text(0, 1), "ACTIVE") != 0)
		skl_failf(SKL_ERR_PAYOUT_BLOCKED, "your account is restricted");
}

static void
check_debt(const pg_uuid_t *user)
{
	static SklStmt stmt =
		SKL_STMT("SELECT FROM skillancer.ledger_account"
				 " WHERE owner = $1 AND class = 'freelancer_receivable' AND balance > 0",
				 UUIDOID);
	Datum args[1] = {UUIDPGetDatum(user)};

	if (skl_spi_exec(&stmt, args, NULL) > 0)
		skl_failf(SKL_ERR_PAYOUT_BLOCKED, "you owe the marketplace money");
}

static Recent
recent_payouts(const pg_uuid_t *user, const char *currency, const char *window)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT count(*), coalesce(sum(skillancer.monetary_minor(p.amount))"
		" FILTER (WHERE skillancer.monetary_currency(p.amount) = $2), 0)::bigint"
		" FROM skillancer.payout p WHERE p.user_id = $1::skillancer.user_id"
		" AND p.created_at > $3 - $4::interval AND p.state NOT IN ('CREATED', 'CANCELLED', "
		"'FAILED')",
		UUIDOID, TEXTOID, TIMESTAMPTZOID, TEXTOID);
	Datum args[4] = {UUIDPGetDatum(user), CStringGetTextDatum(currency),
					 TimestampTzGetDatum(skl_now()), CStringGetTextDatum(window)};
	bool isnull;

	skl_spi_exec(&stmt, args, NULL);
	return (Recent){DatumGetInt64(skl_spi_value(0, 1, &isnull)),
					DatumGetInt64(skl_spi_value(0, 2, &isnull))};
}

/* The most that may leave in one currency within the window, in minor units; -1 without a limit. */
static int64
window_limit(const char *currency)
{
	static SklStmt stmt =
		SKL_STMT("SELECT skillancer.monetary_minor(skillancer.monetary(r.window_maximum, $1))"
				 " FROM skillancer.payout_rule r WHERE r.currency IN ($1, '*')"
				 " ORDER BY r.currency = '*' LIMIT 1",
				 TEXTOID);
	Datum args[1] = {CStringGetTextDatum(currency)};
	bool isnull = true;
	int64 limit = 0;

	if (skl_spi_exec(&stmt, args, NULL) == 1)
		limit = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	return isnull ? -1 : limit;
}

static void
check_velocity(const pg_uuid_t *user, const SklMonetary *amount)
{
	Jsonb *policy = skl_policy_value("payoutVelocity");
	char *most = skl_policy_pinned(policy, "count");
	char *window = skl_policy_pinned(policy, "window");
	int64 limit = window_limit(amount->currency);
	Recent recent;

	if (most == NULL || window == NULL)
		elog(ERROR, "policy \"payoutVelocity\" needs count and window");
	recent = recent_payouts(user, amount->currency, window);
	if (recent.count >= pg_strtoint32(most))
		skl_failf(SKL_ERR_LIMIT_REACHED, "you have requested too many payouts: try again later");
	if (limit >= 0 && (recent.amount > limit || amount->minor > limit - recent.amount))
		skl_failf(SKL_ERR_LIMIT_REACHED, "this is more than can be paid out in such a short time");
}

static bool
guard_allowed(const SklFire *fire)
{
	pg_uuid_t user = skl_fire_id(fire, "user_id");

	lock_account(&user);
	check_debt(&user);
	check_velocity(&user, skl_fire_money(fire, "amount"));
	return true;
}

void
skl_payout_rules_init(void)
{
	skl_register_guard("payout_allowed", guard_allowed);
}
