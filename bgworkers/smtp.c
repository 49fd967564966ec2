/*
 * bgworkers/smtp.c
 *		Sending mails over SMTP without ever blocking: libcurl's multi interface on a WaitEventSet.
 *
 * libcurl tells by two callbacks which sockets it waits for and when it wants to be called next.
 * skl_smtp_wait() waits for those, the latch and the postmaster at once, so a server that hangs
 * delays neither a shutdown nor another mail. Names are resolved in threads of libcurl; they are
 * started with all signals blocked, so that no handler of the server runs in them, and a shutdown
 * does not wait for them. No callback touches PostgreSQL's memory contexts or raises an error:
 * nothing jumps through libcurl.
 */
#include "skl.h"

#include "bgworkers/smtp.h"
#include "core/guc.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"

#include <curl/curl.h>
#include <signal.h>

/* Sockets watched at once; more than any connection limit of ours, with a resolver's for each. */
#define MAX_SOCKETS 2048

typedef struct Delivery
{
	SklSmtpResult result;
	CURL *easy;
	struct curl_slist *recipients;
	char *message;
	size_t length;
	size_t sent;
	char error[CURL_ERROR_SIZE];
	struct Delivery *next; /* among the results */
} Delivery;

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
static Delivery *results = NULL;

static void
pg_attribute_noreturn() out_of_memory(void)
{
	ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory for mail")));
	pg_unreachable();
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

/* CURLOPT_READFUNCTION: hands out the mail. */
static size_t
on_read(char *buffer, size_t size, size_t nitems, void *arg)
{
	Delivery *delivery = arg;
	size_t n = Min(size * nitems, delivery->length - delivery->sent);

	memcpy(buffer, delivery->message + delivery->sent, n);
	delivery->sent += n;
	return n;
}

static void
open_multi(void)
{
	if (multi != NULL)
		return;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (multi = curl_multi_init()) == NULL)
		out_of_memory();
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

static void
set_options(Delivery *delivery, const char *from)
{
	CURL *easy = delivery->easy;

	curl_easy_setopt(easy, CURLOPT_URL, skl_guc.smtp_url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_USE_SSL,
					 skl_guc.smtp_require_tls ? (long) CURLUSESSL_ALL : (long) CURLUSESSL_TRY);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	if (skl_guc.smtp_user[0] != '\0')
	{
		curl_easy_setopt(easy, CURLOPT_USERNAME, skl_guc.smtp_user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, skl_guc.smtp_password);
	}
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long) skl_guc.courier_timeout);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) skl_guc.courier_timeout);
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, delivery->recipients);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_READDATA, delivery);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, delivery->error);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, delivery);
}

void
skl_smtp_start(const pg_uuid_t *mail, int attempt, const char *from, const char *to,
			   const char *message, size_t length)
{
	Delivery *delivery = calloc(1, sizeof(Delivery));

	open_multi();
	if (delivery == NULL)
		out_of_memory();
	delivery->result.mail = *mail;
	delivery->result.attempt = attempt;
	delivery->easy = curl_easy_init();
	delivery->recipients = curl_slist_append(NULL, to);
	delivery->message = malloc(length);
	if (delivery->easy == NULL || delivery->recipients == NULL || delivery->message == NULL)
		out_of_memory();
	memcpy(delivery->message, message, length);
	delivery->length = length;
	set_options(delivery, from);
	curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long) skl_guc.courier_concurrency);
	WITHOUT_SIGNALS(curl_multi_add_handle(multi, delivery->easy));
	running++;
}

int
skl_smtp_running(void)
{
	return running;
}

bool
skl_smtp_has_results(void)
{
	return results != NULL;
}

bool
skl_smtp_next_result(SklSmtpResult *result)
{
	Delivery *delivery = results;

	if (delivery == NULL)
		return false;
	results = delivery->next;
	*result = delivery->result;
	free(delivery);
	return true;
}

/* Reads the outcome from libcurl's: an answer of 5xx counts where it is about this mail. */
static SklSmtpOutcome
outcome_of(CURLcode code, long answer, const char *error)
{
	if (code == CURLE_OK)
		return SKL_SMTP_SENT;
	if (answer < 500 || answer > 599)
		return SKL_SMTP_RETRY;
	if (strncmp(error, "RCPT failed", 11) == 0)
		return SKL_SMTP_BOUNCED;
	if (strncmp(error, "DATA failed", 11) == 0 || code == CURLE_WEIRD_SERVER_REPLY)
		return SKL_SMTP_REFUSED;
	return SKL_SMTP_RETRY;
}

/* Frees what libcurl holds of a delivery and puts it among the results. */
static void
finish(Delivery *delivery, CURLcode code)
{
	long answer = 0;

	curl_easy_getinfo(delivery->easy, CURLINFO_RESPONSE_CODE, &answer);
	delivery->result.code = (int) answer;
	delivery->result.outcome = outcome_of(code, answer, delivery->error);
	if (code != CURLE_OK)
		strlcpy(delivery->result.message,
				delivery->error[0] ? delivery->error : curl_easy_strerror(code),
				sizeof(delivery->result.message));
	curl_multi_remove_handle(multi, delivery->easy);
	curl_easy_cleanup(delivery->easy);
	curl_slist_free_all(delivery->recipients);
	free(delivery->message);
	delivery->next = results;
	results = delivery;
	running--;
}

static void
collect(void)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL)
	{
		Delivery *delivery = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **) &delivery);
		finish(delivery, code);
	}
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

/* One wait and what follows from it; true when the latch was set. */
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
	collect();
	return latch_set;
}

void
skl_smtp_wait(long timeout_ms)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);

	if (running == 0)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout_ms,
						 PG_WAIT_EXTENSION);
		return;
	}
	while (results == NULL && GetCurrentTimestamp() < end)
	{
		if (wait_once(end))
			return;
	}
}
