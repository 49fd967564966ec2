/*
 * project/draw.c
 *		Repeatable draws, see draw.h. No PostgreSQL in here.
 *
 * The bits are those of splitmix64's output function over a hash (FNV-1a) of seed, stream and
 * index.
 */
#include <math.h>

#include "project/draw.h"

/* FNV-1a over more bytes. */
static uint64_t
hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ p[i]) * UINT64_C(0x100000001B3);
	return hash;
}

/* splitmix64's output function: every input bit moves every output bit. */
static uint64_t
scramble(uint64_t z)
{
	z += UINT64_C(0x9E3779B97F4A7C15);
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

uint64_t
skl_draw_bits(const SklDraw *draw)
{
	uint64_t hash = hash_bytes(UINT64_C(0xCBF29CE484222325), draw->stream, draw->stream_len);

	return scramble(scramble(hash ^ scramble(draw->seed)) + draw->index);
}

double
skl_draw_unit(const SklDraw *draw)
{
	return (double) (skl_draw_bits(draw) >> 11) * 0x1p-53;
}

uint64_t
skl_draw_below(const SklDraw *draw, uint64_t n)
{
	return (uint64_t) (((unsigned __int128) skl_draw_bits(draw) * n) >> 64);
}

double
skl_quantile(double level, const double *levels, const double *values, int n)
{
	double part;
	int i;

	if (level <= levels[0])
		return values[0];
	for (i = 1; i < n; i++)
	{
		if (level > levels[i])
			continue;
		if (levels[i] <= levels[i - 1])
			return values[i];
		part = (level - levels[i - 1]) / (levels[i] - levels[i - 1]);
		if (values[i - 1] > 0 && values[i] > 0)
			return values[i - 1] * pow(values[i] / values[i - 1], part);
		return values[i - 1] + part * (values[i] - values[i - 1]);
	}
	return values[n - 1];
}
