/*
 * bgworkers/webhook_send.c
 *		Deliveries of webhooks over the network, without ever blocking (transfer.c).
 *
 * Receivers are strangers. The address that a name has become is checked where the connection is
 * made (core/outbound.c), so no answer of a name server leads inside. No redirect is followed, no
 * proxy used, nothing decompressed; certificates are checked; an attempt has one deadline for all
 * of it, headers and body are cut, and a body that goes on after that is not waited for.
 */
#include "skl.h"

#include "bgworkers/courier_traces.h"
#include "bgworkers/transfer.h"
#include "bgworkers/webhook_send.h"
#include "core/guc.h"
#include "core/outbound.h"
#include "core/trace.h"

#include "mb/pg_wchar.h"
#include "portability/instr_time.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define HEADERS_MAX (64 * 1024)

typedef struct Attempt
{
	pg_uuid_t webhook;
	pg_uuid_t event;
	int attempt;
	SklStanding standing;
	int status;
	int duration_ms;
	instr_time began;
	struct curl_slist *headers;
	char *answer;
	size_t length;
	size_t head_length;
	bool cut;	  /* the answer was longer than what is kept */
	bool refused; /* the address is not one to connect to */
	SklSpanIds span;
	char message[200];
	char error[CURL_ERROR_SIZE];
	struct Attempt *next; /* among the results */
} Attempt;

static int running[SKL_STANDING_COUNT];
static Attempt *results = NULL;
static int nresults = 0;
static TimestampTz results_since = 0;
static SklRanges allowed;

/* CURLOPT_HEADERFUNCTION: endless headers end the transfer. */
static size_t
on_header(char *data, size_t size, size_t nitems, void *arg)
{
	Attempt *attempt = arg;

	attempt->head_length += size * nitems;
	return attempt->head_length > HEADERS_MAX ? 0 : size * nitems;
}

/* CURLOPT_WRITEFUNCTION: keeps the first of the answer and ends the transfer behind it. */
static size_t
on_write(char *data, size_t size, size_t nitems, void *arg)
{
	Attempt *attempt = arg;
	size_t n = size * nitems;
	size_t kept = Min(n, SKL_WEBHOOK_ANSWER_MAX - attempt->length);
	char *longer = realloc(attempt->answer, attempt->length + kept + 1);

	if (longer == NULL)
		return 0;
	memcpy(longer + attempt->length, data, kept);
	attempt->answer = longer;
	attempt->length += kept;
	attempt->cut = kept < n;
	return attempt->cut ? 0 : n;
}

/* The address and port of a socket to be; false for another family. */
static bool
address_of(const struct sockaddr *sa, SklAddress *address, int *port)
{
	memset(address, 0, sizeof(*address));
	if (sa->sa_family == AF_INET)
	{
		const struct sockaddr_in *in = (const struct sockaddr_in *) sa;

		memcpy(address->bytes, &in->sin_addr, 4);
		*port = ntohs(in->sin_port);
		return true;
	}
	if (sa->sa_family == AF_INET6)
	{
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *) sa;

		address->v6 = true;
		memcpy(address->bytes, &in6->sin6_addr, 16);
		*port = ntohs(in6->sin6_port);
		return in6->sin6_scope_id == 0;
	}
	return false;
}

/* CURLOPT_OPENSOCKETFUNCTION: no socket for an address where no webhook may go. */
static curl_socket_t
open_socket(Attempt *attempt, bool plain, const struct curl_sockaddr *to)
{
	SklAddress address;
	int port;

	if (!address_of(&to->addr, &address, &port) ||
		!skl_outbound_allowed(&allowed, &address, port, plain))
	{
		attempt->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static curl_socket_t
open_plain(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	return open_socket(arg, true, to);
}

static curl_socket_t
open_tls(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	return open_socket(arg, false, to);
}

static void
add_result(Attempt *attempt)
{
	if (nresults++ == 0)
		results_since = GetCurrentTimestamp();
	attempt->next = results;
	results = attempt;
}

/* What an attempt came to, in words, when it did not come to an answer. */
static const char *
reason_of(const Attempt *attempt, CURLcode code)
{
	if (attempt->refused)
		return "the address is not one that webhooks may go to";
	if (attempt->head_length > HEADERS_MAX)
		return "the headers of the answer are too long";
	if (code == CURLE_OPERATION_TIMEDOUT)
		return attempt->status == 0 ? "no answer in time" : "the answer did not end in time";
	return attempt->error[0] != '\0' ? attempt->error : curl_easy_strerror(code);
}

static void
trace(const Attempt *attempt)
{
	SklDeliverySpan span = {.ids = &attempt->span,
							.attempt = attempt->attempt,
							.status = attempt->status,
							.failed = attempt->message[0] != '\0' || attempt->status / 100 != 2,
							.duration_ms = attempt->duration_ms};

	skl_trace_delivery(&span);
}

/* SklTransferDone: puts the attempt among the results. */
static void
finish(CURL *easy, CURLcode code, void *arg)
{
	Attempt *attempt = arg;
	long status = 0;
	instr_time now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, attempt->began);
	attempt->duration_ms = (int) INSTR_TIME_GET_MILLISEC(now);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	attempt->status = (int) status;
	if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && attempt->cut))
		strlcpy(attempt->message, reason_of(attempt, code), sizeof(attempt->message));
	else if (status >= 300 && status < 400)
		strlcpy(attempt->message, "redirects are not followed", sizeof(attempt->message));
	curl_slist_free_all(attempt->headers);
	running[attempt->standing]--;
	trace(attempt);
	add_result(attempt);
}

