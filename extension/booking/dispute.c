/*
 * booking/dispute.c
 *		Guards and effects of the machine "dispute": who may do what, offers that move one way only,
 *		and the end, which divides the claim.
 *
 * Everything is said in one measure, the share of the claim that the claimant gets. The end of a
 * dispute fires an event at its milestone, whose effect in extension/payment moves the money: what
 * was frozen is divided to the last unit, or all of it goes back into escrow. A command holds the
 * locks of booking and milestone before that of the dispute; a timer has the dispute first and
 * gives way when one of them is taken.
 */
#include "skl.h"

#include "booking/booking.h"
#include "core/clock.h"
#include "core/errors.h"
#include "core/fire.h"
#include "core/policy.h"
#include "core/request.h"
#include "types/monetary.h"

/* What a guard needs of the row. */
typedef struct Claim
{
	const SklMonetary *amount;
	bool by_client;	  /* the claimant is the client */
	bool is_claimant; /* the caller is the claimant */
	bool is_party;	  /* the caller is the client or the freelancer */
} Claim;

/* The caller is this person himself. */
static bool
caller_is(const SklFire *fire, const char *column)
{
	const SklRequest *request = skl_request();
	pg_uuid_t user;

	return request != NULL && request->has_user && skl_fire_uuid(fire, column, &user) &&
		   memcmp(&user, &request->user_id, UUID_LEN) == 0;
}

/* The caller, one of the two parties, is on the side of who claims. */
static bool
caller_claims(const SklFire *fire)
{
	return skl_booking_caller_is(fire, "claimant_id");
}

/* An amount of the row, or NULL. */
static const SklMonetary *
money_of(const SklFire *fire, const char *column)
{
	bool isnull;
	Datum value = skl_fire_datum(fire, column, &isnull);

	return isnull ? NULL : DatumGetMonetaryP(value);
}

static Claim
claim_of(const SklFire *fire)
{
	pg_uuid_t claimant;
	pg_uuid_t client;

	if (!skl_fire_uuid(fire, "claimant_id", &claimant) ||
		!skl_fire_uuid(fire, "client_id", &client))
		elog(ERROR, "a dispute has no claimant");
	return (Claim){
		.amount = money_of(fire, "amount"),
		.by_client = memcmp(&claimant, &client, UUID_LEN) == 0,
		.is_claimant = caller_claims(fire),
		.is_party = caller_is(fire, "client_id") || caller_is(fire, "freelancer_id"),
	};
}

/* A share of the claim out of the payload: in its currency, from nothing to all of it. */
static const SklMonetary *
share_of(const SklFire *fire, const char *key)
{
	const SklMonetary *amount = money_of(fire, "amount");
	char *money = skl_fire_payload(fire, key);
	const SklMonetary *share;

	if (money == NULL)
		elog(ERROR, "the payload of \"%s\" has no \"%s\"", fire->event, key);
	share = skl_monetary_from_text(money);
	if (strcmp(share->currency, amount->currency) != 0)
		skl_fail(SKL_ERR_CURRENCY_MISMATCH);
	if (share->minor < 0 || share->minor > amount->minor)
		skl_failf(SKL_ERR_INVALID_STATE, "a share is between nothing and the claim");
	return share;
}

static bool
guard_claimant(const SklFire *fire)
{
	if (!caller_claims(fire))
		skl_failf(SKL_ERR_PERMISSION_DENIED, "the other side has opened this dispute");
	return true;
}

static bool
guard_respondent(const SklFire *fire)
{
	if (caller_claims(fire))
		skl_failf(SKL_ERR_PERMISSION_DENIED, "the other side has to reply to this dispute");
	return true;
}

/* Offers move towards each other: the claimant's go down, the respondent's go up. */
static bool
guard_offer(const SklFire *fire)
{
	Claim claim = claim_of(fire);
	const SklMonetary *last =
		money_of(fire, claim.is_claimant ? "claimant_offer" : "respondent_offer");
	const SklMonetary *share = share_of(fire, "amount");

	if (claim.is_claimant && share->minor >= last->minor)
		skl_failf(SKL_ERR_OFFER_NOT_BETTER, "who claims asks for less than before");
	if (!claim.is_claimant && last != NULL && share->minor <= last->minor)
		skl_failf(SKL_ERR_OFFER_NOT_BETTER, "who is claimed from offers more than before");
	return true;
}

