/*
 * payment/provider_apply.c
 *		What a provider says takes charges, refunds and payouts on.
 *
 * Answers come late, twice, and in any order. Each is compared with the state under the row's lock:
 * one that leads on fires the event of the machine, one that is already so or older changes
 * nothing, and one that contradicts is asked about (webhooks) or left to people (answers).
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/fire.h"
#include "core/policy.h"
#include "core/spi.h"
#include "payment/payment.h"
#include "payment/provider.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/json.h"

PG_FUNCTION_INFO_V1(skl_fn_provider_read_call);
PG_FUNCTION_INFO_V1(skl_fn_provider_read_event);

/* The event of the machine that an outcome stands for. */
static const char *const events[SKL_KIND_COUNT][SKL_OUTCOME_COUNT] = {
	[SKL_KIND_CHARGE] = {[SKL_OUTCOME_SUCCEEDED] = "capture",
						 [SKL_OUTCOME_PENDING] = "process",
						 [SKL_OUTCOME_ACTION] = "require_action",
						 [SKL_OUTCOME_DECLINED] = "decline",
						 [SKL_OUTCOME_VOIDED] = "cancel"},
	[SKL_KIND_REFUND] = {[SKL_OUTCOME_SUCCEEDED] = "pay",
						 [SKL_OUTCOME_PENDING] = "process",
						 [SKL_OUTCOME_ACTION] = "process",
						 [SKL_OUTCOME_DECLINED] = "fail",
						 [SKL_OUTCOME_VOIDED] = "fail",
						 [SKL_OUTCOME_RETURNED] = "return"},
	[SKL_KIND_PAYOUT] = {[SKL_OUTCOME_SUCCEEDED] = "pay",
						 [SKL_OUTCOME_PENDING] = "process",
						 [SKL_OUTCOME_DECLINED] = "fail",
						 [SKL_OUTCOME_VOIDED] = "fail",
						 [SKL_OUTCOME_RETURNED] = "return"},
};

/* True when nothing more is expected in this state. */
static bool
is_settled(const char *state)
{
	static const char *const open[] = {"CREATED", "REQUESTED", "REQUIRES_ACTION", "PROCESSING",
									   "ERRORED"};

	for (size_t i = 0; i < lengthof(open); i++)
	{
		if (strcmp(state, open[i]) == 0)
			return false;
	}
	return true;
}

static const SklTransition *
find_step(const SklProviderItem *item, const char *event, bool any_state)
{
	const SklMachine *machine = skl_machine(skl_kind_names[item->kind]);

	for (int i = 0; i < machine->ntransitions; i++)
	{
		const SklTransition *t = &machine->transitions[i];

		if (strcmp(t->event, event) == 0 &&
			(any_state ? strcmp(t->to, item->state) == 0
					   : strcmp(t->from, item->state) == 0 && (t->actors & SKL_ACTOR_SYSTEM) != 0))
			return t;
	}
	return NULL;
}

/* Keeps the provider's number of the item, its cost, and where the payer has to go. */
static void
remember(SklProviderItem *item, const SklProviderAnswer *answer)
{
	static SklStmt stmt = SKL_STMT("SELECT skillancer.provider_remember($1, $2, $3,"
								   " skillancer.monetary_of($4, $5), $6)",
								   TEXTOID, UUIDOID, TEXTOID, INT8OID, TEXTOID, TEXTOID);
	bool has_cost = strcmp(answer->cost.currency, item->amount.currency) == 0;
	Datum args[6] = {CStringGetTextDatum(skl_kind_names[item->kind]), UUIDPGetDatum(&item->id)};
	char nulls[] = "  nnnn";

	if (answer->external_id != NULL)
	{
		args[2] = CStringGetTextDatum(answer->external_id);
		nulls[2] = ' ';
	}
	if (has_cost)
	{
		args[3] = Int64GetDatum(answer->cost.minor);
		args[4] = CStringGetTextDatum(answer->cost.currency);
		nulls[3] = nulls[4] = ' ';
	}
	if (answer->action_url != NULL)
	{
		args[5] = CStringGetTextDatum(answer->action_url);
		nulls[5] = ' ';
	}
	if (answer->external_id != NULL || has_cost || answer->action_url != NULL)
		skl_spi_exec(&stmt, args, nulls);
}

