/*
 * notification/outbox.c
 *		From addressed notices to rows of notifications and mails.
 *
 * One look at the readers, one at the templates, one at what is there already and one at the groups
 * → for each row what its reader prefers: shown, mailed, sent to webhooks, or for a digest → texts
 * → an update of the groups and two inserts, whatever the number of events, and the deliveries of
 * those few who want webhooks (sql/notification/hook.sql) or push and SMS (gateway.sql). The unique
 * keys (user, event, type) make a repetition harmless. Mails are only queued here: the courier
 * renders them, so that their data can be deleted once they are sent. A notification and its mail
 * have one id.
 *
 * Of the unread notifications of one group only the newest is shown, with the number of them; it
 * takes the place of the one before. Who reads it at the same time is waited for.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/id.h"
#include "core/policy.h"
#include "core/spi.h"
#include "core/wake.h"
#include "notification/outbox.h"
#include "notification/texts.h"

#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"

/* Longest name of a group, in bytes. */
#define GROUP_MAX 200

/* What becomes of one addressed notice. */
typedef struct Outgoing
{
	const SklAddressed *row;
	const SklReader *reader;
	const SklText *in_app;
	pg_uuid_t id;
	bool is_new; /* neither notification nor mail of it is there */
	bool shown;
	bool mailed;
	SklFrequency digest; /* SKL_NEVER: in none */
	TimestampTz mail_at;
	TimestampTz digest_at;
	SklFrequency hook; /* to webhooks; SKL_NEVER: not at all */
	TimestampTz hook_at;
	const SklText *pushed[SKL_NGATEWAYS]; /* what a gateway is given; NULL: nothing */
	const char *group;					  /* NULL: none */
	int count;
	bool is_head;
} Outgoing;

/* The newest unread notification of a group. */
typedef struct Bunch
{
	struct
	{
		pg_uuid_t user;
		char name[GROUP_MAX + 1];
	} key;
	int count;
	Outgoing *head; /* among the new ones, or NULL */
} Bunch;

/* ---- arrays for statements ---- */

static Datum
array_of(const Datum *elements, const bool *nulls, int n, Oid type)
{
	int dims[1] = {n};
	int bounds[1] = {1};
	int16 length;
	bool by_value;
	char align;

	if (n == 0)
		return PointerGetDatum(construct_empty_array(type));
	get_typlenbyvalalign(type, &length, &by_value, &align);
	return PointerGetDatum(construct_md_array((Datum *) elements, (bool *) nulls, 1, dims, bounds,
											  type, length, by_value, align));
}

/* A column of an INSERT over unnest(). */
typedef struct Column
{
	Oid type;
	Datum *values;
	bool *nulls;
} Column;

#define MAX_COLUMNS 18

typedef struct Table
{
	int ncolumns;
	int n;
	Column columns[MAX_COLUMNS];
} Table;

static Table
make_table(const Oid *types, int ncolumns, int max)
{
	Table table = {.ncolumns = ncolumns};

	for (int c = 0; c < ncolumns; c++)
	{
		table.columns[c].type = types[c];
		table.columns[c].values = palloc0(sizeof(Datum) * (max + 1));
		table.columns[c].nulls = palloc0(sizeof(bool) * (max + 1));
	}
	return table;
}

static void
put_value(Table *table, int column, Datum value)
{
	table->columns[column].values[table->n] = value;
}

static void
put_null(Table *table, int column)
{
	table->columns[column].nulls[table->n] = true;
}

/* Puts a text, or NULL for none. */
static void
put_text(Table *table, int column, const char *value)
{
	if (value == NULL)
		put_null(table, column);
	else
		put_value(table, column, CStringGetTextDatum(value));
}

static uint64
run_over(SklStmt *stmt, const Table *table)
{
	Datum args[MAX_COLUMNS];

	if (table->n == 0)
		return 0;
	for (int c = 0; c < table->ncolumns; c++)
		args[c] = array_of(table->columns[c].values, table->columns[c].nulls, table->n,
						   table->columns[c].type);
	return skl_spi_exec(stmt, args, NULL);
}

