/*
 * search/engine/arena.c
 *		Memory of the search engine: blocks that are taken from a hook and given back all at once.
 */
#include "skl.h"

#include "search/engine/arena.h"

#include <stdlib.h>

#define BLOCK_SIZE ((size_t) 32 * 1024)
#define ALIGNMENT ((size_t) 16)

struct SklArenaBlock
{
	SklArenaBlock *next;
	size_t size;
};

#define HEADER ((sizeof(SklArenaBlock) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT)

static void *
take_malloc(void *context, size_t size)
{
	void *block = malloc(size);

	(void) context;
	if (block == NULL)
		abort();
	return block;
}

static void
give_malloc(void *context, void *block)
{
	(void) context;
	free(block);
}

void
skl_arena_init(SklArena *arena, SklArenaTake take, SklArenaGive give, void *context)
{
	memset(arena, 0, sizeof(*arena));
	arena->take = take == NULL ? take_malloc : take;
	arena->give = give == NULL ? give_malloc : give;
	arena->context = context;
}

/* A new block with room for size bytes; large requests get one of their own, behind the newest. */
static char *
add_block(SklArena *arena, size_t size)
{
	size_t room = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;
	size_t whole = room > SIZE_MAX - HEADER ? SIZE_MAX : room + HEADER;
	SklArenaBlock *block = arena->take(arena->context, whole);
	char *data = (char *) block + HEADER;

	block->size = whole;
	arena->taken += whole;
	if (room == size && arena->blocks != NULL)
	{
		block->next = arena->blocks->next;
		arena->blocks->next = block;
		return data;
	}
	block->next = arena->blocks;
	arena->blocks = block;
	arena->at = data + size;
	arena->end = data + room;
	return data;
}

void *
skl_arena_alloc(SklArena *arena, size_t size)
{
	size_t rounded;

	if (size > SIZE_MAX - ALIGNMENT)
		return add_block(arena, SIZE_MAX);
	rounded = size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (rounded <= (size_t) (arena->end - arena->at))
	{
		char *data = arena->at;

		arena->at += rounded;
		return data;
	}
	return add_block(arena, rounded);
}

void *
skl_arena_zero(SklArena *arena, size_t count, size_t size)
{
	size_t bytes = size != 0 && count > SIZE_MAX / size ? SIZE_MAX : count * size;
	void *data = skl_arena_alloc(arena, bytes);

	return memset(data, 0, bytes);
}

char *
skl_arena_copy(SklArena *arena, const char *bytes, size_t length)
{
	char *copy = skl_arena_alloc(arena, length + 1);

	if (length > 0)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

void *
skl_arena_grow(SklArena *arena, const void *old, size_t old_size, size_t new_size)
{
	void *data = skl_arena_alloc(arena, new_size);

	if (old_size > 0)
		memcpy(data, old, old_size);
	return data;
}

void
skl_arena_free(SklArena *arena)
{
	SklArenaBlock *block = arena->blocks;

	while (block != NULL)
	{
		SklArenaBlock *next = block->next;

		arena->give(arena->context, block);
		block = next;
	}
	arena->blocks = NULL;
	arena->at = NULL;
	arena->end = NULL;
	arena->taken = 0;
}
