/*
 * core/ring.c
 *		Lines that requests leave in shared memory and that a worker takes out.
 */
#include "skl.h"

#include "core/ring.h"

#include "miscadmin.h"

typedef struct RingHead
{
	uint64 next; /* number of the next line */
} RingHead;

typedef struct RingSlot
{
	Oid dboid; /* InvalidOid: taken, or never used */
	char line[FLEXIBLE_ARRAY_MEMBER];
} RingSlot;

static Size
slot_size(const SklRing *ring)
{
	return MAXALIGN(offsetof(RingSlot, line) + ring->line);
}

/* The slot of a line's number; that of the next one is the oldest. */
static RingSlot *
slot_of(const SklRing *ring, uint64 number)
{
	char *slots = (char *) ring->area.memory + MAXALIGN(sizeof(RingHead));

	return (RingSlot *) (slots + slot_size(ring) * (number % (uint64) ring->lines));
}

void
skl_ring_init(SklRing *ring)
{
	ring->area.size = MAXALIGN(sizeof(RingHead)) + slot_size(ring) * (Size) ring->lines;
	skl_shared_area(&ring->area);
}

bool
skl_ring_is_there(const SklRing *ring)
{
	return ring->area.memory != NULL;
}

void
skl_ring_put(SklRing *ring, const void *line)
{
	RingHead *head = ring->area.memory;
	RingSlot *slot;

	LWLockAcquire(ring->area.lock, LW_EXCLUSIVE);
	slot = slot_of(ring, head->next++);
	slot->dboid = MyDatabaseId;
	memcpy(slot->line, line, ring->line);
	LWLockRelease(ring->area.lock);
}

/* How many lines of this database there are. */
static int
count_lines(const SklRing *ring)
{
	int n = 0;

	LWLockAcquire(ring->area.lock, LW_SHARED);
	for (int i = 0; i < ring->lines; i++)
		n += slot_of(ring, (uint64) i)->dboid == MyDatabaseId;
	LWLockRelease(ring->area.lock);
	return n;
}

int
skl_ring_take(SklRing *ring, void **lines)
{
	RingHead *head = ring->area.memory;
	int most = head != NULL ? count_lines(ring) : 0;
	int n = 0;

	*lines = palloc(ring->line * (Size) most);
	if (most == 0)
		return 0;
	LWLockAcquire(ring->area.lock, LW_EXCLUSIVE);
	for (int i = 0; i < ring->lines && n < most; i++)
	{
		RingSlot *slot = slot_of(ring, head->next + (uint64) i);

		if (slot->dboid != MyDatabaseId)
			continue;
		memcpy((char *) *lines + ring->line * (Size) n++, slot->line, ring->line);
		slot->dboid = InvalidOid;
	}
	LWLockRelease(ring->area.lock);
	return n;
}