/* ---- who is there, and what he prefers ---- */

static Datum
users_of(const SklAddressedList *rows)
{
	Datum *users = palloc(sizeof(Datum) * (rows->n + 1));

	for (int i = 0; i < rows->n; i++)
		users[i] = UUIDPGetDatum(&rows->items[i].user);
	return array_of(users, NULL, rows->n, UUIDOID);
}

static Datum
types_of(const SklAddressedList *rows)
{
	Datum *types = palloc(sizeof(Datum) * (rows->n + 1));
	int n = 0;

	for (int i = 0; i < rows->n; i++)
	{
		if (i == 0 || rows->items[i].notice->type != rows->items[i - 1].notice->type)
			types[n++] = CStringGetTextDatum(rows->items[i].notice->type);
	}
	return array_of(types, NULL, n, TEXTOID);
}

/* When an event happened: the first 48 bits of its id are milliseconds of the Unix epoch. */
static TimestampTz
time_of(const pg_uuid_t *event)
{
	int64 ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | event->data[i];
	return ms * 1000 - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
}

/* Events of before this make no mail: what they made is forgotten, and they are read again. */
static TimestampTz
mail_horizon(void)
{
	return DatumGetTimestampTz(
		DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(skl_now()),
							IntervalPGetDatum(skl_policy_interval("mailRetention"))));
}

static bool
is_pushed(const Outgoing *item)
{
	for (int i = 0; i < SKL_NGATEWAYS; i++)
	{
		if (item->pushed[i] != NULL)
			return true;
	}
	return false;
}

/* Whether an item becomes a notification, seen in the app or only elsewhere. */
static bool
is_kept(const Outgoing *item)
{
	return item->shown || item->digest != SKL_NEVER || item->hook != SKL_NEVER || is_pushed(item);
}

/* Whether it goes to webhooks now; else later or not at all. */
static bool
is_hooked_now(const Outgoing *item)
{
	return item->is_new && item->hook == SKL_IMMEDIATE && item->hook_at <= skl_now();
}

/* Finds what gateways are given: the text for their channel, else that in the app. */
static void
decide_pushes(Outgoing *item, const SklTexts *texts, const SklFrequency *frequency)
{
	for (int i = 0; i < SKL_NGATEWAYS; i++)
	{
		SklChannel channel = SKL_CHANNEL_PUSH + i;
		const SklText *own;

		if (frequency[channel] == SKL_NEVER)
			continue;
		own = skl_texts_find(texts, item->row->notice->type, channel, item->reader->locale);
		item->pushed[i] = own != NULL ? own : item->in_app;
	}
}

/* Decides what becomes of an item; false when nothing does. */
static bool
decide(Outgoing *item, const SklTexts *texts, TimestampTz horizon)
{
	const SklNotice *notice = item->row->notice;
	const SklReader *reader = item->reader;
	const SklFrequency *frequency = reader->frequency[skl_category_of(notice->category)];
	SklFrequency mail = notice->is_mandatory ? SKL_IMMEDIATE : frequency[SKL_CHANNEL_EMAIL];
	TimestampTz now = skl_now();

	item->hook = frequency[SKL_CHANNEL_WEBHOOK];
	if (notice->is_mandatory && item->hook != SKL_NEVER)
		item->hook = SKL_IMMEDIATE;
	item->in_app = skl_texts_find(texts, notice->type, SKL_CHANNEL_IN_APP, reader->locale);
	if (time_of(&notice->event) < horizon)
		mail = item->hook = SKL_NEVER;
	else if (item->in_app != NULL)
		decide_pushes(item, texts, frequency);
	if (item->in_app == NULL)
		item->hook = SKL_NEVER;
	item->shown = item->in_app != NULL &&
				  (notice->is_mandatory || frequency[SKL_CHANNEL_IN_APP] != SKL_NEVER);
	item->mailed = mail == SKL_IMMEDIATE &&
				   skl_texts_find(texts, notice->type, SKL_CHANNEL_EMAIL, reader->locale) != NULL;
	item->mail_at = skl_quiet_until(now, &reader->quiet, reader->zone);
	item->digest = item->in_app != NULL && mail != SKL_IMMEDIATE ? mail : SKL_NEVER;
	item->digest_at = skl_quiet_until(skl_digest_at(now, item->digest, reader->zone),
									  &reader->quiet, reader->zone);
	item->hook_at =
		skl_quiet_until(skl_digest_at(now, item->hook, reader->zone), &reader->quiet, reader->zone);
	return item->mailed || is_kept(item);
}

