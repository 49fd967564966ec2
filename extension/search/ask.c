/*
 * search/ask.c
 *		A request to search as JSON, and the parts of a plan that it asks for beside words.
 *
 *		{"q", "language", "filters": {"category": ["design"], "price": {"min": 10, "max": 50}},
 *		 "facets": ["category", "price", "rating:3..4..5"], "sort", "after", "limit",
 *		 "explain", "fresh", "total", "prior", "exhaustive", "matchAll", "correct",
 *		 "like": {"title", "skills", "body"} in the place of "q", "other": of another index,
 *		 "near": {"skill": ["js"], "country": ["PT"]}, what who asks has to do with,
 *		 "segment": number of the only one to search}
 *
 * "prior" false ranks by words alone, and corrects them only if "correct" is true. Numbers are as
 * people write them (amounts in US dollars, times by RFC 3339); columns have them as integers of
 * their unit. Values of one filter are alternatives, filters come together.
 */
#include "skl.h"

#include "core/problems.h"
#include "search/ask.h"

#include "lib/stringinfo.h"
#include "utils/datetime.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include <math.h>

/* Labels of a facet, buckets of a histogram, edges that may be asked for, values of a filter. */
#define FACET_LABELS 50
#define FACET_BUCKETS 10
#define FACET_EDGES 32
#define FILTER_VALUES 64

static const double stats_percentiles[] = {5, 25, 50, 75, 95};

static const double unit_scale[] = {
	[SKL_UNIT_NONE] = 1, [SKL_UNIT_CENTS] = 100, [SKL_UNIT_SHARE] = 10000, [SKL_UNIT_TIME] = 1};

/* Seconds between 1970 and PostgreSQL's 2000. */
#define EPOCH_SECONDS ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

static JsonbValue *
member(JsonbContainer *object, const char *name)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, name, (int) strlen(name), NULL);

	return value == NULL || value->type == jbvNull ? NULL : value;
}

static char *
string_member(JsonbContainer *object, const char *name)
{
	JsonbValue *value = member(object, name);

	return value == NULL || value->type != jbvString
			   ? NULL
			   : pnstrdup(value->val.string.val, (Size) value->val.string.len);
}

static bool
bool_member(JsonbContainer *object, const char *name, bool otherwise)
{
	JsonbValue *value = member(object, name);

	return value == NULL || value->type != jbvBool ? otherwise : value->val.boolean;
}

static double
number_of(const JsonbValue *value)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric)));
}

/* A number, or a time, of a unit; false when the text is none. */
static bool
parse_number(SklUnit unit, const char *word, double *number)
{
	char *end;
	struct pg_tm tm;
	fsec_t fsec;
	int tz;
	int dtype;
	int nf;
	char work[MAXDATELEN + 1];
	char *field[MAXDATEFIELDS];
	int ftype[MAXDATEFIELDS];
	TimestampTz at;

	if (unit != SKL_UNIT_TIME)
	{
		*number = strtod(word, &end);
		return end != word && *end == '\0' && isfinite(*number);
	}
	if (strlen(word) > 40 ||
		ParseDateTime(word, work, sizeof(work), field, ftype, MAXDATEFIELDS, &nf) != 0 ||
		DecodeDateTime(field, ftype, nf, &dtype, &tm, &fsec, &tz) != 0 || dtype != DTK_DATE ||
		tm2timestamp(&tm, fsec, &tz, &at) != 0)
		return false;
	*number = (double) (at / USECS_PER_SEC + EPOCH_SECONDS);
	return true;
}

/* An end of a range, of a JSON number or string. */
static bool
range_end(JsonbContainer *object, const char *name, SklUnit unit, double *number)
{
	JsonbValue *value = member(object, name);

	if (value == NULL)
		return false;
	if (value->type == jbvNumeric)
	{
		*number = number_of(value);
		return isfinite(*number);
	}
	return value->type == jbvString &&
		   parse_number(unit, pnstrdup(value->val.string.val, (Size) value->val.string.len),
						number);
}