/* The standing offer of the other side, or NULL. */
static const SklMonetary *
other_offer(const SklFire *fire)
{
	return money_of(fire, caller_claims(fire) ? "respondent_offer" : "claimant_offer");
}

static bool
guard_other_offer(const SklFire *fire)
{
	if (other_offer(fire) == NULL)
		skl_failf(SKL_ERR_INVALID_STATE, "the other side has made no offer");
	return true;
}

/* Staff decide only with the permission for it, and never about themselves. */
static bool
guard_staff(const SklFire *fire)
{
	if (claim_of(fire).is_party)
		skl_failf(SKL_ERR_PERMISSION_DENIED, "nobody decides a dispute of his own");
	if (!skl_request_has_permission("contracts:resolve_dispute"))
		skl_fail(SKL_ERR_PERMISSION_DENIED);
	return true;
}

/* The one who has taken the dispute, or anybody of the staff while nobody has. */
static bool
guard_mediator(const SklFire *fire)
{
	pg_uuid_t mediator;

	guard_staff(fire);
	if (skl_fire_uuid(fire, "mediator_id", &mediator) && !caller_is(fire, "mediator_id"))
		skl_failf(SKL_ERR_PERMISSION_DENIED, "somebody else mediates here: take the dispute first");
	return true;
}

static bool
has_accepted(const SklFire *fire, bool claimant)
{
	bool isnull;

	(void) skl_fire_datum(fire, claimant ? "claimant_accepted_at" : "respondent_accepted_at",
						  &isnull);
	return !isnull;
}

/* The first of the two to accept the mediator's split. */
static bool
guard_accepts_first(const SklFire *fire)
{
	bool claimant = caller_claims(fire);

	if (has_accepted(fire, claimant))
		skl_failf(SKL_ERR_INVALID_STATE, "you have accepted this split");
	return !has_accepted(fire, !claimant);
}

/* The second one. */
static bool
guard_accepts_last(const SklFire *fire)
{
	bool claimant = caller_claims(fire);

	return !has_accepted(fire, claimant) && has_accepted(fire, !claimant);
}

static void
effect_reply(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.dispute SET replied_at = $2"
								   " WHERE id = $1::skillancer.dispute_id",
								   UUIDOID, TIMESTAMPTZOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};

	skl_spi_exec(&stmt, args, NULL);
}

static void
effect_offer(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.dispute SET"
				 " claimant_offer = CASE WHEN $3 THEN skillancer.monetary_of($2, $4)"
				 " ELSE claimant_offer END,"
				 " respondent_offer = CASE WHEN $3 THEN respondent_offer"
				 " ELSE skillancer.monetary_of($2, $4) END"
				 " WHERE id = $1::skillancer.dispute_id",
				 UUIDOID, INT8OID, BOOLOID, TEXTOID);
	const SklMonetary *share = share_of(fire, "amount");
	Datum args[4] = {UUIDPGetDatum(&fire->id), Int64GetDatum(share->minor),
					 BoolGetDatum(caller_claims(fire)), CStringGetTextDatum(share->currency)};

	skl_spi_exec(&stmt, args, NULL);
}

/* From here on there is a last day for evidence. */
static void
effect_escalate(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.dispute SET escalated_at = $2, evidence_until = $3"
				 " WHERE id = $1::skillancer.dispute_id",
				 UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID);
	bool isnull;
	Jsonb *pinned = DatumGetJsonbP(skl_fire_datum(fire, "policy", &isnull));
	char *term = skl_policy_pinned(pinned, "disputeEvidenceTerm");
	Interval *period =
		term != NULL ? skl_policy_parse_interval(term) : skl_policy_interval("disputeEvidenceTerm");
	Datum args[3] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now()),
					 TimestampTzGetDatum(skl_now_plus(period))};

	skl_spi_exec(&stmt, args, NULL);
}

