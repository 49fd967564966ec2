/*
 * bgworkers/notifier.h
 *		The notifier's turn; see worker_loop.h.
 */
#ifndef SKL_BGWORKERS_NOTIFIER_H
#define SKL_BGWORKERS_NOTIFIER_H

extern int64 skl_notifier_turn(int limit);

#endif
