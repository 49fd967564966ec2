/*
 * bgworkers/courier_webhooks.c
 *		The part of the courier that delivers webhooks (sql/notification/webhook.sql).
 *
 *	fan out (transaction): events become deliveries -> record (transaction): what has ended ->
 *	claim (transaction): attempt + 1, committed -> send, with no transaction open
 *
 * Endpoints that took the last event, new ones and failing ones each have a share of the room, so
 * that five hundred dead ones keep nobody from the others. Outcomes are recorded by the batch: some
 * milliseconds are waited for more of them. A courier that starts releases what a dead one held.
 */
#include "skl.h"

#include "bgworkers/courier.h"
#include "bgworkers/webhook_send.h"
#include "bgworkers/worker_loop.h"
#include "core/guc.h"
#include "core/secret_box.h"
#include "core/spi.h"
#include "core/trace.h"
#include "notification/webhook.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include <openssl/crypto.h>

/* Outcomes that are recorded at once, and milliseconds that fewer wait for more. */
#define RECORD_MIN 64
#define RECORD_MAX 500
#define RECORD_PATIENCE_MS 10

/* Pause between two ticks over the event log, in milliseconds. */
#define TICK_PAUSE_MS 25

/* Secrets that sign one delivery. */
#define SECRETS_MAX 4

/* The standings, by the name that SQL has, and the part of the room for each: 1 / share. */
static const struct
{
	const char *name;
	int share;
} standings[SKL_STANDING_COUNT] = {
	[SKL_STANDING_PROVEN] = {"PROVEN", 1},
	[SKL_STANDING_FRESH] = {"FRESH", 2},
	[SKL_STANDING_FAILING] = {"FAILING", 4},
};

typedef struct Claimed
{
	SklWebhookCall call;
	char *event_id;
	char *trace; /* of the request that caused the event, or NULL */
	int nsecrets;
	bytea *secrets[SECRETS_MAX];
} Claimed;

typedef struct Batch
{
	SklStanding standing;
	int room;
	int n;
	Claimed *claimed;
	MemoryContext context;
} Batch;

static bool released = false;
static TimestampTz ticked_at = 0;
static bool tick_waits = false; /* a turn came too early for another tick */

static int64
release(void *arg)
{
	static SklStmt stmt = SKL_STMT0("SELECT skillancer.webhook_release()");

	skl_spi_connect();
	skl_spi_exec(&stmt, NULL, NULL);
	skl_spi_finish();
	return 0;
}

static int64
fan_out(void *arg)
{
	static SklStmt stmt = SKL_STMT0("SELECT skillancer.webhook_fan_out()");
	bool isnull;
	int64 rows;

	skl_spi_connect();
	skl_spi_exec(&stmt, NULL, NULL);
	rows = DatumGetInt64(skl_spi_value(0, 1, &isnull));
	skl_spi_finish();
	return rows;
}

/* An array of so many elements for the statement of record(). */
static Datum
array_of(Datum *values, bool *nulls, int n, Oid type)
{
	int dims[1] = {n};
	int lbs[1] = {1};
	int16 length = type == UUIDOID ? UUID_LEN : type == INT4OID ? 4 : -1;
	char align = type == UUIDOID ? TYPALIGN_CHAR : TYPALIGN_INT;

	return PointerGetDatum(
		construct_md_array(values, nulls, 1, dims, lbs, type, length, type == INT4OID, align));
}

static Datum
text_or_null(const char *value, bool *isnull)
{
	*isnull = value == NULL;
	return value == NULL ? (Datum) 0 : CStringGetTextDatum(value);
}

/* Records outcomes, up to RECORD_MAX of them. */
static int64
record(void *arg)
{
	static SklStmt stmt = SKL_STMT("SELECT skillancer.webhook_record($1, $2, $3, $4, $5, $6, $7)",
								   UUIDARRAYOID, UUIDARRAYOID, INT4ARRAYOID, INT4ARRAYOID,
								   INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID);
	static const Oid types[7] = {UUIDOID, UUIDOID, INT4OID, INT4OID, INT4OID, TEXTOID, TEXTOID};
	Datum(*values)[RECORD_MAX] = palloc(sizeof(Datum) * 7 * RECORD_MAX);
	bool(*nulls)[RECORD_MAX] = palloc0(sizeof(bool) * 7 * RECORD_MAX);
	SklWebhookResult *results = palloc(sizeof(SklWebhookResult) * RECORD_MAX);
	Datum args[7];
	int n = 0;

