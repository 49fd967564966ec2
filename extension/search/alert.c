/*
 * search/alert.c
 *		Saved searches against new documents.
 *
 * A saved search is kept by the rarest word that a document must have for it. When the indexer has
 * written a segment, the words of the segment find the searches that may match, and each of those
 * runs over that segment alone (sql/search/saved.sql).
 */
#include "skl.h"

#include "search/ask.h"
#include "search/dictionary.h"
#include "search/engine/query_compile.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(skl_fn_search_rarest);
PG_FUNCTION_INFO_V1(skl_fn_search_segment_words);

static const char *const field_names[] = {"title", "skills", "body"};

/* The rarer of the words of a text and the best so far. */
static void
consider(SklDictionaryScope *words, SklDictionary *dictionary, Oid *config,
		 const SklQueryNode *node, const char **best, uint32_t *best_df)
{
	SklToken *tokens;
	size_t n = skl_search_analyse(config, &words->engine->arena, node->text, node->length, &tokens);

	for (size_t i = 0; i < n; i++)
	{
		uint32_t df;

		/* variants share a position, and a document may have either */
		if ((i > 0 && tokens[i].position == tokens[i - 1].position) ||
			(i + 1 < n && tokens[i].position == tokens[i + 1].position))
			continue;
		df = dictionary->frequency(words, tokens[i].lexeme, tokens[i].length);
		if (*best == NULL || df < *best_df)
		{
			*best = pnstrdup(tokens[i].lexeme, tokens[i].length);
			*best_df = df;
		}
	}
}

/*
 * search_rarest(kind text, q text) returns text: the rarest lexeme that a document must have to
 * match all the words of q; NULL when there is none such.
 */
Datum
skl_fn_search_rarest(PG_FUNCTION_ARGS)
{
	const SklSearchKind *kind = skl_search_kind(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	char *q = text_to_cstring(PG_GETARG_TEXT_PP(1));
	const char *best = NULL;
	uint32_t best_df = 0;
	SklDictionaryScope words;
	SklDictionary dictionary;
	SklEngine engine;
	SklScope scope;
	SklQuery query;
	Oid config;

	if (kind == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("there is no such search index")));
	skl_index_engine(&engine);
	skl_scope_open(&engine, kind, false, GetActiveSnapshot(), &scope);
	words = (SklDictionaryScope){&engine, &scope};
	skl_dictionary_of(&words, &dictionary);
	config = skl_search_config(NULL, scope.index.config.config);
	skl_query_parse(&engine.arena, q, strlen(q), field_names, lengthof(field_names), &query);
	for (SklQueryNode *node = query.root->child; node != NULL; node = node->next)
		if ((node->kind == SKL_QUERY_WORD || node->kind == SKL_QUERY_PHRASE) && !node->negated &&
			!node->prefix)
			consider(&words, &dictionary, &config, node, &best, &best_df);
	skl_engine_release(&engine);
	if (best == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(best));
}

/* search_segment_words(kind text, segment bigint) returns text[]: its words, each once. */
Datum
skl_fn_search_segment_words(PG_FUNCTION_ARGS)
{
	const SklSearchKind *kind = skl_search_kind(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	ArrayBuildState *all = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	SklEngine engine;
	SklScope scope;

	if (kind == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("there is no such search index")));
	skl_index_engine(&engine);
	skl_scope_open_one(&engine, kind, PG_GETARG_INT64(1), &scope);
	for (int i = 0; i < scope.n; i++)
	{
		SklTermWalk walk;
		SklTermInfo info;
		SklBytes term;
		bool more = true;

		skl_index_check(&engine, skl_term_walk(scope.segments[i].segment, SKL_TERM_WORD,
											   (SklBytes){NULL, 0}, &walk));
		for (;;)
		{
			skl_index_check(&engine, skl_term_next(&walk, &more, &term, &info));
			if (!more)
				break;
			accumArrayResult(all,
							 PointerGetDatum(cstring_to_text_with_len((const char *) term.data,
																	  (int) term.length)),
							 false, TEXTOID, CurrentMemoryContext);
		}
	}
	skl_engine_release(&engine);
	PG_RETURN_DATUM(makeArrayResult(all, CurrentMemoryContext));
}
