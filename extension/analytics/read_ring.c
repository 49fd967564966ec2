/*
 * analytics/read_ring.c
 *		Counting what is read, by requests that may not write.
 *
 * A view or a search happens in a READ ONLY transaction, so it leaves a line in a ring of shared
 * memory, and the analyst takes lines out and adds them to the counts of their day. The ring is
 * bounded: while nobody takes lines out, new ones push out the oldest, and a crash loses what lies
 * in it.
 */
#include "skl.h"

#include "analytics/read_ring.h"
#include "core/clock.h"
#include "core/request.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(skl_fn_note_read);
PG_FUNCTION_INFO_V1(skl_fn_reads_take);

#define RING_LINES 8192
#define KIND_LEN 24

typedef struct ReadLine
{
	Oid dboid; /* InvalidOid: taken */
	char kind[KIND_LEN];
	pg_uuid_t object;
	TimestampTz at;
} ReadLine;

typedef struct ReadRing
{
	uint64 next;
	ReadLine lines[RING_LINES];
} ReadRing;

static ReadRing *ring = NULL;
static LWLock *ring_lock = NULL;
static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

static void
request_shmem(void)
{
	if (previous_request_hook)
		previous_request_hook();
	RequestAddinShmemSpace(MAXALIGN(sizeof(ReadRing)));
	RequestNamedLWLockTranche("skillancer reads", 1);
}

static void
startup_shmem(void)
{
	bool found;

	if (previous_startup_hook)
		previous_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	ring = ShmemInitStruct("skillancer reads", sizeof(ReadRing), &found);
	if (!found)
		memset(ring, 0, sizeof(ReadRing));
	ring_lock = &GetNamedLWLockTranche("skillancer reads")->lock;
	LWLockRelease(AddinShmemInitLock);
}

void
skl_read_ring_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_shmem;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = startup_shmem;
}

/* note_read(kind text, object uuid): of a request only; when the ring is full, the oldest line
 * goes. */
Datum
skl_fn_note_read(PG_FUNCTION_ARGS)
{
	ReadLine line = {.dboid = MyDatabaseId};

	if (ring == NULL || skl_request() == NULL)
		PG_RETURN_BOOL(false);
	text_to_cstring_buffer(PG_GETARG_TEXT_PP(0), line.kind, sizeof(line.kind));
	line.object = *PG_GETARG_UUID_P(1);
	line.at = skl_now();
	LWLockAcquire(ring_lock, LW_EXCLUSIVE);
	ring->lines[ring->next++ % RING_LINES] = line;
	LWLockRelease(ring_lock);
	PG_RETURN_BOOL(true);
}

/* Takes the lines of this database out of the ring, oldest first; returns how many. */
static int
take_lines(ReadLine *taken)
{
	int n = 0;

	LWLockAcquire(ring_lock, LW_EXCLUSIVE);
	for (int i = 0; i < RING_LINES; i++)
	{
		ReadLine *line = &ring->lines[(ring->next + (uint64) i) % RING_LINES];

		if (line->dboid != MyDatabaseId)
			continue;
		taken[n++] = *line;
		line->dboid = InvalidOid;
	}
	LWLockRelease(ring_lock);
	return n;
}

/* reads_take() returns (kind, object, at) */
Datum
skl_fn_reads_take(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ReadLine *taken;
	int n;

	InitMaterializedSRF(fcinfo, 0);
	if (ring == NULL)
		return (Datum) 0;
	taken = palloc(sizeof(ReadLine) * RING_LINES);
	n = take_lines(taken);
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