	for (; n < RECORD_MAX && skl_webhook_next_result(&results[n]); n++)
	{
		values[0][n] = UUIDPGetDatum(&results[n].webhook);
		values[1][n] = UUIDPGetDatum(&results[n].event);
		values[2][n] = Int32GetDatum(results[n].attempt);
		values[3][n] = Int32GetDatum(results[n].status);
		values[4][n] = Int32GetDatum(results[n].duration_ms);
		values[5][n] = text_or_null(results[n].error, &nulls[5][n]);
		values[6][n] = text_or_null(results[n].answer, &nulls[6][n]);
	}
	for (int i = 0; i < 7; i++)
		args[i] = array_of(values[i], nulls[i], n, types[i]);
	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	skl_spi_finish();
	return n;
}

/* Copies the sealed secrets of a claimed row. */
static void
take_secrets(Claimed *claimed, ArrayType *array)
{
	Datum *elements;
	bool *nulls;
	int n;

	deconstruct_array(array, BYTEAOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	for (int i = 0; i < Min(n, SECRETS_MAX); i++)
		claimed->secrets[claimed->nsecrets++] = DatumGetByteaPCopy(elements[i]);
}

/* Copies row i of the claim into the batch. */
static void
take_row(Batch *batch, uint64 i)
{
	Claimed *claimed = &batch->claimed[batch->n++];
	MemoryContext old = MemoryContextSwitchTo(batch->context);
	bool isnull;

	claimed->call.webhook = *DatumGetUUIDP(skl_spi_value(i, 1, &isnull));
	claimed->call.event = *DatumGetUUIDP(skl_spi_value(i, 2, &isnull));
	claimed->call.attempt = DatumGetInt32(skl_spi_value(i, 3, &isnull));
	claimed->call.standing = batch->standing;
	claimed->call.url = skl_spi_text(i, 4);
	take_secrets(claimed, DatumGetArrayTypeP(skl_spi_value(i, 5, &isnull)));
	claimed->call.body = skl_spi_text(i, 6);
	claimed->event_id = skl_spi_text(i, 7);
	claimed->trace = skl_spi_text(i, 8);
	MemoryContextSwitchTo(old);
}

static int64
claim(void *arg)
{
	static SklStmt stmt =
		SKL_STMT("SELECT c.webhook_id, c.event_id, c.attempt, c.url, c.secrets, c.body,"
				 " c.event_id::skillancer.event_id, c.trace"
				 " FROM skillancer.webhook_claim($1, $2) AS c",
				 TEXTOID, INT4OID);
	Batch *batch = arg;
	Datum args[2] = {CStringGetTextDatum(standings[batch->standing].name),
					 Int32GetDatum(batch->room)};
	uint64 rows;

	skl_spi_connect();
	rows = skl_spi_exec(&stmt, args, NULL);
	batch->claimed = MemoryContextAllocZero(batch->context, sizeof(Claimed) * (rows + 1));
	for (uint64 i = 0; i < rows; i++)
		take_row(batch, i);
	skl_spi_finish();
	return (int64) rows;
}

/* The header with a signature by each secret; NULL when one cannot be opened. */
static const char *
signature_header(const Claimed *claimed, int64 timestamp)
{
	StringInfoData header;

	initStringInfo(&header);
	appendStringInfoString(&header, "webhook-signature:");
	for (int i = 0; i < claimed->nsecrets; i++)
	{
		uint8 secret[SKL_SECRET_MAX];
		char signature[SKL_WEBHOOK_SIGNATURE_LEN];
		int length = skl_secret_open(claimed->secrets[i], &claimed->call.webhook, secret);
		bool done = length > 0 && skl_webhook_sign(secret, (size_t) length, claimed->event_id,
												   timestamp, claimed->call.body, signature);

		OPENSSL_cleanse(secret, sizeof(secret));
		if (!done)
			return NULL;
		appendStringInfo(&header, " %s", signature);
	}
	return claimed->nsecrets > 0 ? header.data : NULL;
}

/* Signs a delivery for this moment and starts it. */
static void
send_one(Claimed *claimed)
{
	int64 timestamp = (int64) time(NULL);
	const char *signature = signature_header(claimed, timestamp);

	if (signature == NULL)
	{
		skl_webhook_fail(&claimed->call, "the signing secret cannot be opened: rotate it");
		return;
	}
	claimed->call.headers[0] = psprintf("webhook-id: %s", claimed->event_id);
	claimed->call.headers[1] = psprintf("webhook-timestamp: " INT64_FORMAT, timestamp);
	claimed->call.headers[2] = signature;
	claimed->call.headers[3] = skl_trace_header(claimed->trace);
	claimed->call.trace = claimed->call.headers[3] != NULL ? claimed->trace : NULL;
	claimed->call.headers[4] = skl_tracestate_header(claimed->trace);
	claimed->call.headers[5] = NULL;
	skl_webhook_start(&claimed->call);
}

/* The room that is left for endpoints of a standing. */
static int
room_of(SklStanding standing)
{
	int most = Max(skl_guc.webhook_concurrency / standings[standing].share, 1);

	return Min(most - skl_webhook_running_of(standing),
			   skl_guc.webhook_concurrency - skl_webhook_running());
}

/*
 * Claims and starts as many deliveries as there is room for; more is set when that was too little.
 */
static int64
send_more(SklStanding standing, int limit, bool *more)
{
	Batch batch = {.standing = standing,
				   .room = Min(limit, room_of(standing)),
				   .context = CurrentMemoryContext};
	int64 rows = 0;

	if (batch.room <= 0 || !skl_worker_transaction(claim, &batch, &rows))
		return 0;
	for (int i = 0; i < batch.n; i++)
		send_one(&batch.claimed[i]);
	if (rows == limit)
		*more = true;
	return rows;
}

/* Milliseconds until the next tick over the event log may begin. */
static long
until_tick(void)
{
	return TICK_PAUSE_MS - TimestampDifferenceMilliseconds(ticked_at, GetCurrentTimestamp());
}

/* A tick, unless the one before was a moment ago. */
static int64
tick(void)
{
	int64 rows = 0;

	tick_waits = until_tick() > 0;
	if (tick_waits)
		return 0;
	skl_worker_transaction(fan_out, NULL, &rows);
	ticked_at = GetCurrentTimestamp();
	return rows;
}

static int64
turn(int limit, bool *more)
{
	int64 rows = 0;
	int64 recorded = 0;

	if (!released && !(released = skl_worker_transaction(release, NULL, &rows)))
		return 0;
	rows = tick();
	if (skl_webhook_results(NULL) > 0)
		skl_worker_transaction(record, NULL, &recorded);
	for (int i = 0; i < SKL_STANDING_COUNT; i++)
		rows += send_more(i, limit, more);
	return rows + recorded;
}

/* A tick that waited may begin, or there are enough outcomes to record, or some have waited. */
static bool
ready(void)
{
	TimestampTz since;
	int n = skl_webhook_results(&since);

	return (tick_waits && until_tick() <= 0) || n >= RECORD_MIN ||
		   (n > 0 && TimestampDifferenceExceeds(since, GetCurrentTimestamp(), RECORD_PATIENCE_MS));
}

static long
patience(void)
{
	if (skl_webhook_results(NULL) > 0)
		return RECORD_PATIENCE_MS;
	return tick_waits ? Max(until_tick(), 1) : -1;
}

static bool
busy(void)
{
	return tick_waits || skl_webhook_running() > 0 || skl_webhook_results(NULL) > 0;
}

const SklCourierPart skl_courier_webhooks = {
	.turn = turn, .ready = ready, .patience = patience, .busy = busy};
