/*
 * args.h
 *		From path, query, body, headers and cookies to the arguments of the route's function.
 */
#ifndef SKL_ARGS_H
#define SKL_ARGS_H

#include "bridge.h"
#include "text.h"

/* The arguments of one request as texts for libpq. */
typedef struct SklArgs
{
	SklRequestCtx *ctx;
	const SklRoute *route;
	const char *values[SKL_MAX_ARGS]; /* NULL: absent or null */
	bool given[SKL_MAX_ARGS];		  /* the client sent it, perhaps as null */
	SklBuffer problems; /* "[{"field":…,"message":…}", not closed; empty when none */
	SklBuffer present;	/* array literal of the fields of the body, not closed */
} SklArgs;

/*
 * Fills args. False: the request is refused as malformed. Problems of fields are no refusal here.
 */
bool skl_args_collect(SklArgs *args, SklRequestCtx *ctx);

/* The problems as a JSON array, NULL when there are none. */
const char *skl_args_problems(SklArgs *args);

/* Takes the text of a field of a form; NULL: it is no text. */
void skl_args_field(SklArgs *args, const char *name, const char *text);

/* Notes a problem of a field. */
void skl_args_problem(SklArgs *args, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* values.c: one argument from text (path, query, header) or from JSON. NULL: *problem says why. */
const char *skl_value_of_text(SklRequestCtx *ctx, const SklArg *arg, const char *text,
							  const char **problem);
const char *skl_value_of_json(SklRequestCtx *ctx, const SklArg *arg, const json_t *json,
							  const char **problem);

/* The value of one cookie, NULL when it is absent. */
const char *skl_cookie(SklRequestCtx *ctx, const char *name);

#endif /* SKL_ARGS_H */
