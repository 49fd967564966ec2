/*
 * bgworkers/worker_loop.h
 *		The one loop that serves all workers, and what a worker is made of.
 */
#ifndef SKL_BGWORKERS_WORKER_LOOP_H
#define SKL_BGWORKERS_WORKER_LOOP_H

#include "bgworkers/shmem.h"

/* Work that is done in one transaction; returns how many rows it did. */
typedef int64 (*SklWorkerStep)(void *arg);

typedef struct SklWorkerSpec
{
	const char *name;
	/* Longest time between two turns when nothing wakes the worker, in milliseconds. */
	int *naptime_ms;
	/*
	 * One turn over at most limit rows: runs its steps by skl_worker_transaction() and returns the
	 * rows done. A full turn is followed by another one at once.
	 */
	int64 (*turn)(int limit);
	/* Waits for the latch or for work of its own; NULL for a plain wait. */
	void (*wait)(long timeout_ms);
	/* True while work is under way outside of any transaction; NULL when there is none ever. */
	bool (*busy)(void);
	/* Keeps times that people count on: skillancer.worker_nice is not for this one. */
	bool prompt;
} SklWorkerSpec;

/* A row a worker, in the order of SklWorker. */
extern const SklWorkerSpec skl_worker_specs[SKL_WORKER_COUNT];

/* What the launcher tells a worker that it starts; travels in bgw_extra. */
typedef struct SklWorkerStart
{
	Oid dboid;
	Oid roleoid;
	SklWorker worker;
} SklWorkerStart;

/*
 * Runs a step in a transaction of its own, when the gate is open (skl_gate()); returns false, and
 * has done nothing, when it is closed. An ERROR in the step ends the process.
 */
extern bool skl_worker_transaction(SklWorkerStep step, void *arg, int64 *rows);

/* Calls a batch function: SELECT skillancer.<function>($1), in the transaction of a step. */
extern int64 skl_worker_call(const char *function, int limit);

/*
 * Runs the housekeeping jobs of this worker that are due, each in a transaction of its own: for
 * what one of them locks, nobody waits while another one counts. Stops after limit jobs, or false
 * when the gate is closed.
 */
extern bool skl_worker_keep_house(int limit, int64 *jobs);

/* Entry of every worker; the argument is not used. */
extern PGDLLEXPORT void skl_worker_main(Datum arg);

#endif
