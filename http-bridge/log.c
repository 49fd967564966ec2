/*
 * log.c
 *		The log: one JSON line a request or event, written by a thread of its own.
 *
 * An event-loop thread must never wait for a slow reader of the log. So lines are put together in
 * the slots of a bounded ring (Vyukov's queue: each slot carries a sequence number, a producer
 * claims a slot with one compare-and-swap), and one writer thread takes them out. When the ring is
 * full the line is dropped and counted. Whatever is not printable ASCII or valid UTF-8 text is
 * escaped, so that a line is always one line and never moves a terminal.
 *
 * Before skl_log_start and after skl_log_stop lines are written directly.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "builtin.h"
#include "config.h"
#include "fmt.h"
#include "typeid.h"

#define RING_SLOTS 2048
#define LINE_MAX_BYTES 1000
#define BATCH_BYTES 65536

typedef struct Slot
{
	_Atomic uint64_t sequence;
	uint32_t length;
	char line[LINE_MAX_BYTES];
} Slot;

/* A line being put together; what does not fit is cut off, the end is kept free for it. */
typedef struct Line
{
	char *text;
	size_t used;
} Line;

static struct
{
	Slot *slots;
	_Atomic uint64_t head; /* next to claim */
	uint64_t tail;		   /* next to write; the writer's own */
	_Atomic uint64_t dropped;
	_Atomic int level;
	_Atomic uint32_t sample_2xx;
	atomic_bool sleeping;
	atomic_bool stopping;
	atomic_bool running;
	_Atomic int file;
	int wake;
	pthread_t thread;
} ring = {.level = SKL_LOG_INFO, .sample_2xx = 1, .file = STDERR_FILENO, .wake = -1};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

bool
skl_log_level_parse(const char *text, SklLogLevel *level)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++)
	{
		if (strcmp(text, level_names[i]) == 0)
		{
			*level = (SklLogLevel) i;
			return true;
		}
	}
	return false;
}

/* Length of the valid UTF-8 sequence at s (without control characters of C1), or 0. */
static size_t
utf8_length(const unsigned char *s)
{
	if (s[0] >= 0xc2 && s[0] <= 0xdf && (s[1] & 0xc0) == 0x80)
		return s[0] == 0xc2 && s[1] < 0xa0 ? 0 : 2;
	if ((s[0] & 0xf0) == 0xe0 && (s[1] & 0xc0) == 0x80 && (s[2] & 0xc0) == 0x80)
	{
		bool overlong = s[0] == 0xe0 && s[1] < 0xa0;
		bool surrogate = s[0] == 0xed && s[1] > 0x9f;
		bool separator = s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9);

		return overlong || surrogate || separator ? 0 : 3;
	}
	if (s[0] >= 0xf0 && s[0] <= 0xf4 && (s[1] & 0xc0) == 0x80 && (s[2] & 0xc0) == 0x80 &&
		(s[3] & 0xc0) == 0x80)
		return (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f) ? 0 : 4;
	return 0;
}

/*
 * Escape text as the inside of a JSON string: control characters, quotes, backslashes and bytes
 * that are not UTF-8 as \u00xx. Writes at most room - 1 bytes and a NUL; returns bytes written.
 */
size_t
skl_json_escape(char *out, size_t room, const char *text)
{
	const unsigned char *s = (const unsigned char *) text;
	size_t used = 0;

	while (*s != '\0' && used + 7 < room)
	{
		size_t length;

		if (*s >= 0x20 && *s < 0x7f && *s != '"' && *s != '\\')
		{
			out[used++] = (char) *s++;
			continue;
		}
		length = *s >= 0x80 ? utf8_length(s) : 0;
		if (length > 0)
		{
			memcpy(out + used, s, length);
			used += length;
			s += length;
			continue;
		}
		used += (size_t) snprintf(out + used, room - used, "\\u%04x", *s++);
	}
	out[used] = '\0';
	return used;
}

/* Append bytes, if there is room for all of them. */
static void
put_bytes(Line *line, const char *bytes, size_t length)
{
	if (length < LINE_MAX_BYTES - 4 - line->used)
	{
		memcpy(line->text + line->used, bytes, length);
		line->used += length;
	}
}

