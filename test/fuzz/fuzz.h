/*
 * test/fuzz/fuzz.h
 *		What the fuzz targets share.
 */
#ifndef SKL_TEST_FUZZ_H
#define SKL_TEST_FUZZ_H

#include <stdlib.h>

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that no input may break. */
#define must(condition)   \
	do                    \
	{                     \
		if (!(condition)) \
			abort();      \
	} while (0)

#endif