static int64
column_value(SklUnit unit, double number, bool upper)
{
	double value = number * unit_scale[unit];

	value = upper ? floor(value + 1e-6) : ceil(value - 1e-6);
	return (int64) Min(Max(value, -9e18), 9e18);
}

/* {"min", "max"} of a column of numbers. */
static void
read_range(const SklSearchKind *kind, int column, JsonbContainer *object, SklPlanFilter *filter)
{
	SklPlanRange *range = palloc(sizeof(SklPlanRange));
	SklUnit unit = kind->units[column];
	double number;

	range->min =
		range_end(object, "min", unit, &number) ? column_value(unit, number, false) : PG_INT64_MIN;
	range->max =
		range_end(object, "max", unit, &number) ? column_value(unit, number, true) : PG_INT64_MAX;
	filter->kind = SKL_FILTER_RANGE;
	filter->column = kind->columns[column].name;
	filter->n_ranges = 1;
	filter->ranges = range;
}

static SklBytes
filter_term(const char *name, const char *value, int length)
{
	char *term = psprintf("%s=%.*s", name, length, value);

	return (SklBytes){(const uint8_t *) term, (uint32_t) strlen(term)};
}

/* ["a", "b"] or "a" of a column of labels. */
static void
read_labels(const SklSearchKind *kind, int column, JsonbValue *value, SklPlanFilter *filter)
{
	const char *name = kind->columns[column].name;
	SklBytes *terms = palloc(sizeof(SklBytes) * FILTER_VALUES);
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue item;

	filter->kind = SKL_FILTER_TERMS;
	filter->terms = terms;
	if (value->type == jbvString)
		terms[filter->n_terms++] = filter_term(name, value->val.string.val, value->val.string.len);
	if (value->type != jbvBinary)
		return;
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM || item.type != jbvString)
			continue;
		if (filter->n_terms == FILTER_VALUES)
		{
			skl_problem(name, "must not have more than %d values", FILTER_VALUES);
			return;
		}
		terms[filter->n_terms++] = filter_term(name, item.val.string.val, item.val.string.len);
	}
}

static void
read_filters(const SklSearchKind *kind, JsonbValue *filters, SklAsk *request)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue key;
	JsonbValue value;

	if (filters == NULL || filters->type != jbvBinary)
		return;
	iterator = JsonbIteratorInit(filters->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &key, true)) != WJB_DONE)
	{
		char *name;
		int column;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(key.val.string.val, (Size) key.val.string.len);
		(void) JsonbIteratorNext(&iterator, &value, true);
		column = skl_search_column(kind, name);
		if (column < 0)
			skl_problem("filters", "has no filter \"%s\"", name);
		else if (value.type != jbvNull && request->n_filters < SKL_ASK_FILTERS)
		{
			SklPlanFilter *filter = &request->filters[request->n_filters];

			request->filter_columns[request->n_filters++] = column;
			if (kind->columns[column].kind != SKL_COLUMN_NUMBER)
				read_labels(kind, column, &value, filter);
			else if (value.type == jbvBinary && JsonContainerIsObject(value.val.binary.data))
				read_range(kind, column, value.val.binary.data, filter);
			else
				skl_problem("filters", "needs {\"min\", \"max\"} for \"%s\"", name);
		}
	}
}

/* Edges a..b..c: ranges [a, b), [b, c), [c, ...). */
static void
read_edges(const SklSearchKind *kind, int column, char *edges, SklPlanFacet *facet)
{
	SklPlanRange *ranges = palloc(sizeof(SklPlanRange) * FACET_EDGES);
	SklUnit unit = kind->units[column];

	facet->kind = SKL_FACET_RANGES;
	facet->ranges = ranges;
	for (char *edge = edges; edge != NULL;)
	{
		char *next = strstr(edge, "..");
		double number;
		int64 value;

		if (next != NULL)
		{
			*next = '\0';
			next += 2;
		}
		if (!parse_number(unit, edge, &number))
		{
			skl_problem("facets", "has an edge \"%s\" that is not a number", edge);
			return;
		}
		value = column_value(unit, number, false);
		if (facet->n_ranges == FACET_EDGES ||
			(facet->n_ranges > 0 && value <= ranges[facet->n_ranges - 1].min))
		{
			skl_problem("facets", "must have at most %d edges for \"%s\", which rise", FACET_EDGES,
						kind->columns[column].name);
			return;
		}
		if (facet->n_ranges > 0)
			ranges[facet->n_ranges - 1].max = value - 1;
		ranges[facet->n_ranges++] = (SklPlanRange){value, PG_INT64_MAX};
		edge = next;
	}
}

