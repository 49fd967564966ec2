/*
 * test/c/text_test.c
 *		Cells of CSV that are data and no formulas, and the header Accept as RFC 9110 reads it.
 */
#include "skl.h"

#include "core/accept.h"
#include "core/csv.h"

#include "tap.h"

static bool
cell_is(const char *cell, const char *expected)
{
	char out[200];
	size_t length = skl_csv_cell(cell, strlen(cell), out);

	return length <= SKL_CSV_ROOM(strlen(cell)) && length == strlen(expected) &&
		   memcmp(out, expected, length) == 0;
}

/* What a spreadsheet would run, in all the ways that it may begin. */
static bool
formulas_are_text(void)
{
	static const char *const starts[] = {
		"=1+1", "+1-1", "-1+1", "@SUM(A1)", "-", "--1.5", "=cmd|'/c calc'!A0"};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
	{
		char expected[100];

		snprintf(expected, sizeof(expected), "'%s", starts[i]);
		if (!cell_is(starts[i], expected))
			return false;
	}
	return cell_is("\t=1", "'\t=1") && cell_is("\r=1", "\"'\r=1\"") && cell_is("\n=1", "\"'\n=1\"");
}

static bool
numbers_stay(void)
{
	static const char *const numbers[] = {"0", "-1", "-12.50", "1.5e-07", "-.5", "-5.", "12E+3"};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
	{
		if (!cell_is(numbers[i], numbers[i]) || !skl_csv_is_number(numbers[i], strlen(numbers[i])))
			return false;
	}
	return !skl_csv_is_number("", 0) && !skl_csv_is_number("-", 1) && !skl_csv_is_number(".", 1) &&
		   !skl_csv_is_number("1e", 2) && !skl_csv_is_number("1 ", 2);
}

static const char *const types[] = {"application/json", "text/csv", "application/x-ndjson"};

static int
best(const char *header)
{
	return skl_accept_best(header, types, 3);
}

int
main(void)
{
	ok(cell_is("", "") && cell_is("plain text", "plain text"), "cells that need nothing");
	ok(cell_is("a,b", "\"a,b\"") && cell_is("a\"b", "\"a\"\"b\"") &&
		   cell_is("a\r\nb", "\"a\r\nb\""),
	   "commas, quotes and line breaks are quoted");
	ok(cell_is("=\"a\",1", "\"'=\"\"a\"\",1\""), "a formula with quotes is both");
	ok(formulas_are_text(), "formulas are text");
	ok(numbers_stay(), "numbers stay numbers");

	ok(best(NULL) == 0 && best("") == 0 && best("*/*") == 0 && best(" , ") == 0, "anything goes");
	ok(best("text/csv") == 1 && best("TEXT/CSV") == 1 && best("text/*") == 1, "a type by its name");
	ok(best("application/json;q=0.5, text/csv;q=0.8") == 1 &&
		   best("text/csv;q=0.5,application/x-ndjson") == 2,
	   "the highest quality wins");
	ok(best("*/*;q=0.1, application/*;q=0") == 1, "a closer range overrules a wider one");
	ok(best("text/csv; charset=utf-8") == 1 && best("text/csv;header=absent") == -1,
	   "parameters narrow, but charset does not");
	ok(best("image/png") == -1 && best("text/csv;q=0") == -1 && best("text") == -1, "none fits");
	ok(best("text/csv;q=2, application/json;q=abc, application/x-ndjson;q=0.001") == 2,
	   "weights that are none are passed over");
	ok(skl_accept_quality("text/csv;q=0.123", "text/csv") == 123, "thousandths");
	return done_testing();
}
