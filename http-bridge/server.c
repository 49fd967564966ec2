/*
 * server.c
 *		Event-loop threads.
 *
 * Each thread has a listening socket of its own on the shared port (SO_REUSEPORT; the live stream's
 * loop, the last one, has another port), a libmicrohttpd daemon in external epoll mode, and
 * connections to PostgreSQL. One turn of its loop:
 *
 *	epoll_wait   libmicrohttpd's epoll, PostgreSQL sockets, hang-ups of parked clients, the wake-up
 *	PostgreSQL   results -> jobs done -> connections resumed
 *	libmicrohttpd   accepts, parses, calls back; requests become jobs and are parked; those whose
 *				 job is done queue their answer
 *	pool         queued jobs go out
 *	deadlines    absolute ones, which libmicrohttpd does not know (deadlines.c)
 *
 * A parked request lingers first: libmicrohttpd asks it for an answer whenever it runs. That costs
 * a function call, where suspending and resuming a connection costs three system calls and a walk
 * over all suspended ones. Only what lingers too long, or in too large a crowd, is suspended.
 *
 * libmicrohttpd closes the connection when an answer is queued in the first callback, so only
 * framing errors are answered there; everything else waits for the callback after the body.
 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "catalogue.h"
#include "dispatch.h"
#include "files.h"
#include "network.h"
#include "reply.h"
#include "rows.h"
#include "stream.h"
#include "stream_feed.h"
#include "tls.h"

#define COUNT(word) atomic_fetch_add_explicit(&(word), 1, memory_order_relaxed)
#define UNCOUNT(word) atomic_fetch_sub_explicit(&(word), 1, memory_order_relaxed)

#define WATCH_AFTER_US 20000 /* shorter requests are not worth two system calls */
#define LINGER_US 5000
#define LINGER_MAX 64
#define REQUEST_POOL ((size_t) 16384) /* bytes a connection: headers of request and answer */
#define STREAM_POOL ((size_t) 6144)	  /* there are thousands, and their headers are few */

static SklThread *threads;
static int nthreads;
static atomic_bool quiescing;
static atomic_bool stopping;

int
skl_server_threads(void)
{
	return nthreads;
}

SklThreadStats *
skl_server_stats(int thread)
{
	return &threads[thread].stats;
}

bool
skl_server_quiescing(void)
{
	return atomic_load_explicit(&quiescing, memory_order_relaxed);
}

/* ---- connections ---- */

static void
enter_phase(SklConn *conn, SklConnPhase phase, uint64_t bytes)
{
	conn->phase = phase;
	conn->since_us = conn->thread->now_us;
	conn->bytes = bytes;
	conn->acked = 0;
}

static void
connection_opened(SklThread *thread, struct MHD_Connection *mhd, void **context)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	SklConn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		abort();
	conn->tag = SKL_TAG_CONN;
	conn->thread = thread;
	conn->fd = info == NULL ? -1 : info->connect_fd;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info != NULL)
		skl_address_from_sockaddr(info->client_addr, &conn->peer);
	conn->next = thread->conns;
	if (thread->conns != NULL)
		thread->conns->prev = conn;
	thread->conns = conn;
	enter_phase(conn, SKL_CONN_IDLE, 0);
	COUNT(thread->stats.connections);
	*context = conn;
}

static void
connection_closed(SklThread *thread, SklConn *conn)
{
	if (conn->prev != NULL)
		conn->prev->next = conn->next;
	else
		thread->conns = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	UNCOUNT(thread->stats.connections);
	free(conn->seen);
	free(conn);
}

static void
on_connection(void *arg, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	SklThread *thread = arg;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		connection_opened(thread, mhd, context);
	else if (*context != NULL)
		connection_closed(thread, *context);
}

/* What connection_opened() left with the connection; the library knows this question, so it
 * answers. */
static SklConn *
conn_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* ---- parking ---- */