static void
set_headers(Attempt *attempt, const SklWebhookCall *call)
{
	static const char *const fixed[] = {"Content-Type: application/json",
										"User-Agent: Skillancer-Webhooks/1", "Expect:", NULL};
	const char *const *lists[] = {fixed, call->headers};

	for (size_t l = 0; l < lengthof(lists); l++)
	{
		for (const char *const *header = lists[l]; *header != NULL; header++)
		{
			struct curl_slist *longer = curl_slist_append(attempt->headers, *header);

			if (longer == NULL)
				ereport(ERROR,
						(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory for a webhook")));
			attempt->headers = longer;
		}
	}
}

static void
set_options(CURL *easy, const SklWebhookCall *call, Attempt *attempt)
{
	bool plain = strncmp(call->url, "http://", 7) == 0;

	curl_easy_setopt(easy, CURLOPT_URL, call->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (skl_guc.webhook_ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, skl_guc.webhook_ca_file);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, plain ? open_plain : open_tls);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, attempt);
	curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, call->body);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, attempt->headers);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long) skl_guc.webhook_timeout);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) skl_guc.webhook_timeout);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, attempt);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, attempt);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, attempt->error);
}

static Attempt *
new_attempt(const SklWebhookCall *call)
{
	Attempt *attempt = skl_transfer_alloc(sizeof(Attempt));

	attempt->webhook = call->webhook;
	attempt->event = call->event;
	attempt->attempt = call->attempt;
	attempt->standing = call->standing;
	if (call->trace != NULL)
		skl_span_begin(&attempt->span, call->trace, call->headers[3]);
	return attempt;
}

void
skl_webhook_start(const SklWebhookCall *call)
{
	static bool ranges_read = false;
	CURL *easy = skl_transfer_new();
	Attempt *attempt = new_attempt(call);

	if (!ranges_read)
		ranges_read = skl_ranges_parse(skl_guc.webhook_allow, &allowed);
	set_headers(attempt, call);
	set_options(easy, call, attempt);
	INSTR_TIME_SET_CURRENT(attempt->began);
	running[attempt->standing]++;
	skl_transfer_start(easy, finish, attempt);
}

void
skl_webhook_fail(const SklWebhookCall *call, const char *error)
{
	Attempt *attempt = new_attempt(call);

	strlcpy(attempt->message, error, sizeof(attempt->message));
	add_result(attempt);
}

int
skl_webhook_running_of(SklStanding standing)
{
	return running[standing];
}

int
skl_webhook_running(void)
{
	int sum = 0;

	for (int i = 0; i < SKL_STANDING_COUNT; i++)
		sum += running[i];
	return sum;
}

int
skl_webhook_results(TimestampTz *since)
{
	if (since != NULL)
		*since = results_since;
	return nresults;
}

/* A copy that this database can hold: what is no valid text in it becomes a question mark. */
static char *
valid_text(const char *bytes, size_t length)
{
	char *copy = palloc(length + 1);
	int encoding = GetDatabaseEncoding();
	size_t at = 0;

	while (at < length)
	{
		int n = bytes[at] == '\0'
					? -1
					: pg_encoding_verifymbchar(encoding, bytes + at, (int) Min(length - at, 4));

		if (n > 0)
			memcpy(copy + at, bytes + at, (size_t) n);
		else
			copy[at] = '?';
		at += (size_t) Max(n, 1);
	}
	copy[length] = '\0';
	return copy;
}

bool
skl_webhook_next_result(SklWebhookResult *result)
{
	Attempt *attempt = results;

	if (attempt == NULL)
		return false;
	results = attempt->next;
	nresults--;
	result->webhook = attempt->webhook;
	result->event = attempt->event;
	result->attempt = attempt->attempt;
	result->status = attempt->status;
	result->duration_ms = attempt->duration_ms;
	result->error = NULL;
	if (attempt->message[0] != '\0')
		result->error = valid_text(attempt->message, strlen(attempt->message));
	result->answer = attempt->length > 0 ? valid_text(attempt->answer, attempt->length) : NULL;
	free(attempt->answer);
	free(attempt);
	return true;
}
