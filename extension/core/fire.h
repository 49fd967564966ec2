/*
 * core/fire.h
 *		The state machine engine: the one way in which a state changes.
 */
#ifndef SKL_CORE_FIRE_H
#define SKL_CORE_FIRE_H

#include "core/rules.h"

#include "access/htup.h"
#include "utils/jsonb.h"

/* One transition on its way: what guards and effects get to see. */
typedef struct SklFire
{
	const SklMachine *machine;
	pg_uuid_t id;
	const char *event;
	const char *from;
	const char *to;
	HeapTuple row; /* as it was before, locked */
	TupleDesc desc;
	Jsonb *payload; /* what the command said; an object, never NULL */
	SklActor actor;
} SklFire;

/* Columns of the row. An unknown column is an error; NULL is an error unless the call says else. */
extern Datum skl_fire_datum(const SklFire *fire, const char *column, bool *isnull);
extern char *skl_fire_text(const SklFire *fire, const char *column); /* NULL for NULL */
extern bool skl_fire_uuid(const SklFire *fire, const char *column, pg_uuid_t *value);
extern int64 skl_fire_int64(const SklFire *fire, const char *column); /* int4 and int8 columns */

/* A member of the payload as text, or NULL. */
extern char *skl_fire_payload(const SklFire *fire, const char *key);

/*
 * A guard decides under the row lock whether a transition is possible now. It returns true, or
 * raises the error that says why not.
 */
typedef bool (*SklGuard)(const SklFire *fire);

/* An effect does what belongs to a transition, after the state is set and before the event. */
typedef void (*SklEffect)(const SklFire *fire);

/*
 * Whether the caller acts as the client of a row that belongs to an organisation; it may raise the
 * error that says why not. Without one registered nobody does.
 */
typedef bool (*SklActsFor)(const SklFire *fire);
extern void skl_register_acts_for(SklActsFor acts_for);

/* Areas register these when the library loads. A guard has a name that transition rows use. */
extern void skl_register_guard(const char *name, SklGuard guard);
extern void skl_register_effect(const char *machine, const char *event, SklEffect effect);

/*
 * Fires an event at one object: locks the row, checks actor and guard, sets the state, runs the
 * effect, appends the event and resets the timers. system: on the marketplace's own behalf (timers,
 * cascades). Returns the new state. Errors: RESOURCE_NOT_FOUND, PERMISSION_DENIED, INVALID_STATE
 * with what is allowed now, and what guard and effect raise.
 */
extern const char *skl_fire(const char *machine, const pg_uuid_t *id, const char *event,
							Jsonb *payload, bool system);

/* The same for a timer: INVALID_STATE when it is not due any more once the row is locked. */
extern const char *skl_fire_timer(const char *machine, const pg_uuid_t *id, const char *event);

/* Schedules an event of a machine at a time of its own; replaces an earlier time. */
extern void skl_schedule(const char *machine, const pg_uuid_t *id, const char *event,
						 TimestampTz due_at);

#endif
