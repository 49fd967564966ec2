/*
 * search/engine/bits.h
 *		Numbers in as few bits as they need, numbers of seven bits a byte, and checksums.
 *
 * Two layouts of packed numbers. Across: 128 numbers in four lanes of 32 bits, number i in lane i
 * % 4, so that four are unpacked by each instruction on any processor with 128-bit vectors. Along:
 * any number of numbers, the lowest bit first; reading loads eight bytes at a time, so up to seven
 * bytes behind the packed ones must be readable (SKL_BITS_SLACK).
 *
 * All stored numbers are little endian, as are the machines this runs on; a segment says so.
 */
#ifndef SKL_SEARCH_BITS_H
#define SKL_SEARCH_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SKL_BLOCK 128
#define SKL_BITS_SLACK 8
#define SKL_VARINT_MAX 10

/* Bits that a number needs: 0 for 0. */
static inline unsigned
skl_bits_width(uint64_t value)
{
	return value == 0 ? 0 : 64 - (unsigned) __builtin_clzll(value);
}

/* Bytes of n numbers of that many bits, along. */
static inline size_t
skl_bits_bytes(size_t n, unsigned width)
{
	return (n * width + 7) / 8;
}

static inline uint64_t
skl_load64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint32_t
skl_load32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint16_t
skl_load16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Number i of numbers packed along; width at most 56. */
static inline uint64_t
skl_bits_get(const uint8_t *packed, size_t i, unsigned width)
{
	size_t bit = i * width;

	return (skl_load64(packed + bit / 8) >> (bit % 8)) & ((UINT64_C(1) << width) - 1);
}

/* Packs along; width at most 32. Writes skl_bits_bytes(n, width) bytes. */
extern void skl_bits_pack32(const uint32_t *values, size_t n, unsigned width, uint8_t *packed);

/* Unpacks numbers packed along; width at most 32. */
extern void skl_bits_unpack32(const uint8_t *packed, size_t n, unsigned width, uint32_t *values);

/* 128 numbers across: 16 × width bytes, width at most 32. */
extern void skl_block_pack(const uint32_t *values, unsigned width, uint8_t *packed);
extern void skl_block_unpack(const uint8_t *packed, unsigned width, uint32_t *values);

/* From gaps less one to numbers: values[i] becomes before + values[0] + 1 + ... + values[i] + 1. */
extern void skl_block_sum(uint32_t *values, uint32_t before);

/* Writes 1 .. 10 bytes; how many. */
static inline size_t
skl_varint_write(uint64_t value, uint8_t *at)
{
	size_t n = 0;

	while (value >= 0x80)
	{
		at[n++] = (uint8_t) (value | 0x80);
		value >>= 7;
	}
	at[n++] = (uint8_t) value;
	return n;
}

/* Reads one and moves on; false at the end of the bytes, or when it has more than 64 bits. */
static inline bool
skl_varint_read(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
	uint64_t result = 0;
	unsigned shift = 0;

	while (*at < end && shift < 64)
	{
		uint8_t byte = *(*at)++;

		result |= (uint64_t) (byte & 0x7F) << shift;
		if (byte < 0x80)
		{
			*value = result;
			return true;
		}
		shift += 7;
	}
	return false;
}

/* CRC-32C (Castagnoli) of more bytes behind those of crc; begins with 0. */
extern uint32_t skl_crc32c(uint32_t crc, const void *bytes, size_t length);

#endif
