/*
 * test/bench/search/engine_peer.c
 *		The search engine outside PostgreSQL, over segments in memory: engine_peer
 *		DOCUMENTS_PER_SEGMENT.
 *
 * It shows what the engine itself takes, without rows, policies and connections. peer.h says how it
 * is spoken to. One more command: check SET FILE K compares the best K with scoring every match ->
 * checked N DIFFERENCES.
 */
#include "search/engine/exec.h"
#include "search/engine/merge.h"
#include "search/engine/segment_write.h"
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MAX 256
#define WORDS_MAX 400
#define TERMS_MAX 64
#define TF_MAX 64

enum
{
	CATEGORY,
	COUNTRY,
	SKILL,
	PRICE,
	DAY,
	COLUMNS
};

static const SklColumnDef columns[COLUMNS] = {{"category", SKL_COLUMN_LABEL},
											  {"country", SKL_COLUMN_LABEL},
											  {"skill", SKL_COLUMN_LABELS},
											  {"price", SKL_COLUMN_NUMBER},
											  {"day", SKL_COLUMN_NUMBER}};
static const SklSchema schema = {{2, 2, 1}, COLUMNS, columns};

/* A segment in memory of malloc. */
typedef struct Stored
{
	uint8_t *bytes;
	size_t length;
	size_t room;
} Stored;

/* A document that is being read: its words in a small hash table. */
typedef struct Reading
{
	uint32_t nwords;
	SklDocWord words[WORDS_MAX];
	uint32_t positions[WORDS_MAX][SKL_FIELDS][TF_MAX];
	uint32_t joined[WORDS_MAX][SKL_FIELDS * TF_MAX];
	char filters[8][32];
	SklBytes filter_bytes[8];
	uint32_t nfilters;
	SklDocValue values[COLUMNS];
	SklBytes labels[COLUMNS][8];
} Reading;

/* One thread's view: segments opened for it, and where page 49 of each query ended. */
typedef struct Session
{
	const PeerSet *set;
	SklEngine opened;
	SklSearchSegment segments[SEGMENTS_MAX];
	SklPlanCursor after[PEER_ASKS_MAX];
} Session;

static uint32_t docs_per_segment;
static Stored stored[SEGMENTS_MAX];
static uint32_t nstored;

static void
must(SklEngine *engine, SklStatus status)
{
	if (status == SKL_ENGINE_OK)
		return;
	fprintf(stderr, "engine_peer: %d %s\n", (int) status, engine->message ? engine->message : "");
	exit(1);
}

static void
store(void *context, const void *bytes, size_t length)
{
	Stored *to = context;

	if (to->length + length > to->room)
	{
		to->room = (to->length + length) * 2;
		to->bytes = realloc(to->bytes, to->room);
	}
	memcpy(to->bytes + to->length, bytes, length);
	to->length += length;
}

static SklBytes
bytes_of(const char *text, size_t length)
{
	SklBytes bytes = {(const uint8_t *) text, (uint32_t) length};

	return bytes;
}

/* Counts the words of one field. */
static void
read_field(Reading *reading, char *text, SklField field)
{
	uint32_t position = 0;

	for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "), position++)
	{
		size_t length = strlen(word);
		uint32_t i = 0;

		while (i < reading->nwords && (reading->words[i].word.length != length ||
									   memcmp(reading->words[i].word.data, word, length) != 0))
			i++;
		if (i == WORDS_MAX)
			continue;
		if (i == reading->nwords)
		{
			memset(&reading->words[i], 0, sizeof(SklDocWord));
			reading->words[i].word = bytes_of(word, length);
			reading->nwords++;
		}
		if (reading->words[i].tf[field] < TF_MAX)
			reading->positions[i][field][reading->words[i].tf[field]++] = position;
	}
}

