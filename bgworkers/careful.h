/*
 * bgworkers/careful.h
 *		Workers that find out which piece of their work brings the server down.
 *
 * Starts are counted in a committed row. A worker that starts for the third time without having
 * finished a tick is careful: it counts an attempt before each piece and works on each in a
 * transaction of its own, so that the piece that crashes the server becomes known and is parked.
 */
#ifndef SKL_BGWORKERS_CAREFUL_H
#define SKL_BGWORKERS_CAREFUL_H

#include "bgworkers/worker_loop.h"

/* A worker of this kind; the other names are those of functions in schema skillancer. */
typedef struct SklCareful
{
	const char *name;
	const char *batch;	  /* (limit): a tick; rows and the age of the oldest one in seconds */
	const char *try_next; /* counts an attempt for the next piece: its number, 0: none is left */
	const char *try_one;  /* (number): works on the piece that try_next picked */
	bool counted;
	bool careful;
} SklCareful;

/*
 * What has to be done before a tick. True: go on with it; false: the turn is over, and *rows is its
 * answer.
 */
extern bool skl_careful_begin(SklCareful *worker, int limit, int64 *rows);

/* A tick over at most so many rows, in a transaction of its own; how many it did. */
extern int64 skl_careful_tick(const SklCareful *worker, int limit);

#endif
