/*
 * analytics/measure.c
 *		Reading the declarations of what is measured.
 *
 * A row of skillancer.measure names extractors (analytics/fact.c) as "name" or "name:key", and
 * dimensions as "dimension=name:key". A row that names what does not exist is an error of ours: the
 * file sql/analytics/measures.sql is checked by a test.
 */
#include "skl.h"

#include "analytics/measure.h"
#include "core/spi.h"

#include "utils/array.h"
#include "utils/hsearch.h"

#define MAX_METRICS 256

/* The declarations about one type of event or one class of account. */
typedef struct MatchEntry
{
	char match[SKL_FACT_NAME]; /* the hash key */
	SklMeasure *first;
} MatchEntry;

struct SklMeasures
{
	HTAB *events;
	HTAB *accounts;
	int nmetrics;
	SklMetric metrics[MAX_METRICS];
};

enum
{
	COLUMN_METRIC = 1,
	COLUMN_SOURCE,
	COLUMN_MATCH,
	COLUMN_MODE,
	COLUMN_VALUE,
	COLUMN_SUBJECT,
	COLUMN_DIMS,
	COLUMN_KINDS,
	COLUMN_SIGN
};

/* Splits "name:key". */
static void
split_extractor(const char *declared, char *name, char *key)
{
	const char *colon = strchr(declared, ':');

	strlcpy(name, declared,
			colon != NULL ? Min(colon - declared + 1, SKL_FACT_NAME) : SKL_FACT_NAME);
	strlcpy(key, colon != NULL ? colon + 1 : "", SKL_FACT_NAME);
}

static void
pg_attribute_noreturn() no_extractor(const char *metric, const char *declared)
{
	elog(ERROR, "measure of \"%s\": there is no extractor \"%s\"", metric, declared);
}

/* "dimension=name:key" */
static void
read_dimension(SklDimension *dim, const char *metric, const char *declared)
{
	const char *equals = strchr(declared, '=');
	char name[SKL_FACT_NAME];

	if (equals == NULL)
		no_extractor(metric, declared);
	strlcpy(dim->name, declared, Min(equals - declared + 1, SKL_FACT_NAME));
	split_extractor(equals + 1, name, dim->key);
	dim->extract = skl_fact_text(name);
	if (dim->extract == NULL)
		no_extractor(metric, declared);
}

/* The texts of an array column; NULL counts as empty. */
static int
read_texts(uint64 row, int column, char ***texts)
{
	bool isnull;
	Datum value = skl_spi_value(row, column, &isnull);
	Datum *elements;
	int n;

	*texts = NULL;
	if (isnull)
		return 0;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL,
					  &n);
	*texts = palloc(sizeof(char *) * (size_t) Max(n, 1));
	for (int i = 0; i < n; i++)
		(*texts)[i] = TextDatumGetCString(elements[i]);
	return n;
}

static SklMetricMode
mode_of(const char *declared)
{
	static const char *const names[] = {"sum", "histogram", "member", "step"};

	for (size_t i = 0; i < lengthof(names); i++)
	{
		if (strcmp(declared, names[i]) == 0)
			return (SklMetricMode) i;
	}
	elog(ERROR, "there is no mode \"%s\"", declared);
}

/* The number of a metric, which is new or has this mode already. */
static int
metric_number(SklMeasures *measures, const char *name, SklMetricMode mode)
{
	SklMetric *last;

	for (int i = 0; i < measures->nmetrics; i++)
	{
		if (strcmp(measures->metrics[i].name, name) != 0)
			continue;
		if (measures->metrics[i].mode != mode)
			elog(ERROR, "metric \"%s\" has two modes", name);
		return i;
	}
	if (measures->nmetrics == MAX_METRICS)
		elog(ERROR, "there are more than %d metrics", MAX_METRICS);
	last = &measures->metrics[measures->nmetrics];
	strlcpy(last->name, name, sizeof(last->name));
	last->mode = mode;
	return measures->nmetrics++;
}

