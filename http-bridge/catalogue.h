/*
 * catalogue.h
 *		Which catalogue is in force.
 */
#ifndef SKL_CATALOGUE_H
#define SKL_CATALOGUE_H

#include "routes.h"

/* Replaces a thread's catalogue when a newer one is in force; costs one atomic read otherwise. */
void skl_catalogue_refresh(SklCatalogue **catalogue, uint64_t *version);

#endif /* SKL_CATALOGUE_H */