static void
add_label(Reading *reading, int column, const char *label)
{
	SklDocValue *value = &reading->values[column];
	char *filter = reading->filters[reading->nfilters];

	for (uint32_t i = 0; i < value->n_labels; i++)
		if (value->labels[i].length == strlen(label) &&
			memcmp(value->labels[i].data, label, strlen(label)) == 0)
			return;
	value->labels = reading->labels[column];
	reading->labels[column][value->n_labels++] = bytes_of(label, strlen(label));
	snprintf(filter, sizeof(reading->filters[0]), "%s=%s", columns[column].name, label);
	reading->filter_bytes[reading->nfilters++] = bytes_of(filter, strlen(filter));
}

/* A line of the corpus as a document. */
static void
read_document(Reading *reading, char **cells, SklDocument *document)
{
	uint32_t number = (uint32_t) atoi(cells[0]);

	memset(document, 0, sizeof(*document));
	memset(reading->values, 0, sizeof(reading->values));
	reading->nwords = 0;
	reading->nfilters = 0;
	for (int i = 0; i < 4; i++)
		document->id[12 + i] = (uint8_t) (number >> (24 - 8 * i));
	read_field(reading, cells[1], SKL_FIELD_TITLE);
	read_field(reading, cells[2], SKL_FIELD_BODY);
	for (uint32_t i = 0; i < reading->nwords; i++)
	{
		uint32_t n = 0;

		for (int field = 0; field < SKL_FIELDS; field++)
			for (uint32_t j = 0; j < reading->words[i].tf[field]; j++)
				reading->joined[i][n++] = reading->positions[i][field][j];
		reading->words[i].positions = reading->joined[i];
	}
	add_label(reading, CATEGORY, cells[3]);
	add_label(reading, COUNTRY, cells[4]);
	for (char *skill = strtok(cells[5], "{,}"); skill != NULL; skill = strtok(NULL, "{,}"))
		add_label(reading, SKILL, skill);
	reading->values[PRICE].present = reading->values[DAY].present = true;
	reading->values[PRICE].number = atoi(cells[6]);
	reading->values[DAY].number = atoi(cells[7]);
	document->n_words = reading->nwords;
	document->words = reading->words;
	document->n_filters = reading->nfilters;
	document->filters = reading->filter_bytes;
	document->values = reading->values;
}

static size_t
stored_bytes(void)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < nstored; i++)
		sum += stored[i].length;
	return sum;
}

/* Writes what the builder has gathered, as the next segment. */
static void
finish_segment(SklEngine *engine, SklSegmentBuilder *builder)
{
	SklSegmentSink sink = {store, &stored[nstored]};
	SklSegmentSummary summary;

	must(engine, skl_builder_finish(builder, &sink, &summary));
	skl_engine_release(engine);
	nstored++;
}

static void
load(const char *file)
{
	static Reading reading;
	double start = peer_now();
	SklEngine engine;
	SklSegmentBuilder *builder = NULL;
	FILE *in = fopen(file, "r");
	char *line = NULL;
	size_t size = 0;

	skl_engine_init(&engine, NULL);
	while (in != NULL && nstored < SEGMENTS_MAX && getline(&line, &size, in) > 0)
	{
		SklDocument document;
		char *cells[PEER_CELLS];

		peer_split(line, cells);
		read_document(&reading, cells, &document);
		if (builder == NULL)
			must(&engine, skl_builder_create(&engine, &schema, &builder));
		must(&engine, skl_builder_add(builder, &document));
		if (skl_builder_docs(builder) == docs_per_segment)
		{
			finish_segment(&engine, builder);
			builder = NULL;
		}
	}
	if (builder != NULL)
		finish_segment(&engine, builder);
	free(line);
	if (in != NULL)
		fclose(in);
	printf("loaded %.1f %zu\n", (peer_now() - start) / 1e6, stored_bytes());
}

static void
open_segments(SklEngine *engine, SklSearchSegment *segments)
{
	for (uint32_t i = 0; i < nstored; i++)
	{
		SklSegmentSource source = {stored[i].bytes, NULL, NULL, stored[i].length};

		memset(&segments[i], 0, sizeof(segments[i]));
		must(engine, skl_segment_open(engine, &source, &segments[i].segment));
	}
}

