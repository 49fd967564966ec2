/*
 * stream_feed.h
 *		The connection that brings new entries of the live stream.
 */
#ifndef SKL_STREAM_FEED_H
#define SKL_STREAM_FEED_H

#include <libpq-fe.h>

#include "bridge.h"

/* One entry as stream_tail() gives it, or a signal as signal_tail() does. */
typedef struct SklStreamEntry
{
	int64_t position; /* of a signal: 0 */
	SklUuid user;
	const char *frame; /* in the result, as long as the call that gets it */
	size_t length;
} SklStreamEntry;

/* What the owner of the feed does with what it brings. */
typedef struct SklFeedCalls
{
	/* Positions begin anew: at the start, or because the database is another one. */
	void (*reset)(void *owner, int64_t position);
	/* A text array of the sessions whose streams an entry is for; NULL when there is none. */
	char *(*sessions)(void *owner, const SklStreamEntry *entries, int count);
	/* A text array of the users who have a stream, or only of those not given yet; NULL: none. */
	char *(*users)(void *owner, bool all);
	/* These sessions have ended. */
	void (*ended)(void *owner, const SklUuid *sessions, int count);
	/* New entries in the order of their positions, and signals. */
	void (*deliver)(void *owner, const SklStreamEntry *entries, int count);
	/* Everything was read. */
	void (*current)(void *owner);
} SklFeedCalls;

typedef enum SklFeedState
{
	SKL_FEED_DOWN,		 /* waits until retry_us */
	SKL_FEED_CONNECTING, /* PQconnectPoll */
	SKL_FEED_LISTENING,	 /* LISTEN was sent */
	SKL_FEED_POSITION,	 /* stream_position() was sent */
	SKL_FEED_IDLE,
	SKL_FEED_TAIL,	/* stream_tail() was sent */
	SKL_FEED_CHECK, /* sessions_ended() was sent, for the entries held */
	SKL_FEED_SWEEP, /* the same, for the sessions of all streams */
	SKL_FEED_BEAT	/* presence_beat() was sent */
} SklFeedState;

typedef struct SklFeed
{
	int tag; /* SKL_TAG_FEED: what epoll hands back */
	int epoll_fd;
	const char *database;
	const SklFeedCalls *calls;
	void *owner;
	SklFeedState state;
	PGconn *conn;
	int fd;
	uint32_t events;
	PGresult *result;		 /* of the statement under way */
	SklStreamEntry *entries; /* read, not yet delivered */
	PGresult *held;			 /* their memory */
	int count;
	int lasting; /* of them, those that are no signals */
	int epoch;
	int64_t position;  /* of the last entry delivered; -1: not known yet */
	int64_t signal;	   /* number of the last signal read */
	bool told;		   /* a NOTIFY came since the last tail */
	uint64_t since_us; /* when the state began */
	uint64_t retry_us;
	uint64_t sweep_us; /* when the sessions of all streams are asked for next */
	uint64_t beat_us;  /* when all users are named next */
	bool arrivals;	   /* users have come who were not named yet */
} SklFeed;

void skl_feed_start(SklFeed *feed, int epoll_fd, const char *database, const SklFeedCalls *calls,
					void *owner);
void skl_feed_event(SklFeed *feed, uint32_t events);
void skl_feed_turn(SklFeed *feed, uint64_t now);
void skl_feed_stop(SklFeed *feed);

#endif /* SKL_STREAM_FEED_H */
