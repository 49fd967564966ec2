/*
 * core/fire.c
 *		The state machine engine.
 *
 * fire() → lock row → transition of (state, event) → actor → guard → permit + UPDATE → effect →
 * event → timers, all in the caller's transaction. The trigger of core/state_guard.c lets a state
 * through only while the permit of this very change stands.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/events.h"
#include "core/fire.h"
#include "core/id.h"
#include "core/policy.h"
#include "core/request.h"
#include "core/state.h"
#include "core/state_guard.h"
#include "core/wake.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#define MAX_GUARDS 128
#define MAX_EFFECTS 256
#define MAX_AUDIENCE 4

static struct
{
	const char *name;
	SklGuard guard;
} guards[MAX_GUARDS];
static int nguards = 0;

static struct
{
	const char *machine;
	const char *event;
	SklEffect effect;
} effects[MAX_EFFECTS];
static int neffects = 0;

static SklActsFor acts_for_organisation = NULL;

PG_FUNCTION_INFO_V1(skl_fn_fire);
PG_FUNCTION_INFO_V1(skl_fn_fire_system);
PG_FUNCTION_INFO_V1(skl_fn_fire_timer);
PG_FUNCTION_INFO_V1(skl_fn_schedule);

void
skl_register_guard(const char *name, SklGuard guard)
{
	if (nguards == MAX_GUARDS)
		elog(ERROR, "too many guards");
	guards[nguards].name = name;
	guards[nguards++].guard = guard;
}

void
skl_register_effect(const char *machine, const char *event, SklEffect effect)
{
	if (neffects == MAX_EFFECTS)
		elog(ERROR, "too many effects");
	effects[neffects].machine = machine;
	effects[neffects].event = event;
	effects[neffects++].effect = effect;
}

void
skl_register_acts_for(SklActsFor acts_for)
{
	acts_for_organisation = acts_for;
}

Datum
skl_fire_datum(const SklFire *fire, const char *column, bool *isnull)
{
	int attnum = SPI_fnumber(fire->desc, column);

	if (attnum <= 0)
		elog(ERROR, "machine \"%s\" has no column \"%s\"", fire->machine->name, column);
	return SPI_getbinval(fire->row, fire->desc, attnum, isnull);
}

char *
skl_fire_text(const SklFire *fire, const char *column)
{
	int attnum = SPI_fnumber(fire->desc, column);

	if (attnum <= 0)
		elog(ERROR, "machine \"%s\" has no column \"%s\"", fire->machine->name, column);
	return SPI_getvalue(fire->row, fire->desc, attnum);
}

bool
skl_fire_uuid(const SklFire *fire, const char *column, pg_uuid_t *value)
{
	bool isnull;
	Datum datum = skl_fire_datum(fire, column, &isnull);

	if (!isnull)
		memcpy(value, DatumGetPointer(datum), sizeof(*value));
	return !isnull;
}

int64
skl_fire_int64(const SklFire *fire, const char *column)
{
	char *digits = skl_fire_text(fire, column);

	if (digits == NULL)
		elog(ERROR, "column \"%s\" of machine \"%s\" is NULL", column, fire->machine->name);
	return DatumGetInt64(DirectFunctionCall1(int8in, CStringGetDatum(digits)));
}

char *
skl_fire_payload(const SklFire *fire, const char *key)
{
	return skl_policy_pinned(fire->payload, key);
}

/* True when a column of that name exists and holds the user of the request. */
static bool
caller_is(const SklFire *fire, const SklRequest *request, const char *column)
{
	bool isnull;
	int attnum = SPI_fnumber(fire->desc, column);
	Datum value;

	if (attnum <= 0 || request == NULL || !request->has_user)
		return false;
	value = SPI_getbinval(fire->row, fire->desc, attnum, &isnull);
	return !isnull && memcmp(DatumGetPointer(value), &request->user_id, UUID_LEN) == 0;
}

