/*
 * search/engine/engine.h
 *		What the search engine asks of its surroundings: memory, a way to be interrupted, and how
 *		it says that something went wrong.
 *
 * The engine is plain C without PostgreSQL. A caller makes one SklEngine for a piece of work (a
 * query, a segment that is written), hands it to the functions, and lets it go at the end: all
 * memory that the engine handed out goes with it. Public functions return a status; inside, faults
 * travel by longjmp to the public function, so that inner loops need no checks.
 *
 * Hooks may leave by a jump of their own (palloc, CHECK_FOR_INTERRUPTS): the engine holds nothing
 * but memory of its hooks, so nothing is lost when the memory context goes.
 */
#ifndef SKL_ENGINE_H
#define SKL_ENGINE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "search/engine/arena.h"

typedef enum SklStatus
{
	SKL_ENGINE_OK,
	SKL_ENGINE_CORRUPT,		/* the bytes of a segment are not what the format says */
	SKL_ENGINE_INTERRUPTED, /* interrupted() said so */
	SKL_ENGINE_BAD_INPUT,	/* a document, schema or plan breaks a rule of its header */
	SKL_ENGINE_TOO_LARGE	/* more documents or bytes than a segment may hold */
} SklStatus;

typedef struct SklHooks
{
	SklArenaTake take; /* NULL: malloc; see arena.h */
	SklArenaGive give;
	bool (*interrupted)(void *context); /* NULL: never; asked once a window */
	void *context;						/* of all three */
} SklHooks;

typedef struct SklEngine
{
	SklArena arena;
	bool (*interrupted)(void *context);
	SklStatus status;	 /* of the last public function that failed */
	const char *message; /* what was wrong, a constant in lower case; NULL while nothing was */
	jmp_buf *jump;		 /* inside a public function only */
} SklEngine;

/* Some bytes; no NUL at the end, and they may contain one. */
typedef struct SklBytes
{
	const uint8_t *data;
	uint32_t length;
} SklBytes;

/* hooks NULL: malloc and free, never interrupted. */
extern void skl_engine_init(SklEngine *engine, const SklHooks *hooks);

/* Gives all memory back; the engine may be used again. */
extern void skl_engine_release(SklEngine *engine);

/* Memory of the engine: not cleared, and cleared. */
extern void *skl_engine_alloc(SklEngine *engine, size_t bytes);
extern void *skl_engine_zalloc(SklEngine *engine, size_t bytes);

/* Leaves the public function that runs, with this status. */
extern void skl_engine_raise(SklEngine *engine, SklStatus status, const char *message)
	__attribute__((noreturn));

/* Raises INTERRUPTED when the hook says so. */
extern void skl_engine_check(SklEngine *engine);

/*
 * Runs body(argument) so that what it raises ends here; the status. Public functions are calls of
 * this; nested, the inner one's faults go to the inner caller.
 */
extern SklStatus skl_engine_run(SklEngine *engine, void (*body)(void *argument), void *argument);

#endif
