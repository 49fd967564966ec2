/*
 * metrics.c
 *		What is counted about requests, and the page that tells all counters.
 *
 * Each thread counts for itself, in words that only it writes; a scrape reads all threads' words
 * and adds them up, so counting takes no lock and no shared cache line. Labels are route templates
 * and fixed words only: nothing a client sends can make a new time series.
 */
#include "metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "builtin.h"
#include "config.h"
#include "gcra.h"
#include "iplist.h"
#include "limits.h"
#include "log.h"
#include "monitor.h"
#include "stream.h"
#include "trace.h"

#define MAX_SLOTS 1024
#define MAX_THREADS 128
#define STATUS_CLASSES 6 /* 1xx is none; 0 = the client went away */
#define SQLSTATE_CLASSES (36 * 36)

/* Requests of one route. */
typedef struct RouteStats
{
	SklHistogram duration[STATUS_CLASSES];
} RouteStats;

/* What one thread counts. */
typedef struct ThreadMetrics
{
	_Atomic(RouteStats *) route[MAX_SLOTS];
	SklHistogram queue[SKL_CLASS_COUNT];
	SklHistogram database[SKL_CLASS_COUNT];
	_Atomic uint64_t bytes_in;
	_Atomic uint64_t bytes_out;
	_Atomic uint64_t sqlstate[SQLSTATE_CLASSES];
} ThreadMetrics;

typedef struct SlotName
{
	char method[8];
	char path[200];
} SlotName;

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static SlotName slot_name[MAX_SLOTS];
static _Atomic int slot_count;
static _Atomic(ThreadMetrics *) threads[MAX_THREADS];
static _Atomic int thread_count;
static _Atomic uint64_t reloads[2]; /* failed, good */
static atomic_bool last_reload_failed;

static const char *const class_label[STATUS_CLASSES] = {"status=\"gone\"", "status=\"1xx\"",
														"status=\"2xx\"",  "status=\"3xx\"",
														"status=\"4xx\"",  "status=\"5xx\""};
static const char *const pool_label[SKL_CLASS_COUNT] = {"class=\"fast\"", "class=\"slow\"",
														"class=\"export\""};

/* Slot 0 takes what matches no route, and routes beyond the last slot. */
bool
skl_metrics_start(void)
{
	skl_metrics_route_slot("any", "unmatched");
	skl_builtin_register();
	return true;
}

/* A small number for a method and a template, the same one for ever. */
int
skl_metrics_route_slot(const char *method, const char *path)
{
	int count, slot;

	pthread_mutex_lock(&registry);
	count = atomic_load(&slot_count);
	for (slot = 0; slot < count; slot++)
		if (strcmp(slot_name[slot].method, method) == 0 && strcmp(slot_name[slot].path, path) == 0)
			break;
	if (slot == count && count == MAX_SLOTS)
		slot = 0;
	else if (slot == count)
	{
		snprintf(slot_name[slot].method, sizeof(slot_name[slot].method), "%s", method);
		snprintf(slot_name[slot].path, sizeof(slot_name[slot].path), "%s", path);
		atomic_store(&slot_count, count + 1);
	}
	pthread_mutex_unlock(&registry);
	return slot;
}

/* Add to a word that only this thread writes. */
static void
add(_Atomic uint64_t *word, uint64_t amount)
{
	atomic_store_explicit(word, atomic_load_explicit(word, memory_order_relaxed) + amount,
						  memory_order_relaxed);
}

/* upper bounds of the buckets, microseconds */
static const uint64_t bound_us[SKL_HISTOGRAM_BOUNDS] = {500,	 1000,	  2500,	   5000,	10000,
														25000,	 50000,	  100000,  250000,	500000,
														1000000, 2500000, 5000000, 10000000};

static void
observe(SklHistogram *histogram, uint64_t us)
{
	int i = 0;

	while (i < SKL_HISTOGRAM_BOUNDS && us > bound_us[i])
		i++;
	add(&histogram->bucket[i], 1);
	add(&histogram->sum_us, us);
}

