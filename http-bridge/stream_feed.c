/*
 * stream_feed.c
 *		The connection that brings new entries of the live stream.
 *
 * It listens on skillancer_stream. A notice is only a hint: entries are read by position, a page at
 * a time, also every few seconds without one. Positions become visible in their order
 * (sql/notification/stream.sql), so "behind the last one" misses nothing. Before entries are
 * delivered, the sessions that would get them are asked for, so that one that was revoked hears
 * nothing more. Signals (sql/notification/presence.sql) come along with the entries, by a number of
 * their own, and in return the feed says every few seconds whose streams there are. The loop of the
 * streams calls in here; nothing blocks.
 */
#include "stream_feed.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "server.h"
#include "typeid.h"

#define PAGE "1000"
#define PAGE_ROWS 1000
#define POLL_US 2000000	   /* without a notice: one may be lost with its connection */
#define SWEEP_US 15000000  /* how late a session that hears nothing is known to have ended */
#define BEAT_US 3000000	   /* how often the users who listen are named */
#define RETRY_US 500000	   /* between attempts to connect */
#define ANSWER_US 10000000 /* a statement that takes longer has hung */

static void
enter(SklFeed *feed, SklFeedState state)
{
	feed->state = state;
	feed->since_us = skl_now_us();
}

static void
forget_entries(SklFeed *feed)
{
	PQclear(feed->held);
	free(feed->entries);
	feed->held = NULL;
	feed->entries = NULL;
	feed->count = 0;
}

static void
disconnect(SklFeed *feed)
{
	if (feed->fd >= 0)
		epoll_ctl(feed->epoll_fd, EPOLL_CTL_DEL, feed->fd, NULL);
	feed->fd = -1;
	forget_entries(feed);
	PQclear(feed->result);
	feed->result = NULL;
	PQfinish(feed->conn);
	feed->conn = NULL;
	feed->retry_us = skl_now_us() + RETRY_US;
	enter(feed, SKL_FEED_DOWN);
}

