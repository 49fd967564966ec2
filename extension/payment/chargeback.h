/*
 * payment/chargeback.h
 *		What a charge-back freezes: worked out and posted by chargeback_freeze.c, told to the rest
 *		by chargeback.c.
 */
#ifndef SKL_PAYMENT_CHARGEBACK_H
#define SKL_PAYMENT_CHARGEBACK_H

#include "payment/payment.h"

/*
 * Freezes as much of the amount of a charge-back as can be found of the charge's money (T13a, T13b)
 * and writes it down in its row and in chargeback_part. The caller has the locks of the booking and
 * of the milestones.
 */
extern void skl_chargeback_freeze(const SklFire *fire);

/* Fires an event of another machine; payload is JSON. */
extern void skl_chargeback_tell(const char *machine, const pg_uuid_t *id, const char *event,
								const char *payload);

/* {"amount": "12.50 USD"} */
extern char *skl_chargeback_payload(int64 minor, const char *currency);

#endif