/* The caller becomes the mediator. */
static void
effect_take(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.dispute SET mediator_id = $2::skillancer.user_id"
				 " WHERE id = $1::skillancer.dispute_id",
				 UUIDOID, UUIDOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), UUIDPGetDatum(&skl_request()->user_id)};

	skl_spi_exec(&stmt, args, NULL);
}

static void
effect_propose_split(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.dispute SET proposed = skillancer.monetary_of($2, $3),"
				 " proposed_note = $4, proposed_at = $5, claimant_accepted_at = NULL,"
				 " respondent_accepted_at = NULL WHERE id = $1::skillancer.dispute_id",
				 UUIDOID, INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID);
	const SklMonetary *share = share_of(fire, "toClaimant");
	Datum args[5] = {
		UUIDPGetDatum(&fire->id), Int64GetDatum(share->minor), CStringGetTextDatum(share->currency),
		CStringGetTextDatum(skl_fire_payload(fire, "note")), TimestampTzGetDatum(skl_now())};

	effect_take(fire);
	skl_spi_exec(&stmt, args, NULL);
}

static void
effect_accept_split(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.dispute SET"
				 " claimant_accepted_at = CASE WHEN $3 THEN $2 ELSE claimant_accepted_at END,"
				 " respondent_accepted_at = CASE WHEN $3 THEN respondent_accepted_at ELSE $2 END"
				 " WHERE id = $1::skillancer.dispute_id",
				 UUIDOID, TIMESTAMPTZOID, BOOLOID);
	Datum args[3] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now()),
					 BoolGetDatum(caller_claims(fire))};

	skl_spi_exec(&stmt, args, NULL);
}

/*
 * The event of the milestone that ends its dispute: it stays what it is while escrow is left, else
 * it is over, released when the freelancer got anything of it.
 */
static const char *
milestone_event(const pg_uuid_t *milestone, int64 to_freelancer)
{
	static SklStmt stmt =
		SKL_STMT("SELECT skillancer.monetary_minor(m.amount)"
				 " - coalesce(skillancer.monetary_minor(m.released_part), 0)"
				 " - coalesce(skillancer.monetary_minor(m.refunded_part), 0)"
				 " - skillancer.monetary_minor(m.frozen), m.released_part IS NOT NULL"
				 " FROM skillancer.milestone m WHERE m.id = $1::skillancer.milestone_id"
				 " FOR NO KEY UPDATE NOWAIT",
				 UUIDOID);
	Datum args[1] = {UUIDPGetDatum(milestone)};
	bool isnull;

	if (skl_spi_exec(&stmt, args, NULL) != 1)
		elog(ERROR, "a dispute has no milestone");
	if (DatumGetInt64(skl_spi_value(0, 1, &isnull)) > 0)
		return "unfreeze";
	return to_freelancer > 0 || DatumGetBool(skl_spi_value(0, 2, &isnull)) ? "settle_release"
																		   : "settle_refund";
}

/* What the milestone is told: whose dispute it was and how much of it goes where. */
static Jsonb *
division(const SklFire *fire, int64 to_client, int64 to_freelancer)
{
	static SklStmt stmt =
		SKL_STMT("SELECT pg_catalog.jsonb_build_object('disputeId', $1::skillancer.dispute_id,"
				 " 'toClient', skillancer.monetary_of($2, $4)::text,"
				 " 'toFreelancer', skillancer.monetary_of($3, $4)::text)",
				 UUIDOID, INT8OID, INT8OID, TEXTOID);
	const SklMonetary *amount = money_of(fire, "amount");
	Datum args[4] = {UUIDPGetDatum(&fire->id), Int64GetDatum(to_client),
					 Int64GetDatum(to_freelancer), CStringGetTextDatum(amount->currency)};
	bool isnull;

	skl_spi_exec(&stmt, args, NULL);
	return DatumGetJsonbPCopy(skl_spi_value(0, 1, &isnull));
}

