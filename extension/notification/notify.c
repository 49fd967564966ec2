/*
 * notification/notify.c
 *		Makes the notifications and mails of a piece of the event log.
 *
 * notify(seqs) → events with their rules → recipients → one look at the users, one at the templates
 * → rendered rows → two inserts, whatever the number of events. Unique keys (user, event, type)
 * make a repetition harmless. Mails are only queued here: the courier renders them, so that their
 * data can be deleted once they are sent.
 */
#include "skl.h"

#include "core/spi.h"
#include "core/wake.h"
#include "notification/notify.h"
#include "notification/texts.h"

#include "utils/array.h"

PG_FUNCTION_INFO_V1(skl_fn_notify);

/* The recipients' expressions that a rule may name. */
typedef enum Expression
{
	TO_CLIENT,
	TO_FREELANCER,
	TO_OWNER,
	TO_SUBJECT,
	TO_ACTOR,
	TO_OTHERS,
	TO_AUDIENCE
} Expression;

static const char *const expression_names[] = {"client", "freelancer", "owner",	  "subject",
											   "actor",	 "others",	   "audience"};

/* A row to insert. */
typedef struct Row
{
	const SklNotice *notice;
	pg_uuid_t user;
} Row;

typedef struct Rows
{
	Row *rows;
	int n;
	int max;
} Rows;

static Expression
expression_of(const char *name)
{
	for (size_t i = 0; i < lengthof(expression_names); i++)
	{
		if (strcmp(name, expression_names[i]) == 0)
			return (Expression) i;
	}
	elog(ERROR, "there is no recipients expression \"%s\"", name);
}

static bool
same_user(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return memcmp(a, b, sizeof(pg_uuid_t)) == 0;
}

/* Adds a user unless he is there already. */
static int
add_user(pg_uuid_t *users, int n, const pg_uuid_t *user)
{
	for (int i = 0; i < n; i++)
	{
		if (same_user(&users[i], user))
			return n;
	}
	if (n == SKL_NOTICE_MAX_RECIPIENTS)
		elog(ERROR, "a notice has more than %d recipients", SKL_NOTICE_MAX_RECIPIENTS);
	users[n] = *user;
	return n + 1;
}

int
skl_notice_recipients(const SklNotice *notice, pg_uuid_t *users)
{
	Expression expression = expression_of(notice->recipients);
	int n = 0;

	switch (expression)
	{
		case TO_CLIENT:
			return notice->has_client ? add_user(users, 0, &notice->client) : 0;
		case TO_FREELANCER:
			return notice->has_freelancer ? add_user(users, 0, &notice->freelancer) : 0;
		case TO_OWNER:
			return notice->has_owner ? add_user(users, 0, &notice->owner) : 0;
		case TO_SUBJECT:
			return notice->has_subject ? add_user(users, 0, &notice->subject) : 0;
		case TO_ACTOR:
			return notice->has_actor ? add_user(users, 0, &notice->actor) : 0;
		case TO_OTHERS:
		case TO_AUDIENCE:
			break;
	}
	for (int i = 0; i < notice->naudience; i++)
	{
		if (expression == TO_OTHERS && notice->has_actor &&
			same_user(&notice->audience[i], &notice->actor))
			continue;
		n = add_user(users, n, &notice->audience[i]);
	}
	return n;
}

/* Reads a uuid of the current result; false when it is NULL. */
static bool
read_uuid(uint64 row, int column, pg_uuid_t *value)
{
	bool isnull;
	Datum datum = skl_spi_value(row, column, &isnull);

	if (!isnull)
		*value = *DatumGetUUIDP(datum);
	return !isnull;
}

static void
read_audience(uint64 row, int column, SklNotice *notice)
{
	bool isnull;
	Datum datum = skl_spi_value(row, column, &isnull);
	Datum *elements;
	bool *nulls;

	if (isnull)
		return;
	deconstruct_array(DatumGetArrayTypeP(datum), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &elements,
					  &nulls, &notice->naudience);
	notice->audience = palloc(sizeof(pg_uuid_t) * Max(notice->naudience, 1));
	for (int i = 0; i < notice->naudience; i++)
		notice->audience[i] = *DatumGetUUIDP(elements[i]);
}

static void
read_notice(uint64 row, SklNotice *notice)
{
	bool isnull;

	read_uuid(row, 1, &notice->event);
	notice->recipients = skl_spi_text(row, 2);
	notice->type = skl_spi_text(row, 3);
	notice->category = skl_spi_text(row, 4);
	notice->priority = skl_spi_text(row, 5);
	notice->group_key = skl_spi_text(row, 6);
	notice->data = DatumGetJsonbPCopy(skl_spi_value(row, 7, &isnull));
	notice->context = DatumGetJsonbPCopy(skl_spi_value(row, 8, &isnull));
	notice->has_client = read_uuid(row, 9, &notice->client);
	notice->has_freelancer = read_uuid(row, 10, &notice->freelancer);
	notice->has_owner = read_uuid(row, 11, &notice->owner);
	notice->has_subject = read_uuid(row, 12, &notice->subject);
	notice->has_actor = read_uuid(row, 13, &notice->actor);
	read_audience(row, 14, notice);
}

