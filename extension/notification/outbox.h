/*
 * notification/outbox.h
 *		From addressed notices to rows of notifications and mails.
 */
#ifndef SKL_NOTIFICATION_OUTBOX_H
#define SKL_NOTIFICATION_OUTBOX_H

#include "notification/notify.h"

/*
 * Inserts the notifications and queues the mails of all rows whose reader is there and wants them,
 * as far as they are not there yet. Returns how many notifications are new. SPI is connected.
 */
extern uint64 skl_outbox_deliver(const SklAddressedList *rows);

#endif
