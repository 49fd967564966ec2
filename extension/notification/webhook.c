/*
 * notification/webhook.c
 *		Signing webhooks, secrets for that, and the check of URLs for SQL.
 */
#include "skl.h"

#include "core/guc.h"
#include "core/outbound.h"
#include "core/secret_box.h"
#include "notification/webhook.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "lib/stringinfo.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define SECRET_PREFIX "whsec_"

PG_FUNCTION_INFO_V1(skl_fn_webhook_url_problem);
PG_FUNCTION_INFO_V1(skl_fn_webhook_secret_make);

bool
skl_webhook_sign(const uint8 *secret, size_t secret_length, const char *id, int64 timestamp,
				 const char *body, char signature[SKL_WEBHOOK_SIGNATURE_LEN])
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	char head[80];
	bool done;
	HMAC_CTX *context = HMAC_CTX_new();
	int n = snprintf(head, sizeof(head), "%s." INT64_FORMAT ".", id, timestamp);

	done = context != NULL &&
		   HMAC_Init_ex(context, secret, (int) secret_length, EVP_sha256(), NULL) == 1 &&
		   HMAC_Update(context, (unsigned char *) head, (size_t) n) == 1 &&
		   HMAC_Update(context, (const unsigned char *) body, strlen(body)) == 1 &&
		   HMAC_Final(context, mac, &length) == 1;
	HMAC_CTX_free(context);
	memcpy(signature, "v1,", 3);
	if (done)
		(void) EVP_EncodeBlock((unsigned char *) signature + 3, mac, (int) length);
	return done;
}

/* webhook_url_problem(url): what is wrong with it, or NULL. */
Datum
skl_fn_webhook_url_problem(PG_FUNCTION_ARGS)
{
	text *url = PG_GETARG_TEXT_PP(0);
	SklWebhookUrl parts;
	SklRanges allowed;
	const char *problem;

	(void) skl_ranges_parse(skl_guc.webhook_allow, &allowed);
	problem = skl_webhook_url_problem(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url), &allowed, &parts);
	if (problem == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(problem));
}

/* webhook_secret_make(webhook) returns the secret as text, and sealed for the webhook. */
Datum
skl_fn_webhook_secret_make(PG_FUNCTION_ARGS)
{
	pg_uuid_t *webhook = PG_GETARG_UUID_P(0);
	uint8 secret[SKL_WEBHOOK_SECRET_LEN];
	char shown[sizeof(SECRET_PREFIX) + SKL_WEBHOOK_SECRET_LEN * 2] = SECRET_PREFIX;
	TupleDesc desc;
	Datum values[2];
	bool nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "webhook_secret_make: a row is expected");
	if (!pg_strong_random(secret, sizeof(secret)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("there is no randomness")));
	(void) EVP_EncodeBlock((unsigned char *) shown + strlen(SECRET_PREFIX), secret, sizeof(secret));
	values[0] = CStringGetTextDatum(shown);
	values[1] = PointerGetDatum(skl_secret_seal(secret, sizeof(secret), webhook));
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(shown, sizeof(shown));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
