/*
 * analytics/read_ring.c
 *		Counting what is read, by requests that may not write.
 *
 * A view or a search happens in a READ ONLY transaction, so it leaves a line in a ring of shared
 * memory (core/ring.h), and the analyst takes lines out and adds them to the counts of their day.
 */
#include "skl.h"

#include "analytics/read_ring.h"
#include "core/clock.h"
#include "core/request.h"
#include "core/ring.h"

#include "funcapi.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(skl_fn_note_read);
PG_FUNCTION_INFO_V1(skl_fn_reads_take);

#define RING_LINES 8192
#define KIND_LEN 24

typedef struct ReadLine
{
	char kind[KIND_LEN];
	pg_uuid_t object;
	TimestampTz at;
} ReadLine;

static SklRing ring = SKL_RING("skillancer reads", ReadLine, RING_LINES);

void
skl_read_ring_init(void)
{
	skl_ring_init(&ring);
}

/* note_read(kind text, object uuid): of a request only; when the ring is full, the oldest line
 * goes. */
Datum
skl_fn_note_read(PG_FUNCTION_ARGS)
{
	ReadLine line = {0};

	if (!skl_ring_is_there(&ring) || skl_request() == NULL)
		PG_RETURN_BOOL(false);
	text_to_cstring_buffer(PG_GETARG_TEXT_PP(0), line.kind, sizeof(line.kind));
	line.object = *PG_GETARG_UUID_P(1);
	line.at = skl_now();
	skl_ring_put(&ring, &line);
	PG_RETURN_BOOL(true);
}

/* reads_take() returns (kind, object, at) */
Datum
skl_fn_reads_take(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ReadLine *taken;
	int n;

	InitMaterializedSRF(fcinfo, 0);
	n = skl_ring_take(&ring, (void **) &taken);
	for (int i = 0; i < n; i++)
	{
		Datum values[3] = {CStringGetTextDatum(taken[i].kind), UUIDPGetDatum(&taken[i].object),
						   TimestampTzGetDatum(taken[i].at)};
		bool nulls[3] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	pfree(taken);
	return (Datum) 0;
}
