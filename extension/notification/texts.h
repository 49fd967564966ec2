/*
 * notification/texts.h
 *		The readers of notifications and the templates in their languages, looked up at once.
 */
#ifndef SKL_NOTIFICATION_TEXTS_H
#define SKL_NOTIFICATION_TEXTS_H

#include "notification/mustache.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

typedef enum SklChannel
{
	SKL_CHANNEL_IN_APP,
	SKL_CHANNEL_EMAIL
} SklChannel;

/* A user who may read a notification. */
typedef struct SklReader
{
	pg_uuid_t user; /* key of the hash table */
	const char *name;
	const char *locale;
} SklReader;

/* A template. */
typedef struct SklText
{
	const char *type;
	SklChannel channel;
	const char *locale;
	const char *title;
	const char *body;
} SklText;

typedef struct SklTexts SklTexts;

/* Loads readers (uuid[]) and the templates of types (text[]). SPI must be connected. */
extern SklTexts *skl_texts_load(Datum users, Datum types);

/* A reader; NULL when the account is closed or gone. */
extern const SklReader *skl_texts_reader(const SklTexts *texts, const pg_uuid_t *user);

/* The template in the locale, else in its language, else in English; NULL when there is none. */
extern const SklText *skl_texts_find(const SklTexts *texts, const char *type, SklChannel channel,
									 const char *locale);

/* What a template is rendered with for this reader: the context and user.name. */
extern const SklMustacheValue *skl_reader_data(const SklReader *reader, Jsonb *context);

/* Renders a template of a type; raises an error that names the type when it is wrong. */
extern char *skl_text_render(const char *template, const SklMustacheValue *data, const char *type);

#endif
