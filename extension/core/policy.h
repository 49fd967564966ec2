/*
 * core/policy.h
 *		Reading the rows of skillancer.policy.
 */
#ifndef SKL_CORE_POLICY_H
#define SKL_CORE_POLICY_H

#include "utils/jsonb.h"

/*
 * The value in force at skl_now(), in the current memory context; an error when no row has the key.
 */
extern Jsonb *skl_policy_value(const char *key);

/* A whole number. */
extern int64 skl_policy_int(const char *key);

/* A period, written as an ISO 8601 duration. */
extern Interval *skl_policy_interval(const char *key);

/* The member key of a pinned policy object, or NULL when it has none. */
extern char *skl_policy_pinned(Jsonb *pinned, const char *key);

/* Reads a period out of its text. */
extern Interval *skl_policy_parse_interval(const char *duration);

#endif