/* The counters of the calling thread; NULL when there is no memory for them. */
static ThreadMetrics *
my_metrics(void)
{
	static _Thread_local ThreadMetrics *mine;

	if (mine == NULL && (mine = calloc(1, sizeof(ThreadMetrics))) != NULL)
	{
		pthread_mutex_lock(&registry);
		if (atomic_load(&thread_count) < MAX_THREADS)
		{
			atomic_store(&threads[atomic_load(&thread_count)], mine);
			atomic_fetch_add(&thread_count, 1);
		}
		pthread_mutex_unlock(&registry);
	}
	return mine;
}

static int
sqlstate_class(const char *sqlstate)
{
	int index = 0;

	for (int i = 0; i < 2; i++)
	{
		char c = sqlstate[i];
		int digit = c >= '0' && c <= '9' ? c - '0' : (c >= 'A' && c <= 'Z' ? c - 'A' + 10 : 0);

		index = index * 36 + digit;
	}
	return index;
}

static RouteStats *
route_stats(ThreadMetrics *mine, int slot)
{
	RouteStats *stats = atomic_load_explicit(&mine->route[slot], memory_order_relaxed);

	if (stats == NULL && (stats = calloc(1, sizeof(RouteStats))) != NULL)
		atomic_store_explicit(&mine->route[slot], stats, memory_order_release);
	return stats;
}

static int
status_class(int status)
{
	return status == 499 || status < 100 || status > 599 ? 0 : status / 100;
}

/* Count a finished request. */
void
skl_metrics_request(const SklRequestCtx *ctx)
{
	ThreadMetrics *mine = my_metrics();
	int slot = ctx->route != NULL ? ctx->route->metrics_slot : skl_builtin_slot(ctx->path);
	RouteStats *stats = mine != NULL ? route_stats(mine, slot) : NULL;

	if (stats == NULL)
		return;
	observe(&stats->duration[status_class(ctx->status)], ctx->total_us);
	add(&mine->bytes_in, ctx->bytes_in);
	add(&mine->bytes_out, ctx->bytes_out);
	if (ctx->sqlstate[0] != '\0')
		add(&mine->sqlstate[sqlstate_class(ctx->sqlstate)], 1);
	if (ctx->route != NULL && ctx->db_us > 0)
	{
		observe(&mine->queue[ctx->route->class], ctx->queue_us);
		observe(&mine->database[ctx->route->class], ctx->db_us);
	}
}

/* Count a reload of configuration, keys or log. */
void
skl_metrics_count_reload(bool good)
{
	atomic_fetch_add(&reloads[good], 1);
	atomic_store(&last_reload_failed, !good);
}

