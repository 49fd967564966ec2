/*
 * notification/texts.c
 *		The readers of notifications and the templates in their languages, looked up at once.
 */
#include "skl.h"

#include "core/spi.h"
#include "notification/template.h"
#include "notification/texts.h"

#include "utils/hsearch.h"

struct SklTexts
{
	HTAB *readers;
	SklText *texts;
	int n;
};

static HTAB *
load_readers(Datum users)
{
	static SklStmt stmt =
		SKL_STMT("SELECT u.id::uuid, u.name, u.locale FROM skillancer.user_account u"
				 " WHERE u.id = ANY ($1::skillancer.user_id[]) AND u.state <> 'CLOSED'",
				 UUIDARRAYOID);
	HASHCTL control = {
		.keysize = sizeof(pg_uuid_t), .entrysize = sizeof(SklReader), .hcxt = CurrentMemoryContext};
	HTAB *readers;
	uint64 n = skl_spi_exec(&stmt, &users, NULL);
	bool isnull;

	readers = hash_create("skillancer readers", Max((long) n, 16), &control,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (uint64 i = 0; i < n; i++)
	{
		SklReader *reader =
			hash_search(readers, DatumGetUUIDP(skl_spi_value(i, 1, &isnull)), HASH_ENTER, NULL);

		reader->name = skl_spi_text(i, 2);
		reader->locale = skl_spi_text(i, 3);
	}
	return readers;
}

static void
load_templates(SklTexts *texts, Datum types)
{
	static SklStmt stmt =
		SKL_STMT("SELECT t.type, t.channel, t.locale, t.title, t.body FROM skillancer.template t"
				 " WHERE t.type = ANY ($1) ORDER BY t.type, t.channel, t.locale",
				 TEXTARRAYOID);

	texts->n = (int) skl_spi_exec(&stmt, &types, NULL);
	texts->texts = palloc(sizeof(SklText) * (texts->n + 1));
	for (int i = 0; i < texts->n; i++)
	{
		SklText *entry = &texts->texts[i];

		entry->type = skl_spi_text(i, 1);
		entry->channel =
			strcmp(skl_spi_text(i, 2), "EMAIL") == 0 ? SKL_CHANNEL_EMAIL : SKL_CHANNEL_IN_APP;
		entry->locale = skl_spi_text(i, 3);
		entry->title = skl_spi_text(i, 4);
		entry->body = skl_spi_text(i, 5);
	}
}

SklTexts *
skl_texts_load(Datum users, Datum types)
{
	SklTexts *texts = palloc0(sizeof(SklTexts));

	texts->readers = load_readers(users);
	load_templates(texts, types);
	return texts;
}

const SklReader *
skl_texts_reader(const SklTexts *texts, const pg_uuid_t *user)
{
	return hash_search(texts->readers, user, HASH_FIND, NULL);
}

/* How well a template's locale suits a reader's: 3 exact, 2 language, 1 English, 0 not at all. */
static int
suits(const char *have, const char *want)
{
	if (strcmp(have, want) == 0)
		return 3;
	if (strlen(have) == strcspn(want, "-") && strncmp(have, want, strlen(have)) == 0)
		return 2;
	return strcmp(have, "en") == 0 ? 1 : 0;
}

const SklText *
skl_texts_find(const SklTexts *texts, const char *type, SklChannel channel, const char *locale)
{
	const SklText *best = NULL;
	int best_suits = 0;

	for (int i = 0; i < texts->n; i++)
	{
		const SklText *entry = &texts->texts[i];
		int how_well = suits(entry->locale, locale);

		if (entry->channel == channel && how_well > best_suits && strcmp(entry->type, type) == 0)
		{
			best = entry;
			best_suits = how_well;
		}
	}
	return best;
}

const SklMustacheValue *
skl_reader_data(const SklReader *reader, Jsonb *context)
{
	SklMustacheValue *data = skl_template_data(context);
	SklMustacheValue *items = palloc0(sizeof(SklMustacheValue) * (data->count + 2));
	SklMustacheValue *name = &items[data->count + 1];

	*name = (SklMustacheValue){.kind = SKL_MUSTACHE_TEXT,
							   .name = "name",
							   .name_length = strlen("name"),
							   .text = reader->name,
							   .length = strlen(reader->name)};
	memcpy(items, data->items, sizeof(SklMustacheValue) * data->count);
	items[data->count] = (SklMustacheValue){.kind = SKL_MUSTACHE_MAP,
											.name = "user",
											.name_length = strlen("user"),
											.items = name,
											.count = 1};
	data->items = items;
	data->count++;
	return data;
}

char *
skl_text_render(const char *template, const SklMustacheValue *data, const char *type)
{
	const char *error = NULL;
	char *result = skl_template_render(template, data, false, &error);

	if (result == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid template of \"%s\": %s", type, error)));
	return result;
}
