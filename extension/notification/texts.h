/*
 * notification/texts.h
 *		The templates of notifications in all languages, looked up at once.
 */
#ifndef SKL_NOTIFICATION_TEXTS_H
#define SKL_NOTIFICATION_TEXTS_H

#include "notification/mustache.h"
#include "notification/reader.h"

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

/* Loads the templates of types (text[]). SPI must be connected. */
extern SklTexts *skl_texts_load(Datum types);

/* The template in the locale, else in its language, else in English; NULL when there is none. */
extern const SklText *skl_texts_find(const SklTexts *texts, const char *type, SklChannel channel,
									 const char *locale);

/* Renders a template of a type; raises an error that names the type when it is wrong. */
extern char *skl_text_render(const char *template, const SklMustacheValue *data, const char *type);

#endif
