/*
 * notification/notify.c
 *		Makes the notifications and mails of a piece of the event log.
 *
 * notify(seqs) → events with their rules → recipients → outbox.c. Who hears of an announcement is
 * not found here: notify_users(seq, users) is told, piece by piece.
 */
#include "skl.h"

#include "core/spi.h"
#include "notification/notify.h"
#include "notification/outbox.h"

#include "utils/array.h"

PG_FUNCTION_INFO_V1(skl_fn_notify);
PG_FUNCTION_INFO_V1(skl_fn_notify_users);

/* The recipients' expressions that a rule may name. */
typedef enum Expression
{
	TO_CLIENT,
	TO_FREELANCER,
	TO_OWNER,
	TO_SUBJECT,
	TO_ACTOR,
	TO_OTHERS,
	TO_AUDIENCE,
	TO_FINANCE,
	TO_MODERATORS,
	TO_SEGMENT
} Expression;

static const char *const expression_names[] = {"client",	 "freelancer", "owner",	   "subject",
											   "actor",		 "others",	   "audience", "finance",
											   "moderators", "segment"};

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

/* Adds a list of users, without one of them. */
static int
add_users(pg_uuid_t *users, const pg_uuid_t *list, int n, const pg_uuid_t *without)
{
	int added = 0;

	for (int i = 0; i < n; i++)
	{
		if (without == NULL || !same_user(&list[i], without))
			added = add_user(users, added, &list[i]);
	}
	return added;
}

static int
add_one(pg_uuid_t *users, bool given, const pg_uuid_t *user)
{
	return given ? add_user(users, 0, user) : 0;
}

int
skl_notice_recipients(const SklNotice *notice, pg_uuid_t *users)
{
	switch (expression_of(notice->recipients))
	{
		case TO_CLIENT:
			return add_one(users, notice->has_client, &notice->client);
		case TO_FREELANCER:
			return add_one(users, notice->has_freelancer, &notice->freelancer);
		case TO_OWNER:
			return add_one(users, notice->has_owner, &notice->owner);
		case TO_SUBJECT:
			return add_one(users, notice->has_subject, &notice->subject);
		case TO_ACTOR:
			return add_one(users, notice->has_actor, &notice->actor);
		case TO_OTHERS:
			return add_users(users, notice->audience, notice->naudience,
							 notice->has_actor ? &notice->actor : NULL);
		case TO_AUDIENCE:
			return add_users(users, notice->audience, notice->naudience, NULL);
		case TO_FINANCE:
		case TO_MODERATORS:
			return add_users(users, notice->staff, notice->nstaff,
							 notice->has_actor ? &notice->actor : NULL);
		case TO_SEGMENT:
			break;
	}
	return 0;
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

/* Copies a uuid[], without its NULLs. */
static pg_uuid_t *
uuids_of(Datum array, int *n)
{
	Datum *elements;
	bool *nulls;
	pg_uuid_t *ids;
	int length;

	deconstruct_array(DatumGetArrayTypeP(array), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &elements,
					  &nulls, &length);
	ids = palloc(sizeof(pg_uuid_t) * Max(length, 1));
	*n = 0;
	for (int i = 0; i < length; i++)
	{
		if (!nulls[i])
			ids[(*n)++] = *DatumGetUUIDP(elements[i]);
	}
	return ids;
}

static pg_uuid_t *
read_uuids(uint64 row, int column, int *n)
{
	bool isnull;
	Datum datum = skl_spi_value(row, column, &isnull);

	return isnull ? NULL : uuids_of(datum, n);
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
	notice->audience = read_uuids(row, 14, &notice->naudience);
	notice->staff = read_uuids(row, 15, &notice->nstaff);
	notice->is_mandatory = DatumGetBool(skl_spi_value(row, 16, &isnull));
	notice->correlation = skl_spi_text(row, 17);
	notice->trace = skl_spi_text(row, 18);
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
add_row(SklAddressedList *rows, const SklNotice *notice, const pg_uuid_t *user)
{
	/* two rules of one event may lead to the same */
	for (int i = rows->n - 1; i >= 0 && same_user(&rows->items[i].notice->event, &notice->event);
		 i--)
	{
		if (same_user(&rows->items[i].user, user) &&
			strcmp(rows->items[i].notice->type, notice->type) == 0)
			return;
	}
	if (rows->n == rows->max)
	{
		rows->max = Max(64, rows->max * 2);
		rows->items = rows->items == NULL ? palloc(sizeof(SklAddressed) * rows->max)
										  : repalloc(rows->items, sizeof(SklAddressed) * rows->max);
	}
	rows->items[rows->n++] = (SklAddressed){.notice = notice, .user = *user};
}

/* Who gets what, before anything is known of the users. */
static SklAddressedList
address_notices(const SklNotice *notices, int n)
{
	pg_uuid_t *users = palloc(sizeof(pg_uuid_t) * SKL_NOTICE_MAX_RECIPIENTS);
	SklAddressedList rows = {0};

	for (int i = 0; i < n; i++)
	{
		int nusers = skl_notice_recipients(&notices[i], users);

		for (int u = 0; u < nusers; u++)
			add_row(&rows, &notices[i], &users[u]);
	}
	return rows;
}

/* notify(seqs bigint[]) returns bigint: how many notifications are new. */
Datum
skl_fn_notify(PG_FUNCTION_ARGS)
{
	SklNotice *notices;
	SklAddressedList rows;
	uint64 made;
	int n;

	skl_spi_connect();
	n = read_notices(PG_GETARG_DATUM(0), &notices);
	rows = address_notices(notices, n);
	made = skl_outbox_deliver(&rows);
	skl_spi_finish();
	PG_RETURN_INT64((int64) made);
}

/* notify_users(seq bigint, users uuid[]) returns bigint: rules to a segment, for these users. */
Datum
skl_fn_notify_users(PG_FUNCTION_ARGS)
{
	Datum seq = PG_GETARG_DATUM(0);
	ArrayType *seqs =
		construct_array(&seq, 1, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
	SklAddressedList rows = {0};
	SklNotice *notices;
	pg_uuid_t *users;
	uint64 made;
	int nusers;
	int n;

	skl_spi_connect();
	n = read_notices(PointerGetDatum(seqs), &notices);
	users = uuids_of(PG_GETARG_DATUM(1), &nusers);
	for (int i = 0; i < n; i++)
	{
		for (int u = 0; u < nusers && expression_of(notices[i].recipients) == TO_SEGMENT; u++)
			add_row(&rows, &notices[i], &users[u]);
	}
	made = skl_outbox_deliver(&rows);
	skl_spi_finish();
	PG_RETURN_INT64((int64) made);
}
