/*
 * routes.h
 *		The route catalogue: built once from JSON, immutable, shared by all threads.
 */
#ifndef SKL_ROUTES_H
#define SKL_ROUTES_H

#include "bridge.h"

#define SKL_MAX_SEGMENTS 16

typedef struct SklNode SklNode;

struct SklCatalogue
{
	_Atomic int references;
	int nroutes;
	SklRoute *routes;
	SklNode *root;
	char *openapi; /* text of /openapi.json, malloc'ed; NULL when it could not be built */
	size_t openapi_length;
	char *source; /* the JSON it was built from, to see whether a reload changes anything */
};

/* What a path means: one route per method. */
typedef struct SklMatch
{
	const SklRoute *by_method[SKL_METHOD_OTHER];
	bool found; /* some route has this path */
} SklMatch;

/* Builds from the text of skillancer.route_catalogue(). NULL: *complaint (malloc'ed) says why. */
SklCatalogue *skl_catalogue_build(const char *text, char **complaint);

void skl_catalogue_hold(SklCatalogue *catalogue);
void skl_catalogue_release(SklCatalogue *catalogue);

/* Decodes the path's segments into ctx->path_value[] and finds its routes. False: the path itself
 * is malformed (bad escape, NUL, not UTF-8), *match is not set. */
bool skl_route_match(const SklCatalogue *catalogue, SklRequestCtx *ctx, SklMatch *match);

/* "GET, HEAD, POST, OPTIONS" in the request's memory. */
const char *skl_route_allow(SklRequestCtx *ctx, const SklMatch *match);

/* The catalogue in force with a reference taken; NULL before the first load. */
SklCatalogue *skl_catalogue_current(void);

#endif /* SKL_ROUTES_H */
