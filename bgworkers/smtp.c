/*
 * bgworkers/smtp.c
 *		Sending mails over SMTP, without ever blocking (transfer.c).
 */
#include "skl.h"

#include "bgworkers/courier_traces.h"
#include "bgworkers/smtp.h"
#include "bgworkers/transfer.h"
#include "core/guc.h"
#include "core/trace.h"

#include "portability/instr_time.h"
#include "utils/timestamp.h"

typedef struct Delivery
{
	SklSmtpResult result;
	CURL *easy;
	struct curl_slist *recipients;
	char *message;
	size_t length;
	size_t sent;
	instr_time began;
	SklSpanIds span;
	char error[CURL_ERROR_SIZE];
	struct Delivery *next; /* among the results */
} Delivery;

static int running = 0;
static Delivery *results = NULL;

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

/* When the settings that a connection is made under last changed; 0: never since the start. */
static TimestampTz changed_at = 0;

void
skl_smtp_watch_settings(void)
{
	static char *settings = NULL;
	char *current =
		psprintf("%s\n%s\n%d", skl_guc.smtp_url, skl_guc.smtp_ca_file, skl_guc.smtp_require_tls);

	if (settings == NULL || strcmp(settings, current) != 0)
	{
		changed_at = settings == NULL ? 0 : GetCurrentTimestamp();
		free(settings);
		settings = strdup(current);
	}
	pfree(current);
}

/*
 * A connection that was made under other settings is not used again: libcurl would take one that
 * was checked against certificates which are not trusted any more. It counts ages in seconds, so
 * for two seconds after a change none is used again.
 */
static void
refuse_old_connections(CURL *easy)
{
	TimestampTz now = GetCurrentTimestamp();

	skl_smtp_watch_settings();
	if (changed_at == 0)
		return;
	if (now - changed_at < 2 * USECS_PER_SEC)
		curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	else
		curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN,
						 (long) ((now - changed_at) / USECS_PER_SEC) - 1);
}

static void
set_options(Delivery *delivery, const char *from)
{
	CURL *easy = delivery->easy;

	refuse_old_connections(easy);
	curl_easy_setopt(easy, CURLOPT_URL, skl_guc.smtp_url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_USE_SSL,
					 skl_guc.smtp_require_tls ? (long) CURLUSESSL_ALL : (long) CURLUSESSL_TRY);
	if (skl_guc.smtp_ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, skl_guc.smtp_ca_file);
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
}

/*
 * Answers to RCPT that say something about the address. 530 and the like are about who we are, 552
 * is a mailbox that is full for now (RFC 5321, 4.5.3.1.10).
 */
static bool
refuses_address(long answer)
{
	return answer >= 550 && answer <= 556 && answer != 552;
}

/*
 * Reads the outcome from libcurl's. A refusal is for good where it is about the address or about
 * this mail; what a server says before, in its greeting for one, is about the server, and may be
 * put right.
 */
static SklSmtpOutcome
outcome_of(const Delivery *delivery, CURLcode code, long answer)
{
	if (code == CURLE_OK)
		return SKL_SMTP_SENT;
	if (strncmp(delivery->error, "RCPT failed", 11) == 0 && refuses_address(answer))
		return SKL_SMTP_BOUNCED;
	if (answer < 550 || answer > 599)
		return SKL_SMTP_RETRY;
	if (strncmp(delivery->error, "DATA failed", 11) == 0 ||
		(code == CURLE_WEIRD_SERVER_REPLY && delivery->sent > 0))
		return SKL_SMTP_REFUSED;
	return SKL_SMTP_RETRY;
}

static void
trace_end(const Delivery *delivery)
{
	SklDeliverySpan span = {.ids = &delivery->span,
							.is_mail = true,
							.attempt = delivery->result.attempt,
							.status = delivery->result.code,
							.failed = delivery->result.outcome != SKL_SMTP_SENT};
	instr_time now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, delivery->began);
	span.duration_ms = (int64) INSTR_TIME_GET_MILLISEC(now);
	skl_trace_delivery(&span);
}

/* SklTransferDone: notes the outcome and puts the delivery among the results. */
static void
finish(CURL *easy, CURLcode code, void *arg)
{
	Delivery *delivery = arg;
	long answer = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer);
	delivery->result.code = (int) answer;
	delivery->result.outcome = outcome_of(delivery, code, answer);
	if (code != CURLE_OK)
		strlcpy(delivery->result.message,
				delivery->error[0] ? delivery->error : curl_easy_strerror(code),
				sizeof(delivery->result.message));
	trace_end(delivery);
	curl_slist_free_all(delivery->recipients);
	free(delivery->message);
	delivery->next = results;
	results = delivery;
	running--;
}

void
skl_smtp_start(const pg_uuid_t *mail, int attempt, const char *from, const char *to,
			   const char *trace, const char *message, size_t length)
{
	Delivery *delivery = skl_transfer_alloc(sizeof(Delivery));

	delivery->result.mail = *mail;
	delivery->result.attempt = attempt;
	delivery->easy = skl_transfer_new();
	delivery->recipients = curl_slist_append(NULL, to);
	if (delivery->recipients == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory for mail")));
	delivery->message = skl_transfer_alloc(length);
	memcpy(delivery->message, message, length);
	delivery->length = length;
	skl_span_begin(&delivery->span, trace, skl_trace_header(trace));
	INSTR_TIME_SET_CURRENT(delivery->began);
	set_options(delivery, from);
	skl_transfer_start(delivery->easy, finish, delivery);
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
