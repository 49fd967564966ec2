/*
 * notification/mustache.h
 *		Templates: the logic-less core of the mustache specification.
 *
 * Variables {{name}} and {{{name}}} or {{&name}}, sections {{#name}}..{{/name}}, inverted sections
 * {{^name}}..{{/name}}, comments {{! .. }}, dotted names and the implicit iterator {{.}}. Partials
 * and set-delimiter tags are refused. Needs no PostgreSQL header, so that it can be fuzzed.
 */
#ifndef SKL_NOTIFICATION_MUSTACHE_H
#define SKL_NOTIFICATION_MUSTACHE_H

#include <stdbool.h>
#include <stddef.h>

/* How deep sections may nest, in the template and in what it is rendered with. */
#define SKL_MUSTACHE_MAX_DEPTH 32

typedef enum SklMustacheKind
{
	SKL_MUSTACHE_NOTHING, /* null or false */
	SKL_MUSTACHE_TRUE,
	SKL_MUSTACHE_TEXT, /* strings and numbers */
	SKL_MUSTACHE_LIST,
	SKL_MUSTACHE_MAP
} SklMustacheKind;

/* A value that a template is rendered with; members of a map carry their names. */
typedef struct SklMustacheValue
{
	SklMustacheKind kind;
	const char *name;
	size_t name_length;
	const char *text;
	size_t length;
	const struct SklMustacheValue *items;
	size_t count;
} SklMustacheValue;

/* Takes the output; returns false when it takes no more. */
typedef bool (*SklMustacheWrite)(void *arg, const char *text, size_t length);

typedef struct SklMustacheError
{
	const char *message; /* NULL: no error */
	size_t position;	 /* byte of the template */
} SklMustacheError;

/*
 * Renders a template. With escape, {{name}} escapes & < > " ' as HTML. Returns false and fills
 * error when the template is wrong or the writer takes no more.
 */
extern bool skl_mustache_render(const char *text, size_t length, const SklMustacheValue *data,
								bool escape, SklMustacheWrite write, void *arg,
								SklMustacheError *error);

#endif
