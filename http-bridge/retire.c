/*
 * retire.c
 *		Objects that were replaced and may still be in use for a while.
 *
 * Configurations and key rings are read without locks through a pointer that a reload swaps. Who
 * read the old pointer uses it for a bounded time: a request as long as deadlines let it, a
 * verification for milliseconds. So the old object is kept that long, and released by the first
 * reload after it: memory does not grow with the number of reloads.
 */
#include "retire.h"

#include <pthread.h>
#include <stdlib.h>

#include "bridge.h"

typedef struct Retired
{
	struct Retired *next;
	void *object;
	void (*release)(void *object);
	uint64_t until_us;
} Retired;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Retired *first;

/* Release what nobody can be using any more. */
static void
release_old(uint64_t now)
{
	Retired **link = &first;

	while (*link != NULL)
	{
		Retired *retired = *link;

		if (retired->until_us > now)
		{
			link = &retired->next;
			continue;
		}
		*link = retired->next;
		retired->release(retired->object);
		free(retired);
	}
}

/* Keep an object that was replaced for so many seconds at least, then release it. */
void
skl_retire(void *object, void (*release)(void *object), unsigned keep_s)
{
	Retired *retired = calloc(1, sizeof(Retired));
	uint64_t now = skl_now_us();

	pthread_mutex_lock(&lock);
	release_old(now);
	if (retired != NULL)
	{
		*retired = (Retired){.next = first,
							 .object = object,
							 .release = release,
							 .until_us = now + (uint64_t) keep_s * 1000000};
		first = retired;
	}
	pthread_mutex_unlock(&lock);
}
