/*
 * search/match_load.h
 *		Reading what the match score is made of.
 */
#ifndef SKL_SEARCH_MATCH_LOAD_H
#define SKL_SEARCH_MATCH_LOAD_H

#include "search/match.h"

/* Most candidates that are scored. */
#define SKL_MATCH_CANDIDATES 300

/* Candidates are looked for by keys that this many documents have in all, the rarest first. */
#define SKL_MATCH_FOUND 1500

/*
 * All of it runs between skl_spi_connect() and skl_spi_finish(), and what is read lives as long.
 * Ids travel as an array of uuid.
 */

/* Projects by id, for a freelancer (or NULL); *n of them, in no order. */
extern SklMatchProject *skl_match_load_projects(Datum ids, const pg_uuid_t *freelancer, int *n);

/* People by id, for a project (or NULL). */
extern SklMatchPerson *skl_match_load_people(Datum ids, const pg_uuid_t *project, int *n);

/* What has to be known to score these projects, counted in "PROFILE" or "PROJECT". */
extern void skl_match_load_lexicon(SklLexicon *lexicon, const char *corpus,
								   const SklMatchProject *projects, int n);

/* Up to SKL_MATCH_CANDIDATES people who have what a project asks for, as an array of uuid. */
extern Datum skl_match_find_people(const SklLexicon *lexicon, const SklMatchProject *project);

/* Up to SKL_MATCH_CANDIDATES open public projects that ask for what a person has. */
extern Datum skl_match_find_projects(const SklMatchPerson *person);

#endif
