/*
 * core/request.c
 *		The identity of the current request: read once, frozen, cleared at the end of the
 *		transaction.
 *
 * begin_request() (the bridge) and set_identity() (behind impersonate(), a DBA) load the rows of
 * the user into one SklRequest in TopTransactionContext. Everything else only reads it: the
 * identity functions of SQL, which policies call, and skl_request() for C. Those functions are
 * PARALLEL RESTRICTED, because this memory is empty in a parallel worker.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/identity_rows.h"
#include "core/request.h"
#include "core/spi.h"
#include "core/state.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

/* Bit n of a role mask is the name at n. */
static const char *const skl_role_names[] = {"USER",	"FREELANCER", "CLIENT",	 "ADMIN",
											 "SUPPORT", "MODERATOR",  "FINANCE", "ANALYST"};

static SklRequest *current = NULL;

static SklStmt permission_stmt =
	SKL_STMT("SELECT p.permission FROM skillancer.user_role r"
			 " JOIN skillancer.role_permission p ON p.role = r.role"
			 " WHERE r.user_id = $1::skillancer.user_id"
			 " UNION SELECT g.permission FROM skillancer.user_permission g"
			 " WHERE g.user_id = $1::skillancer.user_id",
			 UUIDOID);

PG_FUNCTION_INFO_V1(skl_fn_begin_request);
PG_FUNCTION_INFO_V1(skl_fn_set_identity);
PG_FUNCTION_INFO_V1(skl_fn_has_request);
PG_FUNCTION_INFO_V1(skl_fn_current_user_id);
PG_FUNCTION_INFO_V1(skl_fn_current_session_id);
PG_FUNCTION_INFO_V1(skl_fn_is_impersonated);
PG_FUNCTION_INFO_V1(skl_fn_current_user_state);
PG_FUNCTION_INFO_V1(skl_fn_request_id);
PG_FUNCTION_INFO_V1(skl_fn_request_address);
PG_FUNCTION_INFO_V1(skl_fn_has_role);
PG_FUNCTION_INFO_V1(skl_fn_is_staff);
PG_FUNCTION_INFO_V1(skl_fn_has_permission);
PG_FUNCTION_INFO_V1(skl_fn_require_role);
PG_FUNCTION_INFO_V1(skl_fn_require_permission);

/* The memory went with the transaction; forget the pointer. */
static void
forget_request(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		current = NULL;
}

void
skl_request_init(void)
{
	RegisterXactCallback(forget_request, NULL);
}

const SklRequest *
skl_request(void)
{
	return current;
}

void
skl_request_stamp(Datum args[2], char nulls[2])
{
	args[0] = args[1] = (Datum) 0;
	nulls[0] = nulls[1] = 'n';
	if (current != NULL && current->has_user)
	{
		args[0] = UUIDPGetDatum(&current->user_id);
		nulls[0] = ' ';
	}
	if (current != NULL && current->request_id != NULL)
	{
		args[1] = CStringGetTextDatum(current->request_id);
		nulls[1] = ' ';
	}
}

uint32
skl_role_bit(const char *name)
{
	for (int i = 0; i < (int) lengthof(skl_role_names); i++)
	{
		if (strcmp(skl_role_names[i], name) == 0)
			return (uint32) 1 << i;
	}
	return 0;
}

bool
skl_request_has_role(uint32 roles)
{
	return current != NULL && (current->role_mask & roles) != 0;
}

bool
skl_request_has_permission(const char *permission)
{
	if (current == NULL)
		return false;
	for (int i = 0; i < current->permission_count; i++)
	{
		if (strcmp(current->permissions[i], permission) == 0)
			return true;
	}
	return false;
}

/* Reads the permissions of a member of staff into the request. */
static void
load_permissions(SklRequest *request)
{
	Datum values[1] = {UUIDPGetDatum(&request->user_id)};
	uint64 rows = skl_spi_exec(&permission_stmt, values, NULL);

	request->permissions =
		(char **) MemoryContextAlloc(TopTransactionContext, sizeof(char *) * Max(rows, 1));
	for (uint64 i = 0; i < rows; i++)
		request->permissions[i] = MemoryContextStrdup(TopTransactionContext, skl_spi_text(i, 1));
	request->permission_count = (int) rows;
}

/* Reads the rows of request->user_id; false when there is no such user. */
static bool
load_user(SklRequest *request, bool *session_ok)
{
	SklIdentityRows rows;

	skl_identity_rows(&request->user_id, request->has_session ? &request->session_id : NULL,
					  skl_now(), &rows);
	if (!rows.found)
		return false;
	request->status = MemoryContextStrdup(TopTransactionContext, rows.state);
	request->role_mask = rows.role_mask;
	*session_ok = rows.session_ok;
	if ((request->role_mask & SKL_ROLES_STAFF) != 0)
	{
		skl_spi_connect();
		load_permissions(request);
		skl_spi_finish();
	}
	return true;
}

