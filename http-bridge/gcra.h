/*
 * gcra.h
 *		Request limits: the generic cell rate algorithm over a table that all threads share.
 */
#ifndef SKL_GCRA_H
#define SKL_GCRA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The classes of limits; each is one option "rate_<name>". */
typedef enum SklQuotaClass
{
	SKL_QUOTA_ANONYMOUS,
	SKL_QUOTA_AUTHENTICATED,
	SKL_QUOTA_PREMIUM,
	SKL_QUOTA_AUTH,	   /* sign-in, registration, reset */
	SKL_QUOTA_ADDRESS, /* anything at all from one address */
	SKL_QUOTA_CLASSES
} SklQuotaClass;

/* One limit: so many requests each period, and so many at once. burst = 0 means no limit. */
typedef struct SklQuota
{
	uint32_t count;
	uint32_t period_s;
	uint32_t burst;
} SklQuota;

/* The verdict on one request, and what the headers tell. */
typedef struct SklVerdict
{
	const char *name; /* of the class */
	bool limited;	  /* false: this class has no limit, no headers */
	bool allowed;
	uint32_t limit;			/* requests that a full bucket holds */
	uint32_t window_s;		/* seconds in which an empty bucket fills */
	uint32_t remaining;		/* requests left now */
	uint32_t reset_s;		/* seconds until the bucket is full again */
	uint32_t retry_after_s; /* when refused: seconds until this request would pass */
} SklVerdict;

typedef struct SklLimiter SklLimiter;
typedef void (*SklHeaderSink)(void *context, const char *name, const char *value);

bool skl_quota_parse(const char *text, SklQuota *quota);
void skl_quota_scale(SklQuota *quota, double factor);
const char *skl_quota_class_name(SklQuotaClass class);

SklLimiter *skl_limiter_create(size_t slots);
void skl_limiter_free(SklLimiter *limiter);
void skl_limiter_take(SklLimiter *limiter, SklQuotaClass class, const SklQuota *quota,
					  const void *key, size_t key_length, uint32_t cost, uint64_t now_us,
					  SklVerdict *result);
uint64_t skl_limiter_evictions(const SklLimiter *limiter);
void skl_quota_headers(const SklVerdict *result, int64_t unix_now, SklHeaderSink sink,
					   void *context);

#endif
