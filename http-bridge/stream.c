/*
 * stream.c
 *		The live stream: who listens, and what each is sent.
 *
 * Entries are kept as frames that all streams of a user share. A ring holds the last ones, so that
 * a stream whose first piece ended behind an older position loses nothing; what the ring no longer
 * has makes the answer a complete one, and its client resumes from the database. libmicrohttpd
 * draws from a stream's queue and is suspended while it is empty. A stream ends with its token or
 * its session, when its client reads too slowly, and when the bridge stops.
 */
#include "stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "config.h"
#include "stream_feed.h"
#include "typeid.h"

#define BUCKETS 8192	   /* of the table of users; a power of two */
#define RING_ENTRIES 4096  /* what a stream may be behind when it joins */
#define QUEUE_LIMIT 262144 /* bytes that a stream may be behind before it is cut */
#define SEND_BUFFER 32768  /* of the kernel, beyond it a slow reader shows */
#define SILENCE_MS 60000   /* a client whose kernel confirms nothing for so long is gone */
#define BLOCK 2048		   /* libmicrohttpd's buffer of a stream */
#define HEARTBEAT_US 15000000
#define BEAT_US 1000000	  /* how often the streams are looked through */
#define COME_BACK_MS 8000 /* clients of a bridge that stops return within this time */

/* Bytes that several streams send. */
typedef struct Frame
{
	int references;
	size_t length;
	char bytes[];
} Frame;

typedef struct Waiting
{
	struct Waiting *next;
	Frame *frame;
} Waiting;

struct SklStream
{
	SklStreams *home;
	SklConn *conn;
	struct MHD_Connection *mhd;
	SklStream *next; /* of all */
	SklStream *prev;
	SklStream *next_of_user; /* in the bucket */
	SklUuid user;
	SklUuid session;
	int64_t expires;
	int64_t position; /* of the last entry it was given */
	Waiting *head;
	Waiting *tail;
	size_t offset; /* in the frame at the head */
	size_t queued; /* bytes */
	uint64_t spoke_us;
	bool suspended;
	bool ended;
	bool named; /* its user was given to the feed */
};

typedef struct RingEntry
{
	int64_t position;
	SklUuid user;
	Frame *frame;
} RingEntry;

struct SklStreams
{
	SklThread *thread;
	SklFeed feed;
	SklStream *all;
	SklStream *buckets[BUCKETS];
	RingEntry ring[RING_ENTRIES];
	uint64_t appended; /* entries since the last reset; the last RING_ENTRIES are there */
	int64_t base;	   /* everything behind this position is in the ring; -1: nothing known */
	uint64_t beat_us;
	Frame *heartbeat;
};

static SklStreamStats stats;

const SklStreamStats *
skl_stream_stats(void)
{
	return &stats;
}

/* ---- where the stream is ---- */

/* The address of the stream: as configured, else this host with the other port. */
static const char *
location(SklRequestCtx *ctx)
{
	const SklConfig *config = ctx->config;
	const char *host = ctx->header[SKL_H_HOST] == NULL ? "" : ctx->header[SKL_H_HOST];
	const char *bracket = strchr(host, ']');
	size_t length = bracket != NULL ? (size_t) (bracket - host) + 1 : strcspn(host, ":");
	bool secure = ctx->over_tls || *config->tls_certificate != '\0';

	if (*config->stream_url != '\0')
		return skl_sprintf(ctx, "%s%s", config->stream_url, ctx->raw_uri);
	return skl_sprintf(ctx, "%s://%.*s:%d%s", secure ? "https" : "http", (int) length, host,
					   config->stream_port, ctx->raw_uri);
}

bool
skl_stream_place(SklRequestCtx *ctx)
{
	bool wanted = strcmp(ctx->route->path, SKL_STREAM_PATH) == 0 && ctx->method == SKL_GET;

	if (wanted == (ctx->thread->streams != NULL))
		return true;
	if (wanted && ctx->config->stream_port > 0)
	{
		skl_header(ctx, "Location", location(ctx));
		skl_answer(ctx, 307, NULL, "", 0);
	}
	else
		skl_refuse(ctx, SKL_ERR_RESOURCE_NOT_FOUND,
				   wanted ? "this server has no live stream" : "this port has the live stream only",
				   NULL);
	return false;
}

/* ---- frames and queues ---- */

static Frame *
new_frame(const char *bytes, size_t length)
{
	Frame *frame = malloc(sizeof(Frame) + length);

	if (frame == NULL)
		abort();
	frame->references = 1;
	frame->length = length;
	memcpy(frame->bytes, bytes, length);
	return frame;
}

