/*
 * core/problems.c
 *		Collecting everything that is wrong with a request before refusing it once.
 *
 * A command calls one check a field and then check_done(), which raises VALIDATION_ERROR with the
 * whole list. What the bridge found while reading the request (wrong types, unknown fields) stands
 * in the request and leads the list; a field that it could not read reached the command as NULL, so
 * what a check says of it is left out. The list lives until it is raised or the transaction ends.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/problems.h"
#include "core/request.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include <limits.h>

/* "[{...},{...}" without its closing bracket, in TopTransactionContext; NULL when empty. */
static StringInfo noted = NULL;

PG_FUNCTION_INFO_V1(skl_fn_check_text);
PG_FUNCTION_INFO_V1(skl_fn_check_int);
PG_FUNCTION_INFO_V1(skl_fn_check_number);
PG_FUNCTION_INFO_V1(skl_fn_check_one_of);
PG_FUNCTION_INFO_V1(skl_fn_check_array);
PG_FUNCTION_INFO_V1(skl_fn_check_that);
PG_FUNCTION_INFO_V1(skl_fn_check_limit);
PG_FUNCTION_INFO_V1(skl_fn_check_done);
PG_FUNCTION_INFO_V1(skl_fn_refuse_problems);

static void
forget_at_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		noted = NULL;
}

void
skl_problems_init(void)
{
	RegisterXactCallback(forget_at_end, NULL);
}

/* Whether the bridge names this field already: its list is the text of a jsonb, where an unescaped
 * quote never stands inside a string. */
static bool
bridge_names(const char *field)
{
	const SklRequest *request = skl_request();
	StringInfoData member;

	if (request == NULL || request->problems == NULL)
		return false;
	initStringInfo(&member);
	appendStringInfoString(&member, "\"field\": ");
	escape_json(&member, field);
	return strstr(request->problems, member.data) != NULL;
}

void
skl_problem(const char *field, const char *fmt, ...)
{
	MemoryContext old;
	StringInfoData message;
	va_list args;
	int needed;

	if (bridge_names(field))
		return;
	old = MemoryContextSwitchTo(TopTransactionContext);
	initStringInfo(&message);
	do
	{
		va_start(args, fmt);
		needed = appendStringInfoVA(&message, fmt, args);
		va_end(args);
		if (needed > 0)
			enlargeStringInfo(&message, needed);
	} while (needed > 0);

	if (noted == NULL)
	{
		noted = makeStringInfo();
		appendStringInfoChar(noted, '[');
	}
	else
		appendStringInfoChar(noted, ',');
	appendStringInfoString(noted, "{\"field\": ");
	escape_json(noted, field);
	appendStringInfoString(noted, ", \"message\": ");
	escape_json(noted, message.data);
	appendStringInfoChar(noted, '}');
	pfree(message.data);
	MemoryContextSwitchTo(old);
}

/* The list of the bridge and ours as one JSON array, or NULL when both are empty. */
static char *
all_problems(void)
{
	const SklRequest *request = skl_request();
	const char *seeded = request != NULL ? request->problems : NULL;
	size_t length;

	if (seeded == NULL && noted == NULL)
		return NULL;
	if (noted == NULL)
		return pstrdup(seeded);
	if (seeded == NULL)
		return psprintf("%s]", noted->data);
	length = strlen(seeded);
	while (length > 0 && seeded[length - 1] != ']')
		length--;
	return psprintf("%.*s, %s]", (int) length - 1, seeded, noted->data + 1);
}

void
skl_problems_check(void)
{
	char *problems = all_problems();

	noted = NULL;
	if (problems != NULL)
		skl_fail_json(SKL_ERR_VALIDATION_ERROR, problems, "%s",
					  skl_error_spec(SKL_ERR_VALIDATION_ERROR)->message);
}

/* The name of the checked field: always the first argument. */
static char *
field_of(FunctionCallInfo fcinfo)
{
	skl_need_arg(fcinfo, 0, "the field");
	return text_to_cstring(PG_GETARG_TEXT_PP(0));
}

/* True when there is a value; notes a missing one where it is required (argument number given). */
static bool
present(FunctionCallInfo fcinfo, int required_arg)
{
	if (!PG_ARGISNULL(1))
		return true;
	if (!PG_ARGISNULL(required_arg) && PG_GETARG_BOOL(required_arg))
		skl_problem(field_of(fcinfo), "is required");
	return false;
}

/* check_text(field, value, min, max, required): length in characters. */
Datum
skl_fn_check_text(PG_FUNCTION_ARGS)
{
	text *value;
	int length;
	int min = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2);
	int max = PG_ARGISNULL(3) ? INT_MAX : PG_GETARG_INT32(3);

	if (!present(fcinfo, 4))
		PG_RETURN_VOID();
	value = PG_GETARG_TEXT_PP(1);
	length = pg_mbstrlen_with_len(VARDATA_ANY(value), (int) VARSIZE_ANY_EXHDR(value));
	if (length < min && length == 0)
		skl_problem(field_of(fcinfo), "must not be empty");
	else if (length < min)
		skl_problem(field_of(fcinfo), "must have at least %d characters", min);
	else if (length > max)
		skl_problem(field_of(fcinfo), "must have at most %d characters", max);
	PG_RETURN_VOID();
}

