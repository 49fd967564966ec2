/*
 * search/engine/bits.c
 *		Packing of numbers, and checksums.
 */
#include "search/engine/bits.h"

typedef uint32_t Lanes __attribute__((vector_size(16)));

void
skl_bits_pack32(const uint32_t *values, size_t n, unsigned width, uint8_t *packed)
{
	uint64_t pending = 0;
	unsigned bits = 0;
	uint8_t *at = packed;

	for (size_t i = 0; i < n; i++)
	{
		pending |= (uint64_t) values[i] << bits;
		bits += width;
		while (bits >= 8)
		{
			*at++ = (uint8_t) pending;
			pending >>= 8;
			bits -= 8;
		}
	}
	if (bits > 0)
		*at = (uint8_t) pending;
}

void
skl_bits_unpack32(const uint8_t *packed, size_t n, unsigned width, uint32_t *values)
{
	uint64_t mask = (UINT64_C(1) << width) - 1;
	size_t bit = 0;

	if (width == 0)
	{
		memset(values, 0, n * sizeof(*values));
		return;
	}
	for (size_t i = 0; i < n; i++, bit += width)
		values[i] = (uint32_t) ((skl_load64(packed + bit / 8) >> (bit % 8)) & mask);
}

void
skl_block_pack(const uint32_t *values, unsigned width, uint8_t *packed)
{
	uint32_t words[4 * 32] = {0};

	for (unsigned i = 0; i < SKL_BLOCK; i++)
	{
		unsigned lane = i % 4;
		unsigned bit = i / 4 * width;
		uint64_t shifted = (uint64_t) values[i] << (bit % 32);

		words[bit / 32 * 4 + lane] |= (uint32_t) shifted;
		if (bit % 32 + width > 32)
			words[(bit / 32 + 1) * 4 + lane] |= (uint32_t) (shifted >> 32);
	}
	memcpy(packed, words, (size_t) 16 * width);
}

/* One vector of four numbers of a constant width; the loop is unrolled, so that shifts are
 * constant. */
#define UNPACK_ONE(j, width)                                           \
	do                                                                 \
	{                                                                  \
		const unsigned bit = (j) * (width);                            \
		const unsigned shift = bit % 32;                               \
		Lanes word;                                                    \
		memcpy(&word, packed + 16 * (bit / 32), sizeof(word));         \
		word >>= shift;                                                \
		if (shift + (width) > 32)                                      \
		{                                                              \
			Lanes next;                                                \
			memcpy(&next, packed + 16 * (bit / 32 + 1), sizeof(next)); \
			word |= next << ((32 - shift) % 32);                       \
		}                                                              \
		if ((width) < 32)                                              \
			word &= (uint32_t) ((UINT64_C(1) << (width)) - 1);         \
		memcpy(values + 4 * (j), &word, sizeof(word));                 \
	} while (0)

#define UNPACK_FOUR(j, width)   \
	UNPACK_ONE(j, width);       \
	UNPACK_ONE((j) + 1, width); \
	UNPACK_ONE((j) + 2, width); \
	UNPACK_ONE((j) + 3, width)

#define UNPACK(width)                                                   \
	static void unpack_##width(const uint8_t *packed, uint32_t *values) \
	{                                                                   \
		UNPACK_FOUR(0, width);                                          \
		UNPACK_FOUR(4, width);                                          \
		UNPACK_FOUR(8, width);                                          \
		UNPACK_FOUR(12, width);                                         \
		UNPACK_FOUR(16, width);                                         \
		UNPACK_FOUR(20, width);                                         \
		UNPACK_FOUR(24, width);                                         \
		UNPACK_FOUR(28, width);                                         \
	}

/* clang-format off */
UNPACK(1) UNPACK(2) UNPACK(3) UNPACK(4) UNPACK(5) UNPACK(6) UNPACK(7) UNPACK(8)
UNPACK(9) UNPACK(10) UNPACK(11) UNPACK(12) UNPACK(13) UNPACK(14) UNPACK(15) UNPACK(16)
UNPACK(17) UNPACK(18) UNPACK(19) UNPACK(20) UNPACK(21) UNPACK(22) UNPACK(23) UNPACK(24)
UNPACK(25) UNPACK(26) UNPACK(27) UNPACK(28) UNPACK(29) UNPACK(30) UNPACK(31) UNPACK(32)
	/* clang-format on */

	static void unpack_0(const uint8_t *packed, uint32_t *values)
{
	(void) packed;
	memset(values, 0, SKL_BLOCK * sizeof(*values));
}

typedef void (*Unpacker)(const uint8_t *packed, uint32_t *values);

static const Unpacker unpackers[33] = {
	unpack_0,  unpack_1,  unpack_2,	 unpack_3,	unpack_4,  unpack_5,  unpack_6,
	unpack_7,  unpack_8,  unpack_9,	 unpack_10, unpack_11, unpack_12, unpack_13,
	unpack_14, unpack_15, unpack_16, unpack_17, unpack_18, unpack_19, unpack_20,
	unpack_21, unpack_22, unpack_23, unpack_24, unpack_25, unpack_26, unpack_27,
	unpack_28, unpack_29, unpack_30, unpack_31, unpack_32};

void
skl_block_unpack(const uint8_t *packed, unsigned width, uint32_t *values)
{
	unpackers[width](packed, values);
}

void
skl_block_sum(uint32_t *values, uint32_t before)
{
	const Lanes zero = {0, 0, 0, 0};
	const Lanes ones = {1, 2, 3, 4};
	Lanes base = {before, before, before, before};

	for (unsigned i = 0; i < SKL_BLOCK; i += 4)
	{
		Lanes v;

		memcpy(&v, values + i, sizeof(v));
		v += __builtin_shufflevector(zero, v, 0, 4, 5, 6);
		v += __builtin_shufflevector(zero, v, 0, 1, 4, 5);
		v += base + ones;
		base = __builtin_shufflevector(v, v, 3, 3, 3, 3);
		memcpy(values + i, &v, sizeof(v));
	}
}

/* Eight tables of 256: the CRC of a byte that is followed by 0 .. 7 zero bytes. */
static uint32_t crc_table[8][256];

static void
crc_make_table(void)
{
	for (uint32_t i = 0; i < 256; i++)
	{
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
		crc_table[0][i] = crc;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int t = 1; t < 8; t++)
			crc_table[t][i] = crc_table[0][crc_table[t - 1][i] & 0xFF] ^ (crc_table[t - 1][i] >> 8);
}

uint32_t
skl_crc32c(uint32_t crc, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	if (crc_table[0][1] == 0)
		crc_make_table();
	crc = ~crc;
	for (; length >= 8; length -= 8, at += 8)
	{
		uint64_t word = skl_load64(at) ^ crc;

		crc = 0;
		for (int t = 0; t < 8; t++)
			crc ^= crc_table[7 - t][(word >> (8 * t)) & 0xFF];
	}
	for (; length > 0; length--, at++)
		crc = (crc >> 8) ^ crc_table[0][(crc ^ *at) & 0xFF];
	return ~crc;
}
