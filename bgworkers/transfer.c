/*
 * bgworkers/transfer.c
 *		Conversations over the network that never block: libcurl's multi interface on a
 *WaitEventSet.
 *
 * libcurl tells by two callbacks which sockets it waits for and when it wants to be called next.
 * skl_transfer_wait() waits for those, the latch and the postmaster at once, so a server that hangs
 * delays neither a shutdown nor another transfer. Names are resolved in threads of libcurl; they
 * are started with all signals blocked, so that no handler of the server runs in them, and a
 * shutdown does not wait for them. No callback touches PostgreSQL's memory contexts or raises an
 * error: nothing jumps through libcurl.
 */
#include "skl.h"

#include "bgworkers/transfer.h"
#include "core/guc.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"

#include <signal.h>

/* Sockets watched at once; more than any connection limit of ours, with a resolver's for each. */
#define MAX_SOCKETS 2048

typedef struct Transfer
{
	SklTransferDone done;
	void *arg;
} Transfer;

typedef struct Watch
{
	curl_socket_t socket;
	int what; /* CURL_POLL_* */
} Watch;

static CURLM *multi = NULL;
static Watch watches[MAX_SOCKETS];
static int nwatches = 0;
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

/* CURLMOPT_SOCKETFUNCTION: keeps the list of watched sockets. */
static int
on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *socket_arg)
{
	int i = 0;

	while (i < nwatches && watches[i].socket != socket)
		i++;
	if (what == CURL_POLL_REMOVE)
	{
		if (i < nwatches)
			watches[i] = watches[--nwatches];
		return 0;
	}
	if (i == MAX_SOCKETS)
		return -1;
	if (i == nwatches)
		nwatches++;
	watches[i].socket = socket;
	watches[i].what = what;
	return 0;
}

/* CURLMOPT_TIMERFUNCTION: notes when libcurl wants to be called. */
static int
on_timer(CURLM *handle, long timeout_ms, void *arg)
{
	timer_at = timeout_ms < 0 ? 0 : TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);
	return 0;
}

static void
open_multi(void)
{
	if (multi != NULL)
		return;
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
					  2 * (long) skl_guc.courier_concurrency);
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

static WaitEventSet *
wait_set(void)
{
	WaitEventSet *set = CreateWaitEventSet(CurrentMemoryContext, nwatches + 2);

	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	for (int i = 0; i < nwatches; i++)
	{
		uint32 events = (watches[i].what & CURL_POLL_IN ? WL_SOCKET_READABLE : 0) |
						(watches[i].what & CURL_POLL_OUT ? WL_SOCKET_WRITEABLE : 0);

		AddWaitEventToSet(set, events, watches[i].socket, NULL, NULL);
	}
	return set;
}

static void
act_on(const WaitEvent *event)
{
	int mask = (event->events & WL_SOCKET_READABLE ? CURL_CSELECT_IN : 0) |
			   (event->events & WL_SOCKET_WRITEABLE ? CURL_CSELECT_OUT : 0);
	int ignored;

	WITHOUT_SIGNALS(curl_multi_socket_action(multi, event->fd, mask, &ignored));
}

/* Milliseconds until libcurl's timer or the end, whichever comes first. */
static long
time_to_wait(TimestampTz end)
{
	TimestampTz until = timer_at != 0 ? Min(timer_at, end) : end;

	return TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until);
}

/* One wait and what follows from it; true when the latch was set or a transfer has ended. */
static bool
wait_once(TimestampTz end)
{
	WaitEvent events[64];
	WaitEventSet *set = wait_set();
	bool latch_set = false;
	int ignored;
	int n = WaitEventSetWait(set, time_to_wait(end), events, lengthof(events), PG_WAIT_EXTENSION);

	FreeWaitEventSet(set);
	for (int i = 0; i < n; i++)
	{
		if (events[i].events & WL_LATCH_SET)
			latch_set = true;
		else
			act_on(&events[i]);
	}
	if (timer_at != 0 && timer_at <= GetCurrentTimestamp())
	{
		timer_at = 0;
		WITHOUT_SIGNALS(curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &ignored));
	}
	return collect() || latch_set;
}

void
skl_transfer_wait(long timeout_ms)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);

	if (running == 0)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout_ms,
						 PG_WAIT_EXTENSION);
		return;
	}
	while (GetCurrentTimestamp() < end)
	{
		if (wait_once(end))
			return;
	}
}