/* Watches the socket, whose number may change while connecting. */
static void
watch(SklFeed *feed, uint32_t events)
{
	int fd = PQsocket(feed->conn);
	struct epoll_event event = {.events = events, .data.ptr = feed};

	if (fd == feed->fd && events == feed->events)
		return;
	if (feed->fd >= 0 && fd != feed->fd)
		epoll_ctl(feed->epoll_fd, EPOLL_CTL_DEL, feed->fd, NULL);
	/* while connecting, a closed socket's number may be given out again */
	if (epoll_ctl(feed->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0)
		epoll_ctl(feed->epoll_fd, EPOLL_CTL_ADD, fd, &event);
	feed->fd = fd;
	feed->events = events;
}

static void
flush(SklFeed *feed)
{
	int left = PQflush(feed->conn);

	if (left < 0)
		disconnect(feed);
	else
		watch(feed, EPOLLIN | (left > 0 ? EPOLLOUT : 0));
}

/* Sends a statement with some parameters. */
static void
ask_with(SklFeed *feed, SklFeedState state, const char *sql, const char *const *values, int count)
{
	enter(feed, state);
	if (PQsendQueryParams(feed->conn, sql, count, NULL, values, NULL, NULL, 0) == 0)
		disconnect(feed);
	else
		flush(feed);
}

static void
ask(SklFeed *feed, SklFeedState state, const char *sql)
{
	ask_with(feed, state, sql, NULL, 0);
}

static void
ask_tail(SklFeed *feed)
{
	char after[24];
	char signal[24];
	const char *const values[] = {after, PAGE, signal};

	feed->told = false;
	snprintf(after, sizeof(after), "%lld", (long long) feed->position);
	snprintf(signal, sizeof(signal), "%lld", (long long) feed->signal);
	ask_with(feed, SKL_FEED_TAIL,
			 "SELECT t.user_id, t.frame, t.entry, NULL FROM "
			 "skillancer.stream_tail($1::bigint, $2::integer) t UNION ALL "
			 "SELECT s.user_id, s.frame, NULL, s.signal FROM skillancer.signal_tail($3::bigint) s",
			 values, 3);
}

static void
ask_sessions(SklFeed *feed, SklFeedState state, char *sessions)
{
	const char *const values[] = {sessions};

	ask_with(feed, state, "SELECT * FROM skillancer.sessions_ended($1::uuid[])", values, 1);
	free(sessions);
}

/* Names all users who listen, also when there are none, or those who came since. */
static void
tell_users(SklFeed *feed, bool all)
{
	char *users = feed->calls->users(feed->owner, all);
	const char *const values[] = {users == NULL ? "{}" : users};

	feed->arrivals = false;
	ask_with(feed, SKL_FEED_BEAT, "SELECT skillancer.presence_beat($1::uuid[])", values, 1);
	free(users);
}

/* ---- answers ---- */

static void
take_position(SklFeed *feed)
{
	int epoch = (int) strtol(PQgetvalue(feed->result, 0, 0), NULL, 10);
	int64_t head = strtoll(PQgetvalue(feed->result, 0, 1), NULL, 10);

	feed->signal = strtoll(PQgetvalue(feed->result, 0, 2), NULL, 10);
	feed->beat_us = 0;
	if (feed->position < 0 || epoch != feed->epoch || head < feed->position)
	{
		feed->epoch = epoch;
		feed->position = head;
		feed->calls->reset(feed->owner, head);
	}
	skl_log(SKL_LOG_INFO, "stream_feed", "listening from position %lld",
			(long long) feed->position);
	ask_tail(feed);
}

/* Back to waiting, or on to the next page. */
static void
rest(SklFeed *feed, bool more)
{
	enter(feed, SKL_FEED_IDLE);
	if (more || feed->told)
		ask_tail(feed);
	else
		feed->calls->current(feed->owner);
}

static void
deliver(SklFeed *feed)
{
	bool full = feed->lasting == PAGE_ROWS;

	feed->calls->deliver(feed->owner, feed->entries, feed->count);
	if (feed->lasting > 0)
		feed->position = feed->entries[feed->lasting - 1].position;
	forget_entries(feed);
	rest(feed, full);
}

static void
take_entries(SklFeed *feed)
{
	int count = PQntuples(feed->result);
	char *sessions;

	feed->entries = calloc((size_t) count + 1, sizeof(SklStreamEntry));
	if (feed->entries == NULL)
		abort();
	feed->count = count;
	feed->lasting = 0;
	for (int i = 0; i < count; i++)
	{
		SklStreamEntry *entry = &feed->entries[i];

		skl_uuid_read(PQgetvalue(feed->result, i, 0), &entry->user);
		entry->frame = PQgetvalue(feed->result, i, 1);
		entry->length = (size_t) PQgetlength(feed->result, i, 1);
		if (PQgetisnull(feed->result, i, 2))
			feed->signal = strtoll(PQgetvalue(feed->result, i, 3), NULL, 10);
		else
		{
			entry->position = strtoll(PQgetvalue(feed->result, i, 2), NULL, 10);
			feed->lasting++;
		}
	}
	feed->held = feed->result;
	feed->result = NULL;
	sessions = feed->calls->sessions(feed->owner, feed->entries, count);
	if (sessions != NULL)
		ask_sessions(feed, SKL_FEED_CHECK, sessions);
	else
		deliver(feed);
}

static void
take_ended(SklFeed *feed)
{
	int count = PQntuples(feed->result);
	SklUuid *sessions = calloc((size_t) count + 1, sizeof(SklUuid));

	if (sessions == NULL)
		abort();
	for (int i = 0; i < count; i++)
		skl_uuid_read(PQgetvalue(feed->result, i, 0), &sessions[i]);
	feed->calls->ended(feed->owner, sessions, count);
	free(sessions);
}

/* The statement under way has said all. */
static void
finish(SklFeed *feed)
{
	ExecStatusType status = PQresultStatus(feed->result);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
	{
		skl_log(SKL_LOG_WARN, "stream_feed", "%s",
				PQresultErrorField(feed->result, PG_DIAG_MESSAGE_PRIMARY));
		disconnect(feed);
		return;
	}
	switch (feed->state)
	{
		case SKL_FEED_LISTENING:
			ask(feed, SKL_FEED_POSITION,
				"SELECT p.epoch, p.head, p.signal FROM skillancer.stream_position() p");
			break;
		case SKL_FEED_POSITION:
			take_position(feed);
			break;
		case SKL_FEED_TAIL:
			take_entries(feed);
			break;
		case SKL_FEED_CHECK:
			take_ended(feed);
			deliver(feed);
			break;
		case SKL_FEED_SWEEP:
			take_ended(feed);
			rest(feed, false);
			break;
		case SKL_FEED_BEAT:
			rest(feed, false);
			break;
		default:
			break;
	}
}

static void
take_results(SklFeed *feed)
{
	PGnotify *notice;

	while (feed->state > SKL_FEED_CONNECTING && feed->state != SKL_FEED_IDLE &&
		   !PQisBusy(feed->conn))
	{
		PGresult *result = PQgetResult(feed->conn);

		if (result != NULL)
		{
			PQclear(feed->result);
			feed->result = result;
			continue;
		}
		finish(feed);
		PQclear(feed->result);
		feed->result = NULL;
	}
	while (feed->conn != NULL && (notice = PQnotifies(feed->conn)) != NULL)
	{
		PQfreemem(notice);
		feed->told = true;
	}
	if (feed->state == SKL_FEED_IDLE && feed->told)
		ask_tail(feed);
}

/* ---- the connection ---- */

static void
connect_on(SklFeed *feed)
{
	switch (PQconnectPoll(feed->conn))
	{
		case PGRES_POLLING_OK:
			PQsetnonblocking(feed->conn, 1);
			ask(feed, SKL_FEED_LISTENING, "LISTEN skillancer_stream");
			break;
		case PGRES_POLLING_READING:
			watch(feed, EPOLLIN);
			break;
		case PGRES_POLLING_WRITING:
			watch(feed, EPOLLOUT);
			break;
		default:
			disconnect(feed);
	}
}

static void
begin_connect(SklFeed *feed)
{
	const char *const names[] = {"dbname", "application_name", "client_encoding",
								 "tcp_user_timeout", NULL};
	const char *const values[] = {feed->database, "skillancer-bridge stream", "UTF8", "10000",
								  NULL};

	feed->conn = PQconnectStartParams(names, values, 1);
	if (feed->conn == NULL)
		abort();
	enter(feed, SKL_FEED_CONNECTING);
	if (PQstatus(feed->conn) == CONNECTION_BAD)
		disconnect(feed);
	else
		watch(feed, EPOLLOUT);
}

void
skl_feed_start(SklFeed *feed, int epoll_fd, const char *database, const SklFeedCalls *calls,
			   void *owner)
{
	memset(feed, 0, sizeof(*feed));
	feed->tag = SKL_TAG_FEED;
	feed->epoll_fd = epoll_fd;
	feed->database = database;
	feed->calls = calls;
	feed->owner = owner;
	feed->fd = -1;
	feed->position = -1;
}

void
skl_feed_event(SklFeed *feed, uint32_t events)
{
	if (feed->state == SKL_FEED_CONNECTING)
		connect_on(feed);
	else if (feed->conn != NULL)
	{
		if ((events & EPOLLOUT) != 0)
			flush(feed);
		if (feed->conn != NULL && PQconsumeInput(feed->conn) == 0)
			disconnect(feed);
		if (feed->conn != NULL)
			take_results(feed);
	}
}

void
skl_feed_turn(SklFeed *feed, uint64_t now)
{
	if (feed->state == SKL_FEED_DOWN)
	{
		if (now >= feed->retry_us)
			begin_connect(feed);
	}
	else if (feed->state != SKL_FEED_IDLE)
	{
		if (now > feed->since_us + ANSWER_US)
			disconnect(feed);
	}
	else if (now >= feed->sweep_us)
	{
		char *sessions = feed->calls->sessions(feed->owner, NULL, 0);

		feed->sweep_us = now + SWEEP_US;
		if (sessions != NULL)
			ask_sessions(feed, SKL_FEED_SWEEP, sessions);
	}
	else if (now >= feed->beat_us)
	{
		feed->beat_us = now + BEAT_US;
		tell_users(feed, true);
	}
	else if (feed->arrivals)
		tell_users(feed, false);
	else if (now > feed->since_us + POLL_US)
		ask_tail(feed);
}

void
skl_feed_stop(SklFeed *feed)
{
	disconnect(feed);
}
