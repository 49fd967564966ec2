/*
 * payment/sandbox.c
 *		The provider "sandbox": it lives in the database, and its token says what happens.
 */
#include "skl.h"

#include "core/spi.h"
#include "payment/payment.h"

#include "catalog/pg_type_d.h"

PG_FUNCTION_INFO_V1(skl_fn_sandbox_label);

static const SklSandboxToken tokens[] = {
	{"tok_success", "PAYMENT", "Test card ending 4242", "capture", NULL},
	{"tok_declined", "PAYMENT", "Test card ending 0002", "decline", "card_declined"},
	{"tok_insufficient_funds", "PAYMENT", "Test card ending 9995", "decline", "insufficient_funds"},
	{"tok_expired_card", "PAYMENT", "Test card ending 0069", "decline", "expired_card"},
	{"tok_action_required", "PAYMENT", "Test card ending 3155", "require_action", NULL},
	{"tok_bank_success", "PAYOUT", "Test account ending 6789", "pay", NULL},
	{"tok_bank_closed", "PAYOUT", "Test account ending 0001", "fail", "account_closed"},
};

const SklSandboxToken *
skl_sandbox_token(const char *kind, const char *token)
{
	for (int i = 0; i < (int) lengthof(tokens); i++)
	{
		if (strcmp(tokens[i].kind, kind) == 0 && strcmp(tokens[i].token, token) == 0)
			return &tokens[i];
	}
	return NULL;
}

const SklSandboxToken *
skl_sandbox_method(const pg_uuid_t *method)
{
	static SklStmt stmt = SKL_STMT("SELECT kind, token FROM skillancer.payment_method"
								   " WHERE id = $1::skillancer.payment_method_id",
								   UUIDOID);
	Datum args[1] = {UUIDPGetDatum(method)};
	const SklSandboxToken *found = NULL;

	if (skl_spi_exec(&stmt, args, NULL) == 1)
		found = skl_sandbox_token(skl_spi_text(0, 1), skl_spi_text(0, 2));
	if (found == NULL)
		elog(ERROR, "a payment method has no token of the sandbox");
	return found;
}

/* sandbox_label(kind, token) returns text: what a person sees; NULL for an unknown token. */
Datum
skl_fn_sandbox_label(PG_FUNCTION_ARGS)
{
	const SklSandboxToken *found = skl_sandbox_token(text_to_cstring(PG_GETARG_TEXT_PP(0)),
													 text_to_cstring(PG_GETARG_TEXT_PP(1)));

	if (found == NULL)
		PG_RETURN_NULL();
	return CStringGetTextDatum(found->label);
}
