/*
 * notification/presence.h
 *		Who is there, and signals that nobody keeps: presence and typing.
 */
#ifndef SKL_NOTIFICATION_PRESENCE_H
#define SKL_NOTIFICATION_PRESENCE_H

/* Lets shared memory be set up; called once from _PG_init. */
extern void skl_presence_init(void);

#endif