/* Keeps what a person recognises the card of a charge by. */
static void
remember_card(const SklProviderItem *item, const SklCard *card)
{
	static SklStmt stmt = SKL_STMT("SELECT skillancer.provider_card($1::skillancer.charge_id, $2,"
								   " $3, $4, $5)",
								   UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID);
	const char *const texts[] = {card->brand, card->last4, card->exp_month, card->exp_year};
	Datum args[5] = {UUIDPGetDatum(&item->id)};
	char nulls[] = "     ";

	if (item->kind != SKL_KIND_CHARGE || card->last4 == NULL)
		return;
	for (int i = 0; i < 4; i++)
	{
		if (texts[i] == NULL)
			nulls[i + 1] = 'n';
		else
			args[i + 1] = CStringGetTextDatum(texts[i]);
	}
	skl_spi_exec(&stmt, args, nulls);
}

/* Fires the event, with the reason of a refusal. */
static void
fire(const SklProviderItem *item, const char *event, const char *failure_code)
{
	StringInfoData payload;

	initStringInfo(&payload);
	appendStringInfoChar(&payload, '{');
	if (failure_code != NULL)
	{
		appendStringInfoString(&payload, "\"failureCode\": ");
		escape_json(&payload, pnstrdup(failure_code, Min(strlen(failure_code), 63)));
	}
	appendStringInfoChar(&payload, '}');
	(void) skl_fire(skl_kind_names[item->kind], &item->id, event,
					DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(payload.data))),
					true);
}

/* What the provider moved must be what we asked for, and one thing only. */
static const char *
what_is_wrong(const SklProviderItem *item, const SklProviderAnswer *answer)
{
	if (answer->outcome == SKL_OUTCOME_ODD)
		return answer->note;
	if (answer->amount.currency[0] != '\0' &&
		(answer->amount.minor != item->amount.minor ||
		 strcmp(answer->amount.currency, item->amount.currency) != 0))
		return psprintf("the provider says " INT64_FORMAT " %s, we say " INT64_FORMAT
						" %s (minor units)",
						answer->amount.minor, answer->amount.currency, item->amount.minor,
						item->amount.currency);
	if (answer->external_id != NULL && item->external_id != NULL &&
		strcmp(answer->external_id, item->external_id) != 0)
		return psprintf("the provider has it as %s and as %s", item->external_id,
						answer->external_id);
	return NULL;
}

/* True when the provider has had time enough to hear of an item that it does not know. */
static bool
never_received(const SklProviderItem *item)
{
	Interval *term = skl_policy_interval("providerUnknownTerm");
	Datum until = DirectFunctionCall2(
		timestamptz_pl_interval, TimestampTzGetDatum(item->created_at), IntervalPGetDatum(term));

	return DatumGetTimestampTz(until) < skl_now();
}

/* The answer as it is meant for this item: what was declined after it was paid came back. */
static SklProviderAnswer
interpret(const SklProviderItem *item, const SklProviderAnswer *answer, bool asked)
{
	SklProviderAnswer meant = *answer;

	if (answer->outcome == SKL_OUTCOME_ABSENT)
	{
		meant.outcome = SKL_OUTCOME_NONE;
		if (asked && strcmp(item->state, "ERRORED") == 0 && never_received(item))
		{
			meant.outcome = SKL_OUTCOME_DECLINED;
			meant.failure_code = "not_received";
		}
	}
	if ((answer->outcome == SKL_OUTCOME_DECLINED || answer->outcome == SKL_OUTCOME_VOIDED) &&
		(strcmp(item->state, "PAID") == 0 || strcmp(item->state, "REFUNDED") == 0))
		meant.outcome = SKL_OUTCOME_RETURNED;
	return meant;
}

