/*
 * notification/mustache.c
 *		Renders mustache templates in one pass over the text, without a tree of their own.
 *
 * The renderer walks from tag to tag. At a section it finds the matching end by counting, renders
 * the inner text once for each item with the item on the stack of contexts, and goes on behind the
 * end. Tags other than variables that stand alone on a line take the whole line with them, as the
 * specification demands; a partial that stands alone is indented like its tag, line by line.
 * Delimiters travel along the text by value, and a partial begins with {{ and }} again.
 *
 * Work is bounded as well as output: sections over lists in each other, or partials that include
 * each other, could go on for ever without writing a byte.
 */
#include "notification/mustache.h"

#include <string.h>

/* Tags that may be come by, with each item of a list anew. */
#define MAX_STEPS 1000000

/* The stack of contexts, innermost first. */
typedef struct Scope
{
	const SklMustacheValue *value;
	const struct Scope *outer;
	int depth;
} Scope;

/* What begins and ends a tag; points into the template, or to the defaults. */
typedef struct Delimiters
{
	const char *open;
	size_t open_length;
	const char *close;
	size_t close_length;
} Delimiters;

static const Delimiters default_delimiters = {"{{", 2, "}}", 2};

/* What stands before each line of a partial; that of the outer partial comes first. */
typedef struct Indent
{
	const char *text;
	size_t length;
	const struct Indent *outer;
} Indent;

/* One text: the template, or a partial. */
typedef struct Renderer
{
	const SklMustacheJob *job;
	const char *start;
	const char *end;
	const Indent *indent; /* NULL: none */
	int depth;			  /* partials around this one */
	long *steps;
	SklMustacheError *error;
} Renderer;

/* A tag: from its opening to behind its closing delimiter, with the name in it. */
typedef struct Tag
{
	char kind; /* 'v' variable, '&' unescaped, '#', '^', '/', '!', '>' partial, '=' delimiters */
	const char *begin;
	const char *end;
	const char *name;
	size_t name_length;
	bool standalone;
	const char *line_begin; /* of a standalone tag: where the text before it ends */
	const char *line_end;	/* and where the text behind it begins */
} Tag;

