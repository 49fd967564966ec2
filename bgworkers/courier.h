/*
 * bgworkers/courier.h
 *		The courier's turn and wait; see worker_loop.h.
 */
#ifndef SKL_BGWORKERS_COURIER_H
#define SKL_BGWORKERS_COURIER_H

extern int64 skl_courier_turn(int limit);
extern void skl_courier_wait(long timeout_ms);
extern bool skl_courier_busy(void);

#endif
