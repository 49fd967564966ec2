/*
 * search/like.h
 *		More like this: a plan out of the words that say most about a text.
 */
#ifndef SKL_SEARCH_LIKE_H
#define SKL_SEARCH_LIKE_H

#include "search/dictionary.h"

/*
 * The plan that looks for the 25 words of the texts (title, skills, body) with the greatest
 * frequency × idf in the scope, weighted by it, at most 1. Words that fewer documents have than
 * "least" are left out.
 */
extern SklPlan *skl_like_plan(SklDictionaryScope *words, Oid config,
							  const char *const texts[SKL_FIELDS], uint32_t least);

#endif
