/*
 * bgworkers/courier_traces.c
 *		Spans of deliveries, handed to a collector of traces (OTLP over HTTP, as JSON).
 *
 * A webhook is sent with a traceparent that continues the trace of the request that caused its
 * event; each attempt is a span of that trace, and so is each attempt at a mail. Spans gather in a
 * buffer of fixed size for a second, then go out as one transfer beside the deliveries. What does
 * not fit, or the collector does not take, is lost: a trace must never hold up a delivery. Without
 * skillancer.otlp_url there are none.
 */
#include "skl.h"

#include "bgworkers/courier.h"
#include "bgworkers/courier_traces.h"
#include "bgworkers/transfer.h"
#include "core/guc.h"
#include "core/trace.h"

#include "utils/timestamp.h"

#define BUFFER_BYTES (64 * 1024)
#define SPAN_BYTES 800 /* the longest span: all its parts have a limit */
#define GATHER_MS 1000
#define TIMEOUT_MS 5000
#define TRACE_AT 3
#define SPAN_AT 36
#define FLAGS_AT 53

static const char head[] =
	"{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":"
	"{\"stringValue\":\"skillancer-courier\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":"
	"\"skillancer-courier\"},\"spans\":[";
static const char tail[] = "]}]}]}";

static char spans[BUFFER_BYTES];
static size_t used = 0;
static TimestampTz since = 0;
static bool sending = false;

void
skl_span_begin(SklSpanIds *ids, const char *trace, const char *header)
{
	if (header == NULL)
		return;
	strlcpy(ids->traceparent, header + strlen(SKL_TRACE_HEADER), sizeof(ids->traceparent));
	strlcpy(ids->parent, trace, sizeof(ids->parent));
}

/* Writes the attributes of an attempt by the conventions of OpenTelemetry, as far as they go. */
static void
put_attributes(char *attributes, size_t size, const SklDeliverySpan *span)
{
	snprintf(attributes, size,
			 "{\"key\":\"%s\",\"value\":{\"stringValue\":\"%s\"}},{\"key\":\"%s\",\"value\":"
			 "{\"intValue\":\"%d\"}},{\"key\":\"%s\",\"value\":{\"intValue\":\"%d\"}}",
			 span->is_mail ? "network.protocol.name" : "http.request.method",
			 span->is_mail ? "smtp" : "POST",
			 span->is_mail ? "skillancer.smtp.code" : "http.response.status_code", span->status,
			 span->is_mail ? "skillancer.resend_count" : "http.request.resend_count",
			 span->attempt - 1);
}

void
skl_trace_delivery(const SklDeliverySpan *span)
{
	const SklSpanIds *ids = span->ids;
	char attributes[400];
	TimestampTz now = GetCurrentTimestamp();
	int64 end = now / 1000 + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * INT64CONST(86400000);

	if (skl_guc.otlp_url[0] == '\0' || strlen(ids->traceparent) != SKL_TRACEPARENT_LENGTH ||
		strcmp(ids->traceparent + FLAGS_AT, "01") != 0 || used + SPAN_BYTES > sizeof(spans))
		return;
	put_attributes(attributes, sizeof(attributes), span);
	if (used == 0)
		since = now;
	/* kind 3: client; status 2: error */
	used += (size_t) snprintf(
		spans + used, SPAN_BYTES,
		"%s{\"traceId\":\"%.32s\",\"spanId\":\"%.16s\",\"parentSpanId\":\"%.16s\","
		"\"name\":\"deliver %s\",\"kind\":3,\"flags\":1,\"startTimeUnixNano\":\"" INT64_FORMAT
		"000000\",\"endTimeUnixNano\":\"" INT64_FORMAT "000000\",\"attributes\":[%s]%s}",
		used > 0 ? "," : "", ids->traceparent + TRACE_AT, ids->traceparent + SPAN_AT,
		ids->parent + SPAN_AT, span->is_mail ? "mail" : "webhook", end - span->duration_ms, end,
		attributes, span->failed ? ",\"status\":{\"code\":2}" : "");
}

/* CURLOPT_WRITEFUNCTION: the answer says nothing that we need. */
static size_t
on_write(char *data, size_t size, size_t nitems, void *arg)
{
	return size * nitems;
}

/* SklTransferDone */
static void
finish(CURL *easy, CURLcode code, void *arg)
{
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all((struct curl_slist *) arg);
	sending = false;
	if (code != CURLE_OK || status / 100 != 2)
		ereport(LOG, (errmsg("the collector of traces did not take spans: %s, status %ld",
							 curl_easy_strerror(code), status)));
}

/* The address that spans go to: the usual path when the setting has none. */
static const char *
collector_url(void)
{
	const char *host = strstr(skl_guc.otlp_url, "://");

	if (host != NULL && strchr(host + 3, '/') == NULL)
		return psprintf("%s/v1/traces", skl_guc.otlp_url);
	return skl_guc.otlp_url;
}

static void
send_spans(void)
{
	CURL *easy = skl_transfer_new();
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	char *body = psprintf("%s%.*s%s", head, (int) used, spans, tail);

	used = 0;
	curl_easy_setopt(easy, CURLOPT_URL, collector_url());
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	if (skl_guc.otlp_ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, skl_guc.otlp_ca_file);
	curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long) TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
	sending = true;
	skl_transfer_start(easy, finish, headers);
	pfree(body);
}

static bool
ready(void)
{
	return used > 0 && !sending &&
		   TimestampDifferenceExceeds(since, GetCurrentTimestamp(), GATHER_MS);
}

static int64
turn(int limit, bool *more)
{
	if (ready())
		send_spans();
	return 0;
}

static long
patience(void)
{
	if (used == 0 || sending)
		return -1;
	return TimestampDifferenceMilliseconds(GetCurrentTimestamp(),
										   TimestampTzPlusMilliseconds(since, GATHER_MS + 1));
}

static bool
busy(void)
{
	return sending;
}

const SklCourierPart skl_courier_traces = {turn, ready, patience, busy};