/* A new, anonymous request. It becomes the current one only when it is complete. */
static SklRequest *
new_request(void)
{
	return (SklRequest *) MemoryContextAllocZero(TopTransactionContext, sizeof(SklRequest));
}

/* Refuses an identity whose rows do not allow it any more. */
static void
check_identity(bool found, bool session_ok, const SklRequest *request)
{
	if (!found || !session_ok)
		skl_failf(SKL_ERR_AUTHENTICATION_ERROR, "the session has ended");
	if (strcmp(request->status, "SUSPENDED") == 0 || strcmp(request->status, "CLOSED") == 0)
		skl_failf(SKL_ERR_AUTHENTICATION_ERROR, "the account is %s",
				  strcmp(request->status, "CLOSED") == 0 ? "closed" : "suspended");
}

/* A text argument in memory of the transaction, or NULL. */
static const char *
keep_text(FunctionCallInfo fcinfo, int arg)
{
	char *value;

	if (PG_ARGISNULL(arg))
		return NULL;
	value = text_to_cstring(PG_GETARG_TEXT_PP(arg));
	return MemoryContextStrdup(TopTransactionContext, value);
}

/* Sets a parameter until the transaction ends. */
static void
set_local(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0,
							 false);
}

/* Applies the limits of the route to the transaction. */
static void
set_limits(FunctionCallInfo fcinfo)
{
	if (!PG_ARGISNULL(6))
	{
		char timeout[16];

		snprintf(timeout, sizeof(timeout), "%d", Max(PG_GETARG_INT32(6), 0));
		set_local("statement_timeout", timeout);
	}
	/* SET TRANSACTION READ ONLY without its bookkeeping: every transaction starts anew. */
	if (!PG_ARGISNULL(7) && PG_GETARG_BOOL(7))
		XactReadOnly = true;
}

/*
 * Show the request behind the name of its connection in pg_stat_activity, until the next one. Not
 * by setting application_name: the server reports each change of it to the client, two a request.
 */
static void
name_session(const SklRequest *request)
{
	char name[NAMEDATALEN];

	if (request->request_id == NULL)
		return;
	snprintf(name, sizeof(name), "%s %s", application_name, request->request_id);
	pgstat_report_appname(name);
}

/*
 * begin_request(user, session, scopes, request id, trace, address, timeout ms, read only, problems)
 *
 * Errors: CONTEXT_MISUSE when the transaction has an identity, AUTHENTICATION_ERROR when the
 * session was revoked or has expired, or the account is suspended or closed, and those of
 * skl_state_check().
 */
Datum
skl_fn_begin_request(PG_FUNCTION_ARGS)
{
	SklRequest *request;

	if (current != NULL)
		skl_fail(SKL_ERR_CONTEXT_MISUSE);
	skl_state_check();
	request = new_request();
	request->scopes = keep_text(fcinfo, 2);
	request->request_id = keep_text(fcinfo, 3);
	request->trace = keep_text(fcinfo, 4);
	request->address = keep_text(fcinfo, 5);
	if (!PG_ARGISNULL(8))
	{
		Jsonb *problems = PG_GETARG_JSONB_P(8);
		char *json = JsonbToCString(NULL, &problems->root, VARSIZE(problems));

		request->problems = MemoryContextStrdup(TopTransactionContext, json);
	}
	if (!PG_ARGISNULL(0))
	{
		bool session_ok = false;
		bool found;

		request->has_user = true;
		request->user_id = *PG_GETARG_UUID_P(0);
		request->has_session = !PG_ARGISNULL(1);
		if (request->has_session)
			request->session_id = *PG_GETARG_UUID_P(1);
		found = load_user(request, &session_ok);
		check_identity(found, session_ok, request);
	}
	set_limits(fcinfo);
	name_session(request);
	current = request;
	PG_RETURN_VOID();
}

/* True for a superuser and a member of skillancer_admin, whoever owns the calling function. */
static bool
may_impersonate(void)
{
	Oid user = GetSessionUserId();

	return superuser_arg(user) || has_privs_of_role(user, get_role_oid("skillancer_admin", false));
}

/*
 * set_identity(user): what a DBA sees as that user; NULL is the anonymous one. It may be repeated
 * within the transaction, but never replaces what begin_request() set.
 */