/* Append ,"name":"text", escaped, cut at limit bytes; nothing for NULL or "". */
static void
put_text(Line *line, const char *name, const char *text, size_t limit)
{
	char piece[460];
	char *at = piece;

	if (text == NULL || *text == '\0')
		return;
	at = skl_put(at, ",\"", 2);
	at = skl_put_text(at, name);
	at = skl_put(at, "\":\"", 3);
	at += skl_json_escape(at, limit < 400 ? limit : 400, text);
	*at++ = '"';
	put_bytes(line, piece, (size_t) (at - piece));
}

/*
 * Append ,"name":"text" of at most 80 characters that need no escape: ids that we made or checked.
 */
static void
put_plain(Line *line, const char *name, const char *text)
{
	char piece[120];
	char *at = skl_put_text(skl_put(piece, ",\"", 2), name);

	at = skl_put_text(skl_put(at, "\":\"", 3), text);
	*at++ = '"';
	put_bytes(line, piece, (size_t) (at - piece));
}

/* Append ,"name":number */
static void
put_number(Line *line, const char *name, uint64_t number)
{
	char piece[60];
	char *at = skl_put_text(skl_put(piece, ",\"", 2), name);

	at = skl_put_number(skl_put(at, "\":", 2), number);
	put_bytes(line, piece, (size_t) (at - piece));
}

/* Append ,"name":milliseconds */
static void
put_ms(Line *line, const char *name, uint64_t us)
{
	char piece[60];
	char *at = skl_put_text(skl_put(piece, ",\"", 2), name);

	at = skl_put_ms(skl_put(at, "\":", 2), us);
	put_bytes(line, piece, (size_t) (at - piece));
}

/* Append the start of every line: time and level. */
static void
put_head(Line *line, SklLogLevel level)
{
	static _Thread_local time_t second;
	static _Thread_local char date[24];
	struct timespec now;
	char fraction[4];
	int ms;

	clock_gettime(CLOCK_REALTIME, &now);
	ms = (int) (now.tv_nsec / 1000000);
	fraction[0] = '.';
	fraction[1] = (char) ('0' + ms / 100);
	fraction[2] = (char) ('0' + ms / 10 % 10);
	fraction[3] = (char) ('0' + ms % 10);
	if (now.tv_sec != second || date[0] == '\0')
	{
		struct tm parts;

		gmtime_r(&now.tv_sec, &parts);
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
		second = now.tv_sec;
	}
	put_bytes(line, "{\"time\":\"", 9);
	put_bytes(line, date, strlen(date));
	put_bytes(line, fraction, 4);
	put_bytes(line, "Z\",\"level\":\"", 12);
	put_bytes(line, level_names[level], strlen(level_names[level]));
	put_bytes(line, "\"", 1);
}

static void
put_tail(Line *line)
{
	line->text[line->used++] = '}';
	line->text[line->used++] = '\n';
}

/* Write all bytes to the log; what cannot be written is lost. */
static void
write_all(const char *bytes, size_t length)
{
	while (length > 0)
	{
		ssize_t done = write(atomic_load(&ring.file), bytes, length);

		if (done < 0 && errno == EAGAIN)
		{
			struct pollfd wait = {.fd = atomic_load(&ring.file), .events = POLLOUT};

			poll(&wait, 1, 100);
			continue;
		}
		if (done < 0 && errno != EINTR)
			return;
		if (done > 0)
		{
			bytes += done;
			length -= (size_t) done;
		}
	}
}

/* Claim a slot; NULL when the ring is full. */
static Slot *
claim(uint64_t *position)
{
	uint64_t at = atomic_load_explicit(&ring.head, memory_order_relaxed);

	for (;;)
	{
		Slot *slot = &ring.slots[at % RING_SLOTS];
		uint64_t sequence = atomic_load_explicit(&slot->sequence, memory_order_acquire);

		if (sequence == at)
		{
			if (atomic_compare_exchange_weak(&ring.head, &at, at + 1))
			{
				*position = at;
				return slot;
			}
		}
		else if (sequence < at)
		{
			atomic_fetch_add_explicit(&ring.dropped, 1, memory_order_relaxed);
			return NULL;
		}
		else
			at = atomic_load_explicit(&ring.head, memory_order_relaxed);
	}
}