static void
release(Frame *frame)
{
	if (frame != NULL && --frame->references == 0)
		free(frame);
}

/* Lets libmicrohttpd ask for more. */
static void
resume(SklStream *stream)
{
	if (!stream->suspended)
		return;
	stream->suspended = false;
	MHD_resume_connection(stream->mhd);
	stream->home->thread->run_mhd = true;
}

/* The stream sends what is queued, and no more. */
static void
end(SklStream *stream)
{
	stream->ended = true;
	resume(stream);
}

/* A client that does not read: its connection is closed under it. */
static void
cut(SklStream *stream)
{
	stream->ended = true;
	atomic_fetch_add(&stats.dropped, 1);
	shutdown(stream->conn->fd, SHUT_RDWR);
	resume(stream);
}

static void
push(SklStream *stream, Frame *frame)
{
	Waiting *waiting;

	if (stream->ended)
		return;
	if (stream->queued > 0 && stream->queued + frame->length > QUEUE_LIMIT)
	{
		cut(stream);
		return;
	}
	waiting = malloc(sizeof(*waiting));
	if (waiting == NULL)
		abort();
	waiting->next = NULL;
	waiting->frame = frame;
	frame->references++;
	if (stream->tail != NULL)
		stream->tail->next = waiting;
	else
		stream->head = waiting;
	stream->tail = waiting;
	stream->queued += frame->length;
	stream->spoke_us = stream->home->thread->now_us;
	resume(stream);
}

static void
push_text(SklStream *stream, const char *text, size_t length)
{
	Frame *frame = new_frame(text, length);

	push(stream, frame);
	release(frame);
}

/* An entry of the stream's user that it does not have yet, in its order. */
static void
give(SklStream *stream, int64_t position, Frame *frame)
{
	if (position <= stream->position || stream->ended)
		return;
	stream->position = position;
	push(stream, frame);
	atomic_fetch_add_explicit(&stats.delivered, 1, memory_order_relaxed);
}

static void
drop_head(SklStream *stream)
{
	Waiting *waiting = stream->head;

	stream->head = waiting->next;
	if (stream->head == NULL)
		stream->tail = NULL;
	stream->queued -= waiting->frame->length;
	stream->offset = 0;
	release(waiting->frame);
	free(waiting);
}