/* What a provider keeps of a charge is posted when it says so, if that is after the capture. */
static void
late_cost(const SklProviderItem *item, const SklProviderAnswer *answer)
{
	static SklStmt stmt =
		SKL_STMT("SELECT skillancer.monetary_minor(c.provider_cost) FROM skillancer.charge c"
				 " WHERE c.id = $1::skillancer.charge_id AND c.state = 'CAPTURED'"
				 " AND c.provider_cost IS NOT NULL",
				 UUIDOID);
	Datum args[1] = {UUIDPGetDatum(&item->id)};
	bool isnull;

	if (item->kind == SKL_KIND_CHARGE && answer->outcome == SKL_OUTCOME_SUCCEEDED &&
		skl_spi_exec(&stmt, args, NULL) == 1)
		skl_charge_post_cost(&item->id, item->amount.currency,
							 DatumGetInt64(skl_spi_value(0, 1, &isnull)));
}

/* An outcome whose event is not possible in this state: repeated, old, or a contradiction. */
static SklApplied
judge(const SklProviderItem *item, const SklProviderAnswer *answer, const char *event, bool asked,
	  const char **note)
{
	bool taken_back = strcmp(item->state, "CHARGED_BACK") == 0;

	if (find_step(item, event, true) != NULL ||
		(taken_back && answer->outcome == SKL_OUTCOME_SUCCEEDED))
		return SKL_APPLIED_DONE;
	if (!is_settled(item->state))
		return asked ? SKL_APPLIED_WAIT : SKL_APPLIED_STALE;
	if (answer->outcome == SKL_OUTCOME_PENDING || answer->outcome == SKL_OUTCOME_ACTION)
		return SKL_APPLIED_STALE;
	if (!asked)
		return answer->outcome == SKL_OUTCOME_SUCCEEDED ? SKL_APPLIED_DOUBT : SKL_APPLIED_STALE;
	*note = psprintf("the provider says %s, but it is %s here", event, item->state);
	return SKL_APPLIED_CONFLICT;
}

SklApplied
skl_provider_apply(SklProviderItem *item, const SklProviderAnswer *said, bool asked,
				   const char **note)
{
	SklProviderAnswer answer = interpret(item, said, asked);
	const char *event = events[item->kind][answer.outcome];

	*note = what_is_wrong(item, &answer);
	if (*note != NULL)
		return SKL_APPLIED_CONFLICT;
	remember(item, &answer);
	remember_card(item, &answer.card);
	if (answer.outcome == SKL_OUTCOME_UNCONFIRMED && asked)
		skl_provider_start(item, SKL_OP_CONFIRM, &answer);
	if (event == NULL)
		return SKL_APPLIED_WAIT;
	if (find_step(item, event, false) == NULL)
	{
		late_cost(item, &answer);
		return judge(item, &answer, event, asked, note);
	}
	if (!asked && is_settled(item->state) && answer.outcome != SKL_OUTCOME_RETURNED)
		return SKL_APPLIED_DOUBT;
	fire(item, event, answer.failure_code);
	return SKL_APPLIED_DONE;
}

/* ---- reading what came in ---- */

/* {verdict, note} as text[]; note may be NULL. */
static Datum
verdict(const char *what, const char *note)
{
	Datum values[2] = {CStringGetTextDatum(what), (Datum) 0};
	bool nulls[2] = {false, note == NULL};
	int dims[1] = {2};
	int lbs[1] = {1};

	if (note != NULL)
		values[1] = CStringGetTextDatum(note);
	return PointerGetDatum(
		construct_md_array(values, nulls, 1, dims, lbs, TEXTOID, -1, false, TYPALIGN_INT));
}

static SklProviderKind
kind_of_name(const char *name)
{
	for (int kind = 0; kind < SKL_KIND_COUNT; kind++)
	{
		if (strcmp(skl_kind_names[kind], name) == 0)
			return (SklProviderKind) kind;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("there is no kind \"%s\"", name)));
	pg_unreachable();
}