static void
suspend(SklConn *conn)
{
	conn->suspended = true;
	MHD_suspend_connection(conn->ctx->mhd);
}

static void
park(SklRequestCtx *ctx)
{
	SklConn *conn = ctx->conn;
	SklThread *thread = ctx->thread;

	enter_phase(conn, SKL_CONN_PARKED, 0);
	conn->next_parked = NULL;
	conn->prev_parked = thread->parked_tail;
	if (thread->parked_tail != NULL)
		thread->parked_tail->next_parked = conn;
	else
		thread->parked_head = conn;
	thread->parked_tail = conn;
	if (thread->lingering < LINGER_MAX)
		thread->lingering++;
	else
		suspend(conn);
}

/* libmicrohttpd asks whether there is an answer by now; there is none. */
static void
linger(SklConn *conn)
{
	if (conn->thread->now_us < conn->since_us + LINGER_US)
		return;
	conn->thread->lingering--;
	suspend(conn);
}

void
skl_server_unwatch(SklConn *conn)
{
	if (conn->watched)
		epoll_ctl(conn->thread->epoll_fd, EPOLL_CTL_DEL, conn->fd, NULL);
	conn->watched = false;
}

static void
unpark(SklConn *conn)
{
	SklThread *thread = conn->thread;

	skl_server_unwatch(conn);
	if (conn->prev_parked != NULL)
		conn->prev_parked->next_parked = conn->next_parked;
	else
		thread->parked_head = conn->next_parked;
	if (conn->next_parked != NULL)
		conn->next_parked->prev_parked = conn->prev_parked;
	else
		thread->parked_tail = conn->prev_parked;
	conn->next_parked = NULL;
	conn->prev_parked = NULL;
	if (!conn->suspended)
		thread->lingering--;
}

void
skl_server_answered(SklRequestCtx *ctx)
{
	SklConn *conn = ctx->conn;
	SklThread *thread = ctx->thread;

	if (conn == NULL)
	{
		thread->orphans--;
		skl_request_free(ctx);
		skl_context_end(&thread->contexts, ctx);
		return;
	}
	unpark(conn);
	enter_phase(conn, SKL_CONN_SENDING, 0);
	if (conn->suspended)
		MHD_resume_connection(ctx->mhd);
	conn->suspended = false;
	thread->run_mhd = true;
}

/* A suspended connection's hang-up is not seen by libmicrohttpd; requests that take longer than a
 * moment are watched by our own epoll. */
static void
watch_parked(SklThread *thread, uint64_t now)
{
	for (SklConn *conn = thread->parked_head; conn != NULL && now > conn->since_us + WATCH_AFTER_US;
		 conn = conn->next_parked)
	{
		struct epoll_event event = {.events = EPOLLRDHUP, .data.ptr = conn};

		if (conn->watched || conn->hung_up || !conn->suspended)
			continue;
		if (epoll_ctl(thread->epoll_fd, EPOLL_CTL_ADD, conn->fd, &event) == 0)
			conn->watched = true;
	}
}

/* ---- libmicrohttpd's callbacks ---- */

static void *
on_uri(void *arg, const char *uri, struct MHD_Connection *mhd)
{
	SklThread *thread = arg;
	SklConn *conn = conn_of(mhd);
	SklRequestCtx *ctx = skl_context_begin(&thread->contexts);

	ctx->thread = thread;
	ctx->conn = conn;
	ctx->mhd = mhd;
	ctx->config = skl_config();
	conn->ctx = ctx;
	conn->requests++;
	enter_phase(conn, SKL_CONN_HEADERS, 0);
	COUNT(thread->stats.inflight);
	skl_request_begin(ctx, uri);
	return ctx;
}

static size_t
on_unescape(void *arg, struct MHD_Connection *mhd, char *text)
{
	(void) arg;
	(void) mhd;
	return strlen(text);
}