static void
merge(void)
{
	double start = peer_now();
	SklSearchSegment segments[SEGMENTS_MAX];
	SklMergeInput inputs[SEGMENTS_MAX];
	Stored merged = {0};
	SklSegmentSink sink = {store, &merged};
	SklSegmentSummary summary;
	SklEngine engine;

	skl_engine_init(&engine, NULL);
	open_segments(&engine, segments);
	for (uint32_t i = 0; i < nstored; i++)
		inputs[i] = (SklMergeInput){.segment = segments[i].segment};
	must(&engine, skl_merge(&engine, inputs, nstored, &sink, &summary, NULL));
	skl_engine_release(&engine);
	for (uint32_t i = 0; i < nstored; i++)
		free(stored[i].bytes);
	memset(stored, 0, sizeof(stored));
	stored[0] = merged;
	nstored = 1;
	printf("merged %.1f %zu\n", (peer_now() - start) / 1e6, stored_bytes());
}

static void
close_session(void *argument)
{
	Session *session = argument;

	skl_engine_release(&session->opened);
	free(session);
}

/* A plan and everything that it points at. */
typedef struct Planned
{
	SklPlan plan;
	SklPlanTerm terms[TERMS_MAX];
	uint32_t indexes[TERMS_MAX];
	uint32_t typed[TERMS_MAX]; /* the terms in the order of the words, the same one as often as it
								  was typed */
	uint32_t ntyped;
	SklPlanNode nodes[TERMS_MAX + 1];
	SklPlanPhrase phrase;
	SklPlanFilter filters[2];
	SklPlanRange range;
	SklPlanFacet facets[3];
	char names[2][32];
	SklBytes values[2];
	char words[256];
	char expanded[TERMS_MAX][SKL_SEARCH_WORD_MAX + 1];
} Planned;

static void
add_term(Planned *planned, const char *word, size_t length)
{
	uint32_t n = planned->plan.n_terms;

	for (uint32_t i = 0; i < n; i++)
		if (planned->terms[i].word.length == length &&
			memcmp(planned->terms[i].word.data, word, length) == 0)
		{
			planned->typed[planned->ntyped++] = i;
			return;
		}
	planned->typed[planned->ntyped++] = n;
	planned->terms[n].word = bytes_of(word, length);
	planned->terms[n].weight = 1;
	planned->terms[n].fields = SKL_ALL_FIELDS;
	planned->indexes[n] = n;
	planned->nodes[n] = (SklPlanNode){SKL_PLAN_TERM, n, 0, NULL};
	planned->plan.n_terms++;
}

/* The 64 commonest words that begin so, of the first segment: as many as the compiler of queries
 * takes. */
static void
expand_prefix(Session *session, Planned *planned, const char *prefix)
{
	uint32_t df[TERMS_MAX] = {0};
	uint32_t lengths[TERMS_MAX];
	SklTermWalk walk;
	SklTermInfo info;
	SklBytes term;
	bool found;
	size_t length = strlen(prefix);
	SklSegment *segment = session->segments[0].segment;

	must(&session->opened, skl_term_walk(segment, SKL_TERM_WORD, bytes_of(prefix, length), &walk));
	for (;;)
	{
		uint32_t least = 0;

		must(&session->opened, skl_term_next(&walk, &found, &term, &info));
		if (!found || term.length < length || memcmp(term.data, prefix, length) != 0)
			break;
		for (uint32_t i = 1; i < TERMS_MAX; i++)
			least = df[i] < df[least] ? i : least;
		if (info.df <= df[least])
			continue;
		df[least] = info.df;
		lengths[least] = term.length;
		memcpy(planned->expanded[least], term.data, term.length);
	}
	for (uint32_t i = 0; i < TERMS_MAX; i++)
		if (df[i] > 0)
		{
			add_term(planned, planned->expanded[i], lengths[i]);
			planned->terms[planned->plan.n_terms - 1].idf_group = 1;
		}
}

