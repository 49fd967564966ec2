/*
 * core/rules.c
 *		The state machines as rows describe them, cached in the backend.
 *
 * A machine is read whole at its first use and kept. Rules change only when the extension is
 * updated; that invalidates the relation skillancer.machine (skl_state_invalidate), and the cache
 * is dropped when the running transaction ends, never under it.
 */
#include "skl.h"

#include "core/rules.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/varlena.h"

typedef struct CachedMachine
{
	struct CachedMachine *next;
	SklMachine machine;
} CachedMachine;

#define MAX_STAMPS 16

static struct
{
	const char *machine;
	const char *state;
	const char *column;
} stamps[MAX_STAMPS];
static int nstamps = 0;

static MemoryContext rules_context = NULL;
static CachedMachine *cached = NULL;
static bool stale = false;
static Oid machine_relid = InvalidOid;

/* Do the cached rules come from this relation? machine stands for all tables of rules. */
static bool
rules_depend_on(Oid relid)
{
	if (relid == machine_relid)
		return true;
	for (CachedMachine *c = cached; c != NULL; c = c->next)
	{
		if (c->machine.relid == relid)
			return true;
	}
	return false;
}

/* Any relation may be a machine's: its row type, or our rules, may have changed. */
static void
relation_changed(Datum arg, Oid relid)
{
	if (relid == InvalidOid || rules_depend_on(relid))
		stale = true;
}

static void
drop_when_idle(XactEvent event, void *arg)
{
	if (!stale || rules_context == NULL)
		return;
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	for (CachedMachine *c = cached; c != NULL; c = c->next)
	{
		skl_spi_forget(&c->machine.lock);
		skl_spi_forget(&c->machine.update);
	}
	cached = NULL;
	stale = false;
	MemoryContextReset(rules_context);
}

void
skl_rules_init(void)
{
	RegisterXactCallback(drop_when_idle, NULL);
}

static char *
keep(const char *s)
{
	return s != NULL ? MemoryContextStrdup(rules_context, s) : NULL;
}

static int
actor_bit(const char *name)
{
	static const struct
	{
		const char *name;
		SklActor bit;
	} actors[] = {
		{"client", SKL_ACTOR_CLIENT}, {"freelancer", SKL_ACTOR_FREELANCER},
		{"owner", SKL_ACTOR_OWNER},	  {"staff", SKL_ACTOR_STAFF},
		{"system", SKL_ACTOR_SYSTEM},
	};

	for (size_t i = 0; i < lengthof(actors); i++)
	{
		if (strcmp(actors[i].name, name) == 0)
			return (int) actors[i].bit;
	}
	elog(ERROR, "transition rows name an unknown actor \"%s\"", name);
}

/* The texts of a text[] value, in rules_context. */
static const char **
texts_of(Datum array, int *n)
{
	Datum *elements;
	bool *nulls;
	const char **texts;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements,
					  &nulls, n);
	texts = MemoryContextAlloc(rules_context, sizeof(char *) * (size_t) Max(*n, 1));
	for (int i = 0; i < *n; i++)
		texts[i] = keep(TextDatumGetCString(elements[i]));
	return texts;
}

void
skl_register_stamp(const char *machine, const char *state, const char *column)
{
	if (nstamps == MAX_STAMPS)
		elog(ERROR, "too many stamps");
	stamps[nstamps].machine = machine;
	stamps[nstamps].state = state;
	stamps[nstamps++].column = column;
}

/* What an UPDATE that sets the state sets besides: "", or assignments of the machine's stamps. */
static char *
stamps_of(const char *machine)
{
	StringInfoData sets;

	initStringInfo(&sets);
	for (int i = 0; i < nstamps; i++)
	{
		const char *column = stamps[i].column;

		if (strcmp(stamps[i].machine, machine) == 0)
			appendStringInfo(&sets, ", %s = CASE WHEN $2 = '%s' THEN $3 ELSE %s END", column,
							 stamps[i].state, column);
	}
	return sets.data;
}