Datum
skl_fn_set_identity(PG_FUNCTION_ARGS)
{
	SklRequest *request;

	if (!may_impersonate())
		skl_fail(SKL_ERR_PERMISSION_DENIED);
	if (!IsTransactionBlock())
		ereport(ERROR, (errcode(ERRCODE_NO_ACTIVE_SQL_TRANSACTION),
						errmsg("impersonate() needs an explicit transaction"),
						errhint("Send BEGIN first; the identity ends with the transaction.")));
	if (current != NULL && !current->impersonated)
		skl_fail(SKL_ERR_CONTEXT_MISUSE);
	request = new_request();
	request->impersonated = true;
	if (!PG_ARGISNULL(0))
	{
		bool session_ok;

		request->has_user = true;
		request->user_id = *PG_GETARG_UUID_P(0);
		if (!load_user(request, &session_ok))
			skl_failf(SKL_ERR_RESOURCE_NOT_FOUND, "there is no such user");
	}
	current = request;
	PG_RETURN_VOID();
}

/* has_request(): false where begin_request() was not called; policies of public rows ask it */
Datum
skl_fn_has_request(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(current != NULL);
}

/* current_user_id(): NULL when anonymous or without a request */
Datum
skl_fn_current_user_id(PG_FUNCTION_ARGS)
{
	pg_uuid_t *copy;

	if (current == NULL || !current->has_user)
		PG_RETURN_NULL();
	copy = (pg_uuid_t *) palloc(sizeof(pg_uuid_t));
	*copy = current->user_id;
	PG_RETURN_UUID_P(copy);
}

/* current_session_id(): NULL when there is none */
Datum
skl_fn_current_session_id(PG_FUNCTION_ARGS)
{
	pg_uuid_t *copy;

	if (current == NULL || !current->has_session)
		PG_RETURN_NULL();
	copy = (pg_uuid_t *) palloc(sizeof(pg_uuid_t));
	*copy = current->session_id;
	PG_RETURN_UUID_P(copy);
}

/* is_impersonated(): somebody acts for the caller in psql, without a sign-in */
Datum
skl_fn_is_impersonated(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(current != NULL && current->impersonated);
}

/* A member of the request as an SQL text. */
static Datum
text_or_null(FunctionCallInfo fcinfo, const char *value)
{
	if (value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(value));
}

/* current_user_state(): state of the caller's account */
Datum
skl_fn_current_user_state(PG_FUNCTION_ARGS)
{
	return text_or_null(fcinfo, current == NULL ? NULL : current->status);
}

/* request_id() */
Datum
skl_fn_request_id(PG_FUNCTION_ARGS)
{
	return text_or_null(fcinfo, current == NULL ? NULL : current->request_id);
}

/* request_address(): network address of the client */
Datum
skl_fn_request_address(PG_FUNCTION_ARGS)
{
	return text_or_null(fcinfo, current == NULL ? NULL : current->address);
}

/* has_role(name) */
Datum
skl_fn_has_role(PG_FUNCTION_ARGS)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	PG_RETURN_BOOL(skl_request_has_role(skl_role_bit(name)));
}

/* is_staff(): any role of the people who run the marketplace */
Datum
skl_fn_is_staff(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(skl_request_has_role(SKL_ROLES_STAFF));
}

/* has_permission(name) */
Datum
skl_fn_has_permission(PG_FUNCTION_ARGS)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	PG_RETURN_BOOL(skl_request_has_permission(name));
}

/* Refuses a request without a user. */
static void
require_user(void)
{
	if (current == NULL || !current->has_user)
		skl_fail(SKL_ERR_AUTHENTICATION_ERROR);
}

/* The mask of an array of role names. */
static uint32
roles_of_array(ArrayType *array)
{
	Datum *elements;
	bool *nulls;
	int count;
	uint32 mask = 0;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (!nulls[i])
			mask |= skl_role_bit(TextDatumGetCString(elements[i]));
	}
	return mask;
}

/*
 * require_role(VARIADIC names): raises unless the caller holds one of them. Someone who could act
 * but has not verified the e-mail address yet is told so.
 */
Datum
skl_fn_require_role(PG_FUNCTION_ARGS)
{
	uint32 wanted = roles_of_array(PG_GETARG_ARRAYTYPE_P(0));

	require_user();
	if (!skl_request_has_role(wanted))
		skl_fail(SKL_ERR_PERMISSION_DENIED);
	if ((wanted & SKL_ROLE_USER) == 0 && strcmp(current->status, "PENDING") == 0)
		skl_fail(SKL_ERR_EMAIL_NOT_VERIFIED);
	PG_RETURN_VOID();
}

/* require_permission(name) */
Datum
skl_fn_require_permission(PG_FUNCTION_ARGS)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	require_user();
	if (!skl_request_has_permission(name))
		skl_fail(SKL_ERR_PERMISSION_DENIED);
	PG_RETURN_VOID();
}