/* The items that are for somebody. */
static Outgoing *
make_items(const SklAddressedList *rows, int *n)
{
	SklReaders *readers = skl_readers_load(users_of(rows));
	SklTexts *texts = skl_texts_load(types_of(rows));
	Outgoing *items = palloc0(sizeof(Outgoing) * rows->n);
	TimestampTz horizon = mail_horizon();

	*n = 0;
	for (int i = 0; i < rows->n; i++)
	{
		Outgoing *item = &items[*n];

		*item = (Outgoing){.row = &rows->items[i], .is_new = true, .count = 1, .is_head = true};
		item->reader = skl_reader_find(readers, &item->row->user);
		if (item->reader == NULL || !decide(item, texts, horizon))
			continue;
		skl_new_id(&item->id);
		(*n)++;
	}
	return items;
}

/* Marks the items of which a notification or a mail is there. */
static void
find_old(Outgoing *items, int n)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT r.i::integer FROM unnest($1, $2, $3) WITH ORDINALITY AS r (u, e, t, i)"
		" WHERE EXISTS (SELECT FROM skillancer.notification n WHERE n.user_id = "
		"r.u::skillancer.user_id"
		" AND n.event_id = r.e::skillancer.event_id AND n.type = r.t)"
		" OR EXISTS (SELECT FROM skillancer.mail m WHERE m.user_id = r.u::skillancer.user_id"
		" AND m.event_id = r.e::skillancer.event_id AND m.type = r.t)",
		UUIDARRAYOID, UUIDARRAYOID, TEXTARRAYOID);
	static const Oid types[] = {UUIDOID, UUIDOID, TEXTOID};
	Table table = make_table(types, lengthof(types), n);
	uint64 old;
	bool isnull;

	for (; table.n < n; table.n++)
	{
		put_value(&table, 0, UUIDPGetDatum(&items[table.n].row->user));
		put_value(&table, 1, UUIDPGetDatum(&items[table.n].row->notice->event));
		put_text(&table, 2, items[table.n].row->notice->type);
	}
	old = run_over(&stmt, &table);
	for (uint64 i = 0; i < old; i++)
		items[DatumGetInt32(skl_spi_value(i, 1, &isnull)) - 1].is_new = false;
}

/* ---- groups ---- */

static Bunch *
group_of(HTAB *groups, const pg_uuid_t *user, const char *name, HASHACTION action)
{
	Bunch key;
	bool found;
	Bunch *group;

	memset(&key.key, 0, sizeof(key.key));
	key.key.user = *user;
	strlcpy(key.key.name, name, sizeof(key.key.name));
	group = hash_search(groups, &key.key, action, &found);
	if (group != NULL && !found)
	{
		group->count = 0;
		group->head = NULL;
	}
	return group;
}