/* The client of a row is its client_id, or who acts for the organisation that it belongs to. */
static bool
caller_is_client(const SklFire *fire, const SklRequest *request)
{
	int attnum = SPI_fnumber(fire->desc, "organisation_id");
	bool isnull = true;

	if (attnum > 0)
		(void) SPI_getbinval(fire->row, fire->desc, attnum, &isnull);
	if (isnull)
		return caller_is(fire, request, "client_id");
	return acts_for_organisation != NULL && request != NULL && request->has_user &&
		   acts_for_organisation(fire);
}

/* Every part that the caller plays towards this row. */
static int
caller_actors(const SklFire *fire)
{
	const SklRequest *request = skl_request();
	int actors = 0;

	if (caller_is(fire, request, "freelancer_id"))
		actors |= SKL_ACTOR_FREELANCER;
	else if (caller_is_client(fire, request))
		actors |= SKL_ACTOR_CLIENT;
	if (caller_is(fire, request, "user_id"))
		actors |= SKL_ACTOR_OWNER;
	if (skl_request_has_role(SKL_ROLES_STAFF))
		actors |= SKL_ACTOR_STAFF;
	return actors;
}

/* Raises INVALID_STATE with the state and what this caller could do in it. */
static void
pg_attribute_noreturn() fail_invalid_state(const SklFire *fire, int actors)
{
	StringInfoData details;
	bool first = true;

	initStringInfo(&details);
	appendStringInfoString(&details, "{\"state\": ");
	escape_json(&details, fire->from);
	appendStringInfoString(&details, ", \"allowed\": [");
	for (int i = 0; i < fire->machine->ntransitions; i++)
	{
		const SklTransition *t = &fire->machine->transitions[i];

		if (strcmp(t->from, fire->from) != 0 || (t->actors & actors) == 0)
			continue;
		if (!first)
			appendStringInfoString(&details, ", ");
		first = false;
		escape_json(&details, t->event);
	}
	appendStringInfoString(&details, "]}");
	skl_fail_json(SKL_ERR_INVALID_STATE, details.data, "%s is not possible while the %s is %s",
				  fire->event, fire->machine->aggregate, fire->from);
}

static const SklTransition *
find_transition(const SklFire *fire)
{
	for (int i = 0; i < fire->machine->ntransitions; i++)
	{
		const SklTransition *t = &fire->machine->transitions[i];

		if (strcmp(t->from, fire->from) == 0 && strcmp(t->event, fire->event) == 0)
			return t;
	}
	return NULL;
}

/* Locks the row and keeps a copy of it that outlives SPI's results. */
static void
lock_row(SklFire *fire, SklMachine *machine)
{
	Datum args[1] = {UUIDPGetDatum(&fire->id)};

	if (skl_spi_exec(&machine->lock, args, NULL) != 1)
		skl_fail(SKL_ERR_RESOURCE_NOT_FOUND);
	fire->row = heap_copytuple(SPI_tuptable->vals[0]);
	fire->desc = CreateTupleDescCopy(SPI_tuptable->tupdesc);
	fire->from = skl_fire_text(fire, "state");
}

/* Finds the transition and checks that the caller may fire it. */
static const SklTransition *
choose_transition(SklFire *fire, bool system)
{
	int actors = system ? SKL_ACTOR_SYSTEM : caller_actors(fire);
	const SklTransition *t;

	if (actors == 0)
		skl_fail(SKL_ERR_RESOURCE_NOT_FOUND);
	t = find_transition(fire);
	if (t == NULL)
		fail_invalid_state(fire, actors);
	if ((t->actors & actors) == 0)
		skl_fail(SKL_ERR_PERMISSION_DENIED);
	fire->to = t->to;
	/* The most particular part names the actor: a party before staff. */
	fire->actor = (SklActor) (1 << (ffs(t->actors & actors) - 1));
	return t;
}

static void
check_guard(const SklFire *fire, const char *name)
{
	if (name == NULL)
		return;
	for (int i = 0; i < nguards; i++)
	{
		if (strcmp(guards[i].name, name) == 0)
		{
			if (!guards[i].guard(fire))
				skl_fail(SKL_ERR_INVALID_STATE);
			return;
		}
	}
	elog(ERROR, "there is no guard \"%s\"", name);
}

