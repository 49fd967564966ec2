/*
 * search/suggest_store.c
 *		The snapshot of suggestions of this database: built by a worker, shared by all processes.
 *
 * The merger builds a snapshot (suggest_load.c) at most once a minute, when something has changed,
 * and seldom enough to spend a thirtieth of its time on it. It lies in a block of dynamic shared
 * memory; an entry for the database in the main shared memory names the newest block and its
 * epoch. A process that finds another epoch than its own attaches the new block and lets go of the
 * old one, which disappears with its last user.
 *
 * Where no worker builds (a standby, a library that is not preloaded), a process builds a smaller
 * one itself, and shares it if it can.
 */
#include "skl.h"

#include "core/shared_area.h"
#include "search/suggest_load.h"
#include "search/suggest_store.h"

#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/dsm.h"
#include "utils/memutils.h"

/* Databases with a snapshot; the oldest one gives way to more. */
#define MAX_DATABASES 64

/* Shortest time between two snapshots, and how many times longer than building takes. */
#define MIN_PAUSE_MS 60000
#define PAUSE_FACTOR 30

/* Titles that a process reads which builds for itself while somebody waits. */
#define OWN_TITLES 20000

typedef struct SharedSnapshot
{
	Oid dboid; /* InvalidOid: free */
	uint64 epoch;
	dsm_handle handle;
	pid_t builder; /* 0: nobody builds for want of a worker */
	TimestampTz built_at;
	int64 build_ms;
	uint64 stamp; /* hash of what it was built of */
} SharedSnapshot;

typedef struct SharedSuggest
{
	uint64 epoch; /* of the newest snapshot of any database */
	SharedSnapshot databases[MAX_DATABASES];
} SharedSuggest;

/* The snapshot of this process. */
typedef struct Mine
{
	uint64 epoch;
	dsm_segment *segment; /* NULL: own is a copy of this process */
	void *own;
	const SklSuggestBlock *block; /* NULL: none */
	TimestampTz built_at;
	int64 build_ms;
	uint64 stamp;
} Mine;

static SharedSuggest *shared = NULL;
static Mine mine = {0};

static void
set_up(const SklSharedArea *made, bool is_new)
{
	shared = made->memory;
}

static SklSharedArea area = {
	.name = "skillancer suggest", .size = sizeof(SharedSuggest), .set_up = set_up};

void
skl_suggest_init(void)
{
	skl_shared_area(&area);
}

/* The entry of this database, made when there is none. The lock is held, exclusively to make. */
static SharedSnapshot *
find_entry(bool make)
{
	SharedSnapshot *free_entry = NULL;
	SharedSnapshot *oldest = &shared->databases[0];

	for (int i = 0; i < MAX_DATABASES; i++)
	{
		SharedSnapshot *entry = &shared->databases[i];

		if (entry->dboid == MyDatabaseId)
			return entry;
		if (!OidIsValid(entry->dboid) && free_entry == NULL)
			free_entry = entry;
		if (entry->built_at < oldest->built_at)
			oldest = entry;
	}
	if (!make)
		return NULL;
	if (free_entry == NULL)
	{
		if (oldest->handle != DSM_HANDLE_INVALID)
			dsm_unpin_segment(oldest->handle);
		free_entry = oldest;
	}
	memset(free_entry, 0, sizeof(*free_entry));
	free_entry->dboid = MyDatabaseId;
	free_entry->handle = DSM_HANDLE_INVALID;
	return free_entry;
}

/* Lets go of the snapshot of this process. */
static void
drop_mine(void)
{
	if (mine.segment != NULL)
		dsm_detach(mine.segment);
	if (mine.own != NULL)
		pfree(mine.own);
	memset(&mine, 0, sizeof(mine));
}

/* Takes over a block of shared memory. */
static void
adopt(dsm_segment *segment, const SharedSnapshot *entry)
{
	dsm_pin_mapping(segment);
	drop_mine();
	mine.segment = segment;
	mine.block = dsm_segment_address(segment);
	mine.epoch = entry->epoch;
	mine.built_at = entry->built_at;
	mine.build_ms = entry->build_ms;
	mine.stamp = entry->stamp;
}

/* Attaches the newest snapshot there is in shared memory. */
static void
attach_newest(void)
{
	for (int tries = 0; tries < 3; tries++)
	{
		SharedSnapshot found = {.handle = DSM_HANDLE_INVALID};
		SharedSnapshot *entry;
		dsm_segment *segment;

		LWLockAcquire(area.lock, LW_SHARED);
		entry = find_entry(false);
		if (entry != NULL)
			found = *entry;
		LWLockRelease(area.lock);
		if (found.handle == DSM_HANDLE_INVALID || found.epoch == mine.epoch)
			return;
		segment = dsm_attach(found.handle);
		if (segment != NULL)
		{
			adopt(segment, &found);
			return;
		}
	}
}