/* Hand a filled slot to the writer and wake it if it sleeps. */
static void
publish(Slot *slot, uint64_t position, size_t length)
{
	slot->length = (uint32_t) length;
	atomic_store(&slot->sequence, position + 1);
	if (atomic_load(&ring.sleeping) && atomic_exchange(&ring.sleeping, false))
		eventfd_write(ring.wake, 1);
}

/* Collect what is ready, up to one batch; returns its bytes. */
static size_t
collect(char *batch)
{
	size_t used = 0;

	while (used + LINE_MAX_BYTES <= BATCH_BYTES)
	{
		Slot *slot = &ring.slots[ring.tail % RING_SLOTS];

		if (atomic_load(&slot->sequence) != ring.tail + 1)
			break;
		memcpy(batch + used, slot->line, slot->length);
		used += slot->length;
		atomic_store_explicit(&slot->sequence, ring.tail + RING_SLOTS, memory_order_release);
		ring.tail++;
	}
	return used;
}

static void *
writer_main(void *argument)
{
	char *batch = argument;

	for (;;)
	{
		size_t length = collect(batch);
		eventfd_t count;

		if (length > 0)
		{
			write_all(batch, length);
			continue;
		}
		if (atomic_load(&ring.stopping))
			break;
		atomic_store(&ring.sleeping, true);
		if (atomic_load(&ring.slots[ring.tail % RING_SLOTS].sequence) == ring.tail + 1 &&
			atomic_exchange(&ring.sleeping, false))
			continue;
		eventfd_read(ring.wake, &count);
		usleep(10000); /* let a batch gather: one write for many lines */
	}
	free(batch);
	return NULL;
}

/*
 * Open the log file (again, after it was renamed); the empty path means stderr. The new file takes
 * the number of the old one, so that the writer never sees a closed one.
 */
bool
skl_log_reopen(const char *path)
{
	int old = atomic_load(&ring.file);
	int file;

	if (path == NULL || *path == '\0')
		return true;
	file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (file < 0)
	{
		skl_log(SKL_LOG_ERROR, "log_file", "cannot open %s: %s", path, strerror(errno));
		return false;
	}
	if (old == STDERR_FILENO)
		atomic_store(&ring.file, file);
	else
	{
		dup3(file, old, O_CLOEXEC);
		close(file);
	}
	return true;
}

/* Start the writer. false when the file, memory or a thread lacks. */
bool
skl_log_start(void)
{
	char *batch = malloc(BATCH_BYTES);

	if (!skl_log_reopen(skl_config()->log_file))
	{
		free(batch);
		return false;
	}
	ring.slots = calloc(RING_SLOTS, sizeof(Slot));
	ring.wake = eventfd(0, EFD_CLOEXEC);
	if (batch == NULL || ring.slots == NULL || ring.wake < 0)
	{
		free(batch);
		return false;
	}
	for (uint64_t i = 0; i < RING_SLOTS; i++)
		atomic_init(&ring.slots[i].sequence, i);
	atomic_store(&ring.stopping, false);
	if (pthread_create(&ring.thread, NULL, writer_main, batch) != 0)
	{
		free(batch);
		return false;
	}
	atomic_store(&ring.running, true);
	return true;
}

/* Change level and sampling of successful requests (1 = all, n = one in n, 0 = none). */
void
skl_log_set(SklLogLevel level, uint32_t sample_2xx)
{
	atomic_store(&ring.level, (int) level);
	atomic_store(&ring.sample_2xx, sample_2xx);
}

/* Write what is in the ring and stop the writer. Other threads must have stopped logging. */
void
skl_log_stop(void)
{
	if (!atomic_exchange(&ring.running, false))
		return;
	atomic_store(&ring.stopping, true);
	eventfd_write(ring.wake, 1);
	pthread_join(ring.thread, NULL);
	close(ring.wake);
	free(ring.slots);
	ring.slots = NULL;
}

