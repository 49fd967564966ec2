/*
 * search/search_fn.c
 *		search_run(): one page of a search, as ids in order with what there is to say about them.
 *
 * All that is read is read with the caller's snapshot: the row of the index, the manifest, dead
 * bits. Who may not see restricted documents does not even open their segments, so nothing about
 * them can show: no result, count, facet, frequency of a word or time. For others, the documents of
 * those segments that policies do not show them count as dead. The rows themselves are read by the
 * caller under row-level security afterwards (sql/search/api_search.sql).
 */
#include "skl.h"

#include "core/spi.h"
#include "search/ask.h"
#include "search/dictionary.h"
#include "search/engine/query_compile.h"
#include "search/like.h"
#include "search/query_log.h"
#include "search/scope.h"
#include "search/suggest_store.h"

#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/json.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(skl_fn_search_run);

/* Share that a document gains at most whose words lie together, or that is near to who asks. */
#define PROXIMITY 0.1f
#define PERSONAL 0.1f

static const char *const field_names[] = {"title", "skills", "body"};
static const unsigned char field_masks[] = {SKL_FIELD_MASK(SKL_FIELD_TITLE),
											SKL_FIELD_MASK(SKL_FIELD_SKILLS),
											SKL_FIELD_MASK(SKL_FIELD_BODY)};

/* A search under way. */
typedef struct Search
{
	SklEngine engine;
	SklScope scope;
	SklAsk ask;
	Oid config;
	SklDictionaryScope words;
	SklDictionary dictionary;
	SklCompileOptions options;
	SklQuery query;
	SklCompiled compiled;
	const char *suggestion; /* did you mean */
	SklSearchResult result;
} Search;

/* A plan that finds all documents, or none. */
static SklPlan *
plain_plan(SklEngine *engine, bool all)
{
	SklPlan *plan = skl_engine_zalloc(engine, sizeof(SklPlan));
	SklPlanNode *node = skl_engine_zalloc(engine, sizeof(SklPlanNode));

	node->op = all ? SKL_PLAN_ALL : SKL_PLAN_NONE;
	plan->nodes = node;
	plan->n_nodes = 1;
	return plan;
}

static bool
blank(const char *text_, size_t length)
{
	return strspn(text_, " \t\r\n\f\v") == length;
}

/*
 * Parses what was typed, and says how it is to be compiled. A search that shall rank by nothing but
 * its words (without prior) has no other words than those, either.
 */
static void
prepare(Search *search)
{
	search->words = (SklDictionaryScope){&search->engine, &search->scope};
	skl_dictionary_of(&search->words, &search->dictionary);
	search->options = (SklCompileOptions){.analyse = skl_search_analyse,
										  .analyse_context = &search->config,
										  .dictionary = &search->dictionary,
										  .fields = field_names,
										  .field_mask = field_masks,
										  .field_count = lengthof(field_names),
										  .all_fields = SKL_ALL_FIELDS,
										  .match_all = search->ask.match_all};
	if (search->ask.prior || search->ask.correct)
		search->options.suggestions = skl_suggest_open();
	if (search->ask.prior)
		search->options.synonyms = skl_suggest_synonyms(search->config);
	skl_query_parse(&search->engine.arena, search->ask.q, search->ask.q_length, field_names,
					lengthof(field_names), &search->query);
}

/* From the tree to the plan; filters, facets and order come from the request. */
static void
compile(Search *search, SklCorrectMode correct)
{
	if (search->ask.like[0] != NULL)
	{
		/* words that the document alone has find nothing but itself */
		search->compiled.plan = skl_like_plan(&search->words, search->config, search->ask.like,
											  search->ask.like_other ? 1 : 2);
		return;
	}
	search->options.correct = correct;
	skl_query_compile(&search->engine.arena, &search->query, &search->options, &search->compiled);
	if (search->compiled.empty || search->compiled.plan == NULL)
		search->compiled.plan =
			plain_plan(&search->engine, blank(search->ask.q, search->ask.q_length));
}

static void
complete_plan(Search *search)
{
	SklPlan *plan = search->compiled.plan;
	const SklAsk *ask = &search->ask;

	plan->k1 = search->scope.index.k1;
	plan->b = search->scope.index.b;
	plan->n_filters = ask->n_filters;
	plan->filters = ask->filters;
	plan->n_facets = ask->n_facets;
	plan->facets = ask->facets;
	plan->sort = ask->sort;
	plan->sort_column = ask->sort_column;
	plan->after = ask->after;
	plan->k = ask->limit;
	memset(plan->classes, 0xff, sizeof(plan->classes));
	plan->use_prior = ask->prior;
	plan->proximity = ask->prior ? PROXIMITY : 0;
	plan->personal = ask->prior && ask->n_near > 0 ? PERSONAL : 0;
	plan->n_near = ask->n_near;
	plan->near = ask->near;
	plan->want_total = ask->total;
	plan->exhaustive = ask->exhaustive;
}