/* The events of seqs with the rules that are about them. */
static int
read_notices(Datum seqs, SklNotice **notices)
{
	static SklStmt stmt =
		SKL_STMT("SELECT * FROM skillancer.notification_source($1)", INT8ARRAYOID);
	uint64 n = skl_spi_exec(&stmt, &seqs, NULL);

	*notices = palloc0(sizeof(SklNotice) * (n + 1));
	for (uint64 i = 0; i < n; i++)
		read_notice(i, &(*notices)[i]);
	return (int) n;
}

static void
add_row(Rows *rows, const SklNotice *notice, const pg_uuid_t *user)
{
	if (rows->n == rows->max)
	{
		rows->max = Max(64, rows->max * 2);
		rows->rows = rows->rows == NULL ? palloc(sizeof(Row) * rows->max)
										: repalloc(rows->rows, sizeof(Row) * rows->max);
	}
	rows->rows[rows->n].notice = notice;
	rows->rows[rows->n++].user = *user;
}

/* Who gets what, before anything is known of the users. */
static Rows
address_notices(const SklNotice *notices, int n)
{
	pg_uuid_t *users = palloc(sizeof(pg_uuid_t) * SKL_NOTICE_MAX_RECIPIENTS);
	Rows rows = {0};

	for (int i = 0; i < n; i++)
	{
		int nusers = skl_notice_recipients(&notices[i], users);

		for (int u = 0; u < nusers; u++)
			add_row(&rows, &notices[i], &users[u]);
	}
	return rows;
}

/* Columns of an INSERT over unnest(): arrays of one length. */
typedef struct Columns
{
	int n;
	Datum *user;
	Datum *event;
	Datum *type;
	Datum *category;
	Datum *priority;
	Datum *group_key;
	bool *group_key_null;
	Datum *title;
	Datum *body;
	Datum *data;
} Columns;

static Columns
make_columns(int max)
{
	Columns columns = {.n = 0};
	Datum **all[] = {&columns.user,		&columns.event,	   &columns.type,
					 &columns.category, &columns.priority, &columns.group_key,
					 &columns.title,	&columns.body,	   &columns.data};

	for (size_t i = 0; i < lengthof(all); i++)
		*all[i] = palloc0(sizeof(Datum) * (max + 1));
	columns.group_key_null = palloc0(sizeof(bool) * (max + 1));
	return columns;
}

static Datum
array_of(Datum *elements, bool *nulls, int n, Oid type)
{
	int dims[1] = {n};
	int bounds[1] = {1};

	if (n == 0)
		return PointerGetDatum(construct_empty_array(type));
	if (type == UUIDOID)
		return PointerGetDatum(construct_md_array(elements, nulls, 1, dims, bounds, type, UUID_LEN,
												  false, TYPALIGN_CHAR));
	return PointerGetDatum(
		construct_md_array(elements, nulls, 1, dims, bounds, type, -1, false, TYPALIGN_INT));
}

/* Renders one row for the app. */
static void
add_notification(Columns *columns, const Row *row, const SklText *texts,
				 const SklMustacheValue *data)
{
	const SklNotice *notice = row->notice;
	int i = columns->n++;
	char *group = notice->group_key ? skl_text_render(notice->group_key, data, notice->type) : NULL;

	columns->user[i] = UUIDPGetDatum(&row->user);
	columns->event[i] = UUIDPGetDatum(&notice->event);
	columns->type[i] = CStringGetTextDatum(notice->type);
	columns->category[i] = CStringGetTextDatum(notice->category);
	columns->priority[i] = CStringGetTextDatum(notice->priority);
	columns->group_key[i] = group ? CStringGetTextDatum(group) : (Datum) 0;
	columns->group_key_null[i] = group == NULL;
	columns->title[i] = CStringGetTextDatum(skl_text_render(texts->title, data, notice->type));
	columns->body[i] = CStringGetTextDatum(skl_text_render(texts->body, data, notice->type));
	columns->data[i] = JsonbPGetDatum(notice->data);
}

