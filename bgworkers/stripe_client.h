/*
 * bgworkers/stripe_client.h
 *		How a request gets to Stripe: address, headers and the secret key.
 */
#ifndef SKL_BGWORKERS_STRIPE_CLIENT_H
#define SKL_BGWORKERS_STRIPE_CLIENT_H

#include "bgworkers/http.h"

/* Reads the key; false, with a warning now and then, when there is none: calls wait. */
extern bool skl_stripe_read_key(void);

/* Wipes it again. */
extern void skl_stripe_forget_key(void);

/* Completes a call: its address, headers and trust, in the current memory context. */
extern void skl_stripe_address(SklHttpCall *call, const char *path, const char *idempotency_key);

/* Sends it under the key that was read. */
extern void skl_stripe_start(SklHttpCall *call);

#endif
