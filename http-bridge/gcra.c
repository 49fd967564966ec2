/*
 * gcra.c
 *		Request limits: the generic cell rate algorithm over a table that all threads share.
 *
 * GCRA (ITU-T I.371) keeps one number a key, the theoretical arrival time (TAT). With T = period /
 * count, a request of cost c at time t is let through when max(t, TAT) + c*T - t <= burst*T, and
 * then TAT becomes that sum. No timers, no windows with edges, exact for any mix of threads.
 *
 * A key (class and client) is hashed with a secret drawn at start, so that nobody can aim at the
 * bucket of another. The hash picks a bucket of seven words; a word is 20 bits of hash and 44 bits
 * of TAT in units of 16 us, so one compare-and-swap changes both together: an update cannot land
 * in a slot that was given to another key meanwhile. Only the entry of a new key takes the
 * bucket's lock. Counters start empty after a restart, which is right for traffic; lock-outs live
 * in SQL.
 */
#include "gcra.h"

#include <openssl/rand.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"

#define BUCKET_SLOTS 7
#define TAT_BITS 44
#define TAT_MASK ((UINT64_C(1) << TAT_BITS) - 1)
#define UNIT_US 16
#define UNITS_PER_S (1000000 / UNIT_US)

/* One cache line. */
typedef struct Bucket
{
	_Atomic uint64_t slot[BUCKET_SLOTS];
	atomic_flag lock;
	char pad[7];
} Bucket;

_Static_assert(sizeof(Bucket) == 64, "a bucket is one cache line");

struct SklLimiter
{
	uint64_t secret[2];
	uint64_t mask;
	_Atomic uint64_t evictions;
	Bucket *buckets;
};

static const char *const class_names[SKL_QUOTA_CLASSES] = {"anonymous", "authenticated", "premium",
														   "auth", "address"};

const char *
skl_quota_class_name(SklQuotaClass class)
{
	return class_names[class];
}

/* Read a positive number below a million; *text moves behind it. */
static bool
parse_number(const char **text, uint32_t *number)
{
	uint32_t value = 0;
	const char *at = *text;

	while (*at >= '0' && *at <= '9' && value < 10000000)
		value = value * 10 + (uint32_t) (*at++ - '0');
	if (at == *text || value == 0 || value > 10000000)
		return false;
	*text = at;
	*number = value;
	return true;
}

