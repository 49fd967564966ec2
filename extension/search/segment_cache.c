/*
 * search/segment_cache.c
 *		Keeps the bytes of segments: large ones in dynamic shared memory, once for all processes,
 *		small ones in each process.
 *
 * Segments never change, so nothing is ever invalidated: a segment is known by its stamp, a random
 * number. A table in the main shared memory says which block of dynamic shared memory has which
 * segment; who needs one that is not there makes room (least recently used first, at most
 * skillancer.search_cache), reads the rows and enters it, while others wait. A process keeps what
 * it has attached for a minute after its last use, so a block that was thrown out goes when the
 * last process lets go of it. Without shared_preload_libraries, or when shared memory is full,
 * processes make copies of their own.
 */
#include "skl.h"

#include "core/guc.h"
#include "core/shared_area.h"
#include "search/segment_cache.h"
#include "search/stamps.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/condition_variable.h"
#include "storage/dsm.h"
#include "storage/procarray.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/* Segments in shared memory at a time. */
#define SHARED_ENTRIES 512

/* Smaller segments are not worth a mapping. */
#define SHARED_MIN_BYTES (256 * 1024)

/* How long a process keeps what it does not use. */
#define KEEP_SECONDS 60

typedef enum SharedState
{
	SHARED_FREE,
	SHARED_LOADING,
	SHARED_READY
} SharedState;

typedef struct SharedEntry
{
	SharedState state;
	Oid dboid;
	int64 stamp;
	int64 bytes;
	dsm_handle handle;
	TimestampTz used;
	pid_t loader; /* who reads it, while it is LOADING */
} SharedEntry;

typedef struct SharedCache
{
	int64 bytes; /* of all entries */
	ConditionVariable loaded;
	SharedEntry entries[SHARED_ENTRIES];
} SharedCache;

/* What this process has of a segment. */
typedef struct LocalEntry
{
	SklStamped stamped;
	const uint8_t *bytes;
	dsm_segment *shared; /* NULL: bytes are a copy of our own */
	uint64_t *dead;
	int32 dead_version;
} LocalEntry;

static SharedCache *cache = NULL;

static void drop_local(void *dropped);

static SklStampTable local = {.name = "segments",
							  .entry_size = sizeof(LocalEntry),
							  .keep_seconds = KEEP_SECONDS,
							  .drop = drop_local};

static void
set_up(const SklSharedArea *made, bool is_new)
{
	cache = made->memory;
	if (is_new)
		ConditionVariableInit(&cache->loaded);
}

static SklSharedArea area = {
	.name = "skillancer search", .size = sizeof(SharedCache), .set_up = set_up};

void
skl_store_init(void)
{
	skl_shared_area(&area);
}

/* SklStampTable.drop */
static void
drop_local(void *dropped)
{
	LocalEntry *entry = dropped;

	if (entry->shared != NULL)
		dsm_detach(entry->shared);
	else if (entry->bytes != NULL)
		pfree(unconstify(uint8_t *, entry->bytes));
	if (entry->dead != NULL)
		pfree(entry->dead);
}

static SharedEntry *
find_shared(int64 stamp)
{
	for (int i = 0; i < SHARED_ENTRIES; i++)
	{
		SharedEntry *entry = &cache->entries[i];

		if (entry->state != SHARED_FREE && entry->stamp == stamp && entry->dboid == MyDatabaseId)
			return entry;
	}
	return NULL;
}

static void
free_shared(SharedEntry *entry)
{
	cache->bytes -= entry->bytes;
	entry->state = SHARED_FREE;
}

/* An entry for so many bytes, older ones thrown out for it; NULL when they cannot be held. */
static SharedEntry *
make_room(int64 bytes)
{
	int64 limit = (int64) skl_guc.search_cache * 1024 * 1024;

	for (;;)
	{
		SharedEntry *unused = NULL;
		SharedEntry *oldest = NULL;

		for (int i = 0; i < SHARED_ENTRIES; i++)
		{
			SharedEntry *entry = &cache->entries[i];

			if (entry->state == SHARED_FREE)
				unused = entry;
			else if (entry->state == SHARED_READY && (oldest == NULL || entry->used < oldest->used))
				oldest = entry;
		}
		if (unused != NULL && cache->bytes + bytes <= limit)
			return unused;
		if (oldest == NULL)
			return NULL;
		dsm_unpin_segment(oldest->handle);
		free_shared(oldest);
	}
}

/* Frees an entry whose reader was terminated in the midst of it. */
static void
free_orphan(int64 stamp)
{
	SharedEntry *shared;

	LWLockAcquire(area.lock, LW_EXCLUSIVE);
	shared = find_shared(stamp);
	if (shared != NULL && shared->state == SHARED_LOADING &&
		BackendPidGetProc((int) shared->loader) == NULL)
		free_shared(shared);
	LWLockRelease(area.lock);
}