/* Reads the groups of the items that are there and locks their newest notifications. */
static HTAB *
load_groups(const Outgoing *items, int n)
{
	static SklStmt stmt =
		SKL_STMT("SELECT n.user_id::uuid, n.group_key, n.count FROM unnest($1, $2) AS r (u, g)"
				 " JOIN skillancer.notification n ON n.user_id = r.u::skillancer.user_id AND "
				 "n.group_key = r.g"
				 " WHERE n.is_head AND n.in_app AND n.read_at IS NULL AND n.dismissed_at IS NULL"
				 " FOR UPDATE OF n",
				 UUIDARRAYOID, TEXTARRAYOID);
	static const Oid types[] = {UUIDOID, TEXTOID};
	HASHCTL control = {.keysize = sizeof(((Bunch *) 0)->key),
					   .entrysize = sizeof(Bunch),
					   .hcxt = CurrentMemoryContext};
	HTAB *groups =
		hash_create("skillancer groups", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	Table table = make_table(types, lengthof(types), n);
	uint64 found;
	bool isnull;

	for (int i = 0; i < n; i++)
	{
		if (items[i].group == NULL)
			continue;
		put_value(&table, 0, UUIDPGetDatum(&items[i].row->user));
		put_text(&table, 1, items[i].group);
		table.n++;
	}
	found = run_over(&stmt, &table);
	for (uint64 i = 0; i < found; i++)
	{
		Bunch *group = group_of(groups, DatumGetUUIDP(skl_spi_value(i, 1, &isnull)),
								skl_spi_text(i, 2), HASH_ENTER);

		group->count = DatumGetInt32(skl_spi_value(i, 3, &isnull));
	}
	return groups;
}

/* Names the group of an item, if it is shown and its rule has one. */
static void
name_group(Outgoing *item)
{
	const SklNotice *notice = item->row->notice;
	const SklMustacheValue *data;
	char *name;

	if (notice->group_key == NULL || !item->shown || !item->is_new)
		return;
	data = skl_reader_data(item->reader, notice->context, 1);
	name = skl_text_render(notice->group_key, data, notice->type);
	if (strlen(name) > GROUP_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("group key of \"%s\" is longer than %d bytes", notice->type, GROUP_MAX)));
	item->group = name[0] != '\0' ? name : NULL;
}

/* Counts the items of each group; the last one stands for it, in place of what stood there. */
static void
join_groups(Outgoing *items, int n)
{
	static SklStmt stmt = SKL_STMT(
		"UPDATE skillancer.notification n SET is_head = false FROM unnest($1, $2) AS r (u, g)"
		" WHERE n.user_id = r.u::skillancer.user_id AND n.group_key = r.g"
		" AND n.is_head AND n.in_app AND n.read_at IS NULL AND n.dismissed_at IS NULL",
		UUIDARRAYOID, TEXTARRAYOID);
	static const Oid types[] = {UUIDOID, TEXTOID};
	Table table = make_table(types, lengthof(types), n);
	HTAB *groups = load_groups(items, n);

	for (int i = 0; i < n; i++)
	{
		Bunch *group;

		if (items[i].group == NULL)
			continue;
		group = group_of(groups, &items[i].row->user, items[i].group, HASH_ENTER);
		if (group->head != NULL)
			group->head->is_head = false;
		else if (group->count > 0)
		{
			put_value(&table, 0, UUIDPGetDatum(&items[i].row->user));
			put_text(&table, 1, items[i].group);
			table.n++;
		}
		group->head = &items[i];
		items[i].count = ++group->count;
	}
	run_over(&stmt, &table);
}

/* ---- rows ---- */

