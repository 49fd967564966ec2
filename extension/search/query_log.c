/*
 * search/query_log.c
 *		Noting what people search for, from transactions that may not write.
 *
 * A search runs in a READ ONLY transaction, so it leaves its line in a ring of shared memory
 * (core/ring.h); the merger takes lines out and writes them (search_log_take()).
 */
#include "skl.h"

#include "core/clock.h"
#include "core/request.h"
#include "core/ring.h"
#include "search/query_log.h"

#include "funcapi.h"
#include "catalog/pg_collation_d.h"
#include "mb/pg_wchar.h"
#include "utils/formatting.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(skl_fn_search_log_take);

#define LOG_LINES 1024
#define LOG_LETTERS 200
#define LOG_BYTES (4 * LOG_LETTERS + 1)

typedef struct LogLine
{
	int16 index_id;
	bool has_user;
	pg_uuid_t user_id;
	TimestampTz at;
	int64 results;
	int took_us;
	char q[LOG_BYTES];
	char corrected[LOG_BYTES];
} LogLine;

static SklRing ring = SKL_RING("skillancer search log", LogLine, LOG_LINES);

void
skl_query_log_init(void)
{
	skl_ring_init(&ring);
}

/* Folds a query: lower case, one space between words; false when nothing or too much is left. */
static bool
fold(const char *q, char *folded)
{
	char *lower;
	size_t n = 0;

	if (strlen(q) >= LOG_BYTES)
		return false;
	lower = str_tolower(q, strlen(q), DEFAULT_COLLATION_OID);
	if (strlen(lower) >= LOG_BYTES)
		return false;
	for (const char *c = lower; *c != '\0'; c++)
	{
		bool space = strchr(" \t\r\n\f\v", *c) != NULL;

		if (!space)
			folded[n++] = *c;
		else if (n > 0 && folded[n - 1] != ' ')
			folded[n++] = ' ';
	}
	while (n > 0 && folded[n - 1] == ' ')
		n--;
	folded[n] = '\0';
	return n > 0 && pg_mbstrlen(folded) <= LOG_LETTERS;
}

void
skl_query_log(int16 index_id, const char *q, int64 results, const char *corrected, int took_us)
{
	const SklRequest *request = skl_request();
	LogLine line;

	if (!skl_ring_is_there(&ring) || request == NULL)
		return;
	memset(&line, 0, sizeof(line));
	if (!fold(q, line.q))
		return;
	if (corrected != NULL && !fold(corrected, line.corrected))
		line.corrected[0] = '\0';
	line.index_id = index_id;
	line.has_user = request->has_user;
	if (request->has_user)
		line.user_id = request->user_id;
	line.at = skl_now();
	line.results = results;
	line.took_us = took_us;
	skl_ring_put(&ring, &line);
}

/* search_log_take() returns (at, index_id, user_id, q, results, corrected, took_us), oldest first.
 */
Datum
skl_fn_search_log_take(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	LogLine *lines;
	int n;

	InitMaterializedSRF(fcinfo, 0);
	n = skl_ring_take(&ring, (void **) &lines);
	for (int i = 0; i < n; i++)
	{
		const LogLine *line = &lines[i];
		Datum values[7] = {TimestampTzGetDatum(line->at), Int16GetDatum(line->index_id),
						   UUIDPGetDatum(&line->user_id), CStringGetTextDatum(line->q),
						   Int64GetDatum(line->results),  CStringGetTextDatum(line->corrected),
						   Int32GetDatum(line->took_us)};
		bool nulls[7] = {false, false, !line->has_user, false, false, line->corrected[0] == '\0'};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	pfree(lines);
	return (Datum) 0;
}
