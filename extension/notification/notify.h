/*
 * notification/notify.h
 *		Who hears of an event, and what they read.
 */
#ifndef SKL_NOTIFICATION_NOTIFY_H
#define SKL_NOTIFICATION_NOTIFY_H

#include "utils/jsonb.h"
#include "utils/uuid.h"

/* An event together with one rule that is about it. */
typedef struct SklNotice
{
	pg_uuid_t event;
	const char *recipients; /* name of an expression, see notify.c */
	const char *type;
	const char *category;
	const char *priority;
	const char *group_key;	 /* template, or NULL */
	bool is_mandatory;		 /* preferences do not count */
	const char *correlation; /* of the event, or NULL */
	const char *trace;		 /* of the event, or NULL */
	Jsonb *data;			 /* of the event */
	Jsonb *context;			 /* titles, amounts and names behind the data's ids */
	bool has_client;
	bool has_freelancer;
	bool has_owner;
	bool has_subject;
	bool has_actor;
	pg_uuid_t client;
	pg_uuid_t freelancer;
	pg_uuid_t owner;
	pg_uuid_t subject;
	pg_uuid_t actor;
	int naudience;
	pg_uuid_t *audience;
	int nstaff; /* who has the permission that the expression names */
	pg_uuid_t *staff;
} SklNotice;

/* A notice for one user. */
typedef struct SklAddressed
{
	const SklNotice *notice;
	pg_uuid_t user;
} SklAddressed;

typedef struct SklAddressedList
{
	SklAddressed *items;
	int n;
	int max;
} SklAddressedList;

/* Longest list of recipients of one notice. */
#define SKL_NOTICE_MAX_RECIPIENTS 1000

/* Fills the users who hear of a notice, each once; returns how many. */
extern int skl_notice_recipients(const SklNotice *notice, pg_uuid_t *users);

#endif