static uint64
insert_notifications(Columns *c)
{
	static SklStmt stmt =
		SKL_STMT("INSERT INTO skillancer.notification"
				 " (user_id, event_id, type, category, priority, group_key, title, body, data)"
				 " SELECT u::skillancer.user_id, e::skillancer.event_id, t, k, p, g, h, b, d"
				 " FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) AS r (u, e, t, k, p, g, h, b, d)"
				 " ON CONFLICT (user_id, event_id, type) DO NOTHING",
				 UUIDARRAYOID, UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
				 TEXTARRAYOID, TEXTARRAYOID, JSONBARRAYOID);
	Datum args[9] = {array_of(c->user, NULL, c->n, UUIDOID),
					 array_of(c->event, NULL, c->n, UUIDOID),
					 array_of(c->type, NULL, c->n, TEXTOID),
					 array_of(c->category, NULL, c->n, TEXTOID),
					 array_of(c->priority, NULL, c->n, TEXTOID),
					 array_of(c->group_key, c->group_key_null, c->n, TEXTOID),
					 array_of(c->title, NULL, c->n, TEXTOID),
					 array_of(c->body, NULL, c->n, TEXTOID),
					 array_of(c->data, NULL, c->n, JSONBOID)};

	return c->n > 0 ? skl_spi_exec(&stmt, args, NULL) : 0;
}

/* Queues the mails: what templates need beside the context comes from the user's row. */
static void
insert_mails(Columns *c)
{
	static SklStmt stmt =
		SKL_STMT("INSERT INTO skillancer.mail (user_id, address, type, locale, data, event_id)"
				 " SELECT a.id, a.email, r.t, a.locale,"
				 " r.d || jsonb_build_object('user', jsonb_build_object('name', a.name)),"
				 " r.e::skillancer.event_id"
				 " FROM unnest($1, $2, $3, $4) AS r (u, e, t, d)"
				 " JOIN skillancer.user_account a ON a.id = r.u::skillancer.user_id"
				 " ON CONFLICT (user_id, event_id, type) DO NOTHING",
				 UUIDARRAYOID, UUIDARRAYOID, TEXTARRAYOID, JSONBARRAYOID);
	Datum args[4] = {
		array_of(c->user, NULL, c->n, UUIDOID), array_of(c->event, NULL, c->n, UUIDOID),
		array_of(c->type, NULL, c->n, TEXTOID), array_of(c->data, NULL, c->n, JSONBOID)};

	if (c->n > 0 && skl_spi_exec(&stmt, args, NULL) > 0)
		skl_wake(SKL_WAKE_COURIER);
}

static void
add_mail(Columns *columns, const Row *row)
{
	int i = columns->n++;

	columns->user[i] = UUIDPGetDatum(&row->user);
	columns->event[i] = UUIDPGetDatum(&row->notice->event);
	columns->type[i] = CStringGetTextDatum(row->notice->type);
	columns->data[i] = JsonbPGetDatum(row->notice->context);
}

/* Renders and inserts all rows whose user is there to read them. */
static uint64
insert_rows(const Rows *rows, const SklTexts *texts)
{
	Columns notifications = make_columns(rows->n);
	Columns mails = make_columns(rows->n);
	uint64 made;

	for (int i = 0; i < rows->n; i++)
	{
		const Row *row = &rows->rows[i];
		const SklReader *reader = skl_texts_reader(texts, &row->user);
		const SklText *in_app;

		if (reader == NULL)
			continue;
		in_app = skl_texts_find(texts, row->notice->type, SKL_CHANNEL_IN_APP, reader->locale);
		if (in_app != NULL)
			add_notification(&notifications, row, in_app,
							 skl_reader_data(reader, row->notice->context));
		if (skl_texts_find(texts, row->notice->type, SKL_CHANNEL_EMAIL, reader->locale) != NULL)
			add_mail(&mails, row);
	}
	made = insert_notifications(&notifications);
	insert_mails(&mails);
	return made;
}

/* The users and types of the rows, to look them up at once. */
static SklTexts *
load_texts(const Rows *rows)
{
	Datum *users = palloc(sizeof(Datum) * (rows->n + 1));
	Datum *types = palloc(sizeof(Datum) * (rows->n + 1));

	for (int i = 0; i < rows->n; i++)
	{
		users[i] = UUIDPGetDatum(&rows->rows[i].user);
		types[i] = CStringGetTextDatum(rows->rows[i].notice->type);
	}
	return skl_texts_load(array_of(users, NULL, rows->n, UUIDOID),
						  array_of(types, NULL, rows->n, TEXTOID));
}

/* notify(seqs bigint[]) returns bigint: how many notifications are new. */
Datum
skl_fn_notify(PG_FUNCTION_ARGS)
{
	SklNotice *notices;
	uint64 made = 0;
	Rows rows;
	int n;

	skl_spi_connect();
	n = read_notices(PG_GETARG_DATUM(0), &notices);
	rows = address_notices(notices, n);
	if (rows.n > 0)
		made = insert_rows(&rows, load_texts(&rows));
	skl_spi_finish();
	PG_RETURN_INT64((int64) made);
}