/* Read the unit of a rate: s, min or h. */
static bool
parse_period(const char **text, uint32_t *seconds)
{
	static const struct
	{
		const char *unit;
		uint32_t seconds;
	} units[] = {{"min", 60}, {"s", 1}, {"h", 3600}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
	{
		size_t length = strlen(units[i].unit);

		if (strncmp(*text, units[i].unit, length) == 0)
		{
			*seconds = units[i].seconds;
			*text += length;
			return true;
		}
	}
	return false;
}

/* Read "20/min burst 30" (s, min, h; the burst defaults to the count) or "off". */
bool
skl_quota_parse(const char *text, SklQuota *quota)
{
	static const char word[] = " burst ";

	memset(quota, 0, sizeof(*quota));
	if (strcmp(text, "off") == 0)
		return true;
	if (!parse_number(&text, &quota->count) || *text++ != '/' ||
		!parse_period(&text, &quota->period_s))
		return false;
	quota->burst = quota->count;
	if (*text == '\0')
		return true;
	if (strncmp(text, word, sizeof(word) - 1) != 0)
		return false;
	text += sizeof(word) - 1;
	return parse_number(&text, &quota->burst) && *text == '\0';
}

static uint32_t
scaled(uint32_t value, double factor)
{
	double product = (double) value * factor;

	return product < 1 ? 1 : (product > 10000000 ? 10000000 : (uint32_t) product);
}

/* Multiply a limit; a factor of 0 turns it off. */
void
skl_quota_scale(SklQuota *quota, double factor)
{
	if (factor <= 0)
		quota->burst = 0;
	if (quota->burst == 0)
		return;
	quota->count = scaled(quota->count, factor);
	quota->burst = scaled(quota->burst, factor);
}

/* Make a table for about so many keys at once (rounded up). NULL when memory or entropy lacks. */
SklLimiter *
skl_limiter_create(size_t slots)
{
	SklLimiter *limiter = calloc(1, sizeof(SklLimiter));
	size_t buckets = 64;

	if (limiter == NULL)
		return NULL;
	while (buckets * BUCKET_SLOTS < slots)
		buckets *= 2;
	limiter->mask = buckets - 1;
	limiter->buckets = aligned_alloc(sizeof(Bucket), buckets * sizeof(Bucket));
	if (limiter->buckets == NULL ||
		RAND_bytes((unsigned char *) limiter->secret, sizeof(limiter->secret)) != 1)
	{
		skl_limiter_free(limiter);
		return NULL;
	}
	memset((void *) limiter->buckets, 0, buckets * sizeof(Bucket));
	return limiter;
}

void
skl_limiter_free(SklLimiter *limiter)
{
	if (limiter != NULL)
		free(limiter->buckets);
	free(limiter);
}

/* How often a live key had to leave a full bucket. */
uint64_t
skl_limiter_evictions(const SklLimiter *limiter)
{
	return atomic_load_explicit(&limiter->evictions, memory_order_relaxed);
}

static uint64_t
rotate(uint64_t value, int bits)
{
	return (value << bits) | (value >> (64 - bits));
}

#define SIP_ROUND(v)                    \
	do                                  \
	{                                   \
		v[0] += v[1];                   \
		v[1] = rotate(v[1], 13) ^ v[0]; \
		v[0] = rotate(v[0], 32);        \
		v[2] += v[3];                   \
		v[3] = rotate(v[3], 16) ^ v[2]; \
		v[0] += v[3];                   \
		v[3] = rotate(v[3], 21) ^ v[0]; \
		v[2] += v[1];                   \
		v[1] = rotate(v[1], 17) ^ v[2]; \
		v[2] = rotate(v[2], 32);        \
	} while (0)

/* SipHash-2-4 (Aumasson and Bernstein, 2012) of a short key, with the first byte given apart. */
static uint64_t
hash_key(const uint64_t secret[2], uint8_t class, const void *key, size_t length)
{
	uint64_t v[4] = {secret[0] ^ 0x736f6d6570736575ULL, secret[1] ^ 0x646f72616e646f6dULL,
					 secret[0] ^ 0x6c7967656e657261ULL, secret[1] ^ 0x7465646279746573ULL};
	const uint8_t *bytes = key;
	uint64_t word = class;
	int shift = 8;

	for (size_t i = 0; i <= length; i++)
	{
		bool last = i == length;

		word |= (uint64_t) (last ? (uint8_t) (length + 1) : bytes[i]) << (last ? 56 : shift);
		shift += 8;
		if (shift == 64 || last)
		{
			v[3] ^= word;
			SIP_ROUND(v);
			SIP_ROUND(v);
			v[0] ^= word;
			word = 0;
			shift = 0;
		}
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		SIP_ROUND(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Enter a key that the bucket does not hold: into a slot that says nothing any more, or else
 * into the one that would soonest. The caller holds the lock. */
static _Atomic uint64_t *
enter_locked(SklLimiter *limiter, Bucket *bucket, uint64_t tag, uint64_t now)
{
	for (;;)
	{
		_Atomic uint64_t *best = NULL;
		uint64_t best_word = 0;

		for (int i = 0; i < BUCKET_SLOTS; i++)
		{
			uint64_t word = atomic_load(&bucket->slot[i]);

			if (word >> TAT_BITS == tag)
				return &bucket->slot[i];
			if (best == NULL || (word & TAT_MASK) < (best_word & TAT_MASK))
			{
				best = &bucket->slot[i];
				best_word = word;
			}
		}
		if (atomic_compare_exchange_strong(best, &best_word, tag << TAT_BITS))
		{
			if ((best_word & TAT_MASK) > now)
				atomic_fetch_add_explicit(&limiter->evictions, 1, memory_order_relaxed);
			return best;
		}
	}
}

/* Find the slot of a key, or enter it. */
static _Atomic uint64_t *
find_slot(SklLimiter *limiter, Bucket *bucket, uint64_t tag, uint64_t now)
{
	_Atomic uint64_t *slot;

	for (int i = 0; i < BUCKET_SLOTS; i++)
		if (atomic_load(&bucket->slot[i]) >> TAT_BITS == tag)
			return &bucket->slot[i];
	while (atomic_flag_test_and_set_explicit(&bucket->lock, memory_order_acquire))
		sched_yield();
	slot = enter_locked(limiter, bucket, tag, now);
	atomic_flag_clear_explicit(&bucket->lock, memory_order_release);
	return slot;
}

static uint32_t
units_to_seconds(uint64_t units)
{
	return (uint32_t) ((units + UNITS_PER_S - 1) / UNITS_PER_S);
}

/* Fill the result from the time that the key is ahead of now. All times in units. */
static void
describe(SklVerdict *result, uint64_t ahead, uint64_t capacity, uint64_t step, uint64_t charge)
{
	uint64_t left = ahead < capacity ? capacity - ahead : 0;

	result->remaining = (uint32_t) (left / step);
	result->reset_s = units_to_seconds(ahead);
	if (!result->allowed)
		result->retry_after_s = units_to_seconds(ahead + charge - capacity);
	if (!result->allowed && result->retry_after_s == 0)
		result->retry_after_s = 1;
}

/*
 * Charge cost requests to a key, if they fit. now_us comes from the monotonic clock. The key is
 * any bytes; the class is part of it. A cost above the burst never passes.
 */
void
skl_limiter_take(SklLimiter *limiter, SklQuotaClass class, const SklQuota *quota, const void *key,
				 size_t key_length, uint32_t cost, uint64_t now_us, SklVerdict *result)
{
	uint64_t now = now_us / UNIT_US;
	uint64_t hash, tag, step, capacity, charge;
	Bucket *bucket;

	memset(result, 0, sizeof(*result));
	result->name = class_names[class];
	result->allowed = true;
	if (quota->burst == 0)
		return;
	step = (uint64_t) quota->period_s * UNITS_PER_S / quota->count;
	step = step > 0 ? step : 1;
	capacity = step * quota->burst;
	charge = step * cost;
	result->limited = true;
	result->limit = quota->burst;
	result->window_s = units_to_seconds(capacity);
	hash = hash_key(limiter->secret, (uint8_t) class, key, key_length);
	tag = (hash >> TAT_BITS) | 1; /* never 0, which marks an empty slot */
	bucket = &limiter->buckets[hash & limiter->mask];
	for (;;)
	{
		_Atomic uint64_t *slot = find_slot(limiter, bucket, tag, now);
		uint64_t word = atomic_load(slot);
		uint64_t tat = word & TAT_MASK;
		uint64_t ahead = tat > now ? tat - now : 0;

		if (word >> TAT_BITS != tag)
			continue; /* evicted between the two looks */
		result->allowed = ahead + charge <= capacity;
		if (!result->allowed)
		{
			describe(result, ahead, capacity, step, charge);
			return;
		}
		if (atomic_compare_exchange_strong(slot, &word,
										   (tag << TAT_BITS) | ((now + ahead + charge) & TAT_MASK)))
		{
			describe(result, ahead + charge, capacity, step, charge);
			return;
		}
	}
}

/* "name";q=1;w=2 */
static void
put_item(char *at, const char *name, const char *first, uint32_t a, const char *second, uint32_t b)
{
	*at++ = '"';
	at = skl_put_text(at, name);
	*at++ = '"';
	at = skl_put_number(skl_put_text(at, first), a);
	at = skl_put_number(skl_put_text(at, second), b);
	*at = '\0';
}

/*
 * Hand the headers of a verdict to the sink: X-RateLimit-* (Reset in seconds since the epoch), and
 * RateLimit and RateLimit-Policy as structured fields (draft-ietf-httpapi-ratelimit-headers). A
 * refusal also gets Retry-After.
 */
void
skl_quota_headers(const SklVerdict *result, int64_t unix_now, SklHeaderSink sink, void *context)
{
	char value[96];

	if (!result->limited)
		return;
	*skl_put_number(value, result->limit) = '\0';
	sink(context, "X-RateLimit-Limit", value);
	*skl_put_number(value, result->remaining) = '\0';
	sink(context, "X-RateLimit-Remaining", value);
	*skl_put_number(value, (uint64_t) unix_now + result->reset_s) = '\0';
	sink(context, "X-RateLimit-Reset", value);
	put_item(value, result->name, ";q=", result->limit, ";w=", result->window_s);
	sink(context, "RateLimit-Policy", value);
	put_item(value, result->name, ";r=", result->remaining,
			 ";t=", result->allowed ? result->reset_s : result->retry_after_s);
	sink(context, "RateLimit", value);
	if (!result->allowed)
	{
		snprintf(value, sizeof(value), "%u", result->retry_after_s);
		sink(context, "Retry-After", value);
	}
}