/* Attaches a segment that is in shared memory, waiting for one that is being read. */
static bool
attach_shared(const SklManifestRow *row, LocalEntry *entry)
{
	dsm_handle handle = 0;
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), 5000);

	ConditionVariablePrepareToSleep(&cache->loaded);
	for (;;)
	{
		SharedEntry *shared;
		SharedState state = SHARED_FREE;

		LWLockAcquire(area.lock, LW_SHARED);
		shared = find_shared(row->stamp);
		if (shared != NULL)
		{
			state = shared->state;
			handle = shared->handle;
			shared->used = entry->stamped.used;
		}
		LWLockRelease(area.lock);
		if (state != SHARED_LOADING || GetCurrentTimestamp() > until)
		{
			ConditionVariableCancelSleep();
			if (state != SHARED_READY)
				return false;
			break;
		}
		(void) ConditionVariableTimedSleep(&cache->loaded, 100, PG_WAIT_EXTENSION);
		free_orphan(row->stamp);
	}
	entry->shared = dsm_attach(handle);
	if (entry->shared == NULL)
		return false; /* thrown out meanwhile */
	dsm_pin_mapping(entry->shared);
	entry->bytes = dsm_segment_address(entry->shared);
	return true;
}

/* Announces that this process reads a segment into shared memory; false when it shall not. */
static bool
announce(const SklManifestRow *row, TimestampTz now)
{
	SharedEntry *shared = NULL;

	LWLockAcquire(area.lock, LW_EXCLUSIVE);
	if (find_shared(row->stamp) == NULL && (shared = make_room(row->bytes)) != NULL)
	{
		*shared =
			(SharedEntry){SHARED_LOADING, MyDatabaseId, row->stamp, row->bytes, 0, now, MyProcPid};
		cache->bytes += row->bytes;
	}
	LWLockRelease(area.lock);
	return shared != NULL;
}

/* Ends what announce() began; handle 0: it failed. */
static void
publish(int64 stamp, dsm_handle handle)
{
	SharedEntry *shared;

	LWLockAcquire(area.lock, LW_EXCLUSIVE);
	shared = find_shared(stamp);
	if (shared != NULL && shared->state == SHARED_LOADING)
	{
		shared->handle = handle;
		if (handle != 0)
			shared->state = SHARED_READY;
		else
			free_shared(shared);
	}
	LWLockRelease(area.lock);
	ConditionVariableBroadcast(&cache->loaded);
}

/* Reads a segment into a new block of shared memory; an error leaves nothing behind. */
static bool
load_shared(const SklManifestRow *row, LocalEntry *entry, Snapshot snapshot)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool loaded = false;

	if (!announce(row, entry->stamped.used))
		return false;
	BeginInternalSubTransaction(NULL);
	PG_TRY();
	{
		dsm_segment *segment = dsm_create((Size) row->bytes, DSM_CREATE_NULL_IF_MAXSEGMENTS);

		if (segment != NULL)
		{
			skl_store_read(row, dsm_segment_address(segment), snapshot);
			dsm_pin_segment(segment);
			dsm_pin_mapping(segment);
			entry->shared = segment;
			entry->bytes = dsm_segment_address(segment);
			loaded = true;
		}
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		publish(row->stamp, 0);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		CurrentResourceOwner = owner;
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_INSUFFICIENT_RESOURCES)
			ReThrowError(error);
		ereport(LOG, (errmsg("skillancer keeps a segment of search in the process: %s",
							 error->message)));
		FreeErrorData(error);
		return false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	publish(row->stamp, loaded ? dsm_segment_handle(entry->shared) : 0);
	return loaded;
}

static void
load_private(const SklManifestRow *row, LocalEntry *entry, Snapshot snapshot)
{
	uint8_t *bytes = MemoryContextAllocHuge(local.context, (Size) row->bytes);

	PG_TRY();
	{
		skl_store_read(row, bytes, snapshot);
	}
	PG_CATCH();
	{
		pfree(bytes);
		PG_RE_THROW();
	}
	PG_END_TRY();
	entry->bytes = bytes;
}

const uint8_t *
skl_store_bytes(const SklManifestRow *row, Snapshot snapshot)
{
	LocalEntry *entry = skl_stamps_find(&local, row->stamp);

	if (entry->bytes != NULL)
		return entry->bytes;
	if (cache == NULL || row->bytes < SHARED_MIN_BYTES ||
		!(attach_shared(row, entry) || load_shared(row, entry, snapshot)))
		load_private(row, entry, snapshot);
	return entry->bytes;
}

const uint64_t *
skl_store_dead(const SklManifestRow *row, Snapshot snapshot)
{
	LocalEntry *entry;
	size_t bytes = skl_store_dead_words(row->n_docs) * sizeof(uint64_t);
	uint64_t *dead;

	if (row->n_live == row->n_docs)
		return NULL;
	entry = skl_stamps_find(&local, row->stamp);
	if (entry->dead != NULL && entry->dead_version == row->dead_version)
		return entry->dead;
	dead = MemoryContextAlloc(CurrentMemoryContext, bytes);
	skl_store_read_dead(row, dead, snapshot);
	if (entry->dead == NULL)
		entry->dead = MemoryContextAlloc(local.context, bytes);
	memcpy(entry->dead, dead, bytes);
	entry->dead_version = row->dead_version;
	pfree(dead);
	return entry->dead;
}