/* One facet: a name, or a name with edges. */
static void
read_facet(const SklSearchKind *kind, char *name, SklAsk *request)
{
	char *edges = strchr(name, ':');
	SklPlanFacet facet = {.filter = -1};
	int column;

	if (edges != NULL)
		*edges++ = '\0';
	column = skl_search_column(kind, name);
	if (column < 0 || (edges != NULL && kind->columns[column].kind != SKL_COLUMN_NUMBER))
	{
		skl_problem("facets", "has no facet \"%s\"", name);
		return;
	}
	if (request->n_wanted == SKL_ASK_FACETS)
	{
		skl_problem("facets", "must not be more than %d", SKL_ASK_FACETS);
		return;
	}
	facet.column = kind->columns[column].name;
	for (uint32_t i = 0; i < request->n_filters; i++)
		if (request->filter_columns[i] == column)
			facet.filter = (int32_t) i;
	request->wanted[request->n_wanted++] =
		(SklAskedFacet){kind->columns[column].name, column, request->n_facets};
	if (kind->columns[column].kind != SKL_COLUMN_NUMBER)
	{
		facet.kind = SKL_FACET_LABELS;
		facet.limit = FACET_LABELS;
		request->facets[request->n_facets++] = facet;
		return;
	}
	facet.kind = SKL_FACET_HISTOGRAM;
	facet.limit = FACET_BUCKETS;
	if (edges != NULL)
		read_edges(kind, column, edges, &facet);
	request->facets[request->n_facets++] = facet;
	request->facets[request->n_facets++] =
		(SklPlanFacet){.kind = SKL_FACET_STATS,
					   .column = facet.column,
					   .filter = facet.filter,
					   .n_percentiles = lengthof(stats_percentiles),
					   .percentiles = stats_percentiles};
}

static void
read_facets(const SklSearchKind *kind, JsonbValue *facets, SklAsk *request)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue item;

	if (facets == NULL || facets->type != jbvBinary)
		return;
	iterator = JsonbIteratorInit(facets->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
		if (token == WJB_ELEM && item.type == jbvString)
			read_facet(kind, pnstrdup(item.val.string.val, (Size) item.val.string.len), request);
}

/* The texts to find others like. */
static void
read_like(JsonbValue *like, SklAsk *request)
{
	static const char *const names[SKL_FIELDS] = {"title", "skills", "body"};

	if (like == NULL || like->type != jbvBinary)
		return;
	for (int field = 0; field < SKL_FIELDS; field++)
	{
		request->like[field] = string_member(like->val.binary.data, names[field]);
		if (request->like[field] == NULL)
			request->like[field] = "";
	}
	request->like_other = bool_member(like->val.binary.data, "other", false);
}

/* What who asks has to do with; more than there is room for does not count. */
static void
read_near(const SklSearchKind *kind, JsonbValue *near, SklAsk *request)
{
	JsonbContainer *object = near == NULL || near->type != jbvBinary ? NULL : near->val.binary.data;

	for (uint32_t c = 0; object != NULL && c < kind->n_labels; c++)
	{
		JsonbValue *values = member(object, kind->columns[c].name);
		SklPlanFilter terms = {0};

		if (values == NULL)
			continue;
		read_labels(kind, (int) c, values, &terms);
		for (uint32_t i = 0; i < terms.n_terms && request->n_near < SKL_NEAR_MAX; i++)
			request->near[request->n_near++] = terms.terms[i];
	}
}

