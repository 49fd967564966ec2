/*
 * search/engine/engine.c
 *		Memory and faults of the search engine.
 */
#include "search/engine/engine.h"

#include <string.h>

void
skl_engine_init(SklEngine *engine, const SklHooks *hooks)
{
	memset(engine, 0, sizeof(*engine));
	if (hooks == NULL)
		skl_arena_init(&engine->arena, NULL, NULL, NULL);
	else
	{
		skl_arena_init(&engine->arena, hooks->take, hooks->give, hooks->context);
		engine->interrupted = hooks->interrupted;
	}
}

void
skl_engine_release(SklEngine *engine)
{
	skl_arena_free(&engine->arena);
}

void *
skl_engine_alloc(SklEngine *engine, size_t bytes)
{
	return skl_arena_alloc(&engine->arena, bytes);
}

void *
skl_engine_zalloc(SklEngine *engine, size_t bytes)
{
	return skl_arena_zero(&engine->arena, 1, bytes);
}

void
skl_engine_raise(SklEngine *engine, SklStatus status, const char *message)
{
	engine->status = status;
	engine->message = message;
	longjmp(*engine->jump, 1);
}

void
skl_engine_check(SklEngine *engine)
{
	if (engine->interrupted != NULL && engine->interrupted(engine->arena.context))
		skl_engine_raise(engine, SKL_ENGINE_INTERRUPTED, "interrupted");
}

SklStatus
skl_engine_run(SklEngine *engine, void (*body)(void *argument), void *argument)
{
	jmp_buf *volatile outer = engine->jump;
	jmp_buf here;

	if (setjmp(here) == 0)
	{
		engine->jump = &here;
		body(argument);
		engine->jump = outer;
		return SKL_ENGINE_OK;
	}
	engine->jump = outer;
	return engine->status;
}