/* Lines lost because the ring was full. */
uint64_t
skl_log_dropped(void)
{
	return atomic_load_explicit(&ring.dropped, memory_order_relaxed);
}

/* One in n of the successes is logged. */
static bool
sampled_out(int status)
{
	static _Thread_local uint32_t turn;
	uint32_t sample = atomic_load_explicit(&ring.sample_2xx, memory_order_relaxed);

	if (status >= 400 || sample == 1)
		return false;
	return sample == 0 || turn++ % sample != 0;
}

/* Who asked, what, and how it ended. */
static void
put_request(Line *line, const SklRequestCtx *ctx)
{
	char user[SKL_TYPEID_MAX + 1] = "";

	if (ctx->identity.known)
		skl_typeid_write("usr", &ctx->identity.user, user);
	put_plain(line, "requestId", ctx->request_id);
	put_plain(line, "traceId", ctx->trace_id);
	put_plain(line, "spanId", ctx->span_id);
	if (user[0] != '\0')
		put_plain(line, "userId", user);
	put_text(line, "method", ctx->method_text, 24);
	put_text(line, "route", ctx->route != NULL ? ctx->route->path : skl_builtin_path(ctx->path),
			 160);
	put_number(line, "status", (uint64_t) ctx->status);
	if (ctx->error != SKL_OK)
		put_text(line, "code", skl_errors[ctx->error].code, 60);
	put_text(line, "sqlstate", ctx->sqlstate, 12);
}

static void
put_figures(Line *line, const SklRequestCtx *ctx)
{
	put_ms(line, "ms", ctx->total_us);
	put_ms(line, "queueMs", ctx->queue_us);
	put_ms(line, "dbMs", ctx->db_us);
	put_number(line, "bytesIn", ctx->bytes_in);
	put_number(line, "bytesOut", ctx->bytes_out);
	if (ctx->retries > 0)
		put_number(line, "retries", (uint64_t) ctx->retries);
	put_plain(line, "address", ctx->client.text);
	put_text(line, "userAgent", ctx->user_agent, 160);
}

/* Log one answered request. Paths are never logged, only templates: a path may hold a secret. */
void
skl_log_request(const SklRequestCtx *ctx)
{
	SklLogLevel level = ctx->status >= 500 ? SKL_LOG_ERROR : SKL_LOG_INFO;
	uint64_t position;
	Slot *slot;
	Line line;

	if (!atomic_load_explicit(&ring.running, memory_order_relaxed) || ctx->keep_out_of_log)
		return;
	if ((int) level < atomic_load_explicit(&ring.level, memory_order_relaxed))
		return;
	if (sampled_out(ctx->status) || (slot = claim(&position)) == NULL)
		return;
	line = (Line){.text = slot->line};
	put_head(&line, level);
	put_request(&line, ctx);
	put_figures(&line, ctx);
	put_tail(&line);
	publish(slot, position, line.used);
}

/*
 * Log an event of the bridge itself. The event is a fixed word; the formatted message must not
 * hold secrets.
 */
void
skl_log(SklLogLevel level, const char *event, const char *format, ...)
{
	char message[400];
	char direct[LINE_MAX_BYTES];
	uint64_t position = 0;
	Slot *slot = NULL;
	Line line;
	va_list args;

	if ((int) level < atomic_load_explicit(&ring.level, memory_order_relaxed))
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	/* libpq's messages end with a line feed */
	for (size_t end = strlen(message); end > 0 && message[end - 1] == '\n'; end--)
		message[end - 1] = '\0';
	if (atomic_load(&ring.running) && (slot = claim(&position)) == NULL)
		return;
	line = (Line){.text = slot != NULL ? slot->line : direct};
	put_head(&line, level);
	put_text(&line, "event", event, 60);
	put_text(&line, "message", message, sizeof(message));
	put_tail(&line);
	if (slot != NULL)
		publish(slot, position, line.used);
	else
		write_all(line.text, line.used);
}
