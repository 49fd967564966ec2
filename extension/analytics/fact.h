/*
 * analytics/fact.h
 *		What is measured: an event or an entry of the ledger, and the named extractors that read it.
 *
 * Nothing here raises an error for what an event's data holds: what is missing or of another kind
 * is not measured, so that no event can stop the analyst.
 */
#ifndef SKL_ANALYTICS_FACT_H
#define SKL_ANALYTICS_FACT_H

#include "utils/jsonb.h"
#include "utils/uuid.h"

#define SKL_FACT_NAME 64

/* Longest value of a dimension, with its NUL. */
#define SKL_FACT_TEXT 64

typedef struct SklFact
{
	TimestampTz at;
	/* of an event */
	int64 seq;
	const Jsonb *data;
	pg_uuid_t aggregate;
	/* of both: who acted; of an entry, whose account it is */
	bool has_person;
	pg_uuid_t person;
	/* of an entry of the ledger: minor units, debit positive */
	int64 amount;
	char kind[SKL_FACT_NAME];
	char account[SKL_FACT_NAME];
	char currency[4];
} SklFact;

/* Each returns false when the fact has no such thing. key is what follows the name and a colon. */
typedef bool (*SklFactNumber)(const SklFact *fact, const char *key, int64 *value);
typedef bool (*SklFactSubject)(const SklFact *fact, const char *key, pg_uuid_t *subject);
typedef bool (*SklFactText)(const SklFact *fact, const char *key, char *text);

/* Extractors by name; NULL when there is none. */
extern SklFactNumber skl_fact_number(const char *name);
extern SklFactSubject skl_fact_subject(const char *name);
extern SklFactText skl_fact_text(const char *name);

#endif