static bool
fail(Renderer *r, const char *message, const char *at)
{
	if (r->error->message == NULL)
	{
		r->error->message = message;
		r->error->position = (size_t) (at - r->start);
	}
	return false;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_space(char c)
{
	return is_blank(c) || c == '\n' || c == '\r';
}

/* Finds a short text in [from, to); NULL when it is not there. */
static const char *
find(const char *from, const char *to, const char *what, size_t length)
{
	while ((size_t) (to - from) >= length)
	{
		const char *p = memchr(from, what[0], (size_t) (to - from) - length + 1);

		if (p == NULL)
			return NULL;
		if (memcmp(p, what, length) == 0)
			return p;
		from = p + 1;
	}
	return NULL;
}

/* Notes whether nothing but blanks shares the line with the tag. */
static void
measure_line(const Renderer *r, Tag *tag)
{
	const char *p = tag->begin;
	const char *q = tag->end;

	while (p > r->start && is_blank(p[-1]))
		p--;
	while (q < r->end && is_blank(*q))
		q++;
	tag->standalone = tag->kind != 'v' && tag->kind != '&' && (p == r->start || p[-1] == '\n') &&
					  (q == r->end || *q == '\n' || (*q == '\r' && q + 1 < r->end && q[1] == '\n'));
	if (!tag->standalone)
	{
		p = tag->begin;
		q = tag->end;
	}
	else if (q < r->end)
		q += *q == '\r' ? 2 : 1;
	tag->line_begin = p;
	tag->line_end = q;
}

/* Cuts kind and surrounding spaces off the inside of a tag. */
static bool
read_name(Renderer *r, Tag *tag, const char *from, const char *to)
{
	tag->kind = 'v';
	if (from < to && strchr("#^/!&>=", *from) != NULL)
		tag->kind = *from++;
	else if (from < to && (*from == '<' || *from == '$'))
		return fail(r, "blocks and inheritance are not supported", tag->begin);
	if (tag->kind == '=' && (from == to || *--to != '='))
		return fail(r, "a tag that sets delimiters does not end with =", tag->begin);
	while (from < to && is_space(*from))
		from++;
	while (from < to && is_space(to[-1]))
		to--;
	tag->name = from;
	tag->name_length = (size_t) (to - from);
	if (tag->kind != '!' && tag->name_length == 0)
		return fail(r, "a tag has no name", tag->begin);
	return true;
}

/* Where the closing delimiter of a tag begins: of {{{name}}} the one behind the third brace. */
static const char *
find_close(const Delimiters *d, const char *inside, const char *to, bool triple)
{
	const char *close = find(inside, to, d->close, d->close_length);

	while (triple && close != NULL && (close == inside || close[-1] != '}'))
		close = find(close + 1, to, d->close, d->close_length);
	return close;
}

/* Finds the next tag in [from, to); sets *found. False on a malformed tag. */
static bool
next_tag(Renderer *r, const Delimiters *d, const char *from, const char *to, Tag *tag, bool *found)
{
	const char *begin = find(from, to, d->open, d->open_length);
	const char *inside;
	const char *close;
	bool triple;

	*found = begin != NULL;
	if (begin == NULL)
		return true;
	if (++*r->steps > MAX_STEPS)
		return fail(r, "it takes too long to render", begin);
	tag->begin = begin;
	inside = begin + d->open_length;
	triple = inside < to && *inside == '{';
	inside += triple ? 1 : 0;
	close = find_close(d, inside, to, triple);
	if (close == NULL)
		return fail(r, "a tag is not closed", begin);
	tag->end = close + d->close_length;
	if (!read_name(r, tag, inside, triple ? close - 1 : close))
		return false;
	if (triple)
		tag->kind = '&';
	measure_line(r, tag);
	return true;
}

/* Length of the word that begins a text. */
static size_t
word_length(const char *from, const char *to)
{
	const char *p = from;

	while (p < to && !is_space(*p) && *p != '=')
		p++;
	return (size_t) (p - from);
}

/* Reads the two words of {{=<% %>=}}. */
static bool
set_delimiters(Renderer *r, const Tag *tag, Delimiters *d)
{
	const char *end = tag->name + tag->name_length;
	const char *second;

	d->open = tag->name;
	d->open_length = word_length(tag->name, end);
	second = tag->name + d->open_length;
	while (second < end && is_space(*second))
		second++;
	d->close = second;
	d->close_length = word_length(second, end);
	if (d->open_length == 0 || d->close_length == 0 || second == d->open + d->open_length ||
		second + d->close_length != end)
		return fail(r, "delimiters are two words without =", tag->begin);
	return true;
}

/* Finds the tag that closes a section; leaves the delimiters as they are behind it. */
static bool
find_section_end(Renderer *r, Delimiters *d, const Tag *section, const char *to, Tag *closing)
{
	const char *p = section->end;
	int depth = 1;
	bool found;

	while (next_tag(r, d, p, to, closing, &found) && found)
	{
		p = closing->end;
		if (closing->kind == '=' && !set_delimiters(r, closing, d))
			return false;
		if (closing->kind == '#' || closing->kind == '^')
			depth++;
		else if (closing->kind == '/' && --depth == 0)
		{
			if (closing->name_length == section->name_length &&
				memcmp(closing->name, section->name, section->name_length) == 0)
				return true;
			return fail(r, "a section is closed by another name", closing->begin);
		}
		if (depth > SKL_MUSTACHE_MAX_DEPTH)
			return fail(r, "sections are nested too deeply", closing->begin);
	}
	return fail(r, "a section is not closed", section->begin);
}

static const SklMustacheValue *
member(const SklMustacheValue *map, const char *name, size_t length)
{
	if (map == NULL || map->kind != SKL_MUSTACHE_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
	{
		if (map->items[i].name_length == length && memcmp(map->items[i].name, name, length) == 0)
			return &map->items[i];
	}
	return NULL;
}

/* Resolves a name: its first part anywhere on the stack, the others inside of what was found. */
static const SklMustacheValue *
lookup(const Scope *scope, const char *name, size_t length)
{
	const char *end = name + length;
	const char *dot = memchr(name, '.', length);
	const SklMustacheValue *value = NULL;

	if (length == 1 && name[0] == '.')
		return scope->value;
	for (const char *part_end = dot ? dot : end; scope != NULL && value == NULL;
		 scope = scope->outer)
		value = member(scope->value, name, (size_t) (part_end - name));
	while (dot != NULL && value != NULL)
	{
		name = dot + 1;
		dot = memchr(name, '.', (size_t) (end - name));
		value = member(value, name, (size_t) ((dot ? dot : end) - name));
	}
	return value;
}

/* False, null, missing, empty text and empty list hide a section. */
static bool
is_falsy(const SklMustacheValue *value)
{
	if (value == NULL || value->kind == SKL_MUSTACHE_NOTHING)
		return true;
	if (value->kind == SKL_MUSTACHE_TEXT)
		return value->length == 0;
	return value->kind == SKL_MUSTACHE_LIST && value->count == 0;
}

static bool
put(Renderer *r, const char *text, size_t length)
{
	if (length == 0 || r->job->write(r->job->arg, text, length))
		return true;
	return fail(r, "the result is too long", r->end);
}

static bool
put_indent(Renderer *r, const Indent *indent)
{
	if (indent == NULL)
		return true;
	return put_indent(r, indent->outer) && put(r, indent->text, indent->length);
}

/* Indents, if a line of a partial begins here. */
static bool
begin_line(Renderer *r, const char *at)
{
	if (r->indent == NULL || (at != r->start && at[-1] != '\n'))
		return true;
	return put_indent(r, r->indent);
}

/* Text of the template itself: the lines of a partial are indented. */
static bool
put_template(Renderer *r, const char *from, const char *to)
{
	while (from < to)
	{
		const char *newline = r->indent ? memchr(from, '\n', (size_t) (to - from)) : NULL;
		const char *line_end = newline ? newline + 1 : to;

		if (!begin_line(r, from) || !put(r, from, (size_t) (line_end - from)))
			return false;
		from = line_end;
	}
	return true;
}

static const char *
entity_of(char c)
{
	switch (c)
	{
		case '&':
			return "&amp;";
		case '<':
			return "&lt;";
		case '>':
			return "&gt;";
		case '"':
			return "&quot;";
		case '\'':
			return "&#39;";
		default:
			return NULL;
	}
}

static bool
put_escaped(Renderer *r, const char *text, size_t length)
{
	size_t done = 0;

	for (size_t i = 0; i < length; i++)
	{
		const char *entity = entity_of(text[i]);

		if (entity == NULL)
			continue;
		if (!put(r, text + done, i - done) || !put(r, entity, strlen(entity)))
			return false;
		done = i + 1;
	}
	return put(r, text + done, length - done);
}

static bool
put_variable(Renderer *r, const Tag *tag, const Scope *scope)
{
	const SklMustacheValue *value = lookup(scope, tag->name, tag->name_length);

	if (value == NULL)
		return true;
	if (value->kind == SKL_MUSTACHE_TRUE)
		return put(r, "true", 4);
	if (value->kind != SKL_MUSTACHE_TEXT)
		return true;
	if (r->job->escape && tag->kind == 'v')
		return put_escaped(r, value->text, value->length);
	return put(r, value->text, value->length);
}

static bool render_range(Renderer *r, const char *from, const char *to, Delimiters d,
						 const Scope *scope);

static bool
render_section(Renderer *r, const Tag *tag, const Tag *closing, Delimiters d, const Scope *scope)
{
	const SklMustacheValue *value = lookup(scope, tag->name, tag->name_length);
	const char *from = tag->line_end;
	const char *to = closing->line_begin;
	Scope inner = {.value = value, .outer = scope, .depth = scope->depth + 1};

	if (from > to)
		to = from;
	if (inner.depth > SKL_MUSTACHE_MAX_DEPTH)
		return fail(r, "sections are nested too deeply", tag->begin);
	if (tag->kind == '^')
		return !is_falsy(value) || render_range(r, from, to, d, scope);
	if (is_falsy(value))
		return true;
	if (value->kind != SKL_MUSTACHE_LIST)
		return render_range(r, from, to, d, &inner);
	for (size_t i = 0; i < value->count; i++)
	{
		inner.value = &value->items[i];
		if (!render_range(r, from, to, d, &inner))
			return false;
	}
	return true;
}

/* Renders another text in place of its tag; one that does not exist is nothing. */
static bool
render_partial(Renderer *r, const Tag *tag, const Scope *scope)
{
	Indent indent = {.text = tag->line_begin,
					 .length = (size_t) (tag->begin - tag->line_begin),
					 .outer = r->indent};
	Renderer inner = *r;
	size_t length = 0;

	if (r->job->partial == NULL)
		return fail(r, "there are no partials here", tag->begin);
	inner.start = r->job->partial(r->job->partial_arg, tag->name, tag->name_length, &length);
	if (inner.start == NULL)
		return true;
	if (++inner.depth > SKL_MUSTACHE_MAX_DEPTH)
		return fail(r, "partials are nested too deeply", tag->begin);
	inner.end = inner.start + length;
	inner.indent = tag->standalone ? &indent : NULL;
	return render_range(&inner, inner.start, inner.end, default_delimiters, scope);
}

/* What a tag does that opens no section. */
static bool
render_tag(Renderer *r, const Tag *tag, Delimiters *d, const Scope *scope)
{
	switch (tag->kind)
	{
		case 'v':
		case '&':
			return put_variable(r, tag, scope);
		case '>':
			return render_partial(r, tag, scope);
		case '=':
			return set_delimiters(r, tag, d);
		case '/':
			return fail(r, "a section is closed that was not opened", tag->begin);
		default:
			return true;
	}
}

static bool
render_range(Renderer *r, const char *from, const char *to, Delimiters d, const Scope *scope)
{
	Delimiters inside;
	Tag tag;
	Tag closing;
	bool found;

	while (from < to)
	{
		if (!next_tag(r, &d, from, to, &tag, &found))
			return false;
		if (!found)
			return put_template(r, from, to);
		if (tag.line_begin > from && !put_template(r, from, tag.line_begin))
			return false;
		if (!tag.standalone && !begin_line(r, tag.begin))
			return false;
		from = tag.line_end;
		if (tag.kind != '#' && tag.kind != '^')
		{
			if (!render_tag(r, &tag, &d, scope))
				return false;
			continue;
		}
		inside = d;
		if (!find_section_end(r, &d, &tag, to, &closing) ||
			!render_section(r, &tag, &closing, inside, scope))
			return false;
		from = closing.line_end;
	}
	return true;
}

bool
skl_mustache_render(const char *text, size_t length, const SklMustacheValue *data,
					const SklMustacheJob *job, SklMustacheError *error)
{
	long steps = 0;
	Renderer renderer = {
		.job = job, .start = text, .end = text + length, .steps = &steps, .error = error};
	Scope scope = {.value = data, .outer = NULL, .depth = 0};

	error->message = NULL;
	error->position = 0;
	return render_range(&renderer, text, text + length, default_delimiters, &scope);
}
