/*
 * rows.c
 *		Answers of many rows.
 *
 *	function answered -> page -> answer begins -> draw: head, body, rows, tail -> job over -> end
 *	                      ^                        │ fewer than two pages are there
 *	                      └──────── fetch ◀────────┘
 *
 * The first page is read before the answer begins, so an error that comes early is an answer like
 * any other. Later ones break the connection off before its last chunk: no client takes a part for
 * the whole. libmicrohttpd draws what there is; while the next page is on its way the connection is
 * suspended, and the time of a slow reader does not run. Nothing is fetched that nobody reads: a
 * client that stops holds two pages here and a cursor there, until it is cut (deadlines.c).
 */
#include "rows.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "config.h"
#include "reply.h"
#include "server.h"

#define BLOCK 32768 /* libmicrohttpd's buffer of an answer */
#define PAGES 2

typedef enum Piece
{
	HEAD,
	BODY,
	ROWS,
	TAIL,
	END
} Piece;

struct SklRows
{
	PGresult *pages[PAGES];
	int count;
	int row;	   /* of the first page, */
	size_t offset; /* in that row, or in another piece */
	Piece piece;
	bool separated; /* a comma goes before each row but the first */
	bool comma;		/* the row in hand has its own already */
	bool any;		/* a row was begun */
	bool all_read;	/* there are no more pages */
	bool begun;		/* the answer is decided and has these rows */
	bool over;		/* the job has ended */
	bool failed;	/* the answer cannot be sent whole */
	bool suspended;
	uint64_t suspended_us;
};

/* ---- pages ---- */

/* True when the function wants its rows to be sent. */
static bool
announces_rows(const SklJob *job)
{
	const PGresult *result = job->result;

	return result != NULL && PQntuples(result) == 1 && PQnfields(result) == 5 &&
		   !PQgetisnull(result, 0, 2) && strstr(PQgetvalue(result, 0, 2), "\"skl-rows\"") != NULL;
}

/* Lets libmicrohttpd ask for more; the wait was not the reader's. */
static void
resume(SklRequestCtx *ctx)
{
	SklRows *rows = ctx->rows;

	if (!rows->suspended)
		return;
	rows->suspended = false;
	skl_server_unwatch(ctx->conn);
	ctx->conn->phase = SKL_CONN_SENDING;
	ctx->conn->since_us += skl_now_us() - rows->suspended_us;
	MHD_resume_connection(ctx->mhd);
	ctx->thread->run_mhd = true;
}

/* Asks for the next page, if there is room for it; false when the connection is lost. */
static bool
go_on(SklJob *job)
{
	const SklRows *rows = job->ctx->rows;

	if (rows->all_read || rows->count == PAGES || !skl_pg_paused(job->pg))
		return true;
	return skl_pg_fetch(job->pg);
}

static bool
take_page(SklJob *job)
{
	SklRequestCtx *ctx = job->ctx;
	SklRows *rows = ctx->rows;
	bool usable = PQnfields(job->page) == 1;
	bool ok;

	rows->pages[rows->count++] = job->page;
	job->page = NULL;
	rows->failed = !usable;
	rows->all_read = !usable || PQntuples(rows->pages[rows->count - 1]) < SKL_PAGE_ROWS;
	if (rows->all_read)
		ok = skl_pg_end(job->pg);
	else
		ok = go_on(job);
	if (ok && !rows->all_read && !rows->begun)
	{
		skl_reply_of_job(ctx, job);
		skl_rows_begin(ctx);
		skl_server_answered(ctx);
	}
	else if (ok)
		resume(ctx);
	return ok;
}

bool
skl_rows_paused(SklJob *job)
{
	SklRequestCtx *ctx = job->ctx;

	if (job->failure != NULL || job->gone)
		return skl_pg_end(job->pg);
	if (job->page != NULL)
		return take_page(job);
	skl_rows_free(ctx); /* of a try whose connection was lost */
	if (!announces_rows(job))
		return skl_pg_end(job->pg);
	ctx->rows = calloc(1, sizeof(SklRows));
	if (ctx->rows == NULL)
		abort();
	if (ctx->method != SKL_HEAD)
		return skl_pg_fetch(job->pg);
	ctx->rows->all_read = true;
	return skl_pg_end(job->pg);
}

/* ---- the life of the answer ---- */

void
skl_rows_begin(SklRequestCtx *ctx)
{
	SklReply *reply = &ctx->reply;
	SklRows *rows = ctx->rows;

	if (rows == NULL)
		return;
	if (ctx->status != 200 || rows->failed)
	{
		skl_rows_free(ctx);
		if (ctx->status == 200)
			skl_refuse(ctx, SKL_ERR_INTERNAL_ERROR, NULL, NULL);
		return;
	}
	rows->begun = true;
	rows->over = ctx->job->state == SKL_JOB_DONE;
	ctx->job->answering = true;
	if (reply->head_length == 0)
		return;
	/* an envelope: the rows are the items of data */
	rows->separated = true;
	reply->head = skl_sprintf(ctx, "%.*s[", (int) reply->head_length, reply->head);
	reply->head_length++;
	reply->body_length = 0;
	reply->tail = skl_sprintf(ctx, "]%.*s", (int) reply->tail_length, reply->tail);
	reply->tail_length++;
}

static void
note_failure(SklRequestCtx *ctx, const SklJob *job)
{
	const char *sqlstate =
		job->failure == NULL ? NULL : PQresultErrorField(job->failure, PG_DIAG_SQLSTATE);

	ctx->rows->failed = true;
	snprintf(ctx->sqlstate, sizeof(ctx->sqlstate), "%s", sqlstate == NULL ? "08006" : sqlstate);
	skl_log(SKL_LOG_ERROR, "rows_broken", "%s %s %s: %s", ctx->request_id, ctx->route->function,
			ctx->sqlstate,
			job->failure == NULL ? "the connection was lost"
								 : PQresultErrorField(job->failure, PG_DIAG_MESSAGE_PRIMARY));
}