static void
read_sort(const SklSearchKind *kind, const char *sort, SklAsk *request)
{
	StringInfoData known;

	request->sort = SKL_SORT_SCORE;
	if (sort == NULL || strcmp(sort, "relevance") == 0)
		return;
	initStringInfo(&known);
	for (const SklSearchSort *s = kind->sorts; s->name != NULL; s++)
	{
		if (strcmp(s->name, sort) == 0)
		{
			request->sort = s->descending ? SKL_SORT_DESC : SKL_SORT_ASC;
			request->sort_column = s->column;
			return;
		}
		appendStringInfo(&known, ", %s", s->name);
	}
	skl_problem("sort", "must be one of relevance%s", known.data);
}

void
skl_ask_read(const SklSearchKind *kind, Jsonb *json, SklAsk *request)
{
	JsonbContainer *root = &json->root;
	JsonbValue *limit;
	JsonbValue *segment;
	char *after;

	memset(request, 0, sizeof(*request));
	if (!JB_ROOT_IS_OBJECT(json))
		elog(ERROR, "a request to search is a JSON object");
	request->q = string_member(root, "q");
	if (request->q == NULL)
		request->q = "";
	request->q_length = strlen(request->q);
	request->language = string_member(root, "language");
	request->explain = bool_member(root, "explain", false);
	request->fresh = bool_member(root, "fresh", false);
	request->total = bool_member(root, "total", false);
	request->prior = bool_member(root, "prior", true);
	request->exhaustive = bool_member(root, "exhaustive", false);
	request->match_all = bool_member(root, "matchAll", false);
	request->correct = bool_member(root, "correct", request->prior);
	limit = member(root, "limit");
	request->limit = limit != NULL && limit->type == jbvNumeric
						 ? (uint32_t) Min(Max(number_of(limit), 0), SKL_ASK_LIMIT)
						 : 20;
	segment = member(root, "segment");
	if (segment != NULL && segment->type == jbvNumeric)
		request->segment = (int64) number_of(segment);
	read_like(member(root, "like"), request);
	read_filters(kind, member(root, "filters"), request);
	read_facets(kind, member(root, "facets"), request);
	read_sort(kind, string_member(root, "sort"), request);
	read_near(kind, member(root, "near"), request);
	after = string_member(root, "after");
	if (after != NULL && !skl_ask_after(after, &request->after))
		skl_problem("cursor", "is not a cursor of this list");
	skl_problems_check();
}

char *
skl_ask_key(const SklHit *hit)
{
	StringInfoData key;
	uint64 bits;

	memcpy(&bits, &hit->score, sizeof(bits));
	initStringInfo(&key);
	appendStringInfo(&key, "%d|%d|" UINT64_FORMAT "|" INT64_FORMAT "|", hit->reranked, hit->null,
					 bits, hit->value);
	for (int i = 0; i < SKL_ENTITY_ID_BYTES; i++)
		appendStringInfo(&key, "%02x", hit->id[i]);
	return key.data;
}

bool
skl_ask_after(const char *key, SklPlanCursor *after)
{
	int reranked;
	int null;
	uint64 bits;
	int64 value;
	int at = -1;

	if (sscanf(key, "%d|%d|" UINT64_FORMAT "|" INT64_FORMAT "|%n", &reranked, &null, &bits, &value,
			   &at) != 4 ||
		at < 0 || strlen(key + at) != 2 * SKL_ENTITY_ID_BYTES)
		return false;
	for (int i = 0; i < SKL_ENTITY_ID_BYTES; i++)
	{
		unsigned byte;

		if (sscanf(key + at + 2 * i, "%2x", &byte) != 1)
			return false;
		after->id[i] = (uint8_t) byte;
	}
	after->present = true;
	after->reranked = reranked != 0;
	after->null = null != 0;
	memcpy(&after->score, &bits, sizeof(bits));
	after->value = value;
	return true;
}
