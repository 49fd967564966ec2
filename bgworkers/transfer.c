/*
 * bgworkers/transfer.c
 *		Conversations over the network that never block: libcurl's multi interface on a
 *		WaitEventSet.
 *
 * libcurl tells by two callbacks which sockets it waits for and when it wants to be called next.
 * The sockets are in an epoll set of ours, which is one event beside the latch and the postmaster:
 * a server that hangs delays neither a shutdown nor another transfer, and a thousand connections
 * cost no more than one. Names are resolved in threads of libcurl; they are started with all
 * signals blocked, so that no handler of the server runs in them, and a shutdown does not wait for
 * them. No callback touches PostgreSQL's memory contexts or raises an error: nothing jumps through
 * libcurl.
 */
#include "skl.h"

#include "bgworkers/transfer.h"
#include "core/guc.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/memutils.h"

#include <signal.h>
#include <sys/epoll.h>

/* Events of sockets that one look takes. */
#define EVENTS_MAX 64

typedef struct Transfer
{
	SklTransferDone done;
	void *arg;
} Transfer;

static CURLM *multi = NULL;
static int sockets = -1; /* the epoll set that libcurl's sockets are in */
static WaitEventSet *wait_set = NULL;
static TimestampTz timer_at = 0; /* 0: libcurl wants no call */
static int running = 0;

void *
skl_transfer_alloc(size_t size)
{
	void *memory = calloc(1, size);

	if (memory == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory for a transfer")));
	return memory;
}

/* CURLMOPT_SOCKETFUNCTION: keeps the set of watched sockets; known is NULL for one that is not. */
static int
on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *known)
{
	struct epoll_event event = {.data.fd = socket};

	if (what == CURL_POLL_REMOVE)
	{
		(void) epoll_ctl(sockets, EPOLL_CTL_DEL, socket, NULL);
		return 0;
	}
	event.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
	if (epoll_ctl(sockets, known != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event) != 0)
		return -1;
	curl_multi_assign(multi, socket, &sockets);
	return 0;
}

/* CURLMOPT_TIMERFUNCTION: notes when libcurl wants to be called. */
static int
on_timer(CURLM *handle, long timeout_ms, void *arg)
{
	timer_at = timeout_ms < 0 ? 0 : TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);
	return 0;
}

/* The events that end a wait: libcurl's sockets, the latch, the end of the postmaster. */
static void
open_wait_set(void)
{
	sockets = epoll_create1(EPOLL_CLOEXEC);
	if (sockets < 0)
		ereport(ERROR, (errcode_for_socket_access(), errmsg("could not make an epoll set: %m")));
	wait_set = CreateWaitEventSet(TopMemoryContext, 3);
	AddWaitEventToSet(wait_set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(wait_set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	AddWaitEventToSet(wait_set, WL_SOCKET_READABLE, sockets, NULL, NULL);
}

static void
open_multi(void)
{
	if (multi != NULL)
		return;
	if (wait_set == NULL)
		open_wait_set();
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (multi = curl_multi_init()) == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("libcurl does not start")));
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
}

/* Runs a call of libcurl with all signals blocked, for the threads it may start. */
#define WITHOUT_SIGNALS(call)                        \
	do                                               \
	{                                                \
		sigset_t all;                                \
		sigset_t before;                             \
                                                     \
		sigfillset(&all);                            \
		pthread_sigmask(SIG_SETMASK, &all, &before); \
		call;                                        \
		pthread_sigmask(SIG_SETMASK, &before, NULL); \
	} while (0)

CURL *
skl_transfer_new(void)
{
	CURL *easy;

	open_multi();
	easy = curl_easy_init();
	if (easy == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory for a transfer")));
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	return easy;
}

void
skl_transfer_start(CURL *easy, SklTransferDone done, void *arg)
{
	Transfer *transfer = skl_transfer_alloc(sizeof(Transfer));

	transfer->done = done;
	transfer->arg = arg;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
					  2 * (long) skl_guc.courier_concurrency + skl_guc.webhook_concurrency);
	WITHOUT_SIGNALS(curl_multi_add_handle(multi, easy));
	running++;
}

int
skl_transfer_running(void)
{
	return running;
}

/* Tells the owners of transfers that have ended; true when there was one. */
static bool
collect(void)
{
	CURLMsg *message;
	int left;
	bool any = false;

	while ((message = curl_multi_info_read(multi, &left)) != NULL)
	{
		Transfer *transfer = NULL;
		CURL *easy = message->easy_handle;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **) &transfer);
		transfer->done(easy, code, transfer->arg);
		curl_multi_remove_handle(multi, easy);
		curl_easy_cleanup(easy);
		free(transfer);
		running--;
		any = true;
	}
	return any;
}

/* Passes on what has happened at the sockets. */
static void
look_at_sockets(void)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(sockets, events, EVENTS_MAX, 0);
	int ignored;

	for (int i = 0; i < n; i++)
	{
		int mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
				   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
				   (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

		WITHOUT_SIGNALS(curl_multi_socket_action(multi, events[i].data.fd, mask, &ignored));
	}
}

/* Milliseconds until libcurl's timer or the end, whichever comes first. */
static long
time_to_wait(TimestampTz end)
{
	TimestampTz until = timer_at != 0 ? Min(timer_at, end) : end;

	return TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until);
}

/* One wait and what follows from it; sets latch_set, returns true when a transfer has ended. */
static bool
wait_once(TimestampTz end, bool *latch_set)
{
	WaitEvent events[3];
	int ignored;
	int n =
		WaitEventSetWait(wait_set, time_to_wait(end), events, lengthof(events), PG_WAIT_EXTENSION);

	for (int i = 0; i < n; i++)
	{
		if (events[i].events & WL_LATCH_SET)
			*latch_set = true;
		else
			look_at_sockets();
	}
	if (timer_at != 0 && timer_at <= GetCurrentTimestamp())
	{
		timer_at = 0;
		WITHOUT_SIGNALS(curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &ignored));
	}
	return collect();
}

bool
skl_transfer_wait(long timeout_ms)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);
	bool latch_set = false;

	if (running == 0)
		return (WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout_ms,
						  PG_WAIT_EXTENSION) &
				WL_LATCH_SET) != 0;
	while (!latch_set && GetCurrentTimestamp() < end)
	{
		if (wait_once(end, &latch_set))
			break;
	}
	return latch_set;
}