static enum MHD_Result
answer(SklRequestCtx *ctx)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	skl_stream_begin(ctx);
	response = skl_reply_build(ctx);
	if (ctx->job != NULL)
		ctx->thread->run_mhd = true;
	enter_phase(ctx->conn, ctx->stream != NULL ? SKL_CONN_STREAMING : SKL_CONN_SENDING,
				ctx->bytes_out);
	result = MHD_queue_response(ctx->mhd, (unsigned int) ctx->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
obey(SklRequestCtx *ctx, SklNext next)
{
	switch (next)
	{
		case SKL_NEXT_ANSWER:
			return answer(ctx);
		case SKL_NEXT_PARK:
			park(ctx);
			return MHD_YES;
		case SKL_NEXT_CLOSE:
			return MHD_NO;
		case SKL_NEXT_READ:
			break;
	}
	return MHD_YES;
}

/* Logs and counts a request whose answer is sent, or whose client is gone. */
static void
end_request(SklThread *thread, SklRequestCtx *ctx)
{
	skl_request_end(ctx);
	UNCOUNT(thread->stats.inflight);
	ctx->conn->ctx = NULL;
}

static void
free_request(SklThread *thread, SklRequestCtx *ctx)
{
	skl_request_free(ctx);
	skl_context_end(&thread->contexts, ctx);
}

/* Goes on with a request that has been read; one that became a stream ends here, and its memory is
 * not kept as long as the stream. */
static enum MHD_Result
go_on(SklThread *thread, SklRequestCtx *ctx, void **context)
{
	enum MHD_Result result = obey(ctx, skl_request_complete(ctx));

	if (ctx->stream != NULL)
	{
		*context = NULL;
		end_request(thread, ctx);
		free_request(thread, ctx);
	}
	return result;
}

static enum MHD_Result
on_access(void *arg, struct MHD_Connection *mhd, const char *url, const char *method,
		  const char *version, const char *data, size_t *size, void **context)
{
	SklRequestCtx *ctx = *context;

	(void) mhd;
	if (ctx == NULL)
		return MHD_NO;
	if (ctx->phase == SKL_PHASE_NEW)
	{
		SklNext next = skl_request_headers(ctx, method, url, version);

		if (next == SKL_NEXT_READ)
			enter_phase(ctx->conn, SKL_CONN_BODY, 0);
		return obey(ctx, next);
	}
	if (*size > 0)
	{
		SklNext next = skl_request_body(ctx, data, *size);

		ctx->conn->bytes += *size;
		*size = 0;
		return obey(ctx, next);
	}
	if (ctx->conn->phase == SKL_CONN_PARKED)
	{
		linger(ctx->conn);
		return MHD_YES;
	}
	return go_on(arg, ctx, context);
}

/* The client is gone before its job is done: the job ends without a connection. */
static void
orphan(SklThread *thread, SklRequestCtx *ctx)
{
	if (ctx->conn->phase == SKL_CONN_PARKED)
		unpark(ctx->conn);
	else
		skl_server_unwatch(ctx->conn);
	enter_phase(ctx->conn, SKL_CONN_IDLE, 0);
	ctx->conn = NULL;
	ctx->mhd = NULL;
	thread->orphans++;
	skl_request_abandon(ctx);
}

static void
on_completed(void *arg, struct MHD_Connection *mhd, void **context,
			 enum MHD_RequestTerminationCode code)
{
	SklThread *thread = arg;
	SklRequestCtx *ctx = *context;

	if (ctx == NULL)
	{
		/* it became a stream, which is over */
		if (conn_of(mhd)->phase == SKL_CONN_STREAMING)
			enter_phase(conn_of(mhd), SKL_CONN_IDLE, 0);
		return;
	}
	*context = NULL;
	if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK && !ctx->answered)
		ctx->status = 499;
	else if (ctx->rows != NULL)
		skl_rows_settle(ctx);
	end_request(thread, ctx);
	if (ctx->conn->phase == SKL_CONN_PARKED || skl_rows_running(ctx))
	{
		orphan(thread, ctx);
		return;
	}
	enter_phase(ctx->conn, SKL_CONN_IDLE, 0);
	free_request(thread, ctx);
}

