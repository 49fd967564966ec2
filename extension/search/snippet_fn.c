/*
 * search/snippet_fn.c
 *		search_snippet(): the part of a text that answers a query, as HTML.
 *
 * The words to mark come from search_run() as JSON, [[lexeme, prefix, weight], ...], so that a
 * query is compiled once for a page and the text is analysed by its own dictionaries.
 */
#include "skl.h"

#include "search/analyse.h"
#include "search/engine/snippet.h"
#include "search/index.h"

#include "utils/jsonb.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(skl_fn_search_snippet);

/* The next member of a mark. */
static JsonbValue
next_value(JsonbIterator **iterator)
{
	JsonbValue value;

	if (JsonbIteratorNext(iterator, &value, true) != WJB_ELEM)
		elog(ERROR, "a mark is [lexeme, prefix, weight]");
	return value;
}

static double
number_of(const JsonbValue *value)
{
	if (value->type != jbvNumeric)
		elog(ERROR, "a mark is [lexeme, prefix, weight]");
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric)));
}

static SklSnippetTerm *
read_marks(Jsonb *json, size_t *n)
{
	SklSnippetTerm *marks = palloc0(sizeof(SklSnippetTerm) * Max(JB_ROOT_COUNT(json), 1));
	JsonbIterator *iterator = JsonbIteratorInit(&json->root);
	JsonbIteratorToken token;
	JsonbValue value;

	*n = 0;
	(void) JsonbIteratorNext(&iterator, &value, false);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) == WJB_ELEM)
	{
		JsonbIterator *mark = JsonbIteratorInit(value.val.binary.data);
		SklSnippetTerm *term = &marks[(*n)++];

		(void) JsonbIteratorNext(&mark, &value, false);
		value = next_value(&mark);
		term->lexeme = value.val.string.val;
		term->length = (uint32_t) value.val.string.len;
		value = next_value(&mark);
		term->prefix = number_of(&value) != 0;
		value = next_value(&mark);
		term->weight = (float) number_of(&value);
	}
	return marks;
}

/*
 * search_snippet(text, marks jsonb, language text, words integer) returns text; words 0: all of it.
 */
Datum
skl_fn_search_snippet(PG_FUNCTION_ARGS)
{
	text *input = PG_GETARG_TEXT_PP(0);
	const char *bytes = VARDATA_ANY(input);
	size_t length = VARSIZE_ANY_EXHDR(input);
	char *language = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	Oid config = skl_search_config(language, "pg_catalog.english");
	SklEngine engine;
	SklToken *tokens;
	SklSnippetTerm *marks;
	SklSnippet snippet;
	size_t n_tokens;
	size_t n_marks;
	text *result;

	skl_index_engine(&engine);
	marks = read_marks(PG_GETARG_JSONB_P(1), &n_marks);
	n_tokens = skl_search_analyse(&config, &engine.arena, bytes, length, &tokens);
	skl_snippet(&engine.arena, bytes, length, tokens, n_tokens, marks, n_marks, PG_GETARG_INT32(3),
				&snippet);
	result = cstring_to_text_with_len(snippet.html, (int) snippet.length);
	skl_engine_release(&engine);
	PG_RETURN_TEXT_P(result);
}
