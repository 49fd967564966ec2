/*
 * core/shared_area.h
 *		A piece of the main shared memory with a lock of its own.
 */
#ifndef SKL_CORE_SHARED_AREA_H
#define SKL_CORE_SHARED_AREA_H

#include "storage/lwlock.h"

typedef struct SklSharedArea
{
	const char *name; /* of the memory and of its lock */
	Size size;
	Size more; /* bytes besides, for what set_up() makes */
	/* Called in every process that sets up shared memory, or NULL; memory that is new is zero. */
	void (*set_up)(const struct SklSharedArea *area, bool is_new);
	void *memory; /* NULL: the library is not preloaded */
	LWLock *lock;
	struct SklSharedArea *next;
} SklSharedArea;

/* Has an area made; called from _PG_init. Without preloading it does nothing. */
extern void skl_shared_area(SklSharedArea *area);

#endif
