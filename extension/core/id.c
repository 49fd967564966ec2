/*
 * core/id.c
 *		New identifiers: UUIDv7 from the marketplace's clock.
 *
 * The 12 bits after the version are a counter (RFC 9562, 6.2, method 1): a fresh millisecond starts
 * it at a random place in its lower half, the next id of the same or an earlier millisecond adds
 * one, and when it is used up the time moves one millisecond ahead of the clock.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/id.h"

#include "port.h"

#define COUNTER_MAX 0x0FFF
#define COUNTER_START_MASK 0x07FF

/* Milliseconds from the Unix epoch to PostgreSQL's. */
#define EPOCH_SHIFT_MS \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * INT64CONST(1000))

static int64 last_ms = 0;
static uint32 last_counter = 0;

PG_FUNCTION_INFO_V1(skl_fn_new_id);

/* Moves time and counter on so that they are greater than those of the id before. */
static void
advance(int64 now_ms, uint32 random)
{
	if (now_ms > last_ms)
	{
		last_ms = now_ms;
		last_counter = random & COUNTER_START_MASK;
	}
	else if (last_counter < COUNTER_MAX)
		last_counter++;
	else
	{
		last_ms++;
		last_counter = random & COUNTER_START_MASK;
	}
}

void
skl_new_id(pg_uuid_t *id)
{
	int64 now_ms = skl_instant() / 1000 + EPOCH_SHIFT_MS;
	uint16 random;
	int i;

	if (!pg_strong_random(id->data, UUID_LEN))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
	memcpy(&random, id->data, sizeof(random));
	advance(now_ms, random);
	for (i = 0; i < 6; i++)
		id->data[i] = (unsigned char) (last_ms >> (40 - 8 * i));
	id->data[6] = (unsigned char) (0x70 | last_counter >> 8);
	id->data[7] = (unsigned char) last_counter;
	id->data[8] = (unsigned char) (0x80 | (id->data[8] & 0x3F));
}

/* new_id() returns uuid: a new UUIDv7, ascending within one session. */
Datum
skl_fn_new_id(PG_FUNCTION_ARGS)
{
	pg_uuid_t *id = (pg_uuid_t *) palloc(sizeof(pg_uuid_t));

	skl_new_id(id);
	PG_RETURN_UUID_P(id);
}