static void
on_log(void *arg, const char *format, va_list args)
{
	char text[512];

	(void) arg;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\r\n")] = '\0';
	skl_log(SKL_LOG_DEBUG, "http", "%s", text);
}

/* ---- the loop ---- */

static void
wake(SklThread *thread)
{
	uint64_t one = 1;
	ssize_t written = write(thread->wake_fd, &one, sizeof(one));

	(void) written;
}

/* Stops accepting; what already waits in the backlog is still served. */
static void
quiesce(SklThread *thread)
{
	int fd = MHD_quiesce_daemon(thread->daemon);

	thread->quiesced = true;
	if (thread->streams != NULL)
		skl_streams_end(thread->streams);
	if (fd < 0)
		return;
	for (;;)
	{
		struct sockaddr_storage address;
		socklen_t length = sizeof(address);
		int client =
			accept4(fd, (struct sockaddr *) &address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client < 0)
			break;
		MHD_add_connection(thread->daemon, client, (struct sockaddr *) &address, length);
	}
	close(fd);
	thread->listen_fd = -1;
}

static void
handle_event(SklThread *thread, const struct epoll_event *event)
{
	uint64_t count;

	switch (*(int *) event->data.ptr)
	{
		case SKL_TAG_MHD:
			thread->run_mhd = true;
			break;
		case SKL_TAG_WAKE:
			if (read(thread->wake_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
				skl_log(SKL_LOG_WARN, "wake", "%s", strerror(errno));
			break;
		case SKL_TAG_PG:
			skl_pg_event(event->data.ptr, event->events);
			break;
		case SKL_TAG_CONN:
		{
			SklConn *conn = event->data.ptr;

			skl_server_unwatch(conn);
			if (conn->stream != NULL)
				skl_stream_hang_up(conn->stream);
			if (conn->phase == SKL_CONN_FETCHING)
				skl_rows_hang_up(conn->ctx);
			if (conn->phase != SKL_CONN_PARKED)
				break;
			conn->hung_up = true;
			skl_request_abandon(conn->ctx);
			break;
		}
		case SKL_TAG_FEED:
			skl_feed_event(event->data.ptr, event->events);
			break;
	}
}

static int
loop_timeout(SklThread *thread, uint64_t now)
{
	MHD_UNSIGNED_LONG_LONG mhd_timeout;
	int timeout = skl_pool_timeout(&thread->pool, now);

	if (thread->lingering > 0)
	{
		/* libmicrohttpd takes who lingers for work to be done at once */
		timeout = timeout > 1 ? 1 : timeout;
		thread->run_mhd = true;
	}
	else if (MHD_get_timeout(thread->daemon, &mhd_timeout) == MHD_YES && mhd_timeout < 1000 &&
			 (int) mhd_timeout < timeout)
	{
		timeout = (int) mhd_timeout;
		thread->run_mhd = true;
	}
	if (thread->parked_head != NULL && timeout > 20)
		timeout = 20;
	if (thread->conns != NULL && timeout > SKL_SWEEP_US / 1000)
		timeout = SKL_SWEEP_US / 1000;
	return timeout;
}

/* Files that are on the disk now: their requests go on. */
static void
go_on_stored(SklThread *thread)
{
	SklStoring *storing;

	while ((storing = skl_files_stored(thread)) != NULL)
		skl_request_stored(storing->ctx);
}

/* Results first, then HTTP, then what HTTP queued. */
static void
turn(SklThread *thread)
{
	struct epoll_event events[64];
	int count = epoll_wait(thread->epoll_fd, events, 64, loop_timeout(thread, thread->now_us));
	uint64_t now;

	thread->now_us = skl_now_us();
	skl_catalogue_refresh(&thread->catalogue, &thread->catalogue_version);
	go_on_stored(thread);
	for (int i = 0; i < count; i++)
	{
		if (*(int *) events[i].data.ptr == SKL_TAG_PG)
			handle_event(thread, &events[i]);
	}
	for (int i = 0; i < count; i++)
	{
		if (*(int *) events[i].data.ptr != SKL_TAG_PG)
			handle_event(thread, &events[i]);
	}
	if (thread->run_mhd)
	{
		thread->run_mhd = false;
		MHD_run(thread->daemon);
		/* what queued its answer after lingering is sent by the next run */
		if (thread->run_mhd)
			MHD_run(thread->daemon);
		thread->run_mhd = false;
	}
	now = skl_now_us();
	thread->now_us = now;
	if (thread->streams != NULL)
		skl_streams_turn(thread->streams, now);
	skl_pool_pump(&thread->pool, now);
	if (thread->parked_head != NULL)
		watch_parked(thread, now);
	if (now > thread->swept_us + SKL_SWEEP_US)
		skl_deadlines_sweep(thread, now);
	if (!thread->quiesced && skl_server_quiescing())
		quiesce(thread);
}

/*
 * Wakes the calling thread when the scheduler comes to it, not at once in place of whoever runs
 * (sched(7), SCHED_BATCH). With the cores busy, each answer of a backend would otherwise stop that
 * backend for a turn of one event; so several wait for a turn, which costs a third less. An idle
 * core takes the thread as fast as ever. Where the policy is refused, nothing changes.
 */
static void
prefer_batches(void)
{
	struct sched_param none = {0};

	(void) pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
}

static void *
run_thread(void *arg)
{
	SklThread *thread = arg;

	prefer_batches();
	while (!atomic_load_explicit(&stopping, memory_order_relaxed) || thread->parked_head != NULL ||
		   thread->orphans > 0)
		turn(thread);
	MHD_stop_daemon(thread->daemon);
	skl_pool_stop(&thread->pool);
	if (thread->streams != NULL)
		skl_streams_stop(thread->streams);
	skl_context_cache_clear(&thread->contexts);
	if (thread->catalogue != NULL)
		skl_catalogue_release(thread->catalogue);
	return NULL;
}

/* ---- start and stop ---- */

static int
bind_listener(const char *address, int port)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
	bool is_four = inet_pton(AF_INET, address, &four.sin_addr) == 1;
	int family = is_four ? AF_INET : AF_INET6;
	int on = 1;
	int off = 0;
	int fd;

	if (!is_four && inet_pton(AF_INET6, address, &six.sin6_addr) != 1)
		return -1;
	fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 && !is_four && strcmp(address, "::") == 0)
		return bind_listener("0.0.0.0", port);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (!is_four)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, is_four ? (struct sockaddr *) &four : (struct sockaddr *) &six,
			 is_four ? sizeof(four) : sizeof(six)) == 0 &&
		listen(fd, 1024) == 0)
		return fd;
	close(fd);
	return -1;
}

