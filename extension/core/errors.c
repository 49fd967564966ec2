/*
 * core/errors.c
 *		Raising the errors of errors.def, from C and from SQL.
 *
 * An error of ours carries three things: the SQLSTATE of its row, a message that a client may
 * read, and, where there is more to say, a DETAIL that is JSON. The bridge maps them to the error
 * envelope without knowing any of the codes.
 */
#include "skl.h"

#include "core/errors.h"

#include "utils/jsonb.h"

static const SklErrorSpec error_specs[SKL_ERR_COUNT] = {
#define SKL_ERROR(code, sqlstate, status, message) {#code, sqlstate, status, message},
#include "errors.def"
#undef SKL_ERROR
};

PG_FUNCTION_INFO_V1(skl_fn_fail);

const SklErrorSpec *
skl_error_spec(SklErrorCode code)
{
	Assert(code >= 0 && code < SKL_ERR_COUNT);
	return &error_specs[code];
}

bool
skl_error_lookup(const char *name, SklErrorCode *code)
{
	for (int i = 0; i < SKL_ERR_COUNT; i++)
	{
		if (strcmp(error_specs[i].code, name) == 0)
		{
			*code = (SklErrorCode) i;
			return true;
		}
	}
	return false;
}

int
skl_errcode(SklErrorCode code)
{
	const char *s = skl_error_spec(code)->sqlstate;

	return MAKE_SQLSTATE(s[0], s[1], s[2], s[3], s[4]);
}

void
skl_fail(SklErrorCode code)
{
	ereport(ERROR, (errcode(skl_errcode(code)), errmsg("%s", skl_error_spec(code)->message)));
	pg_unreachable();
}

/* Formats like vsprintf into memory of the current context. */
static char *
format_message(const char *fmt, va_list args)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (;;)
	{
		va_list copy;
		int needed;

		va_copy(copy, args);
		needed = appendStringInfoVA(&buf, fmt, copy);
		va_end(copy);
		if (needed == 0)
			return buf.data;
		enlargeStringInfo(&buf, needed);
	}
}

void
skl_failf(SklErrorCode code, const char *fmt, ...)
{
	va_list args;
	char *message;

	va_start(args, fmt);
	message = format_message(fmt, args);
	va_end(args);
	ereport(ERROR, (errcode(skl_errcode(code)), errmsg("%s", message)));
	pg_unreachable();
}

void
skl_fail_json(SklErrorCode code, const char *details, const char *fmt, ...)
{
	va_list args;
	char *message;

	va_start(args, fmt);
	message = format_message(fmt, args);
	va_end(args);
	ereport(ERROR,
			(errcode(skl_errcode(code)), errmsg("%s", message), errdetail_internal("%s", details)));
	pg_unreachable();
}

/* fail(code text, message text, details jsonb): raises a row of errors.def. */
Datum
skl_fn_fail(PG_FUNCTION_ARGS)
{
	SklErrorCode code;
	char *name;
	const char *message;

	if (PG_ARGISNULL(0))
		elog(ERROR, "an error code is needed");
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (!skl_error_lookup(name, &code))
		elog(ERROR, "errors.def has no code \"%s\"", name);
	message =
		PG_ARGISNULL(1) ? skl_error_spec(code)->message : text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (PG_ARGISNULL(2))
		skl_failf(code, "%s", message);
	else
	{
		Jsonb *details = PG_GETARG_JSONB_P(2);

		skl_fail_json(code, JsonbToCString(NULL, &details->root, VARSIZE(details)), "%s", message);
	}
	PG_RETURN_VOID();
}

void
skl_need_arg(FunctionCallInfo fcinfo, int n, const char *what)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("argument %d, %s, must not be null", n + 1, what)));
}
