/*
 * notification/reader.c
 *		The readers of notifications: language, time zone, quiet hours, and what they prefer.
 */
#include "skl.h"

#include "core/spi.h"
#include "notification/reader.h"
#include "notification/template.h"

#include "utils/builtins.h"
#include "utils/hsearch.h"

struct SklReaders
{
	HTAB *table;
};

static const char *const category_names[SKL_NCATEGORIES] = {
	"MESSAGES", "PROJECTS", "BOOKINGS", "PAYMENTS", "ACCOUNT", "MARKETING", "SYSTEM"};

const char *const skl_channel_names[SKL_NCHANNELS] = {"IN_APP", "EMAIL", "WEBHOOK", "PUSH", "SMS"};

int
skl_category_of(const char *name)
{
	for (int i = 0; i < SKL_NCATEGORIES; i++)
	{
		if (strcmp(name, category_names[i]) == 0)
			return i;
	}
	elog(ERROR, "there is no category \"%s\"", name);
}

SklChannel
skl_channel_of(const char *name)
{
	for (int i = 0; i < SKL_NCHANNELS; i++)
	{
		if (strcmp(name, skl_channel_names[i]) == 0)
			return (SklChannel) i;
	}
	elog(ERROR, "there is no channel \"%s\"", name);
}

/* What everybody gets who has not said otherwise; nothing on channels that are off. */
static void
load_defaults(SklReader *everybody)
{
	static SklStmt stmt =
		SKL_STMT0("SELECT d.category, d.channel, d.frequency FROM skillancer.notification_default d"
				  " WHERE d.channel = ANY ((SELECT skillancer.notification_channels())::text[])");
	uint64 n = skl_spi_exec(&stmt, NULL, NULL);

	for (int i = 0; i < SKL_NCATEGORIES; i++)
	{
		for (int channel = SKL_CHANNEL_WEBHOOK; channel < SKL_NCHANNELS; channel++)
			everybody->frequency[i][channel] = SKL_NEVER;
	}
	for (uint64 i = 0; i < n; i++)
		everybody
			->frequency[skl_category_of(skl_spi_text(i, 1))][skl_channel_of(skl_spi_text(i, 2))] =
			skl_frequency_of(skl_spi_text(i, 3));
}

static void
load_accounts(HTAB *table, Datum users, const SklReader *everybody)
{
	static SklStmt stmt =
		SKL_STMT("SELECT u.id::uuid, u.name, u.locale, coalesce(q.time_zone, u.timezone),"
				 " q.starts, q.ends FROM skillancer.user_account u"
				 " LEFT JOIN skillancer.quiet_hours q ON q.user_id = u.id"
				 " WHERE u.id = ANY ($1::skillancer.user_id[]) AND u.state <> 'CLOSED'",
				 UUIDARRAYOID);
	uint64 n = skl_spi_exec(&stmt, &users, NULL);
	bool isnull;

	for (uint64 i = 0; i < n; i++)
	{
		pg_uuid_t user = *DatumGetUUIDP(skl_spi_value(i, 1, &isnull));
		SklReader *reader = hash_search(table, &user, HASH_ENTER, NULL);

		*reader = *everybody;
		reader->user = user;
		reader->name = skl_spi_text(i, 2);
		reader->locale = skl_spi_text(i, 3);
		reader->zone = skl_zone_of(skl_spi_text(i, 4));
		reader->quiet.starts = DatumGetTimeADT(skl_spi_value(i, 5, &isnull));
		reader->quiet.given = !isnull;
		reader->quiet.ends = DatumGetTimeADT(skl_spi_value(i, 6, &isnull));
	}
}

static void
load_preferences(HTAB *table, Datum users)
{
	static SklStmt stmt =
		SKL_STMT("SELECT p.user_id::uuid, p.category, p.channel, p.frequency"
				 " FROM skillancer.notification_preference p"
				 " WHERE p.user_id = ANY ($1::skillancer.user_id[])"
				 " AND p.channel = ANY ((SELECT skillancer.notification_channels())::text[])",
				 UUIDARRAYOID);
	uint64 n = skl_spi_exec(&stmt, &users, NULL);
	bool isnull;

	for (uint64 i = 0; i < n; i++)
	{
		SklReader *reader =
			hash_search(table, DatumGetUUIDP(skl_spi_value(i, 1, &isnull)), HASH_FIND, NULL);

		if (reader != NULL)
			reader->frequency[skl_category_of(skl_spi_text(i, 2))]
							 [skl_channel_of(skl_spi_text(i, 3))] =
				skl_frequency_of(skl_spi_text(i, 4));
	}
}

SklReaders *
skl_readers_load(Datum users)
{
	HASHCTL control = {
		.keysize = sizeof(pg_uuid_t), .entrysize = sizeof(SklReader), .hcxt = CurrentMemoryContext};
	SklReaders *readers = palloc(sizeof(SklReaders));
	SklReader everybody = {.frequency = {{SKL_IMMEDIATE}}};

	readers->table =
		hash_create("skillancer readers", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	load_defaults(&everybody);
	load_accounts(readers->table, users, &everybody);
	load_preferences(readers->table, users);
	return readers;
}

const SklReader *
skl_reader_find(const SklReaders *readers, const pg_uuid_t *user)
{
	return hash_search(readers->table, user, HASH_FIND, NULL);
}

static SklMustacheValue
text_value(const char *name, const char *value)
{
	return (SklMustacheValue){.kind = SKL_MUSTACHE_TEXT,
							  .name = name,
							  .name_length = strlen(name),
							  .text = value,
							  .length = strlen(value)};
}

const SklMustacheValue *
skl_reader_data(const SklReader *reader, Jsonb *context, int count)
{
	SklMustacheValue *data = skl_template_data(context);
	SklMustacheValue *items = palloc0(sizeof(SklMustacheValue) * (data->count + 4));
	SklMustacheValue *added = items + data->count;
	SklMustacheValue *name = added + 3;

	memcpy(items, data->items, sizeof(SklMustacheValue) * data->count);
	*name = text_value("name", reader->name);
	added[0] = (SklMustacheValue){.kind = SKL_MUSTACHE_MAP,
								  .name = "user",
								  .name_length = strlen("user"),
								  .items = name,
								  .count = 1};
	added[1] = text_value("count", psprintf("%d", count));
	added[2] = (SklMustacheValue){.kind = count > 1 ? SKL_MUSTACHE_TRUE : SKL_MUSTACHE_NOTHING,
								  .name = "grouped",
								  .name_length = strlen("grouped")};
	data->items = items;
	data->count += 3;
	return data;
}
