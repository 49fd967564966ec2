/*
 * limits.h
 *		Which limit applies to a request; the hooks of dispatch are declared in bridge.h.
 */
#ifndef SKL_LIMITS_H
#define SKL_LIMITS_H

#include "bridge.h"
#include "gcra.h"

bool skl_limits_failed_token(SklRequestCtx *ctx);
uint64_t skl_limits_refused(SklQuotaClass class);
uint64_t skl_limits_evictions(void);

#endif
