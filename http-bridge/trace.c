/*
 * trace.c
 *		Spans of requests: noted by event-loop threads, handed to a collector by a thread of their
 *		own.
 *
 *	GET /v1/projects/{id}        the request, a child of the caller's span
 *	├── queue                    waited for a connection to PostgreSQL
 *	└── execute project_get      sent until Sync
 *
 * A request that ends copies what its spans need into a ring; a full ring drops it and counts. The
 * thread takes them out in batches, and tries a batch three times, while the ring goes on filling:
 * memory is bounded whatever the collector does. Off without otlp_url: then nothing is allocated
 * and no thread runs. Only traces whose flag says so are noted; of those that begin here, one in
 * trace_sample has the flag.
 */
#include "trace.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "builtin.h"
#include "config.h"
#include "pool.h"
#include "reqid.h"
#include "typeid.h"

#define RING 2048 /* requests */
#define BATCH 256
#define BATCH_MS 1000 /* how long a lone request waits for others */
#define TRIES 3
#define STOP_US 2000000 /* how long a bridge that stops hands over what is left */

/* What the spans of one request are made of. */
typedef struct Note
{
	char trace_id[33];
	char parent_id[17];
	char span_id[17];
	char queue_span[17];
	char execute_span[17];
	char request_id[SKL_REQUEST_ID_MAX + 1];
	char method[8];
	char route[160];
	char function[64]; /* empty: PostgreSQL was not asked */
	char sqlstate[6];
	char user[SKL_TYPEID_MAX + 1];
	char tracestate[SKL_TRACESTATE_MAX + 1];
	int status;
	uint64_t start_ns; /* since the epoch */
	uint64_t total_us;
	uint64_t sent_us; /* after the start */
	uint64_t queue_us;
	uint64_t db_us;
} Note;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake;
static pthread_t thread;
static bool running;
static bool stopping;
static _Atomic uint64_t stop_by; /* of skl_now_us(); 0: we do not stop */
static Note *ring;
static size_t first; /* guarded by lock, as are count and what the ring holds */
static size_t count;
static SklCollector collector;
static _Atomic uint64_t exported;
static _Atomic uint64_t dropped;

bool
skl_tracing_sample(const SklConfig *config)
{
	static _Thread_local uint32_t turn;

	return running && config->trace_sample > 0 && turn++ % (uint32_t) config->trace_sample == 0;
}

/* ---- noting ---- */

static void
new_span_id(char text[17])
{
	SklTrace trace;

	skl_trace_start(NULL, &trace);
	memcpy(text, trace.span_id, sizeof(trace.span_id));
}

static void
copy(char *to, size_t size, const char *text)
{
	size_t length = text == NULL ? 0 : strnlen(text, size - 1);

	memcpy(to, text == NULL ? "" : text, length);
	to[length] = '\0';
}

