/*
 * notification/presence.c
 *		Who is there, and signals that nobody keeps: presence and typing.
 *
 * Bridges say every few seconds whose streams they hold (presence_mark); who is not named for a
 * while is gone. A signal is one line for one user in a ring of shared memory, written at once and
 * read by every bridge by its number (signal_lines), after the notifier, which each signal wakes,
 * has told them to look. Nothing of this touches a table or takes a transaction id. A crash or a
 * ring that has gone round loses signals, which is what they are for. Without preloading there is
 * no shared memory, nobody is there and nothing is told.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/shared_area.h"
#include "core/wake.h"
#include "notification/presence.h"

#include "funcapi.h"
#include "catalog/pg_type_d.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(skl_fn_presence_mark);
PG_FUNCTION_INFO_V1(skl_fn_is_online);
PG_FUNCTION_INFO_V1(skl_fn_signal_put);
PG_FUNCTION_INFO_V1(skl_fn_signal_lines);
PG_FUNCTION_INFO_V1(skl_fn_signal_position);
PG_FUNCTION_INFO_V1(skl_fn_signal_news);
PG_FUNCTION_INFO_V1(skl_fn_typing_pass);

#define SIGNALS 8192
#define PEOPLE 16384	   /* whoever comes when so many are there is not seen to be */
#define TYPISTS 4096	   /* slots of people who type; two in one push each other out */
#define TYPING_MS 3000	   /* one who goes on typing is told of again after this time */
#define FLIP_MS 1000	   /* one change between typing and not typing takes so much of ... */
#define FLIP_BURST_MS 5000 /* ... what one may do at once */

/* One line for one user. */
typedef struct Signal
{
	Oid dboid;
	bool is_on;
	bool has_conversation; /* typing there, else presence */
	pg_uuid_t to;
	pg_uuid_t about;
	pg_uuid_t conversation;
} Signal;

/* Who types where, and how often it was told. */
typedef struct Typist
{
	uint64 key; /* hash of database, user and conversation; 0: nobody */
	bool is_typing;
	TimestampTz told_at;
	TimestampTz spent_until; /* GCRA: the theoretical arrival time */
} Typist;

typedef struct SignalRing
{
	uint64
		next; /* number of the next signal; begins at the time of the start, so it always rises */
	Signal signals[SIGNALS];
	Typist typists[TYPISTS];
} SignalRing;

typedef struct PersonKey
{
	Oid dboid;
	pg_uuid_t user;
} PersonKey;

typedef struct Person
{
	PersonKey key;
	TimestampTz until;
} Person;

/* Somebody who came or went. */
typedef struct Change
{
	pg_uuid_t user;
	bool is_online;
} Change;

static SignalRing *ring = NULL;
static HTAB *people = NULL;

static void
set_up(const SklSharedArea *made, bool is_new)
{
	HASHCTL control = {.keysize = sizeof(PersonKey), .entrysize = sizeof(Person)};

	ring = made->memory;
	if (is_new)
		ring->next = (uint64) GetCurrentTimestamp();
	people = ShmemInitHash("skillancer people", PEOPLE, PEOPLE, &control, HASH_ELEM | HASH_BLOBS);
}

static SklSharedArea area = {
	.name = "skillancer presence", .size = sizeof(SignalRing), .set_up = set_up};

void
skl_presence_init(void)
{
	area.more = hash_estimate_size(PEOPLE, sizeof(Person));
	skl_shared_area(&area);
}

/* ---- presence ---- */

static PersonKey
person_key(const pg_uuid_t *user)
{
	PersonKey key;

	memset(&key, 0, sizeof(key));
	key.dboid = MyDatabaseId;
	key.user = *user;
	return key;
}

/* Notes that somebody is there; true: was not before, and there was room. */
static bool
mark(const pg_uuid_t *user, TimestampTz until)
{
	PersonKey key = person_key(user);
	Person *person = hash_search(people, &key, HASH_FIND, NULL);
	bool is_new = person == NULL;

	if (is_new && hash_get_num_entries(people) < PEOPLE)
		person = hash_search(people, &key, HASH_ENTER_NULL, NULL);
	if (person == NULL)
		return false;
	person->until = until;
	return is_new;
}