static uint64
insert_notifications(const Outgoing *items, int n)
{
	static SklStmt stmt = SKL_STMT(
		"INSERT INTO skillancer.notification (user_id, event_id, type, category, priority, "
		"group_key,"
		" title, body, data, id, count, is_head, in_app, digest, digest_at, correlation_id,"
		" webhook, webhook_at)"
		" SELECT u::skillancer.user_id, e::skillancer.event_id, t, k, p, g, h, b, d,"
		" i::skillancer.notification_id, c, f, s, q, a, o, w, v"
		" FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
		" $18) AS r (u, e, t, k, p, g, h, b, d, i, c, f, s, q, a, o, w, v)"
		" ON CONFLICT (user_id, event_id, type) DO NOTHING",
		UUIDARRAYOID, UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
		TEXTARRAYOID, TEXTARRAYOID, JSONBARRAYOID, UUIDARRAYOID, INT4ARRAYOID, BOOLARRAYOID,
		BOOLARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
		TIMESTAMPTZARRAYOID);
	static const Oid types[] = {UUIDOID, UUIDOID, TEXTOID,		  TEXTOID, TEXTOID, TEXTOID,
								TEXTOID, TEXTOID, JSONBOID,		  UUIDOID, INT4OID, BOOLOID,
								BOOLOID, TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
	Table table = make_table(types, lengthof(types), n);

	for (const Outgoing *item = items; item < items + n; item++)
	{
		const SklNotice *notice = item->row->notice;
		const SklMustacheValue *data;

		if (!item->is_new || !is_kept(item))
			continue;
		data = skl_reader_data(item->reader, notice->context, item->count);
		put_value(&table, 0, UUIDPGetDatum(&item->row->user));
		put_value(&table, 1, UUIDPGetDatum(&notice->event));
		put_text(&table, 2, notice->type);
		put_text(&table, 3, notice->category);
		put_text(&table, 4, notice->priority);
		put_text(&table, 5, item->group);
		put_text(&table, 6, skl_text_render(item->in_app->title, data, notice->type));
		put_text(&table, 7, skl_text_render(item->in_app->body, data, notice->type));
		put_value(&table, 8, JsonbPGetDatum(notice->data));
		put_value(&table, 9, UUIDPGetDatum(&item->id));
		put_value(&table, 10, Int32GetDatum(item->count));
		put_value(&table, 11, BoolGetDatum(item->is_head));
		put_value(&table, 12, BoolGetDatum(item->shown));
		put_text(&table, 13, item->digest != SKL_NEVER ? skl_frequency_names[item->digest] : NULL);
		put_value(&table, 14, TimestampTzGetDatum(item->digest_at));
		table.columns[14].nulls[table.n] = item->digest == SKL_NEVER;
		put_text(&table, 15, notice->correlation);
		put_text(&table, 16, item->hook != SKL_NEVER ? skl_frequency_names[item->hook] : NULL);
		put_value(&table, 17, TimestampTzGetDatum(item->hook_at));
		table.columns[17].nulls[table.n] = item->hook == SKL_NEVER || is_hooked_now(item);
		table.n++;
	}
	return run_over(&stmt, &table);
}

/* Queues what goes to webhooks at once. */
static void
queue_hooks(const Outgoing *items, int n)
{
	static SklStmt stmt = SKL_STMT("SELECT skillancer.hook_notifications($1, $2, $3)", UUIDARRAYOID,
								   UUIDARRAYOID, TEXTARRAYOID);
	static const Oid types[] = {UUIDOID, UUIDOID, TEXTOID};
	Table table = make_table(types, lengthof(types), n);

	for (const Outgoing *item = items; item < items + n; item++)
	{
		if (!is_hooked_now(item))
			continue;
		put_value(&table, 0, UUIDPGetDatum(&item->id));
		put_value(&table, 1, UUIDPGetDatum(&item->row->user));
		put_text(&table, 2, item->row->notice->trace);
		table.n++;
	}
	run_over(&stmt, &table);
}

/* Adds what one gateway is given of an item. */
static void
add_push(Table *table, const Outgoing *item, int gateway)
{
	const SklNotice *notice = item->row->notice;
	const SklText *given = item->pushed[gateway];
	const SklMustacheValue *data = skl_reader_data(item->reader, notice->context, item->count);

	put_value(table, 0, UUIDPGetDatum(&item->id));
	put_value(table, 1, UUIDPGetDatum(&item->row->user));
	put_text(table, 2, skl_channel_names[SKL_CHANNEL_PUSH + gateway]);
	put_value(table, 3, TimestampTzGetDatum(item->mail_at));
	put_text(table, 4, skl_text_render(given->title, data, notice->type));
	put_text(table, 5, skl_text_render(given->body, data, notice->type));
	put_text(table, 6, notice->trace);
	table->n++;
}

/* Queues what goes to gateways, now or when quiet hours are over. */
static void
queue_pushes(const Outgoing *items, int n)
{
	static SklStmt stmt = SKL_STMT("SELECT skillancer.gateway_queue($1, $2, $3, $4, $5, $6, $7)",
								   UUIDARRAYOID, UUIDARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID,
								   TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID);
	static const Oid types[] = {UUIDOID, UUIDOID, TEXTOID, TIMESTAMPTZOID,
								TEXTOID, TEXTOID, TEXTOID};
	Table table = make_table(types, lengthof(types), n * SKL_NGATEWAYS);

	for (const Outgoing *item = items; item < items + n; item++)
	{
		for (int i = 0; i < SKL_NGATEWAYS && item->is_new; i++)
		{
			if (item->pushed[i] != NULL)
				add_push(&table, item, i);
		}
	}
	run_over(&stmt, &table);
}

/* Queues the mails: what templates need beside the context comes from the user's row. */
static void
insert_mails(const Outgoing *items, int n)
{
	static SklStmt stmt = SKL_STMT(
		"INSERT INTO skillancer.mail (id, user_id, address, type, locale, data, event_id, due_at,"
		" categories, priority, correlation_id, trace)"
		" SELECT r.i, a.id, a.email, r.t, a.locale,"
		" r.d || jsonb_build_object('user', jsonb_build_object('name', a.name)),"
		" r.e::skillancer.event_id, r.at, CASE WHEN r.k <> ALL ('{PAYMENTS,ACCOUNT}') THEN "
		"ARRAY[r.k] END, r.p, r.o, r.c"
		" FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS r (i, u, e, t, d, at, k, p, o, c)"
		" JOIN skillancer.user_account a ON a.id = r.u::skillancer.user_id"
		" ON CONFLICT (user_id, event_id, type) DO NOTHING",
		UUIDARRAYOID, UUIDARRAYOID, UUIDARRAYOID, TEXTARRAYOID, JSONBARRAYOID, TIMESTAMPTZARRAYOID,
		TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID);
	static const Oid types[] = {UUIDOID,		UUIDOID, UUIDOID, TEXTOID, JSONBOID,
								TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Table table = make_table(types, lengthof(types), n);

	for (const Outgoing *item = items; item < items + n; item++)
	{
		const SklNotice *notice = item->row->notice;

		if (!item->is_new || !item->mailed)
			continue;
		put_value(&table, 0, UUIDPGetDatum(&item->id));
		put_value(&table, 1, UUIDPGetDatum(&item->row->user));
		put_value(&table, 2, UUIDPGetDatum(&notice->event));
		put_text(&table, 3, notice->type);
		put_value(&table, 4, JsonbPGetDatum(notice->context));
		put_value(&table, 5, TimestampTzGetDatum(item->mail_at));
		put_text(&table, 6, notice->is_mandatory ? NULL : notice->category);
		put_text(&table, 7, notice->priority);
		put_text(&table, 8, notice->correlation);
		put_text(&table, 9, notice->trace);
		table.n++;
	}
	if (run_over(&stmt, &table) > 0)
		skl_wake(SKL_WAKE_COURIER);
}

uint64
skl_outbox_deliver(const SklAddressedList *rows)
{
	Outgoing *items;
	uint64 made;
	int n;

	if (rows->n == 0)
		return 0;
	items = make_items(rows, &n);
	find_old(items, n);
	for (int i = 0; i < n; i++)
		name_group(&items[i]);
	join_groups(items, n);
	made = insert_notifications(items, n);
	insert_mails(items, n);
	queue_hooks(items, n);
	queue_pushes(items, n);
	return made;
}