static void
run(Search *search)
{
	complete_plan(search);
	skl_index_check(&search->engine,
					skl_search(&search->engine, search->compiled.plan, search->scope.segments,
							   (uint32_t) search->scope.n, skl_scope_bitsets(), &search->result));
}

/*
 * Searches for what was typed, with corrections of words that are rare; when nothing at all is
 * found, with corrections of all words.
 */
static void
find(Search *search)
{
	SklCompiled typed;
	SklSearchResult nothing;

	prepare(search);
	compile(search, search->ask.correct ? SKL_CORRECT_RARE : SKL_CORRECT_NEVER);
	run(search);
	if (search->result.total > 0 || search->result.n_hits > 0 || !search->ask.correct ||
		search->ask.like[0] != NULL)
		return;
	typed = search->compiled;
	nothing = search->result;
	compile(search, SKL_CORRECT_ALL);
	if (search->compiled.corrected_count > typed.corrected_count)
		run(search);
	if (search->result.n_hits == 0)
	{
		search->compiled = typed;
		search->result = nothing;
	}
}

/* Another spelling for the first page of a search that found little, unless it was searched for. */
static void
mean(Search *search)
{
	if (search->result.n_hits < SKL_FEW_HITS && search->compiled.corrected_count == 0 &&
		!search->ask.after.present && search->ask.like[0] == NULL)
		search->suggestion =
			skl_query_did_you_mean(&search->engine.arena, search->ask.q, search->ask.q_length,
								   &search->query, &search->options);
}

static void
append_explained_terms(StringInfo out, const SklPlan *plan, const SklExplanation *why)
{
	appendStringInfoString(out, "\"terms\":[");
	for (uint32_t i = 0; i < why->n_terms; i++)
	{
		const SklExplainTerm *term = &why->terms[i];
		SklBytes word = plan->terms[term->term].word;

		appendStringInfoString(out, i > 0 ? ",{\"term\":" : "{\"term\":");
		escape_json(out, pnstrdup((const char *) word.data, word.length));
		appendStringInfo(out,
						 ",\"documents\":" UINT64_FORMAT ",\"idf\":%.6g,\"weight\":%.6g,"
						 "\"frequency\":%.6g,\"saturation\":%.6g,\"score\":%.9g}",
						 term->df, term->idf, term->weight, term->wtf, term->part, term->score);
	}
	appendStringInfoChar(out, ']');
}

/* Sentences for people. */
static char *
explain_words(const SklPlan *plan, const SklExplanation *why)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "%.4f = %.4f for its words", why->score, why->text);
	if (why->prior_score != 0)
		appendStringInfo(&out, " + %.4f for quality and recency (x %.3f)", why->prior_score,
						 why->prior);
	if (why->proximity_score != 0)
		appendStringInfo(&out, " + %.4f for words that lie together", why->proximity_score);
	if (why->personal_score != 0)
		appendStringInfo(&out, " + %.4f for having to do with who asks (x %.3f)",
						 why->personal_score, why->personal);
	appendStringInfoString(&out, ".");
	for (uint32_t i = 0; i < why->n_terms; i++)
	{
		const SklExplainTerm *term = &why->terms[i];
		SklBytes word = plan->terms[term->term].word;

		appendStringInfo(&out,
						 " \"%.*s\" gives %.4f: it is in " UINT64_FORMAT " of " UINT64_FORMAT
						 " documents (idf %.3f) and weighs %g here.",
						 (int) word.length, (const char *) word.data, term->score, term->df,
						 why->n_live, term->idf, term->wtf);
	}
	return out.data;
}

/* Why a hit has its score, as JSON. */
static Datum
explain(Search *search, const SklHit *hit)
{
	SklExplanation why;
	StringInfoData out;

	skl_index_check(&search->engine,
					skl_explain(&search->engine, search->compiled.plan, search->scope.segments,
								(uint32_t) search->scope.n, hit, &why));
	initStringInfo(&out);
	appendStringInfo(&out, "{\"score\":%.9g,\"text\":%.9g,", why.score, why.text);
	append_explained_terms(&out, search->compiled.plan, &why);
	appendStringInfo(&out,
					 ",\"length\":%u,\"averageLength\":%.6g,\"documents\":" UINT64_FORMAT
					 ",\"prior\":{\"factor\":%.6g,\"score\":%.9g}"
					 ",\"proximity\":{\"factor\":%.6g,\"score\":%.9g}"
					 ",\"personal\":{\"factor\":%.6g,\"score\":%.9g},\"summary\":",
					 why.length, why.average_length, why.n_live, why.prior, why.prior_score,
					 1 + why.proximity, why.proximity_score, why.personal, why.personal_score);
	escape_json(&out, explain_words(search->compiled.plan, &why));
	appendStringInfoChar(&out, '}');
	return CStringGetTextDatum(out.data);
}

/* The query's lexemes with their weights, for snippets. */
static Datum
marks(const SklCompiled *compiled)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '[');
	for (size_t i = 0; i < compiled->mark_count; i++)
	{
		const SklSnippetTerm *mark = &compiled->marks[i];

		appendStringInfoString(&out, i > 0 ? ",[" : "[");
		escape_json(&out, pnstrdup(mark->lexeme, mark->length));
		appendStringInfo(&out, ",%d,%.6g]", mark->prefix, mark->weight);
	}
	appendStringInfoChar(&out, ']');
	return CStringGetTextDatum(out.data);
}

