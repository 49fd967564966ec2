/*
 * core/shared_area.c
 *		Shared memory: whoever needs some says so when the library is loaded.
 *
 * The postmaster asks how much there is to be before it makes it (shmem_request_hook), and then has
 * it set up (shmem_startup_hook), also when it starts anew after a crash. Both hooks are set once,
 * with the first area.
 */
#include "skl.h"

#include "core/shared_area.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

static SklSharedArea *areas = NULL;
static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

static void
request_areas(void)
{
	if (previous_request_hook)
		previous_request_hook();
	for (SklSharedArea *area = areas; area != NULL; area = area->next)
	{
		RequestAddinShmemSpace(add_size(MAXALIGN(area->size), area->more));
		RequestNamedLWLockTranche(area->name, 1);
	}
}

static void
set_up_areas(void)
{
	bool found;

	if (previous_startup_hook)
		previous_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	for (SklSharedArea *area = areas; area != NULL; area = area->next)
	{
		area->memory = ShmemInitStruct(area->name, area->size, &found);
		area->lock = &GetNamedLWLockTranche(area->name)->lock;
		if (!found)
			memset(area->memory, 0, area->size);
		if (area->set_up != NULL)
			area->set_up(area, !found);
	}
	LWLockRelease(AddinShmemInitLock);
}

void
skl_shared_area(SklSharedArea *area)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	if (areas == NULL)
	{
		previous_request_hook = shmem_request_hook;
		shmem_request_hook = request_areas;
		previous_startup_hook = shmem_startup_hook;
		shmem_startup_hook = set_up_areas;
	}
	area->next = areas;
	areas = area;
}
