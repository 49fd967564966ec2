/*
 * openapi.h
 *		The parts of the API's description that are the same whatever the routes are.
 */
#ifndef SKL_OPENAPI_H
#define SKL_OPENAPI_H

#include "bridge.h"

/* A JSON object without servers, tags and paths. */
extern const char skl_openapi_frame[];

#endif
