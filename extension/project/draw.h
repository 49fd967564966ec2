/*
 * project/draw.h
 *		Repeatable draws for the generator of demo marketplaces: a number depends on seed, stream
 *		and index alone, so rows can be made in any order, and more of them later.
 */
#ifndef SKL_PROJECT_DRAW_H
#define SKL_PROJECT_DRAW_H

#include <stddef.h>
#include <stdint.h>

/* One number of one stream. */
typedef struct SklDraw
{
	uint64_t seed;
	const char *stream; /* name of the stream, not NUL-terminated */
	size_t stream_len;
	uint64_t index;
} SklDraw;

/* 64 random bits. */
extern uint64_t skl_draw_bits(const SklDraw *draw);

/* Evenly distributed, 0 <= x < 1. */
extern double skl_draw_unit(const SklDraw *draw);

/* Evenly distributed over 0 .. n - 1. */
extern uint64_t skl_draw_below(const SklDraw *draw, uint64_t n);

/*
 * Value of a distribution that is known by quantiles: levels ascend within 0..1, values ascend with
 * them. Between two quantiles it goes up evenly, or by equal factors when both values are positive,
 * which is how prices and rates go; outside the first and last it stays there.
 */
extern double skl_quantile(double level, const double *levels, const double *values, int n);

#endif