static void
fill(Note *note, const SklRequestCtx *ctx)
{
	const SklJob *job = ctx->job;
	struct timespec now;

	memset(note, 0, sizeof(*note));
	clock_gettime(CLOCK_REALTIME, &now);
	note->start_ns =
		(uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec - ctx->total_us * 1000;
	note->total_us = ctx->total_us;
	memcpy(note->trace_id, ctx->trace_id, sizeof(note->trace_id));
	memcpy(note->parent_id, ctx->parent_span, sizeof(note->parent_id));
	memcpy(note->span_id, ctx->span_id, sizeof(note->span_id));
	copy(note->request_id, sizeof(note->request_id), ctx->request_id);
	copy(note->method, sizeof(note->method),
		 ctx->method == SKL_METHOD_OTHER ? "_OTHER" : ctx->method_text);
	copy(note->route, sizeof(note->route),
		 ctx->route != NULL ? ctx->route->path : skl_builtin_path(ctx->path));
	copy(note->sqlstate, sizeof(note->sqlstate), ctx->sqlstate);
	copy(note->tracestate, sizeof(note->tracestate), ctx->tracestate);
	if (ctx->identity.known)
		skl_typeid_write("usr", &ctx->identity.user, note->user);
	note->status = ctx->status;
	if (job == NULL || job->sent_us < ctx->started_us)
		return;
	copy(note->function, sizeof(note->function), ctx->route->function);
	note->sent_us = job->sent_us - ctx->started_us;
	note->queue_us = ctx->queue_us < note->sent_us ? ctx->queue_us : note->sent_us;
	note->db_us = ctx->db_us;
	new_span_id(note->queue_span);
	new_span_id(note->execute_span);
}

void
skl_tracing_request(const SklRequestCtx *ctx)
{
	Note note;
	bool full;

	if (!running || !ctx->trace_sampled || ctx->keep_out_of_log)
		return;
	fill(&note, ctx);
	pthread_mutex_lock(&lock);
	full = count == RING;
	if (!full)
		ring[(first + count++) % RING] = note;
	if (count == BATCH)
		pthread_cond_signal(&wake);
	pthread_mutex_unlock(&lock);
	if (full)
		atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
}

/* ---- the JSON of OTLP: ids in hex, 64-bit numbers as strings, enumerations as numbers ---- */

static void
add_text(json_t *list, const char *key, const char *value)
{
	if (value[0] != '\0')
		json_array_append_new(
			list, json_pack("{s:s, s:{s:s}}", "key", key, "value", "stringValue", value));
}

static json_t *
nanoseconds(uint64_t ns)
{
	return json_sprintf("%llu", (unsigned long long) ns);
}

/* One span; kinds are 1 internal, 2 server, 3 client. */
static json_t *
span_json(const Note *note, const char *id, const char *parent, json_t *name, int kind,
		  uint64_t from_us, uint64_t length_us, json_t *attributes)
{
	uint64_t from = note->start_ns + from_us * 1000;
	json_t *span = json_pack("{s:s, s:s, s:o, s:i, s:i, s:o, s:o, s:o}", "traceId", note->trace_id,
							 "spanId", id, "name", name, "kind", kind, "flags", 1,
							 "startTimeUnixNano", nanoseconds(from), "endTimeUnixNano",
							 nanoseconds(from + length_us * 1000), "attributes", attributes);

	if (parent[0] != '\0')
		json_object_set_new(span, "parentSpanId", json_string(parent));
	if (note->tracestate[0] != '\0')
		json_object_set_new(span, "traceState", json_string(note->tracestate));
	return span;
}

static json_t *
server_span(const Note *note)
{
	json_t *attributes = json_array();
	json_t *span;

	add_text(attributes, "http.request.method", note->method);
	add_text(attributes, "http.route", note->route);
	json_array_append_new(attributes,
						  json_pack("{s:s, s:{s:o}}", "key", "http.response.status_code", "value",
									"intValue", json_sprintf("%d", note->status)));
	add_text(attributes, "skillancer.request_id", note->request_id);
	add_text(attributes, "enduser.id", note->user);
	span = span_json(note, note->span_id, note->parent_id,
					 json_sprintf("%s %s", note->method, note->route), 2, 0, note->total_us,
					 attributes);
	if (note->status >= 500)
		json_object_set_new(span, "status", json_pack("{s:i}", "code", 2));
	return span;
}

static json_t *
execute_span(const Note *note)
{
	json_t *attributes = json_array();
	json_t *span;

	add_text(attributes, "db.system.name", "postgresql");
	add_text(attributes, "db.operation.name", note->function);
	add_text(attributes, "db.response.status_code", note->sqlstate);
	span = span_json(note, note->execute_span, note->span_id,
					 json_sprintf("execute %s", note->function), 3, note->sent_us, note->db_us,
					 attributes);
	if (note->sqlstate[0] != '\0' && note->status >= 500)
		json_object_set_new(span, "status", json_pack("{s:i}", "code", 2));
	return span;
}

/* An ExportTraceServiceRequest; malloc'ed text. */
static char *
batch_text(const Note *notes, size_t n)
{
	json_t *spans = json_array();
	json_t *attributes = json_array();
	json_t *request;
	char *text;

	for (size_t i = 0; i < n; i++)
	{
		const Note *note = &notes[i];

		json_array_append_new(spans, server_span(note));
		if (note->function[0] == '\0')
			continue;
		json_array_append_new(
			spans, span_json(note, note->queue_span, note->span_id, json_string("queue"), 1,
							 note->sent_us - note->queue_us, note->queue_us, json_array()));
		json_array_append_new(spans, execute_span(note));
	}
	add_text(attributes, "service.name", "skillancer-bridge");
	add_text(attributes, "service.version", SKL_BRIDGE_VERSION);
	request = json_pack("{s:[{s:{s:o}, s:[{s:{s:s, s:s}, s:o}]}]}", "resourceSpans", "resource",
						"attributes", attributes, "scopeSpans", "scope", "name",
						"skillancer-bridge", "version", SKL_BRIDGE_VERSION, "spans", spans);
	text = request == NULL ? NULL : json_dumps(request, JSON_COMPACT);
	json_decref(request);
	return text;
}

/* ---- the thread ---- */

/* Wait so long, or until it is time to stop. The caller holds the lock. */
static void
wait_ms(long ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000)
	{
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&wake, &lock, &until);
}

