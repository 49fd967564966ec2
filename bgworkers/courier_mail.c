/*
 * bgworkers/courier_mail.c
 *		The part of the courier that sends mail.
 *
 *	claim (transaction): lease queued mails, attempt + 1 -> commit -> compose and send, with no
 *	transaction open -> record (transaction): the outcome, if the attempt is still the newest
 *
 * A courier that dies leaves leases behind; they run out and another attempt is made, whose number
 * fences off a late report. A mail may so be delivered twice, with one Message-ID, but never lost.
 * A mail whose templates cannot be rendered is reported without a network in between.
 */
#include "skl.h"

#include "bgworkers/courier.h"
#include "bgworkers/smtp.h"
#include "bgworkers/worker_loop.h"
#include "core/guc.h"
#include "core/spi.h"
#include "notification/compose.h"
#include "notification/mime.h"

#include "utils/memutils.h"

/* A claimed mail, composed or not. */
typedef struct Claimed
{
	pg_uuid_t id;
	int attempt;
	char *address;
	char *sender;		/* of the envelope; NULL: that of smtp_from */
	char *trace;		/* that it belongs to, or NULL */
	StringInfo message; /* NULL: it cannot be composed */
	const char *error;
} Claimed;

typedef struct Batch
{
	int limit;
	int n;
	Claimed *mails;
	MemoryContext context;
} Batch;

static const char *const outcome_names[] = {
	[SKL_SMTP_SENT] = "SENT",
	[SKL_SMTP_RETRY] = "RETRY",
	[SKL_SMTP_BOUNCED] = "BOUNCED",
	[SKL_SMTP_REFUSED] = "REFUSED",
};

/* Mails that cannot be composed wait here for the next record step. */
static Batch unsendable;

static void
record_one(const pg_uuid_t *id, int attempt, const char *outcome, int code, const char *message)
{
	static SklStmt stmt = SKL_STMT("SELECT skillancer.courier_record($1, $2, $3, $4, $5)", UUIDOID,
								   INT4OID, TEXTOID, INT4OID, TEXTOID);
	Datum args[5] = {UUIDPGetDatum(id), Int32GetDatum(attempt), CStringGetTextDatum(outcome),
					 Int32GetDatum(code), CStringGetTextDatum(message)};

	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	skl_spi_finish();
}

/* Records every outcome that is there. */
static int64
record(void *arg)
{
	SklSmtpResult result;
	int64 rows = 0;

	for (; skl_smtp_next_result(&result); rows++)
		record_one(&result.mail, result.attempt, outcome_names[result.outcome], result.code,
				   result.message);
	for (int i = 0; i < unsendable.n; i++, rows++)
		record_one(&unsendable.mails[i].id, unsendable.mails[i].attempt, "UNSENDABLE", 0,
				   unsendable.mails[i].error);
	unsendable.n = 0;
	return rows;
}

/* Copies row i of the claim into the batch and composes it. */
static void
take_row(Batch *batch, uint64 i)
{
	Claimed *mail = &batch->mails[batch->n++];
	MemoryContext old = MemoryContextSwitchTo(batch->context);
	SklMailParts parts = {0};
	bool isnull;

	mail->id = *DatumGetUUIDP(skl_spi_value(i, 1, &isnull));
	mail->attempt = DatumGetInt32(skl_spi_value(i, 2, &isnull));
	mail->address = skl_spi_text(i, 3);
	parts.data = DatumGetJsonbPCopy(skl_spi_value(i, 4, &isnull));
	parts.title = skl_spi_text(i, 5);
	parts.body = skl_spi_text(i, 6);
	parts.html = skl_spi_text(i, 7);
	parts.layout = skl_spi_text(i, 8);
	parts.text_layout = skl_spi_text(i, 9);
	parts.unsubscribe = skl_spi_text(i, 10);
	parts.correlation = skl_spi_text(i, 11);
	parts.id = skl_spi_text(i, 1);
	parts.date = timestamptz_to_time_t(DatumGetTimestampTz(skl_spi_value(i, 12, &isnull)));
	mail->sender = skl_spi_text(i, 13);
	mail->trace = skl_spi_text(i, 14);
	parts.to = mail->address;
	parts.from = skl_guc.smtp_from;
	mail->message = skl_compose_mail(&parts, &mail->error);
	MemoryContextSwitchTo(old);
}

/* Leases mails and composes them. */
static int64
claim(void *arg)
{
	static SklStmt stmt =
		SKL_STMT("SELECT c.id, c.attempt, c.address, c.data, c.title, c.body, c.html, c.layout,"
				 " c.text_layout, c.unsubscribe, c.correlation_id, c.created_at, c.sender, c.trace"
				 " FROM skillancer.courier_claim($1, $2, $3) AS c",
				 INT4OID, INT4OID, INT4OID);
	Batch *batch = arg;
	Datum args[3] = {Int32GetDatum(batch->limit), Int32GetDatum(skl_guc.courier_max_attempts),
					 Int32GetDatum(skl_guc.courier_timeout)};
	uint64 rows;

	skl_spi_connect();
	rows = skl_spi_exec(&stmt, args, NULL);
	batch->mails = MemoryContextAllocZero(batch->context, sizeof(Claimed) * (rows + 1));
	for (uint64 i = 0; i < rows; i++)
		take_row(batch, i);
	skl_spi_finish();
	return (int64) rows;
}

/* The bare address that reports about a mail go to: empty when there is no good one. */
static char *
sender_of(const Claimed *mail)
{
	const char *from;
	size_t length;

	if (!skl_mime_bare_address(mail->sender != NULL ? mail->sender : skl_guc.smtp_from, &from,
							   &length))
		length = 0;
	return pnstrdup(from, length);
}

/* Starts the deliveries of a batch; what cannot be sent is kept for the next record step. */
static void
send_batch(Batch *batch)
{
	unsendable.mails = batch->mails;
	unsendable.n = 0;
	for (int i = 0; i < batch->n; i++)
	{
		Claimed *mail = &batch->mails[i];

		if (mail->message == NULL)
			unsendable.mails[unsendable.n++] = *mail;
		else
			skl_smtp_start(&mail->id, mail->attempt, sender_of(mail), mail->address, mail->trace,
						   mail->message->data, (size_t) mail->message->len);
	}
}

/* Claims as many mails as there is room for, and starts them. */
static int64
send_more(int limit)
{
	static MemoryContext context = NULL;
	int64 rows = 0;
	Batch batch = {.limit = Min(limit, skl_guc.courier_concurrency - skl_smtp_running())};

	if (batch.limit <= 0 || skl_guc.smtp_url[0] == '\0')
		return 0;
	if (context == NULL)
		context =
			AllocSetContextCreate(TopMemoryContext, "skillancer mails", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(context);
	batch.context = context;
	if (skl_worker_transaction(claim, &batch, &rows))
		send_batch(&batch);
	return rows;
}

static int64
turn(int limit, bool *more)
{
	int64 recorded = 0;

	skl_smtp_watch_settings();
	if (skl_smtp_has_results() || unsendable.n > 0)
		skl_worker_transaction(record, NULL, &recorded);
	return unsendable.n == 0 ? recorded + send_more(limit) : recorded;
}

static bool
ready(void)
{
	return unsendable.n > 0 || skl_smtp_has_results();
}

static bool
busy(void)
{
	return skl_smtp_running() > 0 || ready();
}

const SklCourierPart skl_courier_mail = {.turn = turn, .ready = ready, .busy = busy};
