/*
 * health.h
 *		May clients be sent here?
 */
#ifndef SKL_HEALTH_H
#define SKL_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

void skl_health_drain(void);
bool skl_health_draining(void);
int skl_health_ready(char *body, size_t size);

#endif
