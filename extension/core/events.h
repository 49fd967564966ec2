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

/*
 * From now on until the end of the transaction, events without a request carry this correlation,
 * and all events that they follow from this event; NULL for none.
 */
extern void skl_cause_set(const pg_uuid_t *event, const char *correlation);

/* What a timer remembers: the correlation, and the last event of this transaction. */
extern void skl_cause_of_timer(Datum args[2], char nulls[2]);

/* Writes an audit row about an object; before and after are JSON texts or NULL. */
extern void skl_audit(const char *action, const char *object_type, const pg_uuid_t *object,
					  const char *before_json, const char *after_json);

#endif
