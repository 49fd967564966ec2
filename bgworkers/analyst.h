/*
 * bgworkers/analyst.h
 *		The worker that adds up what happens.
 */
#ifndef SKL_BGWORKERS_ANALYST_H
#define SKL_BGWORKERS_ANALYST_H

extern int64 skl_analyst_turn(int limit);

#endif
