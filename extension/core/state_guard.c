/*
 * core/state_guard.c
 *		The trigger that refuses any state not set by the engine, and the audited door for imports.
 *
 * BEFORE INSERT OR UPDATE, ENABLE ALWAYS, on every table that has a state machine; its argument is
 * the machine's name. It binds everyone, superusers included, so that a state can be trusted to
 * have its event, its posting and its timers.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/events.h"
#include "core/rules.h"
#include "core/state_guard.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/json.h"
#include "utils/rel.h"

static struct
{
	bool active;
	Oid relid;
	pg_uuid_t id;
	char from[SKL_NAME_LEN];
	char to[SKL_NAME_LEN];
} permit;

/* Set by import_begin() until the transaction ends. */
static bool importing = false;

PG_FUNCTION_INFO_V1(skl_fn_state_guard);
PG_FUNCTION_INFO_V1(skl_fn_import_begin);

static void
forget_at_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
	{
		permit.active = false;
		importing = false;
	}
}

static void
forget_at_subabort(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		permit.active = false;
}

void
skl_state_guard_init(void)
{
	RegisterXactCallback(forget_at_end, NULL);
	RegisterSubXactCallback(forget_at_subabort, NULL);
}

void
skl_permit_state(Oid relid, const pg_uuid_t *id, const char *from, const char *to)
{
	permit.relid = relid;
	permit.id = *id;
	strlcpy(permit.from, from, sizeof(permit.from));
	strlcpy(permit.to, to, sizeof(permit.to));
	permit.active = true;
}

void
skl_permit_none(void)
{
	permit.active = false;
}

static bool
is_permitted(Oid relid, Datum id, const char *from, const char *to)
{
	return permit.active && permit.relid == relid &&
		   memcmp(DatumGetPointer(id), &permit.id, UUID_LEN) == 0 &&
		   strcmp(permit.from, from) == 0 && strcmp(permit.to, to) == 0;
}

static char *
state_of(HeapTuple row, TupleDesc desc)
{
	char *state = SPI_getvalue(row, desc, SPI_fnumber(desc, "state"));

	if (state == NULL)
		skl_failf(SKL_ERR_INVALID_STATE, "a state is needed");
	return state;
}

static void
check_insert(TriggerData *data, TupleDesc desc)
{
	const char *name = data->tg_trigger->tgargs[0];
	const SklMachine *machine = skl_machine(name);
	const char *state = state_of(data->tg_trigtuple, desc);

	if (importing ? skl_machine_has_state(machine, state) : skl_machine_is_initial(machine, state))
		return;
	skl_failf(SKL_ERR_INVALID_STATE, "a new %s cannot be %s", machine->aggregate, state);
}

static void
check_update(TriggerData *data, TupleDesc desc)
{
	const char *from = state_of(data->tg_trigtuple, desc);
	const char *to = state_of(data->tg_newtuple, desc);
	bool isnull;
	Datum id = SPI_getbinval(data->tg_newtuple, desc, SPI_fnumber(desc, "id"), &isnull);

	if (strcmp(from, to) == 0)
		return;
	if (isnull || !is_permitted(RelationGetRelid(data->tg_relation), id, from, to))
		skl_failf(SKL_ERR_INVALID_STATE, "a state is changed by fire() only");
}

/* state_guard(machine) trigger. */
Datum
skl_fn_state_guard(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	TupleDesc desc;

	if (!CALLED_AS_TRIGGER(fcinfo) || data->tg_trigger->tgnargs != 1)
		elog(ERROR, "state_guard is a trigger function with the machine's name as argument");
	desc = RelationGetDescr(data->tg_relation);
	if (TRIGGER_FIRED_BY_INSERT(data->tg_event))
	{
		check_insert(data, desc);
		return PointerGetDatum(data->tg_trigtuple);
	}
	check_update(data, desc);
	return PointerGetDatum(data->tg_newtuple);
}

/*
 * import_begin(reason): new rows of this transaction may have any state of their machine. Audited.
 */
Datum
skl_fn_import_begin(PG_FUNCTION_ARGS)
{
	StringInfoData reason;

	initStringInfo(&reason);
	appendStringInfoString(&reason, "{\"reason\": ");
	escape_json(&reason, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	appendStringInfoChar(&reason, '}');
	skl_audit("import.begin", "instance", NULL, NULL, reason.data);
	importing = true;
	PG_RETURN_VOID();
}
