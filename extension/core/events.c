/*
 * core/events.c
 *		Appending to the event log and the audit log.
 *
 * Both are plain inserts in the transaction that causes them, stamped with the transaction id and
 * the epoch, by which consumers read in ticks (sql/core/consumers.sql). Actor and correlation come
 * from the request; a worker acts without one.
 *
 * What an event follows from (causation_id) is, in this order: the event of the transition whose
 * effects are running; what was said to be the cause, by a timer or an answer of a payment
 * provider, which keep the request and the event that set them off, weeks later (skl_cause_set);
 * under a request, the first event of its transaction.
 *
 * The trace is the request's. Without one, each transaction begins a trace of its own, and each
 * thing that is followed in it another: what a timer does is one trace.
 */
#include "skl.h"

#include "core/events.h"
#include "core/id.h"
#include "core/request.h"
#include "core/spi.h"
#include "core/state.h"
#include "core/trace.h"
#include "core/wake.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(skl_fn_emit);
PG_FUNCTION_INFO_V1(skl_fn_audit);
PG_FUNCTION_INFO_V1(skl_fn_follow);
PG_FUNCTION_INFO_V1(skl_fn_cause_event);
PG_FUNCTION_INFO_V1(skl_fn_cause_correlation);
PG_FUNCTION_INFO_V1(skl_fn_trace_now);

/* An event that others may follow from, until the subtransaction that noted it is undone. */
typedef struct Mark
{
	bool given;
	SubTransactionId sub;
	pg_uuid_t id;
} Mark;

typedef enum MarkKind
{
	MARK_PARENT, /* of the transition whose effects are running */
	MARK_CAUSE,	 /* said to be the cause */
	MARK_FIRST,	 /* of the transaction */
	MARK_LAST,	 /* the newest of it */
	NMARKS
} MarkKind;

/* What the events of a transaction follow from. */
typedef struct Cause
{
	FullTransactionId transaction; /* all of it counts in this one only */
	Mark marks[NMARKS];
	char correlation[256];
	char trace[SKL_TRACEPARENT_LENGTH + 1]; /* begun here; empty: none yet */
} Cause;

static Cause cause;

/* The cause of this transaction. */
static Cause *
current_cause(void)
{
	FullTransactionId now = GetTopFullTransactionId();

	if (!FullTransactionIdEquals(cause.transaction, now))
	{
		memset(&cause, 0, sizeof(cause));
		cause.transaction = now;
	}
	return &cause;
}

static void
set_mark(MarkKind kind, const pg_uuid_t *id)
{
	Mark *mark = &current_cause()->marks[kind];

	mark->given = id != NULL;
	if (id == NULL)
		return;
	mark->sub = GetCurrentSubTransactionId();
	mark->id = *id;
}

/* Forgets what a subtransaction noted when it is undone, else its parent has noted it. */
static void
subtransaction_callback(SubXactEvent event, SubTransactionId sub, SubTransactionId parent,
						void *arg)
{
	for (int i = 0; i < NMARKS; i++)
	{
		Mark *mark = &cause.marks[i];

		if (!mark->given || mark->sub != sub)
			continue;
		if (event == SUBXACT_EVENT_ABORT_SUB)
			mark->given = false;
		else if (event == SUBXACT_EVENT_COMMIT_SUB)
			mark->sub = parent;
	}
}

void
skl_events_init(void)
{
	RegisterSubXactCallback(subtransaction_callback, NULL);
}

void
skl_cause_set(const pg_uuid_t *event, const char *correlation)
{
	set_mark(MARK_CAUSE, event);
	strlcpy(cause.correlation, correlation != NULL ? correlation : "", sizeof(cause.correlation));
	cause.trace[0] = '\0';
}

/* The trace that an event belongs to. */
static const char *
trace_now(void)
{
	const SklRequest *request = skl_request();

	if (request != NULL && skl_trace_is_valid(request->trace))
		return request->trace;
	if (current_cause()->trace[0] == '\0')
		skl_trace_begin(cause.trace);
	return cause.trace;
}

/* What an event with this id follows from, or NULL. */
static const pg_uuid_t *
cause_of(const pg_uuid_t *id)
{
	Mark *marks = current_cause()->marks;

	if (marks[MARK_PARENT].given)
		return &marks[MARK_PARENT].id;
	if (marks[MARK_CAUSE].given)
		return &marks[MARK_CAUSE].id;
	if (marks[MARK_FIRST].given && skl_request() != NULL &&
		memcmp(&marks[MARK_FIRST].id, id, sizeof(*id)) != 0)
		return &marks[MARK_FIRST].id;
	return NULL;
}

