/*
 * user/user_fn.c
 *		SQL functions over passwords, tokens and addresses. No rules of their own.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/problems.h"
#include "core/request.h"
#include "user/address.h"
#include "user/password.h"
#include "user/profile.h"
#include "user/token.h"

#include "funcapi.h"

PG_FUNCTION_INFO_V1(skl_fn_password_hash);
PG_FUNCTION_INFO_V1(skl_fn_password_verify);
PG_FUNCTION_INFO_V1(skl_fn_password_is_outdated);
PG_FUNCTION_INFO_V1(skl_fn_check_password);
PG_FUNCTION_INFO_V1(skl_fn_check_email);
PG_FUNCTION_INFO_V1(skl_fn_token_make);
PG_FUNCTION_INFO_V1(skl_fn_token_id);
PG_FUNCTION_INFO_V1(skl_fn_token_matches);
PG_FUNCTION_INFO_V1(skl_fn_request_network);
PG_FUNCTION_INFO_V1(skl_fn_profile_completeness);

/* A text argument as a C string, or NULL. */
static char *
text_arg(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* password_hash(password) */
Datum
skl_fn_password_hash(PG_FUNCTION_ARGS)
{
	char *password = text_arg(fcinfo, 0);
	char *hash = skl_password_hash(password);

	explicit_bzero(password, strlen(password));
	PG_RETURN_TEXT_P(cstring_to_text(hash));
}

/* password_verify(password, hash): a NULL hash costs the same and is never right */
Datum
skl_fn_password_verify(PG_FUNCTION_ARGS)
{
	char *password = text_arg(fcinfo, 0);
	char *hash = text_arg(fcinfo, 1);
	bool ok = skl_password_verify(password == NULL ? "" : password, hash);

	if (password != NULL)
		explicit_bzero(password, strlen(password));
	PG_RETURN_BOOL(ok);
}

/* password_is_outdated(hash) */
Datum
skl_fn_password_is_outdated(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(skl_password_is_outdated(text_arg(fcinfo, 0)));
}

/* check_password(field, password, email): notes a problem when it may not be used */
Datum
skl_fn_check_password(PG_FUNCTION_ARGS)
{
	char *password = text_arg(fcinfo, 1);
	const char *problem =
		password == NULL ? "is required" : skl_password_problem(password, text_arg(fcinfo, 2));

	skl_need_arg(fcinfo, 0, "the field");
	if (problem != NULL)
		skl_problem(text_arg(fcinfo, 0), "%s", problem);
	PG_RETURN_VOID();
}

/* check_email(field, value, required) */
Datum
skl_fn_check_email(PG_FUNCTION_ARGS)
{
	char *email = text_arg(fcinfo, 1);

	skl_need_arg(fcinfo, 0, "the field");
	if (email == NULL)
	{
		if (!PG_ARGISNULL(2) && PG_GETARG_BOOL(2))
			skl_problem(text_arg(fcinfo, 0), "is required");
	}
	else if (!skl_email_is_valid(email))
		skl_problem(text_arg(fcinfo, 0), "must be an e-mail address");
	PG_RETURN_VOID();
}

/* Copies bytes into a bytea. */
static bytea *
make_bytea(const uint8 *bytes, size_t length)
{
	bytea *result = (bytea *) palloc(VARHDRSZ + length);

	SET_VARSIZE(result, VARHDRSZ + length);
	memcpy(VARDATA(result), bytes, length);
	return result;
}

/* token_make() returns (id uuid, hash bytea, token text) */
Datum
skl_fn_token_make(PG_FUNCTION_ARGS)
{
	TupleDesc desc;
	SklToken token;
	char text_form[SKL_TOKEN_TEXT_LEN + 1];
	uint8 hash[SKL_TOKEN_HASH_LEN];
	pg_uuid_t id;
	Datum values[3];
	bool nulls[3] = {false, false, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "token_make must return a row");
	skl_token_make(&token, text_form);
	skl_token_hash(&token, hash);
	memcpy(id.data, token.id, UUID_LEN);
	values[0] = UUIDPGetDatum(&id);
	values[1] = PointerGetDatum(make_bytea(hash, sizeof(hash)));
	values[2] = CStringGetTextDatum(text_form);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* token_id(token): the id to look the row up by; NULL for what is no token */
Datum
skl_fn_token_id(PG_FUNCTION_ARGS)
{
	text *value = PG_GETARG_TEXT_PP(0);
	pg_uuid_t *id;
	SklToken token;

	if (!skl_token_parse(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &token))
		PG_RETURN_NULL();
	id = (pg_uuid_t *) palloc(sizeof(pg_uuid_t));
	memcpy(id->data, token.id, UUID_LEN);
	PG_RETURN_UUID_P(id);
}

/* token_matches(token, hash) */
Datum
skl_fn_token_matches(PG_FUNCTION_ARGS)
{
	text *value = PG_GETARG_TEXT_PP(0);
	bytea *hash = PG_GETARG_BYTEA_PP(1);
	SklToken token;

	PG_RETURN_BOOL(skl_token_parse(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &token) &&
				   skl_token_matches(&token, (uint8 *) VARDATA_ANY(hash), VARSIZE_ANY_EXHDR(hash)));
}

/* request_network(): the network of the client of this request */
Datum
skl_fn_request_network(PG_FUNCTION_ARGS)
{
	const SklRequest *request = skl_request();
	char network[SKL_NETWORK_LEN];

	skl_network_of(request == NULL ? NULL : request->address, network);
	PG_RETURN_TEXT_P(cstring_to_text(network));
}

/*
 * profile_completeness(VARIADIC filled): parts that are filled in, in the order of SklProfilePart
 */
Datum
skl_fn_profile_completeness(PG_FUNCTION_ARGS)
{
	int filled[SKL_PROFILE_PARTS];

	for (int i = 0; i < SKL_PROFILE_PARTS; i++)
		filled[i] = PG_GETARG_INT32(i);
	PG_RETURN_INT32(skl_profile_completeness(filled));
}
