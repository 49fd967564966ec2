/*
 * errors.c
 *		From SQLSTATE to a row of errors.def.
 *
 * Codes of ours (class SK) map one to one. PostgreSQL's own say little that a client may know, so
 * they map by exact code first, then by class; everything else is INTERNAL_ERROR and its text
 * stays in the log.
 */
#include "bridge.h"

#include <string.h>

const SklErrorRow skl_errors[SKL_ERR_COUNT] = {
	[SKL_OK] = {"OK", "00000", 200, ""},
#define SKL_ERROR(code, sqlstate, status, message) \
	[SKL_ERR_##code] = {#code, sqlstate, status, message},
#include "../extension/errors.def"
#undef SKL_ERROR
};

/* A SQLSTATE or the beginning of one, and what clients are told. */
static const struct
{
	const char *prefix;
	SklErrorCode error;
} foreign[] = {
	{"57014", SKL_ERR_TIMEOUT},				/* query_canceled */
	{"55P03", SKL_ERR_RETRY_LATER},			/* lock_not_available */
	{"40001", SKL_ERR_RETRY_LATER},			/* serialization_failure */
	{"40P01", SKL_ERR_RETRY_LATER},			/* deadlock_detected */
	{"23505", SKL_ERR_DUPLICATE_RESOURCE},	/* unique_violation */
	{"23P01", SKL_ERR_DUPLICATE_RESOURCE},	/* exclusion_violation */
	{"23503", SKL_ERR_RESOURCE_NOT_FOUND},	/* foreign_key_violation */
	{"23", SKL_ERR_VALIDATION_ERROR},		/* other integrity constraints */
	{"22", SKL_ERR_VALIDATION_ERROR},		/* data exception */
	{"42501", SKL_ERR_PERMISSION_DENIED},	/* insufficient_privilege */
	{"25006", SKL_ERR_METHOD_NOT_ALLOWED},	/* write in a read-only transaction */
	{"54", SKL_ERR_PAYLOAD_TOO_LARGE},		/* program_limit_exceeded */
	{"53300", SKL_ERR_SERVICE_UNAVAILABLE}, /* too_many_connections */
	{"53", SKL_ERR_SERVICE_UNAVAILABLE},	/* insufficient_resources */
	{"57P", SKL_ERR_SERVICE_UNAVAILABLE},	/* shutting down, crashed, not ready yet */
	{"08", SKL_ERR_SERVICE_UNAVAILABLE},	/* connection_exception */
	{"28", SKL_ERR_SERVICE_UNAVAILABLE},	/* the bridge could not sign in */
};

SklErrorCode
skl_error_of_sqlstate(const char *sqlstate)
{
	for (int i = 1; i < SKL_ERR_COUNT; i++)
	{
		if (strcmp(skl_errors[i].sqlstate, sqlstate) == 0)
			return (SklErrorCode) i;
	}
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
	{
		if (strncmp(foreign[i].prefix, sqlstate, strlen(foreign[i].prefix)) == 0)
			return foreign[i].error;
	}
	return SKL_ERR_INTERNAL_ERROR;
}
