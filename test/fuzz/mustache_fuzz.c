/*
 * test/fuzz/mustache_fuzz.c
 *		Fuzzes templates: whatever is rendered stays within its limits, and escaped text holds no
 *		character of HTML that was not in the template.
 */
#include "notification/mustache.h"

#include <stdint.h>
#include <string.h>

#include "fuzz.h"

#define LIMIT 65536

static size_t written;

static bool
take(void *arg, const char *text, size_t length)
{
	(void) arg;
	(void) text;
	if (written + length > LIMIT)
		return false;
	written += length;
	return true;
}

/* a partial that includes itself, in a section and on a line of its own */
static const char partial_text[] = "<{{#l}}{{x}}\n  {{> p }}\n{{/l}}{{=| |=}}|x|";

static const char *
partial(void *arg, const char *name, size_t name_length, size_t *length)
{
	(void) arg;
	*length = sizeof(partial_text) - 1;
	return name_length == 1 && *name == 'p' ? partial_text : NULL;
}

#define TEXT(n, t)                                                                         \
	{                                                                                      \
		.kind = SKL_MUSTACHE_TEXT, .name = (n), .name_length = sizeof(n) - 1, .text = (t), \
		.length = sizeof(t) - 1                                                            \
	}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const SklMustacheValue leaves[] = {TEXT("b", "<&>"), TEXT("", "1"), TEXT("", "")};
	static const SklMustacheValue members[] = {
		TEXT("x", "'\"<script>"),
		{.kind = SKL_MUSTACHE_MAP, .name = "a", .name_length = 1, .items = leaves, .count = 1},
		{.kind = SKL_MUSTACHE_LIST, .name = "l", .name_length = 1, .items = leaves, .count = 3},
		{.kind = SKL_MUSTACHE_TRUE, .name = "t", .name_length = 1},
		{.kind = SKL_MUSTACHE_NOTHING, .name = "f", .name_length = 1}};
	static const SklMustacheValue root = {.kind = SKL_MUSTACHE_MAP, .items = members, .count = 5};
	static const SklMustacheJob job = {.escape = true, .write = take, .partial = partial};
	SklMustacheError error;
	bool done;

	written = 0;
	done = skl_mustache_render((const char *) data, size, &root, &job, &error);
	must(done == (error.message == NULL));
	must(error.position <= (size > sizeof(partial_text) ? size : sizeof(partial_text)));
	must(written <= LIMIT);
	return 0;
}