bool
skl_rows_done(SklJob *job)
{
	SklRequestCtx *ctx = job->ctx;
	SklRows *rows = ctx->rows;

	if (rows == NULL || !rows->begun)
		return false;
	rows->over = true;
	if (ctx->conn == NULL)
		skl_server_answered(ctx);
	else
	{
		if (job->failure != NULL || job->outcome != SKL_JOB_ANSWERED)
			note_failure(ctx, job);
		resume(ctx);
	}
	return true;
}

bool
skl_rows_running(const SklRequestCtx *ctx)
{
	return ctx->rows != NULL && ctx->rows->begun && ctx->job->state == SKL_JOB_SENT;
}

void
skl_rows_hang_up(SklRequestCtx *ctx)
{
	ctx->rows->failed = true;
	resume(ctx);
}

void
skl_rows_settle(SklRequestCtx *ctx)
{
	const SklRows *rows = ctx->rows;

	if (ctx->method == SKL_HEAD || rows->piece == END)
		return;
	ctx->status = ctx->sqlstate[0] != '\0' ? 500 : 499;
	if (ctx->status == 500)
		ctx->error = SKL_ERR_INTERNAL_ERROR;
}

bool
skl_rows_overdue(const SklRequestCtx *ctx, uint64_t now)
{
	return ctx != NULL && ctx->rows != NULL && ctx->rows->begun &&
		   now > ctx->started_us + 1000ull * (uint64_t) ctx->config->export_deadline_ms;
}

void
skl_rows_free(SklRequestCtx *ctx)
{
	if (ctx->rows == NULL)
		return;
	for (int i = 0; i < ctx->rows->count; i++)
		PQclear(ctx->rows->pages[i]);
	free(ctx->rows);
	ctx->rows = NULL;
}

/* ---- what libmicrohttpd draws ---- */

/* Copies what fits of a text that begins at rows->offset; true when its end was reached. */
static bool
copy(SklRows *rows, const char *text, size_t length, char **at, const char *end)
{
	size_t piece = length - rows->offset;
	size_t room = (size_t) (end - *at);

	piece = piece < room ? piece : room;
	if (piece > 0)
		memcpy(*at, text + rows->offset, piece);
	*at += piece;
	rows->offset += piece;
	if (rows->offset < length)
		return false;
	rows->offset = 0;
	return true;
}

static void
drop_page(SklRows *rows)
{
	PQclear(rows->pages[0]);
	rows->count--;
	rows->pages[0] = rows->pages[1];
	rows->pages[1] = NULL;
	rows->row = 0;
}

/* The rows that are there; true when they were the last. */
static bool
copy_rows(SklRows *rows, char **at, const char *end)
{
	while (rows->count > 0 && *at < end)
	{
		const PGresult *page = rows->pages[0];

		if (rows->row == PQntuples(page))
		{
			drop_page(rows);
			continue;
		}
		if (rows->separated && rows->any && !rows->comma)
		{
			*(*at)++ = ',';
			rows->comma = true;
		}
		rows->any = true;
		if (copy(rows, PQgetvalue(page, rows->row, 0), (size_t) PQgetlength(page, rows->row, 0), at,
				 end))
		{
			rows->row++;
			rows->comma = false;
		}
	}
	return rows->count == 0 && rows->over;
}

static void
fill(SklRequestCtx *ctx, char **at, const char *end)
{
	const SklReply *reply = &ctx->reply;
	SklRows *rows = ctx->rows;
	bool through = true;

	while (through && rows->piece != END)
	{
		switch (rows->piece)
		{
			case HEAD:
				through = copy(rows, reply->head, reply->head_length, at, end);
				break;
			case BODY:
				through = copy(rows, reply->body, reply->body_length, at, end);
				break;
			case ROWS:
				through = copy_rows(rows, at, end);
				break;
			case TAIL:
			case END:
				through = copy(rows, reply->tail, reply->tail_length, at, end);
				break;
		}
		if (through)
			rows->piece++;
	}
}

/* A hang-up of a suspended connection is seen by our own epoll only. */
static void
suspend(SklRequestCtx *ctx)
{
	SklConn *conn = ctx->conn;
	struct epoll_event event = {.events = EPOLLRDHUP, .data.ptr = conn};

	ctx->rows->suspended = true;
	ctx->rows->suspended_us = skl_now_us();
	conn->phase = SKL_CONN_FETCHING;
	conn->watched = epoll_ctl(ctx->thread->epoll_fd, EPOLL_CTL_ADD, conn->fd, &event) == 0;
	MHD_suspend_connection(ctx->mhd);
}

static ssize_t
draw(void *arg, uint64_t position, char *buffer, size_t room)
{
	SklRequestCtx *ctx = arg;
	SklRows *rows = ctx->rows;
	char *at = buffer;

	(void) position;
	if (rows->failed)
	{
		/* libmicrohttpd closes only when it looks at the connection again: this makes it */
		shutdown(ctx->conn->fd, SHUT_RDWR);
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	fill(ctx, &at, buffer + room);
	if (skl_rows_running(ctx) && !go_on(ctx->job))
		skl_pg_lose(ctx->job->pg, SKL_JOB_LOST);
	ctx->bytes_out += (size_t) (at - buffer);
	if (at > buffer)
		return at - buffer;
	if (rows->piece == END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	suspend(ctx);
	return 0;
}

struct MHD_Response *
skl_rows_response(SklRequestCtx *ctx)
{
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, draw, ctx, NULL);
}
