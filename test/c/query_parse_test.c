/*
 * test/c/query_parse_test.c
 *		The parser of queries: what operators mean, and that nothing people type is an error.
 */
#include "skl.h"

#include "search/engine/fold.h"
#include "search/engine/query_parse.h"

#include "random.h"
#include "tap.h"

#include <stdlib.h>

static const char *const fields[] = {"title", "skill", "body"};

typedef struct Text
{
	char bytes[4096];
	size_t length;
} Text;

static void
put(Text *text, const char *bytes, size_t length)
{
	if (text->length + length < sizeof(text->bytes))
	{
		memcpy(text->bytes + text->length, bytes, length);
		text->length += length;
	}
	text->bytes[text->length] = '\0';
}

static void
puts_to(Text *text, const char *words)
{
	put(text, words, strlen(words));
}

/* Writes a tree: -not +must title:word "phrase"~2 word* [all of] {any of}. */
static void
dump(Text *text, const SklQueryNode *node)
{
	char slop[16];

	puts_to(text, node->negated ? "-" : node->required ? "+" : "");
	if (node->field != SKL_QUERY_ANY_FIELD)
	{
		puts_to(text, fields[node->field]);
		puts_to(text, ":");
	}
	if (node->kind == SKL_QUERY_WORD || node->kind == SKL_QUERY_PHRASE)
	{
		puts_to(text, node->kind == SKL_QUERY_PHRASE ? "\"" : "");
		put(text, node->text, node->length);
		puts_to(text, node->kind == SKL_QUERY_PHRASE ? "\"" : "");
		puts_to(text, node->prefix ? "*" : "");
		snprintf(slop, sizeof(slop), "~%d", node->slop);
		puts_to(text, node->slop > 0 ? slop : "");
		return;
	}
	puts_to(text, node->kind == SKL_QUERY_ALL ? "[" : "{");
	for (const SklQueryNode *child = node->child; child != NULL; child = child->next)
	{
		dump(text, child);
		puts_to(text, child->next == NULL ? "" : " ");
	}
	puts_to(text, node->kind == SKL_QUERY_ALL ? "]" : "}");
}

/* Checks what a query becomes. */
static void
becomes(const char *typed, const char *tree)
{
	SklArena arena;
	SklQuery query;
	Text text = {{0}, 0};
	char what[8400];

	skl_arena_init(&arena, NULL, NULL, NULL);
	skl_query_parse(&arena, typed, strlen(typed), fields, 3, &query);
	dump(&text, query.root);
	snprintf(what, sizeof(what), "%s is %s", typed, text.bytes);
	if (!ok(strcmp(text.bytes, tree) == 0, what))
		printf("# expected %s\n", tree);
	skl_arena_free(&arena);
}

static void
operators(void)
{
	becomes("react native", "[react native]");
	becomes("\"graphic design\"~3 -logo (paris or lyon) title:cook java*",
			"[+\"graphic design\"~3 -logo +{paris lyon} +title:cook java*]");
	becomes("a or b c", "[{a b} c]");
	becomes("a OR b | c", "[{a b c}]");
	becomes("(a b) or c", "[+{+[a b] c}]");
	becomes("+a -\"b c\" -(d e) NOT f", "[+a -\"b c\" -[d e] -f]");
	becomes("a AND b", "[+a +b]");
	becomes("a AND b or c", "[+a +{+b c}]");
	becomes("title:\"b c\" title:(d or e) skill:(f g)",
			"[+title:\"b c\" +title:{d e} +skill:[f g]]");
	becomes("TITLE:react", "[+title:react]");
	becomes("title:(skill:a b)", "[+title:[+skill:a b]]");
	becomes("\xE2\x80\x9Cgraphic design\xE2\x80\x9D", "[+\"graphic design\"]");
	becomes("\"a b\"~999", "[+\"a b\"~100]");
	becomes("a or -b", "[a -b]");
	becomes("-(-a)", "[a]");
	becomes("a|b", "[{a b}]");
}

static void
texts(void)
{
	becomes("c++ developer", "[c++ developer]");
	becomes("developer(s) wanted)", "[developer(s) wanted)]");
	becomes("http://example.org/a?b", "[http://example.org/a?b]");
	becomes("price:12", "[price:12]");
	becomes("title: x", "[title: x]");
	becomes("state-of-the-art", "[state-of-the-art]");
	becomes("--force", "[--force]");
	becomes("a - b + c", "[a - b + c]");
	becomes("screen 5\" or 6\"", "[screen {5\" 6\"}]");
	becomes("bague or", "[bague or]");
	becomes("or a", "[or a]");
	becomes("ja*va", "[ja*va]");
	becomes("NOT", "[NOT]");
}

