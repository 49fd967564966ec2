/*
 * bgworkers/shmem.h
 *		What launcher, workers and backends share: a slot per (database, worker).
 */
#ifndef SKL_BGWORKERS_SHMEM_H
#define SKL_BGWORKERS_SHMEM_H

#include "storage/condition_variable.h"
#include "storage/latch.h"
#include "storage/lwlock.h"

/* Databases of one cluster that can have workers; more are left out, with a line in the log. */
#define SKL_MAX_DATABASES 64

/* Statements that may keep databases free of workers at the same time. */
#define SKL_MAX_BLOCKS 32

#define SKL_REASON_LEN 160

/* The workers of a database; the order of skl_worker_specs[]. */
typedef enum SklWorker
{
	SKL_WORKER_TIMEKEEPER,
	SKL_WORKER_NOTIFIER,
	SKL_WORKER_COURIER,
	SKL_WORKER_INDEXER,
	SKL_WORKER_MERGER,
	SKL_WORKER_ANALYST,
	SKL_WORKER_COUNT
} SklWorker;

/* What is known of a database. */
typedef enum SklDatabaseState
{
	SKL_DATABASE_UNKNOWN, /* not probed yet */
	SKL_DATABASE_PROBING, /* a probe is on its way */
	SKL_DATABASE_ABSENT,  /* no extension in it */
	SKL_DATABASE_UNREADY, /* extension without schema, or a restore is running */
	SKL_DATABASE_READY	  /* its workers may run */
} SklDatabaseState;

/* What a worker is doing. */
typedef enum SklSlotState
{
	SKL_SLOT_STOPPED,
	SKL_SLOT_STARTING, /* asked for, has not taken its slot yet */
	SKL_SLOT_IDLE,
	SKL_SLOT_RUNNING,
	SKL_SLOT_WAITING /* alive, but something (see reason) keeps it from working */
} SklSlotState;

typedef struct SklWorkerSlot
{
	SklSlotState state;
	pid_t pid;	  /* 0: nobody holds the slot */
	Latch *latch; /* of the holder */
	TimestampTz asked_at;
	TimestampTz started_at;
	TimestampTz next_start;
	TimestampTz last_batch_at;
	int64 last_batch; /* rows of the last batch that had any */
	int64 rows;
	int64 turn;			/* turns begun since the cluster started */
	int64 drained_turn; /* newest turn after which nothing was left to do */
	double lag;			/* seconds that the oldest undone row is late */
	int fails;			/* ends in a row, each after less than a minute: the back-off's exponent */
	int64 errors;
	TimestampTz last_error_at;
	char last_error[SKL_REASON_LEN];
	char reason[SKL_REASON_LEN]; /* why it waits */
} SklWorkerSlot;

typedef struct SklDatabaseSlot
{
	Oid dboid; /* InvalidOid: the entry is free */
	SklDatabaseState state;
	Oid roleoid;	   /* skillancer_worker, found by the probe */
	bool probe_wanted; /* a commit asked for a fresh look */
	TimestampTz probed_at;
	char reason[SKL_REASON_LEN];
	SklWorkerSlot workers[SKL_WORKER_COUNT];
} SklDatabaseSlot;

/* A statement of this backend needs a database without anyone connected to it. */
typedef struct SklBlock
{
	pid_t pid;
	Oid dboid;
} SklBlock;

typedef struct SklWorkerShmem
{
	pid_t launcher_pid;
	Latch *launcher_latch;
	bool refresh_wanted;	   /* a commit asked for a new look at pg_database */
	ConditionVariable changed; /* a turn ended, a slot was taken or left */
	SklBlock blocks[SKL_MAX_BLOCKS];
	SklDatabaseSlot databases[SKL_MAX_DATABASES];
} SklWorkerShmem;

/* NULL unless the library is preloaded. */
extern SklWorkerShmem *skl_shmem;

/* Guards everything in skl_shmem. */
extern LWLock *skl_shmem_lock;

/* Installs the hooks that make room and set it up; only while shared_preload_libraries load. */
extern void skl_shmem_init(void);

/* The entry of a database, or NULL. The lock must be held. */
extern SklDatabaseSlot *skl_find_database(Oid dboid);

/* True when a statement keeps workers out of the database. The lock must be held. */
extern bool skl_database_blocked(Oid dboid);

/* Sets the launcher's latch, if it runs. The lock must be held. */
extern void skl_poke_launcher(void);

/* Takes the slot of this process; false when a twin holds it or the database is blocked. */
extern bool skl_slot_attach(Oid dboid, SklWorker worker);

/* The slot this process holds. */
extern SklWorkerSlot *skl_my_slot(void);

/* Notes what this worker does now; reason may be NULL. */
extern void skl_slot_report(SklSlotState state, const char *reason);

/* Notes the begin of a turn, and its end with the rows done and whether nothing is left. */
extern void skl_slot_turn_begin(void);
extern void skl_slot_turn_end(int64 rows, bool drained);

/* Notes how many seconds the oldest undone row is late. */
extern void skl_slot_lag(double seconds);

/* Notes an error that is about to end this process. */
extern void skl_slot_error(const char *message);

/* Asks the launcher to look at this worker's database again, once it has exited. */
extern void skl_slot_reprobe(void);

#endif
