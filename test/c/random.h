/*
 * test/c/random.h
 *		Repeatable random numbers for tests (splitmix64); the seed is printed by who uses them.
 */
#ifndef SKL_TEST_RANDOM_H
#define SKL_TEST_RANDOM_H

#include <stdint.h>

static uint64_t random_state = 42;

static inline uint64_t
random_u64(void)
{
	uint64_t z = (random_state += 0x9E3779B97F4A7C15u);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

/* 0 .. n - 1 */
static inline uint32_t
random_below(uint32_t n)
{
	return (uint32_t) (random_u64() % n);
}

/* Any int64, with small numbers and both ends of the range more often than chance has them. */
static inline int64_t
random_amount(void)
{
	switch (random_below(8))
	{
		case 0:
			return INT64_MAX - (int64_t) random_below(3);
		case 1:
			return INT64_MIN + (int64_t) random_below(3);
		case 2:
		case 3:
			return (int64_t) random_below(2001) - 1000;
		default:
			return (int64_t) (random_u64() >> random_below(64));
	}
}

#endif
