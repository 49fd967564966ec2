/*
 * bgworkers/timekeeper.h
 *		The timekeeper's turn; see worker_loop.h.
 */
#ifndef SKL_BGWORKERS_TIMEKEEPER_H
#define SKL_BGWORKERS_TIMEKEEPER_H

extern int64 skl_timekeeper_turn(int limit);

#endif
