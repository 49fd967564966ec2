/*
 * core/events.h
 *		Appending to the event log and the audit log.
 */
#ifndef SKL_CORE_EVENTS_H
#define SKL_CORE_EVENTS_H

/*
 * Appends an event in the current transaction and wakes its readers at commit. data_json is an
 * object; audience lists the users that may hear of it. Returns the event's id. The caller acts
 * with the engine's rights.
 */
extern pg_uuid_t skl_emit(const char *type, const char *aggregate_type, const pg_uuid_t *aggregate,
						  const char *data_json, const pg_uuid_t *audience, int naudience);

/* The same with an id that was made before, for what others have followed from already. */
extern void skl_emit_as(const pg_uuid_t *id, const char *type, const char *aggregate_type,
						const pg_uuid_t *aggregate, const char *data_json,
						const pg_uuid_t *audience, int naudience);

/* What events followed from before, to be given back. */
typedef struct SklCauseFrame
{
	bool given;
	pg_uuid_t event;
} SklCauseFrame;

/* Events from here to skl_cause_leave() follow from this one, which is appended afterwards. */
extern SklCauseFrame skl_cause_enter(const pg_uuid_t *event);
extern void skl_cause_leave(const SklCauseFrame *outer);

/*
 * From now on until the end of the transaction, events carry this correlation in place of the
 * request's, and follow from this event; NULL for none.
 */
extern void skl_cause_set(const pg_uuid_t *event, const char *correlation);

/* What a timer remembers: the correlation, and the event that it will follow from. */
extern void skl_cause_of_timer(Datum args[2], char nulls[2]);

/* Registers the callback that forgets what was undone; called once from _PG_init. */
extern void skl_events_init(void);

/* Writes an audit row about an object; before and after are JSON texts or NULL. */
extern void skl_audit(const char *action, const char *object_type, const pg_uuid_t *object,
					  const char *before_json, const char *after_json);

#endif
