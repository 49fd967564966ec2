/*
 * core/rules.h
 *		The state machines as the rows of machine, transition and timer describe them, cached in
 *		the backend.
 */
#ifndef SKL_CORE_RULES_H
#define SKL_CORE_RULES_H

#include "core/spi.h"

/* Who may fire a transition; bits of SklTransition.actors. */
typedef enum SklActor
{
	SKL_ACTOR_CLIENT = 1 << 0,
	SKL_ACTOR_FREELANCER = 1 << 1,
	SKL_ACTOR_OWNER = 1 << 2,
	SKL_ACTOR_STAFF = 1 << 3,
	SKL_ACTOR_SYSTEM = 1 << 4,
} SklActor;

typedef struct SklTransition
{
	const char *from;
	const char *event;
	const char *to;
	int actors;
	const char *guard; /* or NULL */
	const char *emits; /* event type, or NULL */
} SklTransition;

typedef struct SklTimer
{
	const char *state;
	const char *event;
	const char *policy_key;
} SklTimer;

typedef struct SklMachine
{
	const char *name;
	const char *aggregate;
	Oid relid;
	int ninitial;
	const char **initial;
	int ntransitions;
	SklTransition *transitions;
	int ntimers;
	SklTimer *timers;
	SklStmt lock;	/* SELECT ... FOR UPDATE of one row; $1 id */
	SklStmt update; /* sets the state; $1 id, $2 state, $3 now */
} SklMachine;

/* The machine of a name; an error when there is none. Valid until the transaction ends. */
extern SklMachine *skl_machine(const char *name);

/* Whether a state is one that a new row may have. */
extern bool skl_machine_is_initial(const SklMachine *machine, const char *state);

/* Whether the machine knows a state at all. */
extern bool skl_machine_has_state(const SklMachine *machine, const char *state);

/*
 * Has the column hold the time at which the row came to the state last; set in the UPDATE that sets
 * the state, so that the row is written once. Called when the library is loaded.
 */
extern void skl_register_stamp(const char *machine, const char *state, const char *column);

extern void skl_rules_init(void);

#endif
