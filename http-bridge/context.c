/*
 * context.c
 *		Request contexts and their memory.
 *
 * A context and the first kilobytes of its arena are one block; blocks are reused by their thread.
 * What does not fit goes to further blocks, freed when the request ends. Running out of memory
 * ends the process: systemd starts it again, and half a request is worth less than none.
 */
#include "context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_BLOCK 8192
#define NEXT_BLOCK 16384
#define CACHED_CONTEXTS 256

typedef struct Block
{
	struct Block *next;
	size_t size;
	char bytes[];
} Block;

struct SklArena
{
	SklRequestCtx ctx;
	struct SklArena *next_free;
	Block *more;
	char *at;
	char *end;
	char first[FIRST_BLOCK];
};

static void *
take(size_t size)
{
	void *memory = malloc(size);

	if (memory == NULL)
	{
		fputs("skillancer-bridge: out of memory\n", stderr);
		abort();
	}
	return memory;
}

SklRequestCtx *
skl_context_begin(SklContextCache *cache)
{
	struct SklArena *arena = cache->free;

	if (arena != NULL)
	{
		cache->free = arena->next_free;
		cache->count--;
	}
	else
		arena = take(sizeof(*arena));
	memset(&arena->ctx, 0, sizeof(arena->ctx));
	arena->next_free = NULL;
	arena->more = NULL;
	arena->at = arena->first;
	arena->end = arena->first + sizeof(arena->first);
	arena->ctx.arena = arena;
	return &arena->ctx;
}

void
skl_context_end(SklContextCache *cache, SklRequestCtx *ctx)
{
	struct SklArena *arena = ctx->arena;
	Block *block = arena->more;

	while (block != NULL)
	{
		Block *next = block->next;

		free(block);
		block = next;
	}
	if (cache->count >= CACHED_CONTEXTS)
	{
		free(arena);
		return;
	}
	arena->next_free = cache->free;
	cache->free = arena;
	cache->count++;
}

void
skl_context_cache_clear(SklContextCache *cache)
{
	while (cache->free != NULL)
	{
		struct SklArena *arena = cache->free;

		cache->free = arena->next_free;
		free(arena);
	}
	cache->count = 0;
}

void *
skl_alloc(SklRequestCtx *ctx, size_t size)
{
	struct SklArena *arena = ctx->arena;
	void *memory;

	size = (size + 15) & ~(size_t) 15;
	if ((size_t) (arena->end - arena->at) < size)
	{
		size_t block_size = size > NEXT_BLOCK ? size : NEXT_BLOCK;
		Block *block = take(sizeof(Block) + block_size + 15);

		block->size = block_size;
		block->next = arena->more;
		arena->more = block;
		arena->at = (char *) (((uintptr_t) block->bytes + 15) & ~(uintptr_t) 15);
		arena->end = arena->at + block_size;
	}
	memory = arena->at;
	arena->at += size;
	return memory;
}

char *
skl_strndup(SklRequestCtx *ctx, const char *text, size_t length)
{
	char *copy = skl_alloc(ctx, length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *
skl_strdup(SklRequestCtx *ctx, const char *text)
{
	return skl_strndup(ctx, text, strlen(text));
}

char *
skl_sprintf(SklRequestCtx *ctx, const char *format, ...)
{
	char small[256];
	va_list args;
	int length;
	char *text;

	va_start(args, format);
	length = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (length < 0)
		abort();
	if ((size_t) length < sizeof(small))
		return skl_strndup(ctx, small, (size_t) length);
	text = skl_alloc(ctx, (size_t) length + 1);
	va_start(args, format);
	vsnprintf(text, (size_t) length + 1, format, args);
	va_end(args);
	return text;
}

void
skl_header(SklRequestCtx *ctx, const char *name, const char *value)
{
	if (ctx->nheaders < SKL_MAX_HEADERS)
	{
		ctx->headers[ctx->nheaders].name = name;
		ctx->headers[ctx->nheaders].value = value;
		ctx->nheaders++;
	}
}

uint64_t
skl_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
}

void
skl_timestamp(char *text)
{
	static __thread time_t second;
	static __thread char cached[32];
	struct timespec now;
	int ms;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != second)
	{
		struct tm tm;

		second = now.tv_sec;
		gmtime_r(&second, &tm);
		strftime(cached, sizeof(cached), "%Y-%m-%dT%H:%M:%S.", &tm);
	}
	ms = (int) (now.tv_nsec / 1000000);
	memcpy(text, cached, 20);
	text[20] = (char) ('0' + ms / 100);
	text[21] = (char) ('0' + ms / 10 % 10);
	text[22] = (char) ('0' + ms % 10);
	text[23] = 'Z';
	text[24] = '\0';
}
