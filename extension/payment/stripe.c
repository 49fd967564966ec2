/*
 * payment/stripe.c
 *		The adapter for Stripe: what is asked, as requests of its API, and what its objects mean.
 *
 * Source: https://docs.stripe.com/api (PaymentIntents, Refunds, Transfers, Payouts, errors,
 * idempotent requests). Bodies are forms with nested names (metadata[skillancer_id]); amounts are
 * whole numbers of the smallest unit as Stripe counts it. The id that we keep in the metadata finds
 * an object whose number never reached us. Sending is the courier's, keys are read by it alone.
 *
 * Tokens: pm_… or cus_…/pm_… to pay with. A method that is used again belongs to a customer: for a
 * payer who names none, one is made with his first card, and a charge attaches the card to it;
 * acct_… (a connected account, by a transfer) or ba_…, card_… (a bank account or card of our own
 * account, by a payout) to be paid.
 */
#include "skl.h"

#include "core/guc.h"
#include "payment/provider.h"

#include "common/int.h"
#include "lib/stringinfo.h"

PG_FUNCTION_INFO_V1(skl_fn_stripe_minor);

/* A number of Stripe's: letters, digits, underscores. */
static bool
is_number(const char *token, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(token, prefix, length) == 0 && token[length] != '\0' &&
		   strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
			   strlen(token);
}

/* Splits cus_…/pm_…; customer is NULL when there is none. False: neither form. */
static bool
split_method(const char *token, const char **customer, const char **method)
{
	const char *slash = strchr(token, '/');

	*customer = slash == NULL ? NULL : pnstrdup(token, slash - token);
	*method = slash == NULL ? token : slash + 1;
	return is_number(*method, "pm_") && (*customer == NULL || is_number(*customer, "cus_"));
}

static bool
is_transfer(const SklProviderItem *item)
{
	return strncmp(item->token, "acct_", 5) == 0;
}

static const char *
label(const char *kind, const char *token)
{
	const char *customer;
	const char *method;
	size_t length = strlen(token);
	const char *last = token + (length > 4 ? length - 4 : 0);

	if (strcmp(kind, "PAYMENT") == 0)
		return split_method(token, &customer, &method) ? psprintf("Card at Stripe, %s", last)
													   : NULL;
	if (is_number(token, "acct_"))
		return psprintf("Account at Stripe, %s", last);
	if (is_number(token, "ba_") || is_number(token, "card_"))
		return psprintf("Bank account at Stripe, %s", last);
	return NULL;
}

/* ---- amounts ---- */

/* Currencies whose smallest unit Stripe counts otherwise than ISO 4217 does. */
static const struct
{
	const char *currency;
	int64 times;   /* Stripe's units in one of ours */
	int64 divided; /* ours in one of Stripe's */
} units[] = {{"ISK", 100, 1}, {"UGX", 100, 1}, {"MGA", 1, 100}};

static int64
to_stripe(const SklMonetary *amount)
{
	for (size_t i = 0; i < lengthof(units); i++)
	{
		if (strcmp(units[i].currency, amount->currency) == 0)
			return amount->minor * units[i].times / units[i].divided;
	}
	return amount->minor;
}

/* Stripe's units of a currency in ours. */
static int64
from_stripe(int64 amount, const char *currency)
{
	int64 scaled = amount;

	for (size_t i = 0; i < lengthof(units); i++)
	{
		if (strcmp(units[i].currency, currency) != 0)
			continue;
		if (pg_mul_s64_overflow(amount, units[i].divided, &scaled))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("monetary out of range")));
		scaled /= units[i].times;
	}
	return scaled;
}