/* The places of the words of a phrase. */
static const uint32_t places[] = {0, 1, 2, 3};

static void
plan_words(Session *session, Planned *planned, const PeerAsk *ask)
{
	const char *name = session->set->name;
	SklPlan *plan = &planned->plan;
	uint32_t n;

	if (strcmp(name, "prefix") == 0)
		expand_prefix(session, planned, ask->words);
	else
	{
		strcpy(planned->words, ask->words);
		for (char *at = planned->words, *word; (word = strtok_r(at, " ", &at)) != NULL;)
			add_term(planned, word, strlen(word));
	}
	n = plan->n_terms;
	if (n == 0)
		return;
	if (strcmp(name, "phrase") == 0)
	{
		planned->phrase =
			(SklPlanPhrase){planned->ntyped, planned->typed, places, 0, SKL_ALL_FIELDS};
		planned->nodes[n] = (SklPlanNode){SKL_PLAN_PHRASE, 0, 0, NULL};
		plan->n_phrases = 1;
		plan->phrases = &planned->phrase;
	}
	else
		planned->nodes[n] = (SklPlanNode){strcmp(name, "and") == 0 ? SKL_PLAN_AND : SKL_PLAN_OR, 0,
										  n, planned->indexes};
	plan->n_nodes = n + 1;
	plan->nodes = planned->nodes;
	plan->root = n;
}

static void
add_term_filter(Planned *planned, const char *column, const char *value)
{
	uint32_t n = planned->plan.n_filters;

	if (value[0] == '\0')
		return;
	snprintf(planned->names[n], sizeof(planned->names[n]), "%s=%s", column, value);
	planned->values[n] = bytes_of(planned->names[n], strlen(planned->names[n]));
	planned->filters[n].kind = SKL_FILTER_TERMS;
	planned->filters[n].n_terms = 1;
	planned->filters[n].terms = &planned->values[n];
	planned->plan.n_filters++;
}

static void
plan_conditions(const PeerSet *set, Planned *planned, const PeerAsk *ask)
{
	SklPlan *plan = &planned->plan;

	plan->filters = planned->filters;
	plan->facets = planned->facets;
	add_term_filter(planned, "category", ask->category);
	add_term_filter(planned, "country", ask->country);
	if (set->filters)
	{
		planned->range = (SklPlanRange){atoi(ask->price_min), atoi(ask->price_max)};
		planned->filters[plan->n_filters].kind = SKL_FILTER_RANGE;
		planned->filters[plan->n_filters].column = "price";
		planned->filters[plan->n_filters].n_ranges = 1;
		planned->filters[plan->n_filters].ranges = &planned->range;
		plan->n_filters++;
	}
	for (uint32_t i = 0; i < 3 && set->facets; i++)
	{
		planned->facets[i].kind = SKL_FACET_LABELS;
		planned->facets[i].column = columns[i].name;
		planned->facets[i].filter = i < plan->n_filters ? (int32_t) i : -1;
		planned->facets[i].limit = 10;
		plan->n_facets++;
	}
}

static void
make_plan(Session *session, Planned *planned, const PeerAsk *ask)
{
	SklPlan *plan = &planned->plan;

	memset(planned, 0, offsetof(Planned, expanded));
	plan->k1 = 1.2f;
	plan->b = 0.75f;
	plan->terms = planned->terms;
	plan->k = 10;
	plan->classes[0] = 1;
	plan_words(session, planned, ask);
	plan_conditions(session->set, planned, ask);
	if (strcmp(session->set->name, "newest") == 0)
	{
		plan->sort = SKL_SORT_DESC;
		plan->sort_column = "day";
	}
	else if (strcmp(session->set->name, "page50") == 0)
		plan->after = session->after[ask - session->set->asks];
}