/* Takes out those of this database whose time is over; returns how many changes there are then. */
static int
remove_absent(TimestampTz now, Change *changes, int count, int room)
{
	HASH_SEQ_STATUS status;
	Person *person;

	hash_seq_init(&status, people);
	while ((person = hash_seq_search(&status)) != NULL)
	{
		if (person->key.dboid != MyDatabaseId || person->until > now || count == room)
			continue;
		changes[count].user = person->key.user;
		changes[count++].is_online = false;
		hash_search(people, &person->key, HASH_REMOVE, NULL);
	}
	return count;
}

/* presence_mark(users uuid[], keep_ms integer) returns (user_id, is_online) of those who came or
 * went. */
Datum
skl_fn_presence_mark(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	int64 keep_ms = Max(PG_GETARG_INT32(1), 1000);
	TimestampTz now = GetCurrentTimestamp();
	Datum *users;
	bool *nulls;
	int given;
	int count = 0;
	Change *changes;

	InitMaterializedSRF(fcinfo, 0);
	if (ring == NULL)
		return (Datum) 0;
	deconstruct_array(array, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &users, &nulls, &given);
	changes = palloc(sizeof(Change) * (given + PEOPLE));
	LWLockAcquire(area.lock, LW_EXCLUSIVE);
	for (int i = 0; i < given; i++)
	{
		if (nulls[i] || !mark(DatumGetUUIDP(users[i]), now + keep_ms * 1000))
			continue;
		changes[count].user = *DatumGetUUIDP(users[i]);
		changes[count++].is_online = true;
	}
	count = remove_absent(now, changes, count, given + PEOPLE);
	LWLockRelease(area.lock);
	for (int i = 0; i < count; i++)
	{
		Datum values[2] = {UUIDPGetDatum(&changes[i].user), BoolGetDatum(changes[i].is_online)};
		bool none[2] = {false, false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, none);
	}
	return (Datum) 0;
}

/* is_online(user uuid): whether a bridge named him within the last seconds. */
Datum
skl_fn_is_online(PG_FUNCTION_ARGS)
{
	PersonKey key = person_key(PG_GETARG_UUID_P(0));
	bool found;

	if (ring == NULL)
		PG_RETURN_BOOL(false);
	LWLockAcquire(area.lock, LW_SHARED);
	hash_search(people, &key, HASH_FIND, &found);
	LWLockRelease(area.lock);
	PG_RETURN_BOOL(found);
}

/* ---- signals ---- */

/*
 * signal_put(to uuid[], about uuid, conversation uuid, is_on boolean); no conversation: presence.
 */
Datum
skl_fn_signal_put(PG_FUNCTION_ARGS)
{
	Signal signal;
	Datum *to;
	bool *nulls;
	int count;

	if (ring == NULL || PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		PG_RETURN_VOID();
	memset(&signal, 0, sizeof(signal));
	signal.dboid = MyDatabaseId;
	signal.about = *PG_GETARG_UUID_P(1);
	signal.has_conversation = !PG_ARGISNULL(2);
	if (signal.has_conversation)
		signal.conversation = *PG_GETARG_UUID_P(2);
	signal.is_on = PG_GETARG_BOOL(3);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &to,
					  &nulls, &count);
	LWLockAcquire(area.lock, LW_EXCLUSIVE);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			continue;
		signal.to = *DatumGetUUIDP(to[i]);
		ring->signals[ring->next++ % SIGNALS] = signal;
	}
	LWLockRelease(area.lock);
	skl_wake(SKL_WAKE_NOTIFIER);
	PG_RETURN_VOID();
}

/* The oldest number behind one that is still in the ring. */
static uint64
first_behind(uint64 after)
{
	return Max(after + 1, ring->next - SIGNALS);
}

