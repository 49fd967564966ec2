/*
 * user/user.h
 *		The user area: accounts and what guards them.
 */
#ifndef SKL_USER_USER_H
#define SKL_USER_USER_H

/* Registers guards and effects of the machine 'user'; called once from _PG_init. */
extern void skl_user_init(void);

#endif
