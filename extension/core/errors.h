/*
 * core/errors.h
 *		Raising the errors of errors.def.
 */
#ifndef SKL_CORE_ERRORS_H
#define SKL_CORE_ERRORS_H

typedef enum SklErrorCode
{
#define SKL_ERROR(code, sqlstate, status, message) SKL_ERR_##code,
#include "errors.def"
#undef SKL_ERROR
	SKL_ERR_COUNT
} SklErrorCode;

/* One row of errors.def. */
typedef struct SklErrorSpec
{
	const char *code;
	const char *sqlstate;
	int status;
	const char *message;
} SklErrorSpec;

extern const SklErrorSpec *skl_error_spec(SklErrorCode code);

/* Finds a code by its name; false when errors.def has no such row. */
extern bool skl_error_lookup(const char *name, SklErrorCode *code);

/* The SQLSTATE of a code, in ereport's encoding. */
extern int skl_errcode(SklErrorCode code);

/* Raises 22004 when an argument that a function cannot do without is NULL. */
extern void skl_need_arg(FunctionCallInfo fcinfo, int n, const char *what);

/* Raises a code with its default message. */
extern void skl_fail(SklErrorCode code) pg_attribute_noreturn();

/* Raises a code with a message of its own; the message reaches clients, so it holds no secret. */
extern void skl_failf(SklErrorCode code, const char *fmt, ...) pg_attribute_noreturn()
	pg_attribute_printf(2, 3);

/* Raises a code whose DETAIL is a JSON text: what a client reads in error.details. */
extern void skl_fail_json(SklErrorCode code, const char *details, const char *fmt, ...)
	pg_attribute_noreturn() pg_attribute_printf(3, 4);

#endif
