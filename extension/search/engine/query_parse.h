/*
 * search/engine/query_parse.h
 *		From what people type into a search field to a tree. There are no errors: whatever makes no
 *		sense as an operator is text.
 *
 *		react native			words: any may match, more and rarer ones rank higher
 *		"graphic design"		a phrase that must match; "graphic design"~3 with up to three words
 *								between; +word must match, -word, -"…" and -( … ) must not
 *		(paris or lyon)			one of them must match; a or b or c without brackets binds tightest
 *		title:react				a word of one field; title:"…" and title:( … ) likewise
 *		java*					words that begin so
 *
 * OR, or and | are the same where they stand between two operands; AND makes both of its operands
 * required, NOT is -. In brackets, words side by side must all match. Texts are valid UTF-8.
 */
#ifndef SKL_SEARCH_ENGINE_QUERY_PARSE_H
#define SKL_SEARCH_ENGINE_QUERY_PARSE_H

#include "search/engine/arena.h"

/* What lies beyond these is left out. */
#define SKL_QUERY_MAX_BYTES ((size_t) 1024 * 1024)
#define SKL_QUERY_MAX_TERMS 10000
#define SKL_QUERY_MAX_DEPTH 32
#define SKL_QUERY_MAX_SLOP 100
#define SKL_QUERY_ANY_FIELD (-1)

typedef enum SklQueryKind
{
	SKL_QUERY_ALL,	 /* children side by side, as typed */
	SKL_QUERY_ANY,	 /* children joined by OR */
	SKL_QUERY_WORD,	 /* text without white space */
	SKL_QUERY_PHRASE /* text that was in quotation marks */
} SklQueryKind;

typedef struct SklQueryNode SklQueryNode;

struct SklQueryNode
{
	SklQueryKind kind;
	bool negated;	  /* must not match */
	bool required;	  /* +, a phrase, or in brackets: must match */
	bool prefix;	  /* word* */
	int field;		  /* index in the names given to the parser, or SKL_QUERY_ANY_FIELD */
	int slop;		  /* of a phrase: how many other words may lie between its own */
	const char *text; /* of a word or phrase: points into the query */
	size_t length;
	SklQueryNode *child; /* first of ALL and ANY */
	SklQueryNode *next;	 /* sibling */
};

typedef struct SklQuery
{
	SklQueryNode
		*root;		/* always SKL_QUERY_ALL, never NULL; without children when nothing was typed */
	size_t terms;	/* words and phrases in the tree */
	bool truncated; /* something was beyond the caps and is left out */
} SklQuery;

/*
 * Parses length bytes of text; the tree lies in the arena and points into text. Field names are
 * lower-case ASCII, and what stands before a colon counts as a field only when it is one of them.
 */
extern void skl_query_parse(SklArena *arena, const char *text, size_t length,
							const char *const *fields, int field_count, SklQuery *query);

#endif