/* stripe_minor(amount bigint, currency text) returns bigint: Stripe's units in ours. */
Datum
skl_fn_stripe_minor(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(from_stripe(PG_GETARG_INT64(0), text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

/* Reads an amount and its currency out of an object; leaves money alone when they are not there. */
static void
read_money(Jsonb *object, const char *amount_path, const char *currency_path, SklMonetary *money)
{
	char *amount = skl_json_text(object, amount_path);
	char *currency = skl_json_text(object, currency_path);

	if (amount == NULL || currency == NULL || strlen(currency) != 3 ||
		strspn(amount, "0123456789") != strlen(amount) || strlen(amount) > 17)
		return;
	for (int i = 0; i < 3; i++)
		money->currency[i] = (char) pg_toupper((unsigned char) currency[i]);
	money->currency[3] = '\0';
	money->minor = from_stripe(strtoll(amount, NULL, 10), money->currency);
}

/* ---- forms ---- */

static void
append_escaped(StringInfo out, const char *value)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";

	for (const char *s = value; *s != '\0'; s++)
	{
		if (strchr(plain, *s) != NULL)
			appendStringInfoChar(out, *s);
		else
			appendStringInfo(out, "%%%02X", (unsigned char) *s);
	}
}

/* Adds name=value; nested names are written with brackets, which stay as they are. */
static void
add(StringInfo form, const char *name, const char *value)
{
	if (form->len > 0)
		appendStringInfoChar(form, '&');
	appendStringInfo(form, "%s=", name);
	append_escaped(form, value);
}

static void
add_amount(StringInfo form, const SklProviderItem *item)
{
	char currency[4];

	for (int i = 0; i < 4; i++)
		currency[i] = (char) pg_tolower((unsigned char) item->amount.currency[i]);
	add(form, "amount", psprintf(INT64_FORMAT, to_stripe(&item->amount)));
	add(form, "currency", currency);
}

static void
post(SklProviderStep *step, const char *path, const char *body)
{
	step->request = (SklProviderRequest){.method = "POST", .path = path, .body = body};
}

static void
get(SklProviderStep *step, const char *path)
{
	step->request = (SklProviderRequest){.method = "GET", .path = path};
}

#define EXPAND_COST "latest_charge.balance_transaction"

/* ---- operations ---- */

static void
start_charge(const SklProviderItem *item, SklProviderStep *step)
{
	StringInfoData form;
	const char *customer;
	const char *method;

	initStringInfo(&form);
	(void) split_method(item->token, &customer, &method);
	add_amount(&form, item);
	if (customer != NULL || item->customer != NULL)
		add(&form, "customer", customer != NULL ? customer : item->customer);
	if (customer == NULL && item->customer != NULL)
		add(&form, "setup_future_usage", "off_session");
	add(&form, "payment_method", method);
	add(&form, "payment_method_types[0]", "card");
	add(&form, "confirm", "true");
	add(&form, "return_url",
		psprintf("%s/payments/return?charge=%s", skl_guc.public_url, item->name));
	add(&form, "metadata[skillancer_id]", item->name);
	add(&form, "transfer_group", item->name);
	add(&form, "expand[0]", EXPAND_COST);
	post(step, "/v1/payment_intents", form.data);
}

static void
start_confirm(const SklProviderItem *item, SklProviderStep *step)
{
	StringInfoData form;

	initStringInfo(&form);
	add(&form, "return_url",
		psprintf("%s/payments/return?charge=%s", skl_guc.public_url, item->name));
	add(&form, "expand[0]", EXPAND_COST);
	post(step, psprintf("/v1/payment_intents/%s/confirm", item->external_id), form.data);
}

static void
start_cancel(const SklProviderItem *item, SklProviderStep *step)
{
	post(step, psprintf("/v1/payment_intents/%s/cancel", item->external_id),
		 "cancellation_reason=abandoned");
}

static void
start_refund(const SklProviderItem *item, SklProviderStep *step)
{
	StringInfoData form;

	if (item->charge_id == NULL)
		elog(ERROR, "the charge of a refund has no number at Stripe");
	initStringInfo(&form);
	add(&form, "payment_intent", item->charge_id);
	add(&form, "amount", psprintf(INT64_FORMAT, to_stripe(&item->amount)));
	add(&form, "metadata[skillancer_id]", item->name);
	post(step, "/v1/refunds", form.data);
}

static void
start_payout(const SklProviderItem *item, SklProviderStep *step)
{
	StringInfoData form;

	initStringInfo(&form);
	add_amount(&form, item);
	add(&form, "destination", item->token);
	if (is_transfer(item))
		add(&form, "transfer_group", item->name);
	add(&form, "metadata[skillancer_id]", item->name);
	post(step, is_transfer(item) ? "/v1/transfers" : "/v1/payouts", form.data);
}

static void
start_customer(const char *name, SklProviderRequest *request)
{
	StringInfoData form;

	initStringInfo(&form);
	add(&form, "metadata[skillancer_id]", name);
	*request = (SklProviderRequest){.method = "POST", .path = "/v1/customers", .body = form.data};
}

/* The list that holds an item whose number we do not know. */
static const char *
list_path(const SklProviderItem *item)
{
	StringInfoData path;

	initStringInfo(&path);
	switch (item->kind)
	{
		case SKL_KIND_CHARGE:
			appendStringInfoString(&path, "/v1/payment_intents/search?query=");
			append_escaped(&path, psprintf("metadata[\"skillancer_id\"]:\"%s\"", item->name));
			appendStringInfoString(&path, "&expand%5B0%5D=data." EXPAND_COST);
			break;
		case SKL_KIND_REFUND:
			appendStringInfo(&path, "/v1/refunds?payment_intent=%s&limit=100", item->charge_id);
			break;
		default:
			if (is_transfer(item))
				appendStringInfo(&path, "/v1/transfers?transfer_group=%s&limit=100", item->name);
			else
				appendStringInfo(&path, "/v1/payouts?destination=%s&limit=100", item->token);
			break;
	}
	return path.data;
}

static void
start_ask(const SklProviderItem *item, SklProviderStep *step)
{
	if (item->external_id == NULL)
		get(step, list_path(item));
	else if (item->kind == SKL_KIND_CHARGE)
		get(step,
			psprintf("/v1/payment_intents/%s?expand%%5B0%%5D=" EXPAND_COST, item->external_id));
	else if (item->kind == SKL_KIND_REFUND)
		get(step, psprintf("/v1/refunds/%s", item->external_id));
	else
		get(step,
			psprintf("/v1/%s/%s", is_transfer(item) ? "transfers" : "payouts", item->external_id));
}

/* ---- objects ---- */

/* A word of Stripe's and what it means to us. */
typedef struct Meaning
{
	const char *status;
	SklOutcome outcome;
} Meaning;

static const Meaning intent_meanings[] = {
	{"succeeded", SKL_OUTCOME_SUCCEEDED},
	{"processing", SKL_OUTCOME_PENDING},
	{"requires_action", SKL_OUTCOME_ACTION},
	{"requires_confirmation", SKL_OUTCOME_UNCONFIRMED},
	{"requires_payment_method", SKL_OUTCOME_DECLINED},
	{"canceled", SKL_OUTCOME_VOIDED},
	{NULL, SKL_OUTCOME_ODD},
};

static const Meaning movement_meanings[] = {
	{"succeeded", SKL_OUTCOME_SUCCEEDED},	  {"paid", SKL_OUTCOME_SUCCEEDED},
	{"pending", SKL_OUTCOME_PENDING},		  {"in_transit", SKL_OUTCOME_PENDING},
	{"requires_action", SKL_OUTCOME_PENDING}, {"failed", SKL_OUTCOME_DECLINED},
	{"canceled", SKL_OUTCOME_VOIDED},		  {NULL, SKL_OUTCOME_ODD},
};

static void
read_status(const Meaning *meanings, const char *status, SklProviderAnswer *answer)
{
	while (meanings->status != NULL && strcmp(meanings->status, status) != 0)
		meanings++;
	answer->outcome = meanings->outcome;
	if (meanings->status == NULL)
		answer->note = psprintf("unknown status \"%s\"", status);
}

static const char *
first_of(const char *one, const char *other)
{
	return one != NULL ? one : other;
}

#define CARD "latest_charge.payment_method_details.card."

static void
read_intent(Jsonb *object, SklProviderAnswer *answer)
{
	read_status(intent_meanings, first_of(skl_json_text(object, "status"), ""), answer);
	answer->failure_code = first_of(skl_json_text(object, "last_payment_error.decline_code"),
									skl_json_text(object, "last_payment_error.code"));
	answer->action_url = skl_json_text(object, "next_action.redirect_to_url.url");
	if (answer->outcome == SKL_OUTCOME_SUCCEEDED)
		read_money(object, "amount_received", "currency", &answer->amount);
	else
		read_money(object, "amount", "currency", &answer->amount);
	read_money(object, "latest_charge.balance_transaction.fee",
			   "latest_charge.balance_transaction.currency", &answer->cost);
	answer->card = (SklCard){
		.brand = skl_json_text(object, CARD "brand"),
		.last4 = skl_json_text(object, CARD "last4"),
		.exp_month = skl_json_text(object, CARD "exp_month"),
		.exp_year = skl_json_text(object, CARD "exp_year"),
	};
}

static const char *
read_customer(Jsonb *body)
{
	const char *id = skl_json_text(body, "id");

	return id != NULL && is_number(id, "cus_") ? id : NULL;
}

/* A transfer has no status: it exists, or it was taken back. */
static void
read_transfer(Jsonb *object, SklProviderAnswer *answer)
{
	const char *reversed = first_of(skl_json_text(object, "reversed"), "false");

	answer->outcome = strcmp(reversed, "true") == 0 ? SKL_OUTCOME_RETURNED : SKL_OUTCOME_SUCCEEDED;
	if (answer->outcome == SKL_OUTCOME_RETURNED)
		answer->failure_code = "reversed";
	read_money(object, "amount", "currency", &answer->amount);
}

static void
read_object(const SklProviderItem *item, Jsonb *object, SklProviderAnswer *answer)
{
	const char *type = first_of(skl_json_text(object, "object"), "");

	answer->external_id = skl_json_text(object, "id");
	if (item->kind == SKL_KIND_CHARGE && strcmp(type, "payment_intent") == 0)
		read_intent(object, answer);
	else if (item->kind == SKL_KIND_PAYOUT && strcmp(type, "transfer") == 0)
		read_transfer(object, answer);
	else if ((item->kind == SKL_KIND_PAYOUT && strcmp(type, "payout") == 0) ||
			 (item->kind == SKL_KIND_REFUND && strcmp(type, "refund") == 0))
	{
		read_status(movement_meanings, first_of(skl_json_text(object, "status"), ""), answer);
		answer->failure_code = first_of(skl_json_text(object, "failure_code"),
										skl_json_text(object, "failure_reason"));
		read_money(object, "amount", "currency", &answer->amount);
	}
	else
	{
		answer->outcome = SKL_OUTCOME_ODD;
		answer->note = psprintf("a %s is no %s", type, skl_kind_names[item->kind]);
	}
}

/* Finds the item in a list by our id in the metadata. */
static void
read_list(const SklProviderItem *item, Jsonb *list, SklProviderAnswer *answer)
{
	Jsonb *object;

	answer->outcome = SKL_OUTCOME_ABSENT;
	for (int i = 0; (object = skl_json_member(list, psprintf("data.%d", i))) != NULL; i++)
	{
		const char *name = skl_json_text(object, "metadata.skillancer_id");

		if (name == NULL || strcmp(name, item->name) != 0)
			continue;
		if (answer->outcome != SKL_OUTCOME_ABSENT)
		{
			answer->outcome = SKL_OUTCOME_ODD;
			answer->note = psprintf("the provider has %s more than once", item->name);
			return;
		}
		read_object(item, object, answer);
	}
}

/* ---- errors ---- */

/* No, for good: the request as it is will never be done. */
static void
read_refusal(SklProviderOp op, int status, Jsonb *body, SklProviderAnswer *answer)
{
	const char *code = first_of(skl_json_text(body, "error.code"), "");
	const char *type = first_of(skl_json_text(body, "error.type"), "");

	answer->external_id = skl_json_text(body, "error.payment_intent.id");
	answer->note = psprintf("%d %s %s: %s", status, type, code,
							first_of(skl_json_text(body, "error.message"), ""));
	answer->outcome = SKL_OUTCOME_DECLINED;
	answer->failure_code = first_of(skl_json_text(body, "error.decline_code"),
									code[0] != '\0' ? code : "invalid_request");
	if (strcmp(type, "idempotency_error") == 0)
		answer->outcome = SKL_OUTCOME_ODD;
	else if (op == SKL_OP_ASK)
		answer->outcome = status == 404 ? SKL_OUTCOME_ABSENT : SKL_OUTCOME_ODD;
	else if ((op == SKL_OP_CONFIRM || op == SKL_OP_CANCEL) && strcmp(type, "card_error") != 0)
		answer->outcome = SKL_OUTCOME_PENDING; /* it has moved on: asking will tell */
}

static void
read_error(SklProviderOp op, int status, Jsonb *body, SklProviderAnswer *answer)
{
	const char *type = body == NULL ? NULL : skl_json_text(body, "error.type");

	if (type != NULL && (status == 400 || status == 402 || status == 404))
		read_refusal(op, status, body, answer);
	else
	{
		/* 401, 403, 409, 429, 5xx and whatever a proxy says: it may still be done */
		answer->outcome = SKL_OUTCOME_NONE;
		answer->note =
			psprintf("%d %s: %s", status, first_of(type, "without an error of Stripe's"),
					 type == NULL ? "" : first_of(skl_json_text(body, "error.message"), ""));
	}
}

static void
read_answer(const SklProviderItem *item, SklProviderOp op, int status, Jsonb *body,
			SklProviderAnswer *answer)
{
	const char *type = body == NULL ? NULL : skl_json_text(body, "object");

	if (status < 200 || status > 299)
		read_error(op, status, body, answer);
	else if (type == NULL)
		answer->note = psprintf("%d with a body that is no object of Stripe's", status);
	else if (strcmp(type, "list") == 0 || strcmp(type, "search_result") == 0)
		read_list(item, body, answer);
	else
		read_object(item, body, answer);
}

const SklProvider skl_stripe_provider = {
	.name = "stripe",
	.remote = true,
	.start = {[SKL_OP_CHARGE] = start_charge,
			  [SKL_OP_CONFIRM] = start_confirm,
			  [SKL_OP_CANCEL] = start_cancel,
			  [SKL_OP_REFUND] = start_refund,
			  [SKL_OP_PAYOUT] = start_payout,
			  [SKL_OP_ASK] = start_ask},
	.label = label,
	.start_customer = start_customer,
	.read_customer = read_customer,
	.read = read_answer,
	.read_object = read_object,
};
