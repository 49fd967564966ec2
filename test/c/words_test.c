/*
 * test/c/words_test.c
 *		Walking over words: their edges, digits in groups, addresses that are spelled out.
 */
#include "skl.h"

#include "core/words.h"

#include "tap.h"

static const char *const hosts[] = {"gmail", NULL};
static const char *const tops[] = {"com", "io", NULL};

static SklWords
words(const char *text)
{
	return (SklWords){text, strlen(text)};
}

/* The range is these letters of the text. */
static bool
is_range(const SklWords *t, SklWord w, const char *expected)
{
	return w.end - w.start == strlen(expected) &&
		   memcmp(t->at + w.start, expected, w.end - w.start) == 0;
}

static void
edges(void)
{
	SklWords t = words("  Grüße, an_2x!");
	SklWord w;

	ok(skl_next_word(&t, 0, &w) && is_range(&t, w, "Grüße"), "bytes of other scripts are letters");
	ok(skl_next_word(&t, w.end, &w) && is_range(&t, w, "an"), "an underscore ends a word");
	ok(skl_next_word(&t, w.end, &w) && is_range(&t, w, "2x"), "digits are in words");
	ok(!skl_next_word(&t, w.end, &w), "and then there is none");
	ok(skl_previous_word(&t, t.len, &w) && is_range(&t, w, "2x"), "backwards from the end");
	ok(!skl_previous_word(&t, 2, &w), "none before the first");
	t = words("GMail");
	ok(skl_next_word(&t, 0, &w) && skl_is_among(&t, w, hosts), "case does not matter");
	ok(!skl_is_word(&t, w, "gmai") && !skl_is_word(&t, w, "gmails"), "the whole word does");
	t = words("see HTTP://");
	ok(skl_text_at(&t, 4, "http://") && !skl_text_at(&t, 5, "http://"), "a text at its place");
	ok(!skl_text_at(&t, 9, "//more"), "and not beyond the end");
}

static void
digits(const char *text, int n, int groups, size_t end, const char *what)
{
	SklWords t = words(text);
	SklDigits d = skl_digits_at(&t, 0);

	if (d.n != n || d.groups != groups || d.end != end)
		printf("# %s: %d digits, %d groups, end %zu\n", text, d.n, d.groups, d.end);
	ok(d.n == n && d.groups == groups && d.end == end, what);
}

static void
spelled(const char *text, size_t at, const char *expected)
{
	SklWords t = words(text);
	SklWord w;
	SklWord name;
	SklWord top;
	bool found = skl_next_word(&t, at, &w) && skl_spelled_email(&t, w, hosts, tops, &name, &top);

	ok(found == (expected != NULL) &&
		   (!found || is_range(&t, (SklWord){name.start, top.end}, expected)),
	   text);
}

int
main(void)
{
	edges();
	digits("5551234567", 10, 1, 10, "digits in one run");
	digits("555-123 45.67 x", 10, 4, 13, "groups with one separator between them");
	digits("555 - 123", 3, 1, 3, "three separators are too many");
	digits("555) 123 ", 6, 2, 8, "two are not, and those at the end do not count");
	digits("555,123", 3, 1, 3, "a comma is none");
	spelled("jane at gmail dot com now", 5, "jane at gmail dot com");
	spelled("jane (at) site.io", 5, "jane (at) site.io");
	spelled("jane at gmail.com", 5, "jane at gmail.com");
	spelled("jane at site.io", 5, NULL);
	spelled("at gmail dot com", 0, NULL);
	spelled("jane at gmail dot", 5, NULL);
	spelled("jane at work dot dot", 5, NULL);
	return done_testing();
}