static void
nonsense(void)
{
	becomes("", "[]");
	becomes("   \t\n", "[]");
	becomes("()", "[]");
	becomes("((((", "[]");
	becomes("))))", "[]");
	becomes("\"", "[]");
	becomes("\"\"", "[]");
	becomes("\"a b", "[a b]");
	becomes("(a b", "[+[a b]]");
	becomes("a) b", "[a) b]");
	becomes("| | a | |", "[a]");
	becomes("*", "[]");
	becomes("-", "[-]");
	becomes("title:*", "[]");
	becomes("(a or", "[+[a or]]");
	becomes("-()", "[]");
	becomes("\"a\"\"b\"", "[+\"a\" +\"b\"]");
	becomes("a\x01 b", "[a b]");
}

/* A NUL is white space like every control character. */
static void
nul(void)
{
	SklArena arena;
	SklQuery query;

	skl_arena_init(&arena, NULL, NULL, NULL);
	skl_query_parse(&arena, "a\0b", 3, fields, 3, &query);
	ok(query.terms == 2, "a NUL separates words");
	skl_arena_free(&arena);
}

/* Parses a text that repeats a piece, and returns the number of terms. */
static size_t
repeated(const char *piece, size_t times, bool *truncated)
{
	SklArena arena;
	SklQuery query;
	size_t length = strlen(piece);
	char *text = malloc(length * times + 1);
	size_t terms;

	for (size_t i = 0; i < times; i++)
		memcpy(text + i * length, piece, length);
	skl_arena_init(&arena, NULL, NULL, NULL);
	skl_query_parse(&arena, text, length * times, fields, 3, &query);
	terms = query.terms;
	*truncated = query.truncated;
	skl_arena_free(&arena);
	free(text);
	return terms;
}

static void
caps(void)
{
	bool truncated;

	ok(repeated("word or ", 10000, &truncated) == SKL_QUERY_MAX_TERMS && truncated,
	   "an OR of 10,000 terms has its terms, and the last or is one too many");
	ok(repeated("x ", 20000, &truncated) == SKL_QUERY_MAX_TERMS && truncated,
	   "20,000 words are cut to 10,000");
	ok(repeated("abcdefgh", 131072, &truncated) == 1 && !truncated, "a word of 1 MB is a word");
	ok(repeated("abcdefghi", 131072, &truncated) == 1 && truncated, "more than 1 MB is cut");
	ok(repeated("(", 1048576, &truncated) == 0 && truncated, "a million brackets are nothing");
	ok(repeated("()", 524288, &truncated) == 0 && !truncated, "nor are half a million pairs");
	ok(repeated("(a ", 40, &truncated) == 40 && truncated, "brackets nest 32 deep");
	ok(repeated("\"", 1048576, &truncated) == 0 && !truncated, "a million quotation marks");
	ok(repeated("\"a\" ", 20000, &truncated) == SKL_QUERY_MAX_TERMS && truncated, "20,000 phrases");
	ok(repeated("-", 1048576, &truncated) == 1, "a million minus signs are one word");
	ok(repeated("title:", 100000, &truncated) == 1, "fields of fields");
}

/* The words of a text, folded, in one line. */
static void
folds(const char *typed, const char *expected)
{
	char word[64];
	Text text = {{0}, 0};
	size_t at = 0;
	size_t start;
	size_t end;
	size_t length;

	while ((length = skl_fold_word(typed, strlen(typed), &at, word, sizeof(word), &start, &end)) >
		   0)
	{
		put(&text, word, length);
		puts_to(&text, " ");
	}
	if (!ok(strcmp(text.bytes, expected) == 0, typed))
		printf("# %s, expected %s\n", text.bytes, expected);
}

static void
folding(void)
{
	folds("Senior C++/C# developer (m/f)", "senior c++ c# developer m f ");
	folds("don't a+b", "dont a b ");
	folds("Zürich STRASSE Straße Česká", "zurich strasse strasse ceska ");
	folds("Москва ΑΘΉΝΑ", "москва αθηνα ");
	folds("rocket 🚀 e\xCC\x81t\xCC\x81", "rocket et ");
	folds("\xFF\xC3 ok \xE2\x80", "ok ");
}

int
main(void)
{
	operators();
	texts();
	nonsense();
	nul();
	caps();
	folding();
	return done_testing();
}