/* libmicrohttpd has room for so many bytes. */
static ssize_t
draw(void *arg, uint64_t at, char *buffer, size_t room)
{
	SklStream *stream = arg;
	size_t length = 0;

	(void) at;
	while (stream->head != NULL && length < room)
	{
		Frame *frame = stream->head->frame;
		size_t piece = frame->length - stream->offset;

		piece = piece < room - length ? piece : room - length;
		memcpy(buffer + length, frame->bytes + stream->offset, piece);
		length += piece;
		stream->offset += piece;
		if (stream->offset == frame->length)
			drop_head(stream);
	}
	if (length > 0)
		return (ssize_t) length;
	if (stream->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	stream->suspended = true;
	MHD_suspend_connection(stream->mhd);
	return 0;
}

/* ---- streams ---- */

static SklStream **
bucket_of(SklStreams *streams, const SklUuid *user)
{
	uint32_t hash;

	memcpy(&hash, user->bytes + 12, sizeof(hash)); /* random in every version of UUIDs */
	return &streams->buckets[hash & (BUCKETS - 1)];
}

static bool
same(const SklUuid *a, const SklUuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static int
count_of_user(SklStreams *streams, const SklUuid *user)
{
	int count = 0;

	for (SklStream *stream = *bucket_of(streams, user); stream != NULL;
		 stream = stream->next_of_user)
		count += same(&stream->user, user);
	return count;
}

static void
join(SklStreams *streams, SklStream *stream)
{
	SklStream **bucket = bucket_of(streams, &stream->user);

	stream->next_of_user = *bucket;
	*bucket = stream;
	stream->next = streams->all;
	if (streams->all != NULL)
		streams->all->prev = stream;
	streams->all = stream;
	atomic_fetch_add(&stats.clients, 1);
}

/* libmicrohttpd is through with the answer. */
static void
leave(void *arg)
{
	SklStream *stream = arg;
	SklStreams *streams = stream->home;
	SklStream **at = bucket_of(streams, &stream->user);

	while (*at != stream)
		at = &(*at)->next_of_user;
	*at = stream->next_of_user;
	if (stream->prev != NULL)
		stream->prev->next = stream->next;
	else
		streams->all = stream->next;
	if (stream->next != NULL)
		stream->next->prev = stream->prev;
	while (stream->head != NULL)
		drop_head(stream);
	stream->conn->stream = NULL;
	atomic_fetch_sub(&stats.clients, 1);
	free(stream);
}

/* A slow reader shows early, a dead client soon, and a hang-up while suspended is seen. */
static void
watch(SklStream *stream)
{
	struct epoll_event event = {.events = EPOLLRDHUP, .data.ptr = stream->conn};
	int room = SEND_BUFFER;
	unsigned int silence = SILENCE_MS;
	int fd = stream->conn->fd;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof(silence));
	stream->conn->watched =
		epoll_ctl(stream->home->thread->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* The entries of its user that came between the first piece and now. */
static void
catch_up(SklStreams *streams, SklStream *stream)
{
	uint64_t first = streams->appended > RING_ENTRIES ? streams->appended - RING_ENTRIES : 0;

	for (uint64_t i = first; i < streams->appended; i++)
	{
		RingEntry *entry = &streams->ring[i % RING_ENTRIES];

		if (same(&entry->user, &stream->user))
			give(stream, entry->position, entry->frame);
	}
}

/* While the database is away: EventSource gives up at any other status than 200, but comes back
 * after a stream that has ended. */
static void
put_off(SklRequestCtx *ctx)
{
	static const char text[] = "retry: 2000\n\n";

	if (ctx->status == 503 && ctx->method == SKL_GET && strcmp(ctx->path, SKL_STREAM_PATH) == 0)
		skl_answer(ctx, 200, "text/event-stream; charset=utf-8", text, sizeof(text) - 1);
}

void
skl_stream_begin(SklRequestCtx *ctx)
{
	SklStreams *streams = ctx->thread->streams;
	SklStream *stream;

	if (streams != NULL)
		put_off(ctx);
	if (streams == NULL || !ctx->streams || ctx->stream_position < streams->base ||
		streams->base < 0 || skl_server_quiescing())
		return;
	if (count_of_user(streams, &ctx->identity.user) >= ctx->config->stream_max_per_user)
	{
		skl_header(ctx, "Retry-After", "60");
		skl_refuse(ctx, SKL_ERR_RATE_LIMITED, "too many live streams of one user", NULL);
		return;
	}
	stream = calloc(1, sizeof(*stream));
	if (stream == NULL)
		abort();
	stream->home = streams;
	stream->conn = ctx->conn;
	stream->mhd = ctx->mhd;
	stream->user = ctx->identity.user;
	stream->session = ctx->identity.session;
	stream->expires = ctx->identity.expires;
	stream->position = ctx->stream_position;
	join(streams, stream);
	streams->feed.arrivals = true;
	push_text(stream, ctx->reply.body, ctx->reply.body_length);
	catch_up(streams, stream);
	watch(stream);
	ctx->stream = stream;
	ctx->conn->stream = stream;
}

struct MHD_Response *
skl_stream_response(SklStream *stream)
{
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, draw, stream, leave);
}

void
skl_stream_hang_up(SklStream *stream)
{
	end(stream);
}

/* ---- what the feed brings ---- */

static void
reset(void *owner, int64_t position)
{
	SklStreams *streams = owner;

	for (int i = 0; i < RING_ENTRIES; i++)
	{
		release(streams->ring[i].frame);
		streams->ring[i].frame = NULL;
	}
	streams->appended = 0;
	streams->base = position;
	for (SklStream *stream = streams->all; stream != NULL; stream = stream->next)
		end(stream);
}

static void
append(SklStreams *streams, const SklStreamEntry *entry)
{
	RingEntry *slot = &streams->ring[streams->appended % RING_ENTRIES];

	if (slot->frame != NULL)
	{
		streams->base = slot->position;
		release(slot->frame);
	}
	slot->position = entry->position;
	slot->user = entry->user;
	slot->frame = new_frame(entry->frame, entry->length);
	streams->appended++;
}

static void
deliver_entry(SklStreams *streams, const SklStreamEntry *entry)
{
	SklStream *stream = *bucket_of(streams, &entry->user);

	append(streams, entry);
	for (; stream != NULL; stream = stream->next_of_user)
	{
		if (same(&stream->user, &entry->user))
			give(stream, entry->position,
				 streams->ring[(streams->appended - 1) % RING_ENTRIES].frame);
	}
}

/* A signal is for the streams that are there now; nothing remembers it. */
static void
deliver_signal(SklStreams *streams, const SklStreamEntry *signal)
{
	SklStream *stream = *bucket_of(streams, &signal->user);
	Frame *frame = new_frame(signal->frame, signal->length);

	for (; stream != NULL; stream = stream->next_of_user)
	{
		if (same(&stream->user, &signal->user))
			push(stream, frame);
	}
	release(frame);
}

static void
deliver(void *owner, const SklStreamEntry *entries, int count)
{
	SklStreams *streams = owner;

	for (int i = 0; i < count; i++)
	{
		const SklStreamEntry *entry = &entries[i];

		if (entry->position > 0)
			deliver_entry(streams, entry);
		else
			deliver_signal(streams, entry);
	}
}

/* A text array that grows. */
typedef struct List
{
	char *text;
	size_t length;
	size_t room;
} List;

static void
add_to(List *list, const SklUuid *id)
{
	if (list->room - list->length < 40)
	{
		list->room = list->room * 2 + 1024;
		list->text = realloc(list->text, list->room);
		if (list->text == NULL)
			abort();
	}
	list->text[list->length] = list->length == 0 ? '{' : ',';
	skl_uuid_text(id, list->text + list->length + 1);
	list->length += 37;
}

static char *
close_list(List *list)
{
	if (list->text != NULL)
		memcpy(list->text + list->length, "}", 2);
	return list->text;
}

static char *
sessions(void *owner, const SklStreamEntry *entries, int count)
{
	SklStreams *streams = owner;
	List list = {0};

	for (SklStream *stream = entries == NULL ? streams->all : NULL; stream != NULL;
		 stream = stream->next)
		add_to(&list, &stream->session);
	for (int i = 0; i < count; i++)
	{
		for (SklStream *stream = *bucket_of(streams, &entries[i].user); stream != NULL;
			 stream = stream->next_of_user)
		{
			if (same(&stream->user, &entries[i].user))
				add_to(&list, &stream->session);
		}
	}
	return close_list(&list);
}

static char *
users(void *owner, bool all)
{
	SklStreams *streams = owner;
	List list = {0};

	for (SklStream *stream = streams->all; stream != NULL; stream = stream->next)
	{
		if ((all || !stream->named) && !stream->ended)
			add_to(&list, &stream->user);
		stream->named = true;
	}
	return close_list(&list);
}

static void
ended(void *owner, const SklUuid *gone, int count)
{
	SklStreams *streams = owner;

	for (int i = 0; i < count; i++)
	{
		for (SklStream *stream = streams->all; stream != NULL; stream = stream->next)
		{
			if (same(&stream->session, &gone[i]))
				end(stream);
		}
	}
}

static void
current(void *owner)
{
	(void) owner;
	atomic_store(&stats.current_us, skl_now_us());
}

/* ---- the loop ---- */

SklStreams *
skl_streams_start(SklThread *thread)
{
	static const SklFeedCalls calls = {reset, sessions, users, ended, deliver, current};
	SklStreams *streams = calloc(1, sizeof(*streams));

	if (streams == NULL)
		abort();
	streams->thread = thread;
	streams->base = -1;
	streams->heartbeat = new_frame(":\n\n", 3);
	skl_feed_start(&streams->feed, thread->epoll_fd, thread->config->database, &calls, streams);
	return streams;
}

/* Looks through the streams: whose token has expired, who heard nothing for long. */
static void
beat(SklStreams *streams, uint64_t now)
{
	int64_t wall = time(NULL);

	streams->beat_us = now;
	for (SklStream *stream = streams->all; stream != NULL; stream = stream->next)
	{
		if (wall >= stream->expires)
			end(stream);
		else if (now > stream->spoke_us + HEARTBEAT_US)
			push(stream, streams->heartbeat);
	}
}

void
skl_streams_turn(SklStreams *streams, uint64_t now)
{
	skl_feed_turn(&streams->feed, now);
	if (now > streams->beat_us + BEAT_US)
		beat(streams, now);
}

void
skl_streams_end(SklStreams *streams)
{
	for (SklStream *stream = streams->all; stream != NULL; stream = stream->next)
	{
		char text[32];
		unsigned int draw_of = 0;
		ssize_t got = getrandom(&draw_of, sizeof(draw_of), 0);
		int length = snprintf(text, sizeof(text), "retry: %u\n\n",
							  1000 + (got > 0 ? draw_of % COME_BACK_MS : 0));

		push_text(stream, text, (size_t) length);
		end(stream);
	}
}

void
skl_streams_stop(SklStreams *streams)
{
	skl_feed_stop(&streams->feed);
	for (int i = 0; i < RING_ENTRIES; i++)
		release(streams->ring[i].frame);
	release(streams->heartbeat);
	free(streams);
}
