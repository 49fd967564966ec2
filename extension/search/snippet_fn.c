/*
 * search/snippet_fn.c
 *		search_snippet(): the part of a text that answers a query, as HTML; search_words(): what
 *		words are made of a text.
 *
 * The words to mark come from search_run() as JSON, [[lexeme, prefix, weight], ...], so that a
 * query is compiled once for a page and the text is analysed by its own dictionaries.
 */
#include "skl.h"

#include "search/analyse.h"
#include "search/engine/snippet.h"
#include "search/index.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(skl_fn_search_snippet);
PG_FUNCTION_INFO_V1(skl_fn_search_words);

static void
bad_marks(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid marks"),
					errhint("Marks are [[lexeme, prefix, weight], ...], as search_run() gives.")));
}

/* The next member of a mark, of that type. */
static JsonbValue
next_value(JsonbIterator **iterator, enum jbvType type)
{
	JsonbValue value;

	if (JsonbIteratorNext(iterator, &value, true) != WJB_ELEM || value.type != type)
		bad_marks();
	return value;
}

static double
next_number(JsonbIterator **iterator)
{
	JsonbValue value = next_value(iterator, jbvNumeric);

	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value.val.numeric)));
}

static SklSnippetTerm *
read_marks(Jsonb *json, size_t *n)
{
	SklSnippetTerm *marks = palloc0(sizeof(SklSnippetTerm) * Max(JB_ROOT_COUNT(json), 1));
	JsonbIterator *iterator = JsonbIteratorInit(&json->root);
	JsonbValue value;

	*n = 0;
	if (!JB_ROOT_IS_ARRAY(json) || JB_ROOT_IS_SCALAR(json))
		bad_marks();
	(void) JsonbIteratorNext(&iterator, &value, false);
	while (JsonbIteratorNext(&iterator, &value, true) == WJB_ELEM)
	{
		JsonbIterator *mark;
		SklSnippetTerm *term = &marks[(*n)++];

		if (value.type != jbvBinary || !JsonContainerIsArray(value.val.binary.data))
			bad_marks();
		mark = JsonbIteratorInit(value.val.binary.data);
		(void) JsonbIteratorNext(&mark, &value, false);
		value = next_value(&mark, jbvString);
		term->lexeme = value.val.string.val;
		term->length = (uint32_t) value.val.string.len;
		term->prefix = next_number(&mark) != 0;
		term->weight = (float) next_number(&mark);
	}
	return marks;
}

/*
 * search_words(text, language text) returns text[]: what is made of a text, as lexeme:position.
 * NULL or a language without dictionaries: English.
 */
Datum
skl_fn_search_words(PG_FUNCTION_ARGS)
{
	char *language = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	Oid config = skl_search_config(language, "pg_catalog.english");
	SklEngine engine;
	SklToken *tokens;
	Datum *words;
	text *input;
	size_t n;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	input = PG_GETARG_TEXT_PP(0);
	skl_index_engine(&engine);
	n = skl_search_analyse(&config, &engine.arena, VARDATA_ANY(input), VARSIZE_ANY_EXHDR(input),
						   &tokens);
	words = palloc(sizeof(Datum) * Max(n, 1));
	for (size_t i = 0; i < n; i++)
		words[i] = CStringGetTextDatum(psprintf("%s:%u", tokens[i].lexeme, tokens[i].position));
	skl_engine_release(&engine);
	PG_RETURN_ARRAYTYPE_P(construct_array(words, (int) n, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * search_snippet(text, marks jsonb, language text, words integer) returns text; words 0: all of it.
 */
Datum
skl_fn_search_snippet(PG_FUNCTION_ARGS)
{
	char *language = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	Oid config = skl_search_config(language, "pg_catalog.english");
	text *input;
	const char *bytes;
	size_t length;
	SklEngine engine;
	SklToken *tokens;
	SklSnippetTerm *marks;
	SklSnippet snippet;
	size_t n_tokens;
	size_t n_marks;
	text *result;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		PG_RETURN_NULL();
	input = PG_GETARG_TEXT_PP(0);
	bytes = VARDATA_ANY(input);
	length = VARSIZE_ANY_EXHDR(input);
	skl_index_engine(&engine);
	marks = read_marks(PG_GETARG_JSONB_P(1), &n_marks);
	n_tokens = skl_search_analyse(&config, &engine.arena, bytes, length, &tokens);
	skl_snippet(&engine.arena, bytes, length, tokens, n_tokens, marks, n_marks, PG_GETARG_INT32(3),
				&snippet);
	result = cstring_to_text_with_len(snippet.html, (int) snippet.length);
	skl_engine_release(&engine);
	PG_RETURN_TEXT_P(result);
}
