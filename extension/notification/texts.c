/*
 * notification/texts.c
 *		The templates of notifications in all languages, looked up at once.
 */
#include "skl.h"

#include "core/spi.h"
#include "notification/template.h"
#include "notification/texts.h"

struct SklTexts
{
	SklText *texts;
	int n;
};

SklTexts *
skl_texts_load(Datum types)
{
	static SklStmt stmt =
		SKL_STMT("SELECT t.type, t.channel, t.locale, t.title, t.body FROM skillancer.template t"
				 " WHERE t.type = ANY ($1) ORDER BY t.type, t.channel, t.locale",
				 TEXTARRAYOID);
	SklTexts *texts = palloc0(sizeof(SklTexts));

	texts->n = (int) skl_spi_exec(&stmt, &types, NULL);
	texts->texts = palloc(sizeof(SklText) * (texts->n + 1));
	for (int i = 0; i < texts->n; i++)
	{
		SklText *entry = &texts->texts[i];

		entry->type = skl_spi_text(i, 1);
		entry->channel = skl_channel_of(skl_spi_text(i, 2));
		entry->locale = skl_spi_text(i, 3);
		entry->title = skl_spi_text(i, 4);
		entry->body = skl_spi_text(i, 5);
	}
	return texts;
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