/* signal_lines(after bigint) returns (signal, recipient, user_id, conversation_id, is_on). */
Datum
skl_fn_signal_lines(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	uint64 after = (uint64) Max(PG_GETARG_INT64(0), 0);
	Signal *signals;
	uint64 first;
	uint64 count = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (ring == NULL)
		return (Datum) 0;
	signals = palloc(sizeof(Signal) * SIGNALS);
	LWLockAcquire(area.lock, LW_SHARED);
	first = first_behind(after);
	for (uint64 at = first; at < ring->next; at++)
		signals[count++] = ring->signals[at % SIGNALS];
	LWLockRelease(area.lock);
	for (uint64 i = 0; i < count; i++)
	{
		Signal *signal = &signals[i];
		Datum values[5] = {Int64GetDatum((int64) (first + i)), UUIDPGetDatum(&signal->to),
						   UUIDPGetDatum(&signal->about), UUIDPGetDatum(&signal->conversation),
						   BoolGetDatum(signal->is_on)};
		bool nulls[5] = {false, false, false, !signal->has_conversation, false};

		if (signal->dboid == MyDatabaseId)
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* signal_position(): number of the last signal; 0 without shared memory. */
Datum
skl_fn_signal_position(PG_FUNCTION_ARGS)
{
	uint64 last = 0;

	if (ring == NULL)
		PG_RETURN_INT64(0);
	LWLockAcquire(area.lock, LW_SHARED);
	last = ring->next - 1;
	LWLockRelease(area.lock);
	PG_RETURN_INT64((int64) last);
}

/*
 * signal_news(): whether there are signals of this database that this process was not told of yet.
 */
Datum
skl_fn_signal_news(PG_FUNCTION_ARGS)
{
	static uint64 told = 0;
	bool news = false;

	if (ring == NULL)
		PG_RETURN_BOOL(false);
	LWLockAcquire(area.lock, LW_SHARED);
	for (uint64 at = first_behind(told); at < ring->next && !news; at++)
		news = ring->signals[at % SIGNALS].dboid == MyDatabaseId;
	told = ring->next - 1;
	LWLockRelease(area.lock);
	PG_RETURN_BOOL(news);
}

/* ---- typing ---- */

static uint64
typist_key(const pg_uuid_t *user, const pg_uuid_t *conversation)
{
	struct
	{
		Oid dboid;
		pg_uuid_t user;
		pg_uuid_t conversation;
	} key;

	memset(&key, 0, sizeof(key));
	key.dboid = MyDatabaseId;
	key.user = *user;
	key.conversation = *conversation;
	return Max(hash_bytes_extended((const unsigned char *) &key, sizeof(key), 0), 1);
}

/* Whether others are to be told; too_fast when this was too many changes in a short time. */
static bool
typing_news(Typist *typist, bool is_typing, TimestampTz now, bool *too_fast)
{
	TimestampTz spent = Max(typist->spent_until, now);

	if (!is_typing && !typist->is_typing)
		return false;
	if (is_typing && typist->is_typing && now < typist->told_at + TYPING_MS * INT64CONST(1000))
		return false;
	*too_fast = spent > now + FLIP_BURST_MS * INT64CONST(1000);
	if (*too_fast)
		return false;
	typist->spent_until = spent + FLIP_MS * INT64CONST(1000);
	typist->is_typing = is_typing;
	typist->told_at = now;
	return true;
}

/* typing_pass(user uuid, conversation uuid, is_typing boolean): whether others are to be told. */
Datum
skl_fn_typing_pass(PG_FUNCTION_ARGS)
{
	uint64 key = typist_key(PG_GETARG_UUID_P(0), PG_GETARG_UUID_P(1));
	bool too_fast = false;
	bool news;
	Typist *typist;

	if (ring == NULL)
		PG_RETURN_BOOL(false);
	LWLockAcquire(area.lock, LW_EXCLUSIVE);
	typist = &ring->typists[key % TYPISTS];
	if (typist->key != key)
	{
		memset(typist, 0, sizeof(*typist));
		typist->key = key;
	}
	news = typing_news(typist, PG_GETARG_BOOL(2), GetCurrentTimestamp(), &too_fast);
	LWLockRelease(area.lock);
	if (too_fast)
		skl_fail(SKL_ERR_RATE_LIMITED);
	PG_RETURN_BOOL(news);
}
