/*
 * core/state_guard.h
 *		The permit without which no state changes.
 */
#ifndef SKL_CORE_STATE_GUARD_H
#define SKL_CORE_STATE_GUARD_H

/* Permits exactly one change: this row of this relation from one state to the other. */
extern void skl_permit_state(Oid relid, const pg_uuid_t *id, const char *from, const char *to);

/* Takes the permit back. */
extern void skl_permit_none(void);

extern void skl_state_guard_init(void);

#endif
