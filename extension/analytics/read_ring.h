/*
 * analytics/read_ring.h
 *		Counting what is read, by requests that may not write.
 */
#ifndef SKL_ANALYTICS_READ_RING_H
#define SKL_ANALYTICS_READ_RING_H

/* Makes room in shared memory; called once from _PG_init. */
extern void skl_read_ring_init(void);

#endif