SklCauseFrame
skl_cause_enter(const pg_uuid_t *event)
{
	Mark *parent = &current_cause()->marks[MARK_PARENT];
	SklCauseFrame outer = {.given = parent->given, .event = parent->id};

	if (!cause.marks[MARK_FIRST].given)
		set_mark(MARK_FIRST, event);
	set_mark(MARK_PARENT, event);
	return outer;
}

void
skl_cause_leave(const SklCauseFrame *outer)
{
	set_mark(MARK_PARENT, outer->given ? &outer->event : NULL);
}

/* The correlation of the cause, else of the request, as an argument. */
static void
stamp_correlation(Datum *arg, char *null)
{
	if (current_cause()->correlation[0] == '\0')
		return;
	*arg = CStringGetTextDatum(cause.correlation);
	*null = ' ';
}

/* The event that what is set off now will follow from, or NULL. */
static const pg_uuid_t *
cause_from_now(void)
{
	static const MarkKind order[] = {MARK_PARENT, MARK_LAST, MARK_CAUSE};
	Mark *marks = current_cause()->marks;

	for (size_t i = 0; i < lengthof(order); i++)
	{
		if (marks[order[i]].given)
			return &marks[order[i]].id;
	}
	return NULL;
}

void
skl_cause_of_timer(Datum args[2], char nulls[2])
{
	const pg_uuid_t *event = cause_from_now();
	char request_nulls[2];
	Datum request[2];

	skl_request_stamp(request, request_nulls);
	args[0] = request[1];
	nulls[0] = request_nulls[1];
	stamp_correlation(&args[0], &nulls[0]);
	args[1] = UUIDPGetDatum(event);
	nulls[1] = event != NULL ? ' ' : 'n';
}

/* The part of an event's type before the first dot names its source. */
static text *
source_of(const char *type)
{
	const char *dot = strchr(type, '.');

	return cstring_to_text_with_len(type, dot ? (int) (dot - type) : (int) strlen(type));
}