/* Reads the machine's own row and prepares the texts of its two statements. */
static void
load_head(SklMachine *m, const char *name)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT relation, aggregate, initial FROM skillancer.machine WHERE name = $1", TEXTOID);
	Datum args[1] = {CStringGetTextDatum(name)};
	bool isnull;
	const char *relation;
	const char *id_type;
	Oid type;
	int32 typmod;
	Oid collation;

	if (skl_spi_exec(&stmt, args, NULL) != 1)
		elog(ERROR, "there is no state machine \"%s\"", name);
	m->name = keep(name);
	relation = keep(skl_spi_text(0, 1));
	m->aggregate = keep(skl_spi_text(0, 2));
	m->initial = texts_of(skl_spi_value(0, 3, &isnull), &m->ninitial);
	m->relid = RangeVarGetRelid(makeRangeVarFromNameList(stringToQualifiedNameList(relation)),
								NoLock, false);
	get_atttypetypmodcoll(m->relid, get_attnum(m->relid, "id"), &type, &typmod, &collation);
	id_type = format_type_extended(type, -1, FORMAT_TYPE_FORCE_QUALIFY);

	m->lock.sql =
		keep(psprintf("SELECT * FROM %s WHERE id = $1::%s FOR UPDATE", relation, id_type));
	m->lock.nargs = 1;
	m->lock.argtypes[0] = UUIDOID;
	m->update.sql =
		keep(psprintf("UPDATE %s SET state = $2, version = version + 1, updated_at = $3%s"
					  " WHERE id = $1::%s",
					  relation, stamps_of(name), id_type));
	m->update.nargs = 3;
	m->update.argtypes[0] = UUIDOID;
	m->update.argtypes[1] = TEXTOID;
	m->update.argtypes[2] = TIMESTAMPTZOID;
}

static void
load_transitions(SklMachine *m)
{
	static SklStmt stmt =
		SKL_STMT("SELECT from_state, event, to_state, actors, guard, emits"
				 " FROM skillancer.transition WHERE machine = $1 ORDER BY from_state, event",
				 TEXTOID);
	Datum args[1] = {CStringGetTextDatum(m->name)};
	uint64 n = skl_spi_exec(&stmt, args, NULL);

	m->ntransitions = (int) n;
	m->transitions = MemoryContextAllocZero(rules_context, sizeof(SklTransition) * Max(n, 1));
	for (uint64 i = 0; i < n; i++)
	{
		SklTransition *t = &m->transitions[i];
		bool isnull;
		const char **actors;
		int nactors;

		t->from = keep(skl_spi_text(i, 1));
		t->event = keep(skl_spi_text(i, 2));
		t->to = keep(skl_spi_text(i, 3));
		actors = texts_of(skl_spi_value(i, 4, &isnull), &nactors);
		for (int k = 0; k < nactors; k++)
			t->actors |= actor_bit(actors[k]);
		t->guard = keep(skl_spi_text(i, 5));
		t->emits = keep(skl_spi_text(i, 6));
	}
}

static void
load_timers(SklMachine *m)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT state, event, policy_key FROM skillancer.timer WHERE machine = $1", TEXTOID);
	Datum args[1] = {CStringGetTextDatum(m->name)};
	uint64 n = skl_spi_exec(&stmt, args, NULL);

	m->ntimers = (int) n;
	m->timers = MemoryContextAllocZero(rules_context, sizeof(SklTimer) * Max(n, 1));
	for (uint64 i = 0; i < n; i++)
	{
		m->timers[i].state = keep(skl_spi_text(i, 1));
		m->timers[i].event = keep(skl_spi_text(i, 2));
		m->timers[i].policy_key = keep(skl_spi_text(i, 3));
	}
}

static SklMachine *
load_machine(const char *name)
{
	CachedMachine *c;

	if (rules_context == NULL)
	{
		rules_context =
			AllocSetContextCreate(TopMemoryContext, "skillancer rules", ALLOCSET_SMALL_SIZES);
		machine_relid = get_relname_relid("machine", get_namespace_oid(SKL_SCHEMA, false));
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	}
	c = MemoryContextAllocZero(rules_context, sizeof(CachedMachine));
	skl_spi_connect();
	load_head(&c->machine, name);
	load_transitions(&c->machine);
	load_timers(&c->machine);
	skl_spi_finish();
	c->next = cached;
	cached = c;
	return &c->machine;
}

SklMachine *
skl_machine(const char *name)
{
	for (CachedMachine *c = cached; c != NULL; c = c->next)
	{
		if (strcmp(c->machine.name, name) == 0)
			return &c->machine;
	}
	return load_machine(name);
}

bool
skl_machine_is_initial(const SklMachine *machine, const char *state)
{
	for (int i = 0; i < machine->ninitial; i++)
	{
		if (strcmp(machine->initial[i], state) == 0)
			return true;
	}
	return false;
}

bool
skl_machine_has_state(const SklMachine *machine, const char *state)
{
	for (int i = 0; i < machine->ntransitions; i++)
	{
		if (strcmp(machine->transitions[i].from, state) == 0 ||
			strcmp(machine->transitions[i].to, state) == 0)
			return true;
	}
	return skl_machine_is_initial(machine, state);
}
