/*
 * notification/mustache.h
 *		Templates: the logic-less core of the mustache specification.
 *
 * Variables {{name}} and {{{name}}} or {{&name}}, sections {{#name}}..{{/name}}, inverted sections
 * {{^name}}..{{/name}}, comments {{! .. }}, dotted names, the implicit iterator {{.}}, other
 * delimiters {{=<% %>=}}, and partials {{>name}} where the caller has some. Lambdas and inheritance
 * are not there. Needs no PostgreSQL header, so that it can be fuzzed.
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

/* The text of a partial and its length; NULL when there is none of that name. */
typedef const char *(*SklMustachePartial)(void *arg, const char *name, size_t name_length,
										  size_t *length);

/* How to render. */
typedef struct SklMustacheJob
{
	bool escape; /* {{name}} escapes & < > " ' as HTML */
	SklMustacheWrite write;
	void *arg;
	SklMustachePartial partial; /* NULL: a tag that names a partial is an error */
	void *partial_arg;
} SklMustacheJob;

typedef struct SklMustacheError
{
	const char *message; /* NULL: no error */
	size_t position;	 /* byte of the template, or of the partial */
} SklMustacheError;

/*
 * Renders a template. Returns false and fills error when the template is wrong, takes too long, or
 * the writer takes no more.
 */
extern bool skl_mustache_render(const char *text, size_t length, const SklMustacheValue *data,
								const SklMustacheJob *job, SklMustacheError *error);

#endif