/* check_int(field, value, min, max, required). */
Datum
skl_fn_check_int(PG_FUNCTION_ARGS)
{
	int64 value;

	if (!present(fcinfo, 4))
		PG_RETURN_VOID();
	value = PG_GETARG_INT64(1);
	if (!PG_ARGISNULL(2) && value < PG_GETARG_INT64(2))
		skl_problem(field_of(fcinfo), "must be at least " INT64_FORMAT, PG_GETARG_INT64(2));
	else if (!PG_ARGISNULL(3) && value > PG_GETARG_INT64(3))
		skl_problem(field_of(fcinfo), "must be at most " INT64_FORMAT, PG_GETARG_INT64(3));
	PG_RETURN_VOID();
}

static int
compare_numeric(Datum a, Datum b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, a, b));
}

static char *
numeric_text(Datum value)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, value));
}

/* check_number(field, value, min, max, required). */
Datum
skl_fn_check_number(PG_FUNCTION_ARGS)
{
	Datum value;

	if (!present(fcinfo, 4))
		PG_RETURN_VOID();
	value = PG_GETARG_DATUM(1);
	if (numeric_is_nan(DatumGetNumeric(value)) || numeric_is_inf(DatumGetNumeric(value)))
		skl_problem(field_of(fcinfo), "must be a number");
	else if (!PG_ARGISNULL(2) && compare_numeric(value, PG_GETARG_DATUM(2)) < 0)
		skl_problem(field_of(fcinfo), "must be at least %s", numeric_text(PG_GETARG_DATUM(2)));
	else if (!PG_ARGISNULL(3) && compare_numeric(value, PG_GETARG_DATUM(3)) > 0)
		skl_problem(field_of(fcinfo), "must be at most %s", numeric_text(PG_GETARG_DATUM(3)));
	PG_RETURN_VOID();
}

static void
text_elements(ArrayType *array, Datum **elements, bool **nulls, int *n)
{
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, elements, nulls, n);
}

/* check_one_of(field, value, allowed, required). */
Datum
skl_fn_check_one_of(PG_FUNCTION_ARGS)
{
	Datum *elements;
	bool *nulls;
	int n;
	char *value;
	StringInfoData list;

	if (!present(fcinfo, 3))
		PG_RETURN_VOID();
	skl_need_arg(fcinfo, 2, "the values allowed");
	value = text_to_cstring(PG_GETARG_TEXT_PP(1));
	text_elements(PG_GETARG_ARRAYTYPE_P(2), &elements, &nulls, &n);
	initStringInfo(&list);
	for (int i = 0; i < n; i++)
	{
		char *allowed;

		if (nulls[i])
			continue;
		allowed = TextDatumGetCString(elements[i]);
		if (strcmp(allowed, value) == 0)
			PG_RETURN_VOID();
		appendStringInfo(&list, "%s%s", list.len == 0 ? "" : ", ", allowed);
	}
	skl_problem(field_of(fcinfo), "must be one of %s", list.data);
	PG_RETURN_VOID();
}

/* check_array(field, text[], most items, longest item, required). */
Datum
skl_fn_check_array(PG_FUNCTION_ARGS)
{
	Datum *elements;
	bool *nulls;
	int n;
	int max_length = PG_ARGISNULL(3) ? INT_MAX : PG_GETARG_INT32(3);

	if (!present(fcinfo, 4))
		PG_RETURN_VOID();
	text_elements(PG_GETARG_ARRAYTYPE_P(1), &elements, &nulls, &n);
	if (!PG_ARGISNULL(2) && n > PG_GETARG_INT32(2))
		skl_problem(field_of(fcinfo), "must have at most %d items", PG_GETARG_INT32(2));
	for (int i = 0; i < n; i++)
	{
		char *item = psprintf("%s[%d]", field_of(fcinfo), i);

		if (nulls[i])
			skl_problem(item, "must not be null");
		else if (pg_mbstrlen(TextDatumGetCString(elements[i])) > max_length)
			skl_problem(item, "must have at most %d characters", max_length);
	}
	PG_RETURN_VOID();
}

/* check_that(field, ok, message): notes the message unless ok is true. */
Datum
skl_fn_check_that(PG_FUNCTION_ARGS)
{
	skl_need_arg(fcinfo, 2, "the message");
	if (PG_ARGISNULL(1) || !PG_GETARG_BOOL(1))
		skl_problem(field_of(fcinfo), "%s", text_to_cstring(PG_GETARG_TEXT_PP(2)));
	PG_RETURN_VOID();
}

/* check_limit(limit) returns the page size to use: 20 when absent, else 1..100. */
Datum
skl_fn_check_limit(PG_FUNCTION_ARGS)
{
	int limit = PG_ARGISNULL(0) ? 20 : PG_GETARG_INT32(0);

	if (limit < 1 || limit > 100)
		skl_problem("limit", "must be between 1 and 100");
	PG_RETURN_INT32(limit);
}

/* check_done(): raises VALIDATION_ERROR with every problem, or returns. */
Datum
skl_fn_check_done(PG_FUNCTION_ARGS)
{
	skl_problems_check();
	PG_RETURN_VOID();
}

/*
 * refuse_problems(): the bridge's last statement of a request that it found wrong. Always raises.
 */
Datum
skl_fn_refuse_problems(PG_FUNCTION_ARGS)
{
	skl_problems_check();
	skl_fail(SKL_ERR_VALIDATION_ERROR);
}