static uint64_t
read_word(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static void
sum_histogram(SklHistogramSum *sum, const SklHistogram *histogram)
{
	for (int i = 0; i <= SKL_HISTOGRAM_BOUNDS; i++)
		sum->bucket[i] += read_word(&histogram->bucket[i]);
	sum->sum_us += read_word(&histogram->sum_us);
}

static uint64_t
histogram_count(const SklHistogramSum *sum)
{
	uint64_t count = 0;

	for (int i = 0; i <= SKL_HISTOGRAM_BOUNDS; i++)
		count += sum->bucket[i];
	return count;
}

/* Add up one route and status class over the threads. */
static SklHistogramSum
route_sum(int slot, int class)
{
	SklHistogramSum sum = {0};

	for (int t = 0; t < atomic_load(&thread_count); t++)
	{
		ThreadMetrics *thread = atomic_load(&threads[t]);
		RouteStats *stats = thread != NULL ? atomic_load(&thread->route[slot]) : NULL;

		if (stats != NULL)
			sum_histogram(&sum, &stats->duration[class]);
	}
	return sum;
}

/* Write requests as a counter or as a histogram, for every route and class that was seen. */
static void
put_routes(SklMetricsOut *out, bool histogram)
{
	for (int slot = 0; slot < atomic_load(&slot_count); slot++)
	{
		for (int class = 0; class < STATUS_CLASSES; class ++)
		{
			SklHistogramSum sum = route_sum(slot, class);
			char labels[320];

			if (histogram_count(&sum) == 0)
				continue;
			snprintf(labels, sizeof(labels), "method=\"%.7s\",route=\"%.199s\",%s",
					 slot_name[slot].method, slot_name[slot].path, class_label[class]);
			if (histogram)
				skl_metrics_histogram(out, "http_request_duration_seconds", labels, &sum);
			else
				skl_metrics_sample(out, "http_requests_total", labels,
								   (double) histogram_count(&sum));
		}
	}
}

static void
put_requests(SklMetricsOut *out)
{
	uint64_t inflight = 0;

	skl_metrics_family(out, "http_requests_total", "counter", "Requests answered.");
	put_routes(out, false);
	skl_metrics_family(out, "http_request_duration_seconds", "histogram",
					   "From the request line to the last byte handed to the socket.");
	put_routes(out, true);
	for (int i = 0; i < skl_server_threads(); i++)
		inflight += read_word(&skl_server_stats(i)->inflight);
	skl_metrics_family(out, "http_requests_in_flight", "gauge", "Requests begun and not answered.");
	skl_metrics_sample(out, "http_requests_in_flight", "", (double) inflight);
}

/* Add up a word of the threads' own metrics, found by its offset. */
static uint64_t
thread_total(size_t offset)
{
	uint64_t total = 0;

	for (int t = 0; t < atomic_load(&thread_count); t++)
	{
		const char *thread = (const char *) atomic_load(&threads[t]);

		total += read_word((const _Atomic uint64_t *) (const void *) (thread + offset));
	}
	return total;
}

static void
put_counter(SklMetricsOut *out, const char *name, const char *help, uint64_t value)
{
	skl_metrics_family(out, name, "counter", help);
	skl_metrics_sample(out, name, "", (double) value);
}

static void
put_sizes(SklMetricsOut *out)
{
	put_counter(out, "http_request_size_bytes_total", "Bytes of request bodies.",
				thread_total(offsetof(ThreadMetrics, bytes_in)));
	put_counter(out, "http_response_size_bytes_total", "Bytes of response bodies.",
				thread_total(offsetof(ThreadMetrics, bytes_out)));
}

/* Write a distribution of each class of connections. */
static void
put_class_histogram(SklMetricsOut *out, const char *name, const char *help, size_t offset)
{
	skl_metrics_family(out, name, "histogram", help);
	for (int class = 0; class < SKL_CLASS_COUNT; class ++)
	{
		SklHistogramSum sum = {0};

		for (int t = 0; t < atomic_load(&thread_count); t++)
		{
			const char *thread = (const char *) atomic_load(&threads[t]);
			const SklHistogram *histograms = (const void *) (thread + offset);

			sum_histogram(&sum, &histograms[class]);
		}
		skl_metrics_histogram(out, name, pool_label[class], &sum);
	}
}

static void
put_database(SklMetricsOut *out)
{
	put_class_histogram(out, "skillancer_db_wait_seconds", "Time that requests waited in a queue.",
						offsetof(ThreadMetrics, queue));
	put_class_histogram(out, "skillancer_db_statement_seconds",
						"Time from sending a request to PostgreSQL until its commit.",
						offsetof(ThreadMetrics, database));
	skl_metrics_family(out, "skillancer_db_errors_total", "counter",
					   "Requests that ended with an SQLSTATE, by its class.");
	for (int i = 0; i < SQLSTATE_CLASSES; i++)
	{
		static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
		uint64_t total =
			thread_total(offsetof(ThreadMetrics, sqlstate) + (size_t) i * sizeof(uint64_t));
		char labels[16];

		if (total == 0)
			continue;
		snprintf(labels, sizeof(labels), "class=\"%c%c\"", digits[i / 36], digits[i % 36]);
		skl_metrics_sample(out, "skillancer_db_errors_total", labels, (double) total);
	}
}

/* Add up a word of the server's threads, found by its offset. */
static uint64_t
server_total(size_t offset)
{
	uint64_t total = 0;

	for (int i = 0; i < skl_server_threads(); i++)
	{
		const char *stats = (const char *) skl_server_stats(i);

		total += read_word((const _Atomic uint64_t *) (const void *) (stats + offset));
	}
	return total;
}

/* Write one gauge or counter of the pool for each class of connections. */
static void
put_pool(SklMetricsOut *out, const char *name, const char *type, const char *help, size_t offset)
{
	skl_metrics_family(out, name, type, help);
	for (int class = 0; class < SKL_CLASS_COUNT; class ++)
		skl_metrics_sample(
			out, name, pool_label[class],
			(double) server_total(offset + (size_t) class * sizeof(_Atomic uint64_t)));
}

/* The longest wait over all threads. */
static void
put_oldest(SklMetricsOut *out)
{
	uint64_t now = skl_now_us();

	skl_metrics_family(out, "skillancer_pool_oldest_wait_seconds", "gauge",
					   "How long the oldest queued request has waited.");
	for (int class = 0; class < SKL_CLASS_COUNT; class ++)
	{
		uint64_t longest = 0;

		for (int i = 0; i < skl_server_threads(); i++)
		{
			uint64_t since = read_word(&skl_server_stats(i)->pool_oldest_us[class]);

			if (since != 0 && now > since && now - since > longest)
				longest = now - since;
		}
		skl_metrics_sample(out, "skillancer_pool_oldest_wait_seconds", pool_label[class],
						   (double) longest / 1e6);
	}
}

static void
put_pools(SklMetricsOut *out)
{
	put_pool(out, "skillancer_pool_size", "gauge", "Usable connections to PostgreSQL.",
			 offsetof(SklThreadStats, pool_size));
	put_pool(out, "skillancer_pool_busy", "gauge", "Requests that PostgreSQL works on.",
			 offsetof(SklThreadStats, pool_busy));
	put_pool(out, "skillancer_pool_queued", "gauge", "Requests that wait for a connection.",
			 offsetof(SklThreadStats, pool_queued));
	put_oldest(out);
	put_pool(out, "skillancer_pool_refused_total", "counter",
			 "Requests refused because the queue was full or the wait too long.",
			 offsetof(SklThreadStats, pool_refused));
	put_counter(out, "skillancer_pool_reconnects_total", "Connections to PostgreSQL made again.",
				server_total(offsetof(SklThreadStats, pool_reconnects)));
	put_counter(out, "skillancer_retries_total", "Requests sent to PostgreSQL once more.",
				server_total(offsetof(SklThreadStats, pool_retries)));
	put_counter(out, "skillancer_cancelled_total", "Statements cancelled, their client gone.",
				server_total(offsetof(SklThreadStats, cancelled)));
}

static void
put_server(SklMetricsOut *out)
{
	skl_metrics_family(out, "http_connections", "gauge", "Open client connections.");
	skl_metrics_sample(out, "http_connections", "",
					   (double) server_total(offsetof(SklThreadStats, connections)));
	put_counter(out, "http_connections_cut_total", "Connections closed for missing a deadline.",
				server_total(offsetof(SklThreadStats, connections_cut)));
	put_counter(out, "skillancer_route_reloads_total", "Loads of the route catalogue.",
				server_total(offsetof(SklThreadStats, route_reloads)));
	put_counter(out, "skillancer_route_reload_failures_total",
				"Loads of the route catalogue that failed; the old one stayed.",
				server_total(offsetof(SklThreadStats, route_reload_failures)));
	put_counter(out, "skillancer_log_dropped_total", "Log lines lost because the ring was full.",
				skl_log_dropped());
	skl_metrics_family(out, "skillancer_reloads_total", "counter",
					   "Reloads of configuration and keys.");
	skl_metrics_sample(out, "skillancer_reloads_total", "result=\"failed\"",
					   (double) atomic_load(&reloads[0]));
	skl_metrics_sample(out, "skillancer_reloads_total", "result=\"good\"",
					   (double) atomic_load(&reloads[1]));
	skl_metrics_family(out, "skillancer_reload_failed", "gauge",
					   "1 while the last reload was refused and the old configuration serves.");
	skl_metrics_sample(out, "skillancer_reload_failed", "", atomic_load(&last_reload_failed));
}

/* Write the figures of the live stream; none without it. */
static void
put_stream(SklMetricsOut *out)
{
	const SklStreamStats *stats = skl_stream_stats();
	uint64_t current = read_word(&stats->current_us);

	if (skl_config()->stream_port == 0)
		return;
	skl_metrics_family(out, "skillancer_sse_clients", "gauge", "Open live streams.");
	skl_metrics_sample(out, "skillancer_sse_clients", "", (double) read_word(&stats->clients));
	skl_metrics_family(out, "skillancer_sse_lag_seconds", "gauge",
					   "Time since every entry of the live stream had been read; -1: never.");
	skl_metrics_sample(out, "skillancer_sse_lag_seconds", "",
					   current == 0 ? -1 : (double) (skl_now_us() - current) / 1e6);
	put_counter(out, "skillancer_sse_delivered_total", "Entries given to a live stream.",
				read_word(&stats->delivered));
	put_counter(out, "skillancer_sse_dropped_total", "Live streams cut for reading too slowly.",
				read_word(&stats->dropped));
}

static void
put_edge(SklMetricsOut *out)
{
	static const char *const token_label[SKL_AUTH_RESULTS] = {
		"result=\"hit\"", "result=\"miss\"", "result=\"invalid\"", "result=\"expired\""};

	skl_metrics_family(out, "skillancer_jwt_cache_total", "counter",
					   "Access tokens seen: found in the cache, verified, refused, expired.");
	for (int i = 0; i < SKL_AUTH_RESULTS; i++)
		skl_metrics_sample(out, "skillancer_jwt_cache_total", token_label[i],
						   (double) skl_auth_count((SklAuthResult) i));
	skl_metrics_family(out, "skillancer_limited_total", "counter", "Requests refused by a limit.");
	for (int i = 0; i < SKL_QUOTA_CLASSES; i++)
	{
		char labels[40];

		snprintf(labels, sizeof(labels), "rule=\"%s\"", skl_quota_class_name((SklQuotaClass) i));
		skl_metrics_sample(out, "skillancer_limited_total", labels,
						   (double) skl_limits_refused((SklQuotaClass) i));
	}
	put_counter(out, "skillancer_limit_evictions_total",
				"Clients forgotten early because the table of limits was full.",
				skl_limits_evictions());
	put_counter(out, "skillancer_address_denied_total", "Requests refused by the address lists.",
				skl_iplist_denied());
}

/*
 * The whole page, in the text format 0.0.4 of Prometheus or as OpenMetrics 1.0; malloc'ed, NULL
 * without memory.
 */
char *
skl_metrics_text(bool open_metrics, size_t *length)
{
	char *text = NULL;
	SklMetricsOut out = {.file = open_memstream(&text, length), .open_metrics = open_metrics};

	if (out.file == NULL)
		return NULL;
	put_requests(&out);
	put_sizes(&out);
	put_database(&out);
	put_pools(&out);
	put_server(&out);
	put_stream(&out);
	put_edge(&out);
	skl_tracing_metrics(&out);
	skl_monitor_metrics(&out);
	skl_metrics_process(&out);
	if (open_metrics)
		fputs("# EOF\n", out.file);
	if (fclose(out.file) == 0)
		return text;
	free(text);
	return NULL;
}