/* lifecycle.c has SIGPIPE ignored; libmicrohttpd wants to know it before it uses sendfile(). */
static struct MHD_Daemon *
start_daemon(SklThread *thread)
{
	const SklConfig *config = thread->config;
	bool is_stream = thread->streams != NULL;

	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO | MHD_USE_ERROR_LOG |
			skl_tls_flags(),
		0, NULL, NULL, on_access, thread, MHD_OPTION_ARRAY, skl_tls_options(),
		MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, thread->listen_fd,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		MHD_OPTION_CONNECTION_LIMIT,
		(unsigned int) (is_stream ? config->stream_max : config->max_connections),
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned int) config->max_connections_per_ip,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, is_stream ? STREAM_POOL : REQUEST_POOL,
		MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_URI_LOG_CALLBACK, on_uri, thread,
		MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
		thread, MHD_OPTION_NOTIFY_CONNECTION, on_connection, thread, MHD_OPTION_END);
}

static bool
open_thread(SklThread *thread, int index, const SklConfig *config, int port)
{
	struct epoll_event mhd_event = {.events = EPOLLIN, .data.ptr = &thread->mhd_tag};
	struct epoll_event wake_event = {.events = EPOLLIN, .data.ptr = &thread->wake_tag};
	const union MHD_DaemonInfo *info;

	thread->index = index;
	thread->config = config;
	thread->mhd_tag = SKL_TAG_MHD;
	thread->wake_tag = SKL_TAG_WAKE;
	thread->listen_fd = bind_listener(config->listen_address, port);
	thread->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	thread->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (thread->listen_fd < 0 || thread->epoll_fd < 0 || thread->wake_fd < 0)
	{
		skl_log(SKL_LOG_ERROR, "listen", "cannot listen on %s port %d: %s", config->listen_address,
				port, strerror(errno));
		return false;
	}
	if (index == config->threads)
		thread->streams = skl_streams_start(thread);
	thread->daemon = start_daemon(thread);
	if (thread->daemon == NULL)
	{
		skl_log(SKL_LOG_ERROR, "listen", "the HTTP daemon did not start");
		return false;
	}
	info = MHD_get_daemon_info(thread->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	epoll_ctl(thread->epoll_fd, EPOLL_CTL_ADD, info->epoll_fd, &mhd_event);
	epoll_ctl(thread->epoll_fd, EPOLL_CTL_ADD, thread->wake_fd, &wake_event);
	skl_pool_start(&thread->pool, config, thread->epoll_fd, thread->wake_fd, &thread->stats,
				   skl_request_done, skl_rows_paused);
	return true;
}

bool
skl_server_start(void)
{
	const SklConfig *config = skl_config();

	threads = calloc((size_t) config->threads + 1, sizeof(SklThread));
	if (threads == NULL)
		abort();
	if (!skl_cancel_start())
		return false;
	for (int i = 0; i < config->threads + (config->stream_port > 0); i++)
	{
		int port = i < config->threads ? config->port : config->stream_port;

		if (!open_thread(&threads[i], i, config, port))
			return false;
		nthreads++;
	}
	for (int i = 0; i < nthreads; i++)
	{
		if (pthread_create(&threads[i].pthread, NULL, run_thread, &threads[i]) != 0)
			return false;
	}
	return true;
}

void
skl_server_quiesce(void)
{
	atomic_store(&quiescing, true);
	for (int i = 0; i < nthreads; i++)
		wake(&threads[i]);
}

static uint64_t
sum(size_t offset)
{
	uint64_t total = 0;

	for (int i = 0; i < nthreads; i++)
		total += atomic_load((_Atomic uint64_t *) ((char *) &threads[i].stats + offset));
	return total;
}

uint64_t
skl_server_inflight(void)
{
	return sum(offsetof(SklThreadStats, inflight));
}

uint64_t
skl_server_connections(void)
{
	return sum(offsetof(SklThreadStats, connections));
}

SklReadiness
skl_server_readiness(void)
{
	SklCatalogue *catalogue;
	bool usable = false;

	if (skl_server_quiescing())
		return SKL_DRAINING;
	catalogue = skl_catalogue_current();
	if (catalogue == NULL)
		return SKL_NO_ROUTES;
	skl_catalogue_release(catalogue);
	for (int i = 0; i < nthreads; i++)
		usable = usable || (atomic_load(&threads[i].stats.pool_size[SKL_FAST]) > 0 &&
							atomic_load(&threads[i].stats.pool_size[SKL_SLOW]) > 0);
	return usable ? SKL_READY : SKL_NO_DATABASE;
}

void
skl_server_stop(void)
{
	atomic_store(&stopping, true);
	for (int i = 0; i < nthreads; i++)
		wake(&threads[i]);
	for (int i = 0; i < nthreads; i++)
		pthread_join(threads[i].pthread, NULL);
	skl_cancel_stop();
}