static void
run_plan(Session *session, SklEngine *engine, const SklPlan *plan, SklSearchResult *result)
{
	must(engine, skl_search(engine, plan, session->segments, nstored, NULL, result));
}

/* Where page 49 of a query ends, if it gets so far. */
static void
find_cursor(Session *session, const PeerAsk *ask, SklPlanCursor *after)
{
	Planned planned;
	SklSearchResult result;
	SklEngine engine;

	skl_engine_init(&engine, NULL);
	make_plan(session, &planned, ask);
	planned.plan.k = 490;
	run_plan(session, &engine, &planned.plan, &result);
	if (result.n_hits == 490)
	{
		after->present = true;
		after->reranked = result.hits[489].reranked;
		after->score = result.hits[489].score;
		memcpy(after->id, result.hits[489].id, SKL_ENTITY_ID_BYTES);
	}
	skl_engine_release(&engine);
}

static void *
open_session(const PeerSet *set)
{
	Session *session;

	if (strcmp(set->name, "typo") == 0)
		return NULL;
	session = calloc(1, sizeof(*session));
	session->set = set;
	skl_engine_init(&session->opened, NULL);
	open_segments(&session->opened, session->segments);
	for (int i = 0; i < set->nasks && strcmp(set->name, "page50") == 0; i++)
		find_cursor(session, &set->asks[i], &session->after[i]);
	return session;
}

static void
answer(void *argument, const PeerAsk *ask)
{
	Session *session = argument;
	Planned planned;
	SklSearchResult result;
	SklEngine engine;

	skl_engine_init(&engine, NULL);
	make_plan(session, &planned, ask);
	run_plan(session, &engine, &planned.plan, &result);
	skl_engine_release(&engine);
}

static int64_t
count_hits(void *argument, const PeerAsk *ask)
{
	Session *session = argument;
	Planned planned;
	SklSearchResult result;
	SklEngine engine;

	skl_engine_init(&engine, NULL);
	make_plan(session, &planned, ask);
	planned.plan.want_total = true;
	run_plan(session, &engine, &planned.plan, &result);
	skl_engine_release(&engine);
	return (int64_t) result.total;
}

/* Whether the best k are those of scoring every match: same ids, same scores. */
static bool
same_as_exhaustive(Session *session, const PeerAsk *ask, uint32_t k)
{
	Planned planned;
	SklSearchResult quick;
	SklSearchResult slow;
	SklEngine engine;
	bool same;

	skl_engine_init(&engine, NULL);
	make_plan(session, &planned, ask);
	planned.plan.k = k;
	run_plan(session, &engine, &planned.plan, &quick);
	planned.plan.exhaustive = true;
	run_plan(session, &engine, &planned.plan, &slow);
	same = quick.n_hits == slow.n_hits;
	for (uint32_t i = 0; same && i < quick.n_hits; i++)
		same = quick.hits[i].score == slow.hits[i].score &&
			   memcmp(quick.hits[i].id, slow.hits[i].id, SKL_ENTITY_ID_BYTES) == 0;
	skl_engine_release(&engine);
	return same;
}

static bool
check_command(const char *line)
{
	static PeerSet set;
	char name[16], file[2048];
	int k;
	int differences = 0;
	Session *session;

	if (sscanf(line, "check %15s %2047s %d", name, file, &k) != 3 ||
		!peer_read_set(&set, name, file))
		return false;
	session = open_session(&set);
	for (int i = 0; session != NULL && i < set.nasks; i++)
		differences += !same_as_exhaustive(session, &set.asks[i], (uint32_t) k);
	if (session != NULL)
		close_session(session);
	printf("checked %d %d\n", session != NULL ? set.nasks : 0, differences);
	return true;
}

int
main(int argc, char **argv)
{
	static const Peer peer = {load,		  merge,		 open_session, answer,
							  count_hits, close_session, check_command};

	if (argc != 2 || atoi(argv[1]) < 1)
		return 2;
	docs_per_segment = (uint32_t) atoi(argv[1]);
	return peer_run(&peer);
}
