/*
 * lifecycle.h
 *		Signals that the process minds; its main loop is declared in bridge.h.
 */
#ifndef SKL_LIFECYCLE_H
#define SKL_LIFECYCLE_H

#include <stdbool.h>

bool skl_lifecycle_reload(void);

#endif