static Datum
array_of(Datum *values, uint32_t n, Oid type)
{
	int16 length = type == UUIDOID ? UUID_LEN : type == FLOAT8OID ? (int16) sizeof(float8) : -1;

	return PointerGetDatum(construct_array(values, (int) n, type, length,
										   type == FLOAT8OID && FLOAT8PASSBYVAL,
										   type == UUIDOID	   ? TYPALIGN_CHAR
										   : type == FLOAT8OID ? TYPALIGN_DOUBLE
															   : TYPALIGN_INT));
}

/* ids, scores, keys, explanations of the hits. */
static void
hits_columns(Search *search, Datum *values, bool *nulls)
{
	uint32_t n = search->result.n_hits;
	Datum *columns[4];

	for (int c = 0; c < 4; c++)
		columns[c] = palloc(sizeof(Datum) * Max(n, 1));
	for (uint32_t i = 0; i < n; i++)
	{
		const SklHit *hit = &search->result.hits[i];

		columns[0][i] = UUIDPGetDatum((const pg_uuid_t *) hit->id);
		columns[1][i] = Float8GetDatum(hit->score);
		columns[2][i] = CStringGetTextDatum(skl_ask_key(hit));
		if (search->ask.explain)
			columns[3][i] = explain(search, hit);
	}
	values[0] = array_of(columns[0], n, UUIDOID);
	values[1] = array_of(columns[1], n, FLOAT8OID);
	values[2] = array_of(columns[2], n, TEXTOID);
	nulls[3] = !search->ask.explain;
	if (search->ask.explain)
		values[3] = array_of(columns[3], n, TEXTOID);
}

/* The query as it was searched for; NULL: as typed. */
static const char *
corrected_query(Search *search)
{
	if (search->compiled.corrected_count == 0)
		return NULL;
	return skl_query_corrected(&search->engine.arena, search->ask.q, search->ask.q_length,
							   &search->compiled);
}

static HeapTuple
answer(Search *search, TupleDesc desc)
{
	Datum values[10] = {0};
	bool nulls[10] = {false};

	hits_columns(search, values, nulls);
	values[4] = Int64GetDatum((int64) search->result.total);
	nulls[4] = !search->ask.total && search->ask.n_facets == 0;
	values[5] = BoolGetDatum(search->result.more);
	nulls[6] = search->ask.n_wanted == 0;
	if (!nulls[6])
		values[6] = CStringGetTextDatum(
			skl_ask_facets(search->scope.index.kind, &search->ask, &search->result));
	nulls[7] = search->compiled.corrected_count == 0;
	if (!nulls[7])
		values[7] = CStringGetTextDatum(corrected_query(search));
	nulls[8] = search->suggestion == NULL;
	if (!nulls[8])
		values[8] = CStringGetTextDatum(search->suggestion);
	values[9] = marks(&search->compiled);
	return heap_form_tuple(BlessTupleDesc(desc), values, nulls);
}

static int
microseconds_since(instr_time begin)
{
	instr_time took;

	INSTR_TIME_SET_CURRENT(took);
	INSTR_TIME_SUBTRACT(took, begin);
	return (int) Min(INSTR_TIME_GET_MICROSEC(took), PG_INT32_MAX);
}

/*
 * search_run(kind text, request jsonb) returns ids uuid[], scores float8[], keys text[],
 * explanations text[], total bigint, more boolean, facets text, corrected text, suggestion text,
 * marks text. A request with something wrong raises VALIDATION_ERROR that names it.
 */
Datum
skl_fn_search_run(PG_FUNCTION_ARGS)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const SklSearchKind *kind = skl_search_kind(name);
	Search *search = palloc0(sizeof(Search));
	TupleDesc desc;
	HeapTuple tuple;
	instr_time begin;

	INSTR_TIME_SET_CURRENT(begin);
	if (kind == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("there is no search index \"%s\"", name),
						errhint("Kinds are project, gig and freelancer.")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "search_run must return a row");
	skl_ask_read(kind, PG_GETARG_JSONB_P(1), &search->ask);
	skl_index_engine(&search->engine);
	if (search->ask.segment != 0)
		skl_scope_open_one(&search->engine, kind, search->ask.segment, &search->scope);
	else
		skl_scope_open(&search->engine, kind, search->ask.fresh, GetActiveSnapshot(),
					   &search->scope);
	search->config = skl_search_config(search->ask.language, search->scope.index.config.config);
	find(search);
	mean(search);
	tuple = answer(search, desc);
	if (!search->ask.after.present && search->ask.total && search->ask.like[0] == NULL)
		skl_query_log(kind->index_id, search->ask.q, (int64) search->result.total,
					  corrected_query(search), microseconds_since(begin));
	skl_engine_release(&search->engine);
	PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}
