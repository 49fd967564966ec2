/*
 * search/query_log.c
 *		Noting what people search for, from transactions that may not write.
 *
 * A search runs in a READ ONLY transaction, so it leaves its line in a ring of shared memory; the
 * merger takes lines out and writes them (search_log_take()). When nobody takes them, new ones push
 * out the oldest. A crash loses them.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/request.h"
#include "search/query_log.h"

#include "funcapi.h"
#include "catalog/pg_collation_d.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/formatting.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(skl_fn_search_log_take);

#define LOG_LINES 1024
#define LOG_LETTERS 200
#define LOG_BYTES (4 * LOG_LETTERS + 1)

typedef struct LogLine
{
	Oid dboid; /* InvalidOid: taken */
	int16 index_id;
	bool has_user;
	pg_uuid_t user_id;
	TimestampTz at;
	int64 results;
	char q[LOG_BYTES];
	char corrected[LOG_BYTES];
} LogLine;

typedef struct LogRing
{
	uint64 next;
	LogLine lines[LOG_LINES];
} LogRing;

static LogRing *ring = NULL;
static LWLock *ring_lock = NULL;
static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

static void
request_shmem(void)
{
	if (previous_request_hook)
		previous_request_hook();
	RequestAddinShmemSpace(MAXALIGN(sizeof(LogRing)));
	RequestNamedLWLockTranche("skillancer search log", 1);
}

static void
startup_shmem(void)
{
	bool found;

	if (previous_startup_hook)
		previous_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	ring = ShmemInitStruct("skillancer search log", sizeof(LogRing), &found);
	if (!found)
		memset(ring, 0, sizeof(LogRing));
	ring_lock = &GetNamedLWLockTranche("skillancer search log")->lock;
	LWLockRelease(AddinShmemInitLock);
}

void
skl_query_log_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_shmem;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = startup_shmem;
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
skl_query_log(int16 index_id, const char *q, int64 results, const char *corrected)
{
	const SklRequest *request = skl_request();
	LogLine line;

	if (ring == NULL || request == NULL)
		return;
	memset(&line, 0, sizeof(line));
	if (!fold(q, line.q))
		return;
	if (corrected != NULL && !fold(corrected, line.corrected))
		line.corrected[0] = '\0';
	line.dboid = MyDatabaseId;
	line.index_id = index_id;
	line.has_user = request->has_user;
	if (request->has_user)
		line.user_id = request->user_id;
	line.at = skl_now();
	line.results = results;
	LWLockAcquire(ring_lock, LW_EXCLUSIVE);
	ring->lines[ring->next++ % LOG_LINES] = line;
	LWLockRelease(ring_lock);
}

/* Takes one line of this database out of the ring; false: there is none. */
static bool
take_line(LogLine *line)
{
	bool found = false;

	LWLockAcquire(ring_lock, LW_EXCLUSIVE);
	for (int i = 0; i < LOG_LINES && !found; i++)
	{
		LogLine *at = &ring->lines[(ring->next + (uint64) i) % LOG_LINES];

		if (at->dboid != MyDatabaseId)
			continue;
		*line = *at;
		at->dboid = InvalidOid;
		found = true;
	}
	LWLockRelease(ring_lock);
	return found;
}

/* search_log_take() returns (at, index_id, user_id, q, results, corrected), oldest first. */
Datum
skl_fn_search_log_take(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	LogLine line;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; ring != NULL && i < LOG_LINES && take_line(&line); i++)
	{
		Datum values[6] = {TimestampTzGetDatum(line.at), Int16GetDatum(line.index_id),
						   UUIDPGetDatum(&line.user_id), CStringGetTextDatum(line.q),
						   Int64GetDatum(line.results),	 CStringGetTextDatum(line.corrected)};
		bool nulls[6] = {false, false, !line.has_user, false, false, line.corrected[0] == '\0'};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