/* What a collector may take later: overloaded, restarting, or not there. */
static bool
is_passing(int status)
{
	return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

/* Whether the time that is left to a bridge that stops is over. */
static int
is_too_late(void)
{
	uint64_t by = atomic_load(&stop_by);

	return by != 0 && skl_now_us() > by;
}

static void
hand_over(const Note *notes, size_t n)
{
	char *text = batch_text(notes, n);
	int status = 0;

	for (int i = 0; text != NULL && i < TRIES && !is_too_late(); i++)
	{
		status = skl_collector_post(&collector, text, strlen(text));
		if (!is_passing(status))
			break;
		pthread_mutex_lock(&lock);
		if (!stopping)
			wait_ms(1000 << i);
		pthread_mutex_unlock(&lock);
	}
	free(text);
	atomic_fetch_add(status >= 200 && status < 300 ? &exported : &dropped, n);
	if (status < 200 || status >= 300)
		skl_log(SKL_LOG_WARN, "traces", "the collector did not take %zu requests: status %d", n,
				status);
}

static void *
tracing_main(void *argument)
{
	Note *notes = argument;

	for (;;)
	{
		size_t n = 0;
		bool stop;

		pthread_mutex_lock(&lock);
		if (!stopping && count < BATCH)
			wait_ms(BATCH_MS);
		for (; n < BATCH && count > 0; n++, count--)
		{
			notes[n] = ring[first];
			first = (first + 1) % RING;
		}
		stop = stopping;
		pthread_mutex_unlock(&lock);
		if (n > 0)
			hand_over(notes, n);
		else if (stop)
			break;
	}
	free(notes);
	return NULL;
}

bool
skl_tracing_start(void)
{
	const SklConfig *config = skl_config();
	pthread_condattr_t attributes;
	Note *notes;

	if (config->otlp_url[0] == '\0')
		return true;
	collector.give_up = is_too_late;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
		!skl_collector_address(config->otlp_url, collector.url) ||
		!skl_collector_open(&collector, config->otlp_ca_file))
	{
		skl_log(SKL_LOG_ERROR, "traces", "otlp_url must be http[s]://host:port/path");
		return false;
	}
	ring = calloc(RING, sizeof(Note));
	notes = calloc(BATCH, sizeof(Note));
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&wake, &attributes);
	pthread_condattr_destroy(&attributes);
	running =
		ring != NULL && notes != NULL && pthread_create(&thread, NULL, tracing_main, notes) == 0;
	return running;
}

void
skl_tracing_stop(void)
{
	if (!running)
		return;
	atomic_store(&stop_by, skl_now_us() + STOP_US);
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&wake);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	running = false;
	skl_collector_close(&collector);
	free(ring);
	ring = NULL;
}

void
skl_tracing_metrics(SklMetricsOut *out)
{
	skl_metrics_family(out, "skillancer_spans_exported_total", "counter",
					   "Requests whose spans the collector has taken.");
	skl_metrics_sample(out, "skillancer_spans_exported_total", "",
					   (double) atomic_load_explicit(&exported, memory_order_relaxed));
	skl_metrics_family(out, "skillancer_spans_dropped_total", "counter",
					   "Requests whose spans were lost: the collector was slow, away or refused.");
	skl_metrics_sample(out, "skillancer_spans_dropped_total", "",
					   (double) atomic_load_explicit(&dropped, memory_order_relaxed));
}