static void
set_state(const SklFire *fire, SklMachine *machine)
{
	Datum args[3] = {UUIDPGetDatum(&fire->id), CStringGetTextDatum(fire->to),
					 TimestampTzGetDatum(skl_now())};

	skl_permit_state(machine->relid, &fire->id, fire->from, fire->to);
	if (skl_spi_exec(&machine->update, args, NULL) != 1)
		elog(ERROR, "the row of machine \"%s\" is gone", machine->name);
	skl_permit_none();
}

static void
run_effects(const SklFire *fire)
{
	for (int i = 0; i < neffects; i++)
	{
		if (strcmp(effects[i].machine, fire->machine->name) == 0 &&
			strcmp(effects[i].event, fire->event) == 0)
			effects[i].effect(fire);
	}
}

/* Appends "camelCase": for a column's name; the row's own id is named after the aggregate. */
static void
append_id_key(StringInfo out, const SklFire *fire, const char *column)
{
	bool upper = false;

	appendStringInfoChar(out, '"');
	if (strcmp(column, "id") == 0)
		appendStringInfo(out, "%sId", fire->machine->aggregate);
	else
	{
		for (const char *p = column; *p != '\0'; p++)
		{
			if (*p == '_')
				upper = true;
			else
			{
				appendStringInfoChar(out, upper ? (char) pg_toupper((unsigned char) *p) : *p);
				upper = false;
			}
		}
	}
	appendStringInfoString(out, "\": ");
}

static bool
names_an_id(const char *column)
{
	size_t len = strlen(column);

	return strcmp(column, "id") == 0 || (len > 3 && strcmp(column + len - 3, "_id") == 0);
}

/* The data of the event: every id of the row, the step taken, and the payload's members. */
static char *
event_data(const SklFire *fire)
{
	StringInfoData out;
	char *payload = JsonbToCString(NULL, &fire->payload->root, VARSIZE(fire->payload));

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	for (int i = 0; i < fire->desc->natts; i++)
	{
		const char *column = NameStr(TupleDescAttr(fire->desc, i)->attname);
		char *value;

		if (TupleDescAttr(fire->desc, i)->attisdropped || !names_an_id(column))
			continue;
		value = SPI_getvalue(fire->row, fire->desc, i + 1);
		if (value == NULL)
			continue;
		append_id_key(&out, fire, column);
		escape_json(&out, value);
		appendStringInfoString(&out, ", ");
	}
	appendStringInfoString(&out, "\"from\": ");
	escape_json(&out, fire->from);
	appendStringInfoString(&out, ", \"state\": ");
	escape_json(&out, fire->to);
	/* "{}" has no members to add; otherwise the object's inside follows. */
	if (strcmp(payload, "{}") != 0)
		appendStringInfo(&out, ", %s", payload + 1);
	else
		appendStringInfoChar(&out, '}');
	return out.data;
}

/* The users named by the row, each once. */
static int
audience_of(const SklFire *fire, pg_uuid_t *audience)
{
	static const char *const columns[MAX_AUDIENCE] = {"client_id", "freelancer_id", "user_id",
													  "reviewee_id"};
	int n = 0;

	for (int i = 0; i < MAX_AUDIENCE; i++)
	{
		bool known = false;

		if (SPI_fnumber(fire->desc, columns[i]) <= 0 ||
			!skl_fire_uuid(fire, columns[i], &audience[n]))
			continue;
		for (int k = 0; k < n; k++)
			known = known || memcmp(&audience[k], &audience[n], UUID_LEN) == 0;
		if (!known)
			n++;
	}
	return n;
}

/* Runs the effects and appends the event of the transition, from which theirs follow. */
static void
run_and_emit(const SklFire *fire, const char *type)
{
	pg_uuid_t audience[MAX_AUDIENCE];
	SklCauseFrame outer;
	pg_uuid_t id;

	if (type == NULL)
	{
		run_effects(fire);
		return;
	}
	skl_new_id(&id);
	outer = skl_cause_enter(&id);
	run_effects(fire);
	skl_cause_leave(&outer);
	skl_emit_as(&id, type, fire->machine->aggregate, &fire->id, event_data(fire), audience,
				audience_of(fire, audience));
}

