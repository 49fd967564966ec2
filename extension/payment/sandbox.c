/*
 * payment/sandbox.c
 *		The provider "sandbox": it lives in the database, and its token says what happens.
 *
 * docs/money.md has the tokens as a table. What one does later (a payout that comes back, a charge
 * that is charged back) is a timer that the effects of charge and payout set.
 */
#include "skl.h"

#include "core/spi.h"
#include "payment/payment.h"
#include "payment/provider.h"

#include "catalog/pg_type_d.h"

PG_FUNCTION_INFO_V1(skl_fn_sandbox_label);

/* What becomes of money that goes back to a card. */
typedef enum SandboxRefund
{
	REFUND_SUCCEEDS,
	REFUND_DECLINED,
	REFUND_SILENT /* no answer; when asked, it succeeded */
} SandboxRefund;

/* What the sandbox does with one of its tokens. */
typedef struct SandboxToken
{
	const char *token;
	const char *kind;		  /* PAYMENT or PAYOUT */
	const char *label;		  /* what a person sees instead of the number */
	SklOutcome first;		  /* what it says when it is told to do it */
	SklOutcome asked;		  /* what it says when it is asked */
	const char *failure_code; /* of a refusal */
	const char *later;		  /* event that follows what succeeded, or NULL */
	SandboxRefund refund;
} SandboxToken;

#define DECLINED SKL_OUTCOME_DECLINED, SKL_OUTCOME_DECLINED
#define SUCCEEDED SKL_OUTCOME_SUCCEEDED, SKL_OUTCOME_SUCCEEDED
#define SILENT SKL_OUTCOME_NONE

static const SandboxToken tokens[] = {
	{"tok_success", "PAYMENT", "Test card ending 4242", SUCCEEDED, NULL, NULL},
	{"tok_declined", "PAYMENT", "Test card ending 0002", DECLINED, "card_declined", NULL},
	{"tok_insufficient_funds", "PAYMENT", "Test card ending 9995", DECLINED, "insufficient_funds",
	 NULL},
	{"tok_expired_card", "PAYMENT", "Test card ending 0069", DECLINED, "expired_card", NULL},
	{"tok_incorrect_cvc", "PAYMENT", "Test card ending 0127", DECLINED, "incorrect_cvc", NULL},
	{"tok_fraudulent", "PAYMENT", "Test card ending 0019", DECLINED, "fraudulent", NULL},
	{"tok_action_required", "PAYMENT", "Test card ending 3155", SKL_OUTCOME_ACTION,
	 SKL_OUTCOME_ACTION, NULL, NULL},
	{"tok_no_answer", "PAYMENT", "Test card ending 1111", SILENT, SKL_OUTCOME_SUCCEEDED, NULL,
	 NULL},
	{"tok_no_answer_declined", "PAYMENT", "Test card ending 1112", SILENT, SKL_OUTCOME_DECLINED,
	 "card_declined", NULL},
	{"tok_no_answer_lost", "PAYMENT", "Test card ending 1113", SILENT, SKL_OUTCOME_ABSENT, NULL,
	 NULL},
	{"tok_chargeback", "PAYMENT", "Test card ending 0259", SUCCEEDED, NULL, "bank_disputes"},
	{"tok_refund_declined", "PAYMENT", "Test card ending 5126", SUCCEEDED,
	 "expired_or_canceled_card", NULL, REFUND_DECLINED},
	{"tok_refund_no_answer", "PAYMENT", "Test card ending 7726", SUCCEEDED, NULL, NULL,
	 REFUND_SILENT},
	{"tok_bank_success", "PAYOUT", "Test account ending 6789", SUCCEEDED, NULL, NULL},
	{"tok_bank_closed", "PAYOUT", "Test account ending 0001", DECLINED, "account_closed", NULL},
	{"tok_bank_returned", "PAYOUT", "Test account ending 0002", SUCCEEDED, "no_account", "return"},
	{"tok_bank_no_answer", "PAYOUT", "Test account ending 0003", SILENT, SKL_OUTCOME_SUCCEEDED,
	 NULL, NULL},
	{"tok_bank_no_answer_closed", "PAYOUT", "Test account ending 0004", SILENT,
	 SKL_OUTCOME_DECLINED, "account_closed", NULL},
};

static const SandboxToken *
find_token(const char *kind, const char *token)
{
	for (int i = 0; i < (int) lengthof(tokens); i++)
	{
		if (strcmp(tokens[i].kind, kind) == 0 && strcmp(tokens[i].token, token) == 0)
			return &tokens[i];
	}
	return NULL;
}

/* The token of an item; of a refund, that of its charge. */
static const SandboxToken *
token_of(const SklProviderItem *item)
{
	const SandboxToken *found =
		find_token(item->kind == SKL_KIND_PAYOUT ? "PAYOUT" : "PAYMENT", item->token);

	if (found == NULL)
		elog(ERROR, "a payment method has no token of the sandbox");
	return found;
}

static void
answer_with(const SklProviderItem *item, SklOutcome outcome, SklProviderAnswer *answer)
{
	answer->outcome = outcome;
	if (outcome == SKL_OUTCOME_DECLINED)
		answer->failure_code = token_of(item)->failure_code;
	if (outcome == SKL_OUTCOME_SUCCEEDED)
		answer->external_id = psprintf("sandbox_%s", item->name);
}

static void
start_first(const SklProviderItem *item, SklProviderStep *step)
{
	answer_with(item, token_of(item)->first, &step->answer);
}

/* Cards take their money back, most of them. */
static void
start_refund(const SklProviderItem *item, SklProviderStep *step)
{
	static const SklOutcome outcomes[] = {[REFUND_SUCCEEDS] = SKL_OUTCOME_SUCCEEDED,
										  [REFUND_DECLINED] = SKL_OUTCOME_DECLINED,
										  [REFUND_SILENT] = SKL_OUTCOME_NONE};

	answer_with(item, outcomes[token_of(item)->refund], &step->answer);
}

static void
start_ask(const SklProviderItem *item, SklProviderStep *step)
{
	if (item->kind != SKL_KIND_REFUND)
		answer_with(item, token_of(item)->asked, &step->answer);
	else if (token_of(item)->refund == REFUND_SILENT)
		answer_with(item, SKL_OUTCOME_SUCCEEDED, &step->answer);
	else
		start_refund(item, step);
}

static const char *
label(const char *kind, const char *token)
{
	const SandboxToken *found = find_token(kind, token);

	return found != NULL ? found->label : NULL;
}

const SklProvider skl_sandbox_provider = {
	.name = "sandbox",
	.remote = false,
	.start = {[SKL_OP_CHARGE] = start_first,
			  [SKL_OP_PAYOUT] = start_first,
			  [SKL_OP_REFUND] = start_refund,
			  [SKL_OP_ASK] = start_ask},
	.label = label,
};

const char *
skl_sandbox_later(const SklProviderItem *item)
{
	return strcmp(item->provider, "sandbox") == 0 ? token_of(item)->later : NULL;
}

const char *
skl_sandbox_failure(const SklProviderItem *item)
{
	return strcmp(item->provider, "sandbox") == 0 ? token_of(item)->failure_code : NULL;
}

/* sandbox_label(kind, token) returns text: what releases before 0.3 call. */
Datum
skl_fn_sandbox_label(PG_FUNCTION_ARGS)
{
	const char *found =
		label(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)));

	if (found == NULL)
		PG_RETURN_NULL();
	return CStringGetTextDatum(found);
}
