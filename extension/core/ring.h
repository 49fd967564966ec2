/*
 * core/ring.h
 *		Lines that requests leave in shared memory and that a worker takes out.
 *
 * For what is noted by transactions that may not write. A ring is bounded: while nobody takes lines
 * out, new ones push out the oldest, and a crash loses what lies in it. All databases share it;
 * each sees its own lines only.
 */
#ifndef SKL_CORE_RING_H
#define SKL_CORE_RING_H

#include "core/shared_area.h"

typedef struct SklRing
{
	SklSharedArea area;
	Size line; /* bytes of a line */
	int lines; /* how many there is room for */
} SklRing;

/* A ring of lines of a type: static SklRing ring = SKL_RING("skillancer reads", ReadLine, 8192). */
#define SKL_RING(ring_name, type, n)                                      \
	{                                                                     \
		.area = {.name = (ring_name)}, .line = sizeof(type), .lines = (n) \
	}

/* Makes room in shared memory; called from _PG_init. */
extern void skl_ring_init(SklRing *ring);

/* Whether there is shared memory. */
extern bool skl_ring_is_there(const SklRing *ring);

/* Appends a line of this database. */
extern void skl_ring_put(SklRing *ring, const void *line);

/* Takes the lines of this database out, oldest first, into memory of the caller; returns how many.
 */
extern int skl_ring_take(SklRing *ring, void **lines);

#endif
