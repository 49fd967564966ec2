/*
 * search/ask_json.c
 *		What a search has counted, as JSON.
 *
 *		a column of labels		[{"value", "count"}, ...], most first
 *		a column of numbers		{"count", "min", "max", "mean", "percentiles": {"p5", ...},
 *								 "buckets": [{"from", "to", "count"}, ...]}, from inclusive, to not
 */
#include "skl.h"

#include "search/ask.h"

#include "lib/stringinfo.h"
#include "utils/json.h"

#include <time.h>

static const char *const percentile_names[] = {"p5", "p25", "p50", "p75", "p95"};

void
skl_ask_number(StringInfo out, SklUnit unit, double number)
{
	switch (unit)
	{
		case SKL_UNIT_NONE:
			appendStringInfo(out, "%.15g", number);
			break;
		case SKL_UNIT_CENTS:
			appendStringInfo(out, "%.2f", number / 100);
			break;
		case SKL_UNIT_SHARE:
			appendStringInfo(out, "%.4f", number / 10000);
			break;
		case SKL_UNIT_TIME:
		{
			time_t at = (time_t) number;
			struct tm tm;
			char word[40];

			gmtime_r(&at, &tm);
			strftime(word, sizeof(word), "\"%Y-%m-%dT%H:%M:%SZ\"", &tm);
			appendStringInfoString(out, word);
			break;
		}
	}
}

static void
labels_json(StringInfo out, const SklFacetResult *facet)
{
	appendStringInfoChar(out, '[');
	for (uint32_t i = 0; i < facet->n_counts; i++)
	{
		const SklFacetCount *count = &facet->counts[i];

		appendStringInfoString(out, i > 0 ? ",{\"value\":" : "{\"value\":");
		escape_json(out, pnstrdup((const char *) count->label.data, count->label.length));
		appendStringInfo(out, ",\"count\":" UINT64_FORMAT "}", count->count);
	}
	appendStringInfoChar(out, ']');
}

static void
buckets_json(StringInfo out, SklUnit unit, const SklFacetResult *facet)
{
	appendStringInfoString(out, ",\"buckets\":[");
	for (uint32_t i = 0; i < facet->n_counts; i++)
	{
		const SklFacetCount *count = &facet->counts[i];

		appendStringInfoString(out, i > 0 ? ",{\"from\":" : "{\"from\":");
		skl_ask_number(out, unit, (double) count->range.min);
		appendStringInfoString(out, ",\"to\":");
		if (count->range.max == PG_INT64_MAX)
			appendStringInfoString(out, "null");
		else
			skl_ask_number(out, unit, (double) count->range.max + 1);
		appendStringInfo(out, ",\"count\":" UINT64_FORMAT "}", count->count);
	}
	appendStringInfoChar(out, ']');
}

static void
numbers_json(StringInfo out, SklUnit unit, const SklFacetResult *buckets,
			 const SklFacetResult *stats)
{
	appendStringInfo(out, "{\"count\":" UINT64_FORMAT, stats->n_values);
	if (stats->n_values > 0)
	{
		appendStringInfoString(out, ",\"min\":");
		skl_ask_number(out, unit, (double) stats->min);
		appendStringInfoString(out, ",\"max\":");
		skl_ask_number(out, unit, (double) stats->max);
		appendStringInfoString(out, ",\"mean\":");
		skl_ask_number(out, unit, stats->sum / (double) stats->n_values);
		appendStringInfoString(out, ",\"percentiles\":{");
		for (size_t i = 0; i < lengthof(percentile_names); i++)
		{
			appendStringInfo(out, "%s\"%s\":", i > 0 ? "," : "", percentile_names[i]);
			skl_ask_number(out, unit, (double) stats->percentiles[i]);
		}
		appendStringInfoChar(out, '}');
	}
	buckets_json(out, unit, buckets);
	appendStringInfoChar(out, '}');
}

char *
skl_ask_facets(const SklSearchKind *kind, const SklAsk *request, const SklSearchResult *result)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	for (uint32_t i = 0; i < request->n_wanted; i++)
	{
		const SklAskedFacet *wanted = &request->wanted[i];
		const SklFacetResult *facet = &result->facets[wanted->facet];

		appendStringInfo(&out, "%s\"%s\":", i > 0 ? "," : "", wanted->name);
		if (kind->columns[wanted->column].kind != SKL_COLUMN_NUMBER)
			labels_json(&out, facet);
		else
			numbers_json(&out, kind->units[wanted->column], facet, facet + 1);
	}
	appendStringInfoChar(&out, '}');
	return out.data;
}