static Datum
uuid_array(const pg_uuid_t *ids, int n)
{
	Datum *elements = palloc(sizeof(Datum) * Max(n, 1));

	for (int i = 0; i < n; i++)
		elements[i] = UUIDPGetDatum(&ids[i]);
	return PointerGetDatum(construct_array(elements, n, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

void
skl_emit_as(const pg_uuid_t *id, const char *type, const char *aggregate_type,
			const pg_uuid_t *aggregate, const char *data_json, const pg_uuid_t *audience,
			int naudience)
{
	static SklStmt stmt =
		SKL_STMT("INSERT INTO skillancer.event (type, source, aggregate_type, aggregate_id, data,"
				 " audience, epoch, actor_id, correlation_id, causation_id, id, trace)"
				 " VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8::skillancer.user_id, $9, $10,"
				 " $11::skillancer.event_id, $12)",
				 TEXTOID, TEXTOID, TEXTOID, UUIDOID, TEXTOID, UUIDARRAYOID, INT4OID, UUIDOID,
				 TEXTOID, UUIDOID, UUIDOID, TEXTOID);
	const pg_uuid_t *follows = cause_of(id);
	Datum args[12];
	char nulls[] = "            ";

	args[0] = CStringGetTextDatum(type);
	args[1] = PointerGetDatum(source_of(type));
	args[2] = CStringGetTextDatum(aggregate_type);
	args[3] = UUIDPGetDatum(aggregate);
	args[4] = CStringGetTextDatum(data_json);
	args[5] = uuid_array(audience, naudience);
	args[6] = Int32GetDatum(skl_epoch());
	skl_request_stamp(&args[7], &nulls[7]);
	stamp_correlation(&args[8], &nulls[8]);
	args[9] = UUIDPGetDatum(follows);
	nulls[9] = follows != NULL ? ' ' : 'n';
	args[10] = UUIDPGetDatum(id);
	args[11] = CStringGetTextDatum(trace_now());
	skl_spi_connect();
	skl_spi_exec(&stmt, args, nulls);
	skl_spi_finish();
	if (!cause.marks[MARK_FIRST].given)
		set_mark(MARK_FIRST, id);
	set_mark(MARK_LAST, id);
	skl_wake(SKL_WAKE_NOTIFIER | SKL_WAKE_COURIER | SKL_WAKE_ANALYST);
}

pg_uuid_t
skl_emit(const char *type, const char *aggregate_type, const pg_uuid_t *aggregate,
		 const char *data_json, const pg_uuid_t *audience, int naudience)
{
	pg_uuid_t id;

	skl_new_id(&id);
	skl_emit_as(&id, type, aggregate_type, aggregate, data_json, audience, naudience);
	return id;
}

void
skl_audit(const char *action, const char *object_type, const pg_uuid_t *object,
		  const char *before_json, const char *after_json)
{
	static SklStmt stmt =
		SKL_STMT("INSERT INTO skillancer.audit (epoch, actor_id, action, object_type, object_id,"
				 " before, after, request_id, address)"
				 " VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8, $9)",
				 INT4OID, UUIDOID, TEXTOID, TEXTOID, UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID);
	const SklRequest *request = skl_request();
	const char *texts[9] = {NULL};
	Datum args[9];
	char nulls[] = "nnnnnnnnn";

	texts[2] = action;
	texts[3] = object_type;
	texts[5] = before_json;
	texts[6] = after_json;
	texts[7] = request != NULL ? request->request_id : NULL;
	texts[8] = request != NULL ? request->address : NULL;
	for (int i = 0; i < 9; i++)
	{
		args[i] = texts[i] != NULL ? CStringGetTextDatum(texts[i]) : (Datum) 0;
		nulls[i] = texts[i] != NULL ? ' ' : 'n';
	}
	args[0] = Int32GetDatum(skl_epoch());
	nulls[0] = ' ';
	if (request != NULL && request->has_user)
	{
		args[1] = UUIDPGetDatum(&request->user_id);
		nulls[1] = ' ';
	}
	if (object != NULL)
	{
		args[4] = UUIDPGetDatum(object);
		nulls[4] = ' ';
	}
	skl_spi_connect();
	skl_spi_exec(&stmt, args, nulls);
	skl_spi_finish();
}

static char *
jsonb_text(Jsonb *value)
{
	return JsonbToCString(NULL, &value->root, VARSIZE(value));
}

/* Reads a uuid[] argument without NULLs. */
static pg_uuid_t *
uuids_of(ArrayType *array, int *n)
{
	Datum *elements;
	bool *nulls;
	pg_uuid_t *ids;
	int count = 0;

	deconstruct_array(array, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &elements, &nulls, n);
	ids = palloc(sizeof(pg_uuid_t) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		if (!nulls[i])
			ids[count++] = *DatumGetUUIDP(elements[i]);
	}
	*n = count;
	return ids;
}

/* emit(type, aggregate type, aggregate id, data, audience) returns the event's uuid. */
Datum
skl_fn_emit(PG_FUNCTION_ARGS)
{
	pg_uuid_t *id = palloc(sizeof(pg_uuid_t));
	pg_uuid_t *audience = NULL;
	int n = 0;

	for (int i = 0; i < 4; i++)
	{
		if (PG_ARGISNULL(i))
			elog(ERROR, "emit: argument %d is NULL", i + 1);
	}
	if (!PG_ARGISNULL(4))
		audience = uuids_of(PG_GETARG_ARRAYTYPE_P(4), &n);
	*id = skl_emit(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)),
				   PG_GETARG_UUID_P(2), jsonb_text(PG_GETARG_JSONB_P(3)), audience, n);
	PG_RETURN_UUID_P(id);
}

/* audit(action, object type, object id, before, after). */
Datum
skl_fn_audit(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		elog(ERROR, "audit: action and object type are needed");
	skl_audit(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)),
			  PG_ARGISNULL(2) ? NULL : PG_GETARG_UUID_P(2),
			  PG_ARGISNULL(3) ? NULL : jsonb_text(PG_GETARG_JSONB_P(3)),
			  PG_ARGISNULL(4) ? NULL : jsonb_text(PG_GETARG_JSONB_P(4)));
	PG_RETURN_VOID();
}

/* follow(event uuid, correlation text): skl_cause_set. */
Datum
skl_fn_follow(PG_FUNCTION_ARGS)
{
	skl_cause_set(PG_ARGISNULL(0) ? NULL : PG_GETARG_UUID_P(0),
				  PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1)));
	PG_RETURN_VOID();
}

/* cause_event() returns uuid: what follows from what happens now. */
Datum
skl_fn_cause_event(PG_FUNCTION_ARGS)
{
	pg_uuid_t *event = palloc(sizeof(pg_uuid_t));
	Datum args[2];
	char nulls[2];

	skl_cause_of_timer(args, nulls);
	if (nulls[1] != ' ')
		PG_RETURN_NULL();
	*event = *DatumGetUUIDP(args[1]);
	PG_RETURN_UUID_P(event);
}

/* cause_correlation() returns text: of the request, or what it follows from. */
Datum
skl_fn_cause_correlation(PG_FUNCTION_ARGS)
{
	Datum args[2];
	char nulls[2];

	skl_cause_of_timer(args, nulls);
	if (nulls[0] != ' ')
		PG_RETURN_NULL();
	PG_RETURN_DATUM(args[0]);
}

/* trace_now() returns text: that of an event of now. */
Datum
skl_fn_trace_now(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(trace_now()));
}
