/*
 * openapi.h
 *		The parts of the API's description: what is the same whatever the routes are, and the
 *		answers.
 */
#ifndef SKL_OPENAPI_H
#define SKL_OPENAPI_H

#include <jansson.h>

#include "bridge.h"

/* A member of an object as text; "" when it is none. */
const char *skl_openapi_text(const json_t *object, const char *name);

/* The answers of a route by their statuses. */
json_t *skl_openapi_responses(const json_t *route);

#endif
