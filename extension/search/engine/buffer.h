/*
 * search/engine/buffer.h
 *		A growing string of bytes in the memory of an engine. Old copies stay until the engine lets
 *		everything go: at most as much again.
 */
#ifndef SKL_SEARCH_BUFFER_H
#define SKL_SEARCH_BUFFER_H

#include "search/engine/bits.h"
#include "search/engine/engine.h"

typedef struct SklBuffer
{
	SklEngine *engine;
	uint8_t *data;
	size_t length;
	size_t room;
} SklBuffer;

/* Room for more bytes at the end; where they go. The length is the caller's to add. */
static inline uint8_t *
skl_buffer_reserve(SklBuffer *buffer, size_t bytes)
{
	if (buffer->room - buffer->length < bytes || buffer->data == NULL)
	{
		size_t room = buffer->room * 2 > 256 ? buffer->room * 2 : 256;

		if (room < buffer->length + bytes)
			room = buffer->length + bytes;
		buffer->data = skl_arena_grow(&buffer->engine->arena, buffer->data, buffer->length, room);
		buffer->room = room;
	}
	return buffer->data + buffer->length;
}

static inline void
skl_buffer_add(SklBuffer *buffer, const void *bytes, size_t length)
{
	if (length == 0)
		return;
	memcpy(skl_buffer_reserve(buffer, length), bytes, length);
	buffer->length += length;
}

static inline void
skl_buffer_varint(SklBuffer *buffer, uint64_t value)
{
	buffer->length += skl_varint_write(value, skl_buffer_reserve(buffer, SKL_VARINT_MAX));
}

#endif