/* Makes a built block the newest snapshot of the database; false: shared memory has no room. */
static bool
publish(const SklSuggestBuilt *built)
{
	dsm_segment *segment = dsm_create(built->block->size, DSM_CREATE_NULL_IF_MAXSEGMENTS);
	SharedSnapshot *entry;
	SharedSnapshot newest;
	dsm_handle old;

	if (segment == NULL)
		return false;
	memcpy(dsm_segment_address(segment), built->block, built->block->size);
	dsm_pin_segment(segment);
	LWLockAcquire(area.lock, LW_EXCLUSIVE);
	entry = find_entry(true);
	old = entry->handle;
	entry->epoch = ++shared->epoch;
	entry->handle = dsm_segment_handle(segment);
	entry->built_at = GetCurrentTimestamp();
	entry->build_ms = built->milliseconds;
	entry->stamp = built->stamp;
	newest = *entry;
	LWLockRelease(area.lock);
	if (old != DSM_HANDLE_INVALID)
		dsm_unpin_segment(old);
	adopt(segment, &newest);
	return true;
}

/* Keeps a built block in this process alone. */
static void
keep(const SklSuggestBuilt *built)
{
	drop_mine();
	mine.own = MemoryContextAllocHuge(TopMemoryContext, built->block->size);
	memcpy(mine.own, built->block, built->block->size);
	mine.block = mine.own;
	mine.built_at = GetCurrentTimestamp();
	mine.build_ms = built->milliseconds;
	mine.stamp = built->stamp;
}

/* Builds and stores, in memory that is gone afterwards. */
static void
build(int64 max_titles)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "skillancer suggest", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	SklSuggestBuilt built;

	skl_suggest_load(max_titles, &built);
	if (shared == NULL || !publish(&built))
		keep(&built);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
}

/* True when it is time to look whether something has changed. */
static bool
is_time(void)
{
	int64 pause = Max(MIN_PAUSE_MS, mine.build_ms * PAUSE_FACTOR);

	return mine.block == NULL ||
		   GetCurrentTimestamp() > TimestampTzPlusMilliseconds(mine.built_at, pause);
}

/* Builds if something has changed since; else looks again after another pause. */
static bool
build_changed(int64 max_titles)
{
	if (mine.block != NULL && skl_suggest_stamp() == mine.stamp)
	{
		mine.built_at = GetCurrentTimestamp();
		return false;
	}
	build(max_titles);
	return true;
}

bool
skl_suggest_refresh(bool force)
{
	if (shared != NULL)
		attach_newest();
	if (force)
		build(PG_INT64_MAX);
	return force || (is_time() && build_changed(PG_INT64_MAX));
}

/* Takes the right to build for want of a worker; false when another process has it. */
static bool
claim(void)
{
	SharedSnapshot *entry;
	bool claimed;

	if (shared == NULL)
		return true;
	LWLockAcquire(area.lock, LW_EXCLUSIVE);
	entry = find_entry(true);
	claimed = entry->builder == 0;
	if (claimed)
		entry->builder = MyProcPid;
	LWLockRelease(area.lock);
	return claimed;
}

static void
unclaim(void)
{
	SharedSnapshot *entry;

	if (shared == NULL)
		return;
	LWLockAcquire(area.lock, LW_EXCLUSIVE);
	entry = find_entry(false);
	if (entry != NULL && entry->builder == MyProcPid)
		entry->builder = 0;
	LWLockRelease(area.lock);
}

/* Looks after the snapshot where no worker does. */
static void
build_here(void)
{
	if (!claim())
		return;
	PG_TRY();
	{
		(void) build_changed(OWN_TITLES);
	}
	PG_FINALLY();
	{
		unclaim();
	}
	PG_END_TRY();
}

const void *
skl_suggest_open(void)
{
	if (shared != NULL)
		attach_newest();
	if ((shared == NULL || RecoveryInProgress()) && is_time())
		build_here();
	return mine.block == NULL ? NULL : skl_suggest_block_snapshot(mine.block);
}

const void *
skl_suggest_synonyms(Oid config)
{
	return mine.block == NULL ? NULL : skl_suggest_block_synonyms(mine.block, config);
}