static SklProviderOp
op_of_name(const char *name)
{
	for (int op = 0; op < SKL_OP_COUNT; op++)
	{
		if (strcmp(skl_op_names[op], name) == 0)
			return (SklProviderOp) op;
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("there is no operation \"%s\"", name)));
	pg_unreachable();
}

/*
 * provider_read_call(kind, ref, operation, status, body) returns text[]: applies the answer to a
 * request, {DONE | RETRY | PARKED, note}. The item is locked by the caller.
 */
Datum
skl_fn_provider_read_call(PG_FUNCTION_ARGS)
{
	Jsonb *body = PG_ARGISNULL(4) ? NULL : PG_GETARG_JSONB_P(4);
	MemoryContext caller = CurrentMemoryContext;
	SklProviderAnswer answer = {0};
	SklProviderItem item;
	SklProviderOp op;
	const char *what = "DONE";
	const char *note = NULL;
	Datum result;

	skl_need_arg(fcinfo, 0, "the kind");
	skl_need_arg(fcinfo, 1, "the item");
	skl_need_arg(fcinfo, 2, "the operation");
	skl_need_arg(fcinfo, 3, "the status");
	op = op_of_name(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	skl_spi_connect();
	if (!skl_provider_item(kind_of_name(text_to_cstring(PG_GETARG_TEXT_PP(0))), PG_GETARG_UUID_P(1),
						   &item))
		skl_fail(SKL_ERR_RESOURCE_NOT_FOUND);
	if (!skl_provider(item.provider)->remote)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("payment provider \"%s\" is not called", item.provider)));
	skl_provider(item.provider)->read(&item, op, PG_GETARG_INT32(3), body, &answer);
	if (answer.outcome == SKL_OUTCOME_NONE)
	{
		what = "RETRY";
		note = answer.note;
	}
	else if (skl_provider_apply(&item, &answer, true, &note) == SKL_APPLIED_CONFLICT)
		what = "PARKED";
	else if (answer.outcome == SKL_OUTCOME_PENDING && answer.note != NULL)
		skl_provider_start(&item, SKL_OP_ASK, &answer); /* refused, because it has moved on */
	MemoryContextSwitchTo(caller);
	result = verdict(what, note);
	skl_spi_finish();
	PG_RETURN_DATUM(result);
}

/*
 * provider_read_event(kind, ref, object) returns text[]: applies an object that a webhook brought,
 * {DONE | STALE | ASK | PARKED, note}. The item is locked by the caller.
 */
Datum
skl_fn_provider_read_event(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {
		[SKL_APPLIED_DONE] = "DONE",	   [SKL_APPLIED_STALE] = "STALE",
		[SKL_APPLIED_WAIT] = "STALE",	   [SKL_APPLIED_DOUBT] = "ASK",
		[SKL_APPLIED_CONFLICT] = "PARKED",
	};
	SklProviderKind kind = kind_of_name(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	MemoryContext caller = CurrentMemoryContext;
	SklProviderAnswer answer = {0};
	SklProviderItem item;
	SklApplied applied;
	const char *note = NULL;
	Datum result;

	skl_spi_connect();
	if (!skl_provider_item(kind, PG_GETARG_UUID_P(1), &item))
		skl_fail(SKL_ERR_RESOURCE_NOT_FOUND);
	if (!skl_provider(item.provider)->remote)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("payment provider \"%s\" sends nothing", item.provider)));
	skl_provider(item.provider)->read_object(&item, PG_GETARG_JSONB_P(2), &answer);
	applied = skl_provider_apply(&item, &answer, false, &note);
	if (applied == SKL_APPLIED_DOUBT || answer.outcome == SKL_OUTCOME_UNCONFIRMED)
		skl_provider_start(&item, SKL_OP_ASK, &answer);
	MemoryContextSwitchTo(caller);
	result = verdict(names[applied], note);
	skl_spi_finish();
	PG_RETURN_DATUM(result);
}