/* Tells the milestone how what was frozen is divided; two nothings give it back to escrow. */
static void
tell_milestone(const SklFire *fire, int64 to_client, int64 to_freelancer, const char *event)
{
	Jsonb *payload = division(fire, to_client, to_freelancer);
	pg_uuid_t milestone;
	pg_uuid_t booking;

	if (!skl_fire_uuid(fire, "milestone_id", &milestone) ||
		!skl_fire_uuid(fire, "booking_id", &booking))
		elog(ERROR, "a dispute has no milestone");
	(void) skl_booking_lock(&booking);
	if (event == NULL)
		event = milestone_event(&milestone, to_freelancer);
	(void) skl_fire("milestone", &milestone, event, payload, true);
}

/* The end: so much of the claim is the claimant's, and the rest is the other side's. */
static void
resolve(const SklFire *fire, const SklMonetary *award, const char *outcome)
{
	static SklStmt stmt =
		SKL_STMT("UPDATE skillancer.dispute SET awarded = skillancer.monetary_of($2, $3),"
				 " outcome = $4, decision = $5, resolved_at = $6"
				 " WHERE id = $1::skillancer.dispute_id",
				 UUIDOID, INT8OID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID);
	Claim claim = claim_of(fire);
	char *decision = skl_fire_payload(fire, "decision");
	int64 rest = claim.amount->minor - award->minor;
	Datum args[6] = {UUIDPGetDatum(&fire->id),
					 Int64GetDatum(award->minor),
					 CStringGetTextDatum(award->currency),
					 CStringGetTextDatum(outcome),
					 decision != NULL ? CStringGetTextDatum(decision) : (Datum) 0,
					 TimestampTzGetDatum(skl_now())};

	skl_spi_exec(&stmt, args, decision == NULL ? "    n " : NULL);
	tell_milestone(fire, claim.by_client ? award->minor : rest,
				   claim.by_client ? rest : award->minor, NULL);
}

static void
effect_win_by_silence(const SklFire *fire)
{
	resolve(fire, money_of(fire, "amount"), "DEFAULT");
}

static void
effect_accept_offer(const SklFire *fire)
{
	resolve(fire, other_offer(fire), "SETTLED");
}

static void
effect_split_agreed(const SklFire *fire)
{
	if (fire->actor != SKL_ACTOR_SYSTEM)
		effect_accept_split(fire);
	resolve(fire, money_of(fire, "proposed"), "SPLIT");
}

static void
effect_resolve(const SklFire *fire)
{
	effect_take(fire);
	resolve(fire, share_of(fire, "toClaimant"), "DECIDED");
}

/* The claim is taken back, or a charge-back has come: the money is in escrow again. */
static void
effect_withdraw(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.dispute SET resolved_at = $2"
								   " WHERE id = $1::skillancer.dispute_id",
								   UUIDOID, TIMESTAMPTZOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};

	skl_spi_exec(&stmt, args, NULL);
	tell_milestone(fire, 0, 0, "unfreeze");
}

void
skl_dispute_init(void)
{
	skl_register_guard("dispute_claimant", guard_claimant);
	skl_register_guard("dispute_respondent", guard_respondent);
	skl_register_guard("dispute_offer", guard_offer);
	skl_register_guard("dispute_other_offer", guard_other_offer);
	skl_register_guard("dispute_staff", guard_staff);
	skl_register_guard("dispute_mediator", guard_mediator);
	skl_register_guard("dispute_accepts_first", guard_accepts_first);
	skl_register_guard("dispute_accepts_last", guard_accepts_last);
	skl_register_effect("dispute", "reply", effect_reply);
	skl_register_effect("dispute", "offer", effect_offer);
	skl_register_effect("dispute", "escalate", effect_escalate);
	skl_register_effect("dispute", "take", effect_take);
	skl_register_effect("dispute", "propose_split", effect_propose_split);
	skl_register_effect("dispute", "accept_split", effect_accept_split);
	skl_register_effect("dispute", "win_by_silence", effect_win_by_silence);
	skl_register_effect("dispute", "accept_offer", effect_accept_offer);
	skl_register_effect("dispute", "agree_split", effect_split_agreed);
	skl_register_effect("dispute", "accept_by_silence", effect_split_agreed);
	skl_register_effect("dispute", "resolve", effect_resolve);
	skl_register_effect("dispute", "withdraw", effect_withdraw);
	skl_register_effect("dispute", "overtake", effect_withdraw);
}