/* How long a state lasts: as pinned to the row, else as the policy says now. */
static Interval *
timer_interval(const SklFire *fire, const SklTimer *timer)
{
	bool isnull;

	if (SPI_fnumber(fire->desc, "policy") > 0)
	{
		Datum pinned = skl_fire_datum(fire, "policy", &isnull);
		char *duration =
			isnull ? NULL : skl_policy_pinned(DatumGetJsonbP(pinned), timer->policy_key);

		if (duration != NULL)
			return skl_policy_parse_interval(duration);
	}
	return skl_policy_interval(timer->policy_key);
}

void
skl_schedule(const char *machine, const pg_uuid_t *id, const char *event, TimestampTz due_at)
{
	static SklStmt stmt =
		SKL_STMT("INSERT INTO skillancer.due (machine, id, event, due_at, correlation_id,"
				 " causation_id) VALUES ($1, $2, $3, $4, $5, $6)"
				 " ON CONFLICT (id, machine, event) DO UPDATE SET due_at = excluded.due_at,"
				 " correlation_id = excluded.correlation_id, causation_id = excluded.causation_id,"
				 " attempts = 0, last_error = NULL, parked_at = NULL",
				 TEXTOID, UUIDOID, TEXTOID, TIMESTAMPTZOID, TEXTOID, UUIDOID);
	char nulls[] = "      ";
	Datum args[6] = {CStringGetTextDatum(machine), UUIDPGetDatum(id), CStringGetTextDatum(event),
					 TimestampTzGetDatum(due_at)};

	skl_cause_of_timer(&args[4], &nulls[4]);
	skl_spi_connect();
	skl_spi_exec(&stmt, args, nulls);
	skl_spi_finish();
	skl_wake(SKL_WAKE_TIMEKEEPER);
}

/* Timers belong to the state: one that goes on keeps its own. */
static bool
keeps_timers(const SklFire *fire)
{
	return fire->machine->ntimers == 0 || strcmp(fire->from, fire->to) == 0;
}

/* What follows from a timer follows from the event that set it. */
static void
take_cause(uint64 row)
{
	bool isnull;
	Datum event = skl_spi_value(row, 3, &isnull);

	skl_cause_set(isnull ? NULL : DatumGetUUIDP(event), skl_spi_text(row, 2));
}

/*
 * Drops the timers of the state that was left, before effects set some of their own. A timer is
 * read before the row is locked: when it was dropped or set anew meanwhile, its time has not come.
 */
static void
clear_timers(const SklFire *fire, bool by_timer)
{
	static SklStmt clear =
		SKL_STMT("DELETE FROM skillancer.due WHERE id = $1 AND machine = $2"
				 " RETURNING event = $3 AND due_at <= $4, correlation_id, causation_id",
				 UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID);
	static SklStmt look = SKL_STMT("SELECT d.event = $3 AND d.due_at <= $4, d.correlation_id,"
								   " d.causation_id FROM skillancer.due d"
								   " WHERE d.id = $1 AND d.machine = $2",
								   UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID);
	Datum args[4] = {UUIDPGetDatum(&fire->id), CStringGetTextDatum(fire->machine->name),
					 CStringGetTextDatum(fire->event), TimestampTzGetDatum(skl_now())};
	uint64 n;
	bool isnull;

	if (keeps_timers(fire) && !by_timer)
		return;
	n = skl_spi_exec(keeps_timers(fire) ? &look : &clear, args, NULL);
	for (uint64 i = 0; by_timer && i < n; i++)
	{
		by_timer = !DatumGetBool(skl_spi_value(i, 1, &isnull));
		if (!by_timer)
			take_cause(i);
	}
	if (by_timer)
		skl_failf(SKL_ERR_INVALID_STATE, "the time for this has not come");
}

