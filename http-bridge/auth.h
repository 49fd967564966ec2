/*
 * auth.h
 *		Counters of authentication; the hook of dispatch is declared in bridge.h.
 */
#ifndef SKL_AUTH_H
#define SKL_AUTH_H

#include <stdint.h>

typedef enum SklAuthResult
{
	SKL_AUTH_HIT,	  /* found in the cache of tokens */
	SKL_AUTH_MISS,	  /* verified by its signature */
	SKL_AUTH_INVALID, /* refused */
	SKL_AUTH_EXPIRED, /* good once */
	SKL_AUTH_RESULTS
} SklAuthResult;

uint64_t skl_auth_count(SklAuthResult result);

#endif
