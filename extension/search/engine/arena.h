/*
 * search/engine/arena.h
 *		Memory of the search engine: blocks that are taken from a hook and given back all at once.
 *
 * Inside PostgreSQL the hook is a memory context (palloc raises when memory is out); in tests,
 * fuzzers and tools it is malloc, and running out of memory ends the program. Therefore nothing
 * that allocates here has a failure to report.
 */
#ifndef SKL_SEARCH_ENGINE_ARENA_H
#define SKL_SEARCH_ENGINE_ARENA_H

/* Gives size bytes or does not return. */
typedef void *(*SklArenaTake)(void *context, size_t size);

/* Gives back what SklArenaTake gave. */
typedef void (*SklArenaGive)(void *context, void *block);

typedef struct SklArenaBlock SklArenaBlock;

typedef struct SklArena
{
	SklArenaTake take;
	SklArenaGive give;
	void *context;
	SklArenaBlock *blocks; /* newest first */
	char *at;			   /* free part of the newest block */
	char *end;
	size_t taken; /* bytes of all blocks */
} SklArena;

/* An empty arena over hooks; NULL hooks mean malloc and free. */
extern void skl_arena_init(SklArena *arena, SklArenaTake take, SklArenaGive give, void *context);

/* size bytes, aligned for any type, not cleared; never NULL. */
extern void *skl_arena_alloc(SklArena *arena, size_t size);

/*
 * As skl_arena_alloc, cleared; count * size must not overflow, or the hook is asked for SIZE_MAX.
 */
extern void *skl_arena_zero(SklArena *arena, size_t count, size_t size);

/* A copy of bytes with a NUL behind. */
extern char *skl_arena_copy(SklArena *arena, const char *bytes, size_t length);

/* Makes room for a growing array: returns a block of new_size that begins with the old bytes. */
extern void *skl_arena_grow(SklArena *arena, const void *old, size_t old_size, size_t new_size);

/* Gives everything back; the arena may be used again. */
extern void skl_arena_free(SklArena *arena);

#endif