/* Sets the timers of the state that was entered. */
static void
set_timers(const SklFire *fire)
{
	if (keeps_timers(fire))
		return;
	for (int i = 0; i < fire->machine->ntimers; i++)
	{
		const SklTimer *timer = &fire->machine->timers[i];

		if (strcmp(timer->state, fire->to) == 0)
			skl_schedule(fire->machine->name, &fire->id, timer->event,
						 skl_now_plus(timer_interval(fire, timer)));
	}
}

static void
audit_staff(const SklFire *fire)
{
	StringInfoData before;
	StringInfoData after;
	char *payload = JsonbToCString(NULL, &fire->payload->root, VARSIZE(fire->payload));

	if (fire->actor != SKL_ACTOR_STAFF)
		return;
	initStringInfo(&before);
	initStringInfo(&after);
	appendStringInfoString(&before, "{\"state\": ");
	escape_json(&before, fire->from);
	appendStringInfoChar(&before, '}');
	appendStringInfoString(&after, "{\"state\": ");
	escape_json(&after, fire->to);
	appendStringInfo(&after, ", \"payload\": %s}", payload);
	skl_audit(psprintf("%s.%s", fire->machine->name, fire->event), fire->machine->aggregate,
			  &fire->id, before.data, after.data);
}

static const char *
fire_by(const char *machine_name, const pg_uuid_t *id, const char *event, Jsonb *payload,
		bool system, bool timer)
{
	SklMachine *machine = skl_machine(machine_name);
	const SklTransition *transition;
	SklFire fire = {0};

	check_stack_depth();
	skl_state_check();
	fire.machine = machine;
	fire.id = *id;
	fire.event = event;
	fire.payload = payload;
	skl_spi_connect();
	lock_row(&fire, machine);
	transition = choose_transition(&fire, system);
	check_guard(&fire, transition->guard);
	set_state(&fire, machine);
	clear_timers(&fire, timer);
	run_and_emit(&fire, transition->emits);
	set_timers(&fire);
	audit_staff(&fire);
	if (timer)
		skl_cause_set(NULL, NULL);
	skl_spi_finish();
	return transition->to;
}

const char *
skl_fire(const char *machine, const pg_uuid_t *id, const char *event, Jsonb *payload, bool system)
{
	return fire_by(machine, id, event, payload, system, false);
}

const char *
skl_fire_timer(const char *machine, const pg_uuid_t *id, const char *event)
{
	Jsonb *nothing = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));

	return fire_by(machine, id, event, nothing, true, true);
}

static Datum
fire_from_sql(FunctionCallInfo fcinfo, bool system)
{
	Jsonb *payload = PG_GETARG_JSONB_P(3);

	if (!JB_ROOT_IS_OBJECT(payload))
		elog(ERROR, "the payload of an event must be an object");
	return CStringGetTextDatum(skl_fire(text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_GETARG_UUID_P(1),
										text_to_cstring(PG_GETARG_TEXT_PP(2)), payload, system));
}

/* fire(machine, id, event, payload) returns text: the new state. */
Datum
skl_fn_fire(PG_FUNCTION_ARGS)
{
	return fire_from_sql(fcinfo, false);
}

/* fire_system(machine, id, event, payload) returns text: as the marketplace itself. */
Datum
skl_fn_fire_system(PG_FUNCTION_ARGS)
{
	return fire_from_sql(fcinfo, true);
}

/* fire_timer(machine, id, event) returns text: as fire_system(), if the timer is still due. */
Datum
skl_fn_fire_timer(PG_FUNCTION_ARGS)
{
	return CStringGetTextDatum(skl_fire_timer(text_to_cstring(PG_GETARG_TEXT_PP(0)),
											  PG_GETARG_UUID_P(1),
											  text_to_cstring(PG_GETARG_TEXT_PP(2))));
}

/* schedule(machine, id, event, due_at). */
Datum
skl_fn_schedule(PG_FUNCTION_ARGS)
{
	skl_schedule(text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_GETARG_UUID_P(1),
				 text_to_cstring(PG_GETARG_TEXT_PP(2)), PG_GETARG_TIMESTAMPTZ(3));
	PG_RETURN_VOID();
}
