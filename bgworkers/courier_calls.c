/*
 * bgworkers/courier_calls.c
 *		The part of the courier that calls payment providers, and settles what they answer and what
 *		their webhooks bring.
 *
 *	claim (transaction): lease calls, attempt + 1 -> commit -> send, with no transaction open ->
 *	record (transaction): the answer, if the attempt is still the newest -> settle: each answer and
 *	each webhook in a transaction of its own, after another one has counted the try
 *
 * A courier that dies leaves leases behind; they run out, and the call is sent again under the same
 * idempotency key.
 */
#include "skl.h"

#include "bgworkers/courier.h"
#include "bgworkers/http.h"
#include "bgworkers/stripe_client.h"
#include "bgworkers/worker_loop.h"
#include "core/guc.h"
#include "core/spi.h"

#include "utils/memutils.h"

/* Answers and webhooks settled in one turn. */
#define SETTLE_MAX 100

/* What is to be settled next: a call, a webhook, or nothing. */
typedef struct Next
{
	bool has_call;
	pg_uuid_t call;
	char *event;
} Next;

typedef struct Batch
{
	int limit;
	int n;
	SklHttpCall *calls;
	MemoryContext context;
} Batch;

/* Records every outcome that is there. */
static int64
record(void *arg)
{
	static SklStmt stmt = SKL_STMT("SELECT skillancer.provider_record($1, $2, $3, $4, $5)", UUIDOID,
								   INT4OID, INT4OID, TEXTOID, TEXTOID);
	SklHttpResult result;
	int64 rows = 0;

	skl_spi_connect();
	for (; skl_http_next_result(&result); rows++)
	{
		Datum args[5] = {UUIDPGetDatum(&result.id), Int32GetDatum(result.attempt),
						 Int32GetDatum(result.status),
						 result.body != NULL ? CStringGetTextDatum(result.body) : (Datum) 0,
						 CStringGetTextDatum(result.message)};

		skl_spi_exec(&stmt, args, result.body != NULL ? NULL : "   n ");
	}
	skl_spi_finish();
	return rows;
}

/* Copies row i of the claim into the batch. */
static void
take_row(Batch *batch, uint64 i)
{
	SklHttpCall *call = &batch->calls[batch->n++];
	MemoryContext old = MemoryContextSwitchTo(batch->context);
	bool isnull;

	call->id = *DatumGetUUIDP(skl_spi_value(i, 1, &isnull));
	call->attempt = DatumGetInt32(skl_spi_value(i, 2, &isnull));
	call->is_post = strcmp(skl_spi_text(i, 4), "POST") == 0;
	call->body = skl_spi_text(i, 6);
	call->timeout_ms = skl_guc.provider_timeout;
	skl_stripe_address(call, skl_spi_text(i, 5), skl_spi_text(i, 3));
	MemoryContextSwitchTo(old);
}

/* Leases calls. */
static int64
claim(void *arg)
{
	static SklStmt stmt =
		SKL_STMT("SELECT c.id, c.attempt, c.idempotency_key, c.method, c.path, c.body"
				 " FROM skillancer.provider_claim($1, $2, $3) AS c",
				 INT4OID, INT4OID, INT4OID);
	Batch *batch = arg;
	Datum args[3] = {Int32GetDatum(batch->limit), Int32GetDatum(skl_guc.provider_max_attempts),
					 Int32GetDatum(skl_guc.provider_timeout)};
	uint64 rows;

	skl_spi_connect();
	rows = skl_spi_exec(&stmt, args, NULL);
	batch->calls = MemoryContextAllocZero(batch->context, sizeof(SklHttpCall) * (rows + 1));
	for (uint64 i = 0; i < rows; i++)
		take_row(batch, i);
	skl_spi_finish();
	return (int64) rows;
}

/* Claims as many calls as there is room for, and starts them. */
static int64
send_more(int limit)
{
	Batch batch = {.limit = Min(limit, skl_guc.courier_concurrency - skl_http_running()),
				   .context = CurrentMemoryContext};
	int64 rows = 0;

	if (batch.limit <= 0 || !skl_stripe_read_key())
		return 0;
	if (skl_worker_transaction(claim, &batch, &rows))
	{
		for (int i = 0; i < batch.n; i++)
			skl_stripe_start(&batch.calls[i]);
	}
	skl_stripe_forget_key();
	return rows;
}

/* Finds out what to settle next, and counts the try. */
static int64
find_next(void *arg)
{
	static SklStmt stmt = SKL_STMT0("SELECT n.call, n.event FROM skillancer.provider_next() AS n");
	Next *next = arg;
	MemoryContext old = CurrentMemoryContext;
	bool isnull;
	Datum call;

	skl_spi_connect();
	skl_spi_exec(&stmt, NULL, NULL);
	call = skl_spi_value(0, 1, &isnull);
	next->has_call = !isnull;
	if (!isnull)
		next->call = *DatumGetUUIDP(call);
	next->event = skl_spi_text(0, 2);
	if (next->event != NULL)
		next->event = MemoryContextStrdup(TopMemoryContext, next->event);
	skl_spi_finish();
	MemoryContextSwitchTo(old);
	return next->has_call || next->event != NULL;
}

static int64
settle(void *arg)
{
	static SklStmt stmt = SKL_STMT("SELECT skillancer.provider_settle($1, $2)", UUIDOID, TEXTOID);
	Next *next = arg;
	Datum args[2] = {UUIDPGetDatum(&next->call),
					 next->event != NULL ? CStringGetTextDatum(next->event) : (Datum) 0};

	skl_spi_connect();
	skl_spi_exec(&stmt, args, next->has_call ? " n" : "n ");
	skl_spi_finish();
	return 1;
}

/* Settles what has come in; more is set when there may be something left. */
static int64
settle_all(bool *more)
{
	int64 rows = 0;
	int64 found = 0;
	int64 ignored;
	Next next = {0};

	while (rows < SETTLE_MAX && skl_worker_transaction(find_next, &next, &found) && found > 0)
	{
		skl_worker_transaction(settle, &next, &ignored);
		if (next.event != NULL)
			pfree(next.event);
		rows++;
	}
	if (rows == SETTLE_MAX)
		*more = true;
	return rows;
}

static int64
turn(int limit, bool *more)
{
	int64 rows = 0;

	if (skl_http_has_results())
		skl_worker_transaction(record, NULL, &rows);
	rows += settle_all(more);
	return rows + send_more(limit);
}

static bool
busy(void)
{
	return skl_http_running() > 0 || skl_http_has_results();
}

const SklCourierPart skl_courier_calls = {
	.turn = turn, .ready = skl_http_has_results, .busy = busy};
