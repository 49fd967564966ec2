/*
 * notification/mustache.c
 *		Renders mustache templates in one pass over the text, without a tree of their own.
 *
 * The renderer walks from tag to tag. At a section it finds the matching end by counting, renders
 * the inner text once for each item with the item on the stack of contexts, and goes on behind the
 * end. Tags other than variables that stand alone on a line take the whole line with them, as the
 * specification demands.
 */
#include "notification/mustache.h"

#include <string.h>

/* The stack of contexts, innermost first. */
typedef struct Scope
{
	const SklMustacheValue *value;
	const struct Scope *outer;
	int depth;
} Scope;

typedef struct Renderer
{
	const char *start; /* of the whole template */
	const char *end;
	bool escape;
	SklMustacheWrite write;
	void *arg;
	SklMustacheError *error;
} Renderer;

/* A tag: from {{ to behind }}, with the name in it. */
typedef struct Tag
{
	char kind; /* 'v' variable, '&' unescaped, '#', '^', '/', '!' */
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
	if (from < to && strchr("#^/!&", *from) != NULL)
		tag->kind = *from++;
	else if (from < to && (*from == '>' || *from == '=' || *from == '<' || *from == '$'))
		return fail(r, "partials, blocks and other delimiters are not supported", tag->begin);
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

/* Finds the next tag in [from, to); sets *found. False on a malformed tag. */
static bool
next_tag(Renderer *r, const char *from, const char *to, Tag *tag, bool *found)
{
	const char *begin = find(from, to, "{{", 2);
	const char *close;
	bool triple;

	*found = begin != NULL;
	if (begin == NULL)
		return true;
	tag->begin = begin;
	triple = begin + 2 < to && begin[2] == '{';
	close = triple ? find(begin + 3, to, "}}}", 3) : find(begin + 2, to, "}}", 2);
	if (close == NULL)
		return fail(r, "a tag is not closed", begin);
	tag->end = close + (triple ? 3 : 2);
	if (!read_name(r, tag, begin + (triple ? 3 : 2), close))
		return false;
	if (triple)
		tag->kind = '&';
	measure_line(r, tag);
	return true;
}

/* Finds the end of a section: the tag that closes it. */
static bool
find_section_end(Renderer *r, const Tag *section, const char *to, Tag *closing)
{
	const char *p = section->end;
	int depth = 1;
	bool found;

	while (next_tag(r, p, to, closing, &found) && found)
	{
		p = closing->end;
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
	if (length == 0 || r->write(r->arg, text, length))
		return true;
	return fail(r, "the result is too long", r->end);
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
	if (r->escape && tag->kind == 'v')
		return put_escaped(r, value->text, value->length);
	return put(r, value->text, value->length);
}

static bool render_range(Renderer *r, const char *from, const char *to, const Scope *scope);

static bool
render_section(Renderer *r, const Tag *tag, const Tag *closing, const Scope *scope)
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
		return !is_falsy(value) || render_range(r, from, to, scope);
	if (is_falsy(value))
		return true;
	if (value->kind != SKL_MUSTACHE_LIST)
		return render_range(r, from, to, &inner);
	for (size_t i = 0; i < value->count; i++)
	{
		inner.value = &value->items[i];
		if (!render_range(r, from, to, &inner))
			return false;
	}
	return true;
}

static bool
render_range(Renderer *r, const char *from, const char *to, const Scope *scope)
{
	Tag tag;
	Tag closing;
	bool found;

	while (from < to)
	{
		if (!next_tag(r, from, to, &tag, &found))
			return false;
		if (!found)
			return put(r, from, (size_t) (to - from));
		if (tag.line_begin > from && !put(r, from, (size_t) (tag.line_begin - from)))
			return false;
		from = tag.line_end;
		if (tag.kind == '/')
			return fail(r, "a section is closed that was not opened", tag.begin);
		if (tag.kind == 'v' || tag.kind == '&')
		{
			if (!put_variable(r, &tag, scope))
				return false;
		}
		else if (tag.kind != '!')
		{
			if (!find_section_end(r, &tag, to, &closing) ||
				!render_section(r, &tag, &closing, scope))
				return false;
			from = closing.line_end;
		}
	}
	return true;
}

bool
skl_mustache_render(const char *text, size_t length, const SklMustacheValue *data, bool escape,
					SklMustacheWrite write, void *arg, SklMustacheError *error)
{
	Renderer renderer = {.start = text,
						 .end = text + length,
						 .escape = escape,
						 .write = write,
						 .arg = arg,
						 .error = error};
	Scope scope = {.value = data, .outer = NULL, .depth = 0};

	error->message = NULL;
	error->position = 0;
	return render_range(&renderer, text, text + length, &scope);
}