static void
read_extractors(SklMeasure *measure, uint64 row, const char *metric)
{
	const char *value = skl_spi_text(row, COLUMN_VALUE);
	const char *subject = skl_spi_text(row, COLUMN_SUBJECT);
	char name[SKL_FACT_NAME];
	char **dims;

	split_extractor(value, name, measure->value_key);
	measure->value = skl_fact_number(name);
	if (measure->value == NULL)
		no_extractor(metric, value);
	if (subject != NULL)
	{
		split_extractor(subject, name, measure->subject_key);
		measure->subject = skl_fact_subject(name);
		if (measure->subject == NULL)
			no_extractor(metric, subject);
	}
	measure->ndims = read_texts(row, COLUMN_DIMS, &dims);
	if (measure->ndims > SKL_MEASURE_DIMS)
		elog(ERROR, "measure of \"%s\" has too many dimensions", metric);
	for (int i = 0; i < measure->ndims; i++)
		read_dimension(&measure->dims[i], metric, dims[i]);
}

static SklMeasure *
read_measure(SklMeasures *measures, uint64 row)
{
	SklMeasure *measure = palloc0(sizeof(SklMeasure));
	const char *metric = skl_spi_text(row, COLUMN_METRIC);
	char **kinds;
	bool isnull;

	measure->metric = metric_number(measures, metric, mode_of(skl_spi_text(row, COLUMN_MODE)));
	measure->sign = DatumGetInt16(skl_spi_value(row, COLUMN_SIGN, &isnull));
	read_extractors(measure, row, metric);
	measure->nkinds = read_texts(row, COLUMN_KINDS, &kinds);
	measure->kinds = palloc0(sizeof(*measure->kinds) * (size_t) Max(measure->nkinds, 1));
	for (int i = 0; i < measure->nkinds; i++)
		strlcpy(measure->kinds[i], kinds[i], SKL_FACT_NAME);
	return measure;
}

static HTAB *
match_table(const char *name)
{
	HASHCTL control = {
		.keysize = SKL_FACT_NAME, .entrysize = sizeof(MatchEntry), .hcxt = CurrentMemoryContext};

	return hash_create(name, 128, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

SklMeasures *
skl_measures_load(const char *metric)
{
	static SklStmt stmt =
		SKL_STMT("SELECT m.metric, m.source, m.match, m.mode, m.value, m.subject, m.dims, m.kinds,"
				 " m.sign FROM skillancer.measure m WHERE $1 IS NULL OR m.metric = $1"
				 " ORDER BY m.metric, m.source, m.match, m.sign",
				 TEXTOID);
	Datum args[1] = {metric != NULL ? CStringGetTextDatum(metric) : (Datum) 0};
	uint64 rows = skl_spi_exec(&stmt, args, metric != NULL ? NULL : "n");
	SklMeasures *measures = palloc0(sizeof(SklMeasures));

	measures->events = match_table("skillancer measures of events");
	measures->accounts = match_table("skillancer measures of accounts");
	for (uint64 row = 0; row < rows; row++)
	{
		bool is_event = strcmp(skl_spi_text(row, COLUMN_SOURCE), "event") == 0;
		SklMeasure *measure = read_measure(measures, row);
		bool found;
		MatchEntry *entry = hash_search(is_event ? measures->events : measures->accounts,
										skl_spi_text(row, COLUMN_MATCH), HASH_ENTER, &found);

		if (!found)
			entry->first = NULL;
		measure->next = entry->first;
		entry->first = measure;
	}
	return measures;
}

static const SklMeasure *
find(HTAB *table, const char *match)
{
	MatchEntry *entry = hash_search(table, match, HASH_FIND, NULL);

	return entry != NULL ? entry->first : NULL;
}

const SklMeasure *
skl_measures_of_event(SklMeasures *measures, const char *type)
{
	return find(measures->events, type);
}

const SklMeasure *
skl_measures_of_any_event(SklMeasures *measures)
{
	return find(measures->events, "*");
}

const SklMeasure *
skl_measures_of_account(SklMeasures *measures, const char *account)
{
	return find(measures->accounts, account);
}

const SklMetric *
skl_measures_metric(const SklMeasures *measures, int metric)
{
	return &measures->metrics[metric];
}
