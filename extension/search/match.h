/*
 * search/match.h
 *		The match score of a freelancer for a project as plain arithmetic over rows in memory.
 *
 * total = eligible * (0.35 skills + 0.15 text + 0.20 quality + 0.10 price + 0.08 availability +
 * 0.07 response + 0.05 exploration); each part is within 0..1.
 */
#ifndef SKL_SEARCH_MATCH_H
#define SKL_SEARCH_MATCH_H

#include "types/skillset.h"

#include "tsearch/ts_type.h"

/* Most words of a title that the text part looks at: the rarest. */
#define SKL_MATCH_WORDS 12

/* Most skills that one project asks for. */
#define SKL_MATCH_SKILLS 20

typedef enum SklMatchPart
{
	SKL_PART_SKILLS,
	SKL_PART_TEXT,
	SKL_PART_QUALITY,
	SKL_PART_PRICE,
	SKL_PART_AVAILABILITY,
	SKL_PART_RESPONSE,
	SKL_PART_EXPLORATION,
	SKL_MATCH_PARTS
} SklMatchPart;

extern const double skl_match_weights[SKL_MATCH_PARTS];

/* A skill that stands for another one, and how much of it. Sorted by skill. */
typedef struct SklRelative
{
	pg_uuid_t skill;
	pg_uuid_t relative;
	double credit;
} SklRelative;

/* How many profiles have a skill. Sorted by skill. */
typedef struct SklSkillCount
{
	pg_uuid_t skill;
	int32 documents;
} SklSkillCount;

/* How many profiles have a word. Sorted as tsvector sorts. */
typedef struct SklWordCount
{
	const char *word;
	int length;
	int32 documents;
} SklWordCount;

/* What is known of skills and words; what is not in it occurs once. */
typedef struct SklLexicon
{
	int32 documents; /* profiles in all */
	SklRelative *relatives;
	int nrelatives;
	SklSkillCount *skills;
	int nskills;
	SklWordCount *words;
	int nwords;
} SklLexicon;

/* A word of a title. */
typedef struct SklTitleWord
{
	const char *word;
	int length;
	double idf;
} SklTitleWord;

/* What something costs. */
typedef struct SklMatchPrice
{
	bool known;
	int64 minor;
	char currency[4];
	bool has_usd; /* a rate is known */
	int64 usd;	  /* cents */
} SklMatchPrice;

typedef struct SklMatchProject
{
	pg_uuid_t id;
	const pg_uuid_t *skills;
	int nskills;
	TSVector title;
	int level; /* of skills that its experience asks for, 1..4 */
	bool hourly;
	SklMatchPrice budget; /* the upper end */
	bool eligible;
} SklMatchProject;

typedef struct SklMatchPerson
{
	pg_uuid_t id;
	SklSkillset *skills; /* NULL for none */
	TSVector words;
	SklMatchPrice rate;	 /* an hour */
	double availability; /* 0..1 */
	double quality;		 /* 0..1, a lower bound */
	double response;	 /* 0..1 */
	int outcomes;
	bool eligible;
} SklMatchPerson;

typedef struct SklMatchScore
{
	double parts[SKL_MATCH_PARTS];
	double total;
	bool matched[SKL_MATCH_SKILLS]; /* which skills of the project the person has, as such */
} SklMatchScore;

/* Rarity of what so many of all documents have: ln(1 + all / documents). */
extern double skl_match_idf(int32 all, int32 documents);

/* Looks a skill up; 1 when the lexicon does not have it. */
extern int32 skl_match_skill_count(const SklLexicon *lexicon, const pg_uuid_t *skill);

/* The relatives of a skill: the first one, and how many follow. */
extern const SklRelative *skl_match_relatives(const SklLexicon *lexicon, const pg_uuid_t *skill,
											  int *count);

/* True when a word of a tsvector stands in a title or headline (weight A). */
extern bool skl_match_in_title(TSVector words, const WordEntry *entry);

/* The rarest words of a title (weight A) with their idf; returns how many. */
extern int skl_match_title(const SklLexicon *lexicon, TSVector words, SklTitleWord *title);

/*
 * Sorts the parts of a lexicon; once, before the first score. The words of projects and people stay
 * where they are.
 */
extern void skl_match_sort(SklLexicon *lexicon);

/* The score of one person for one project. title: the rarest words of the project's title. */
extern void skl_match_score(const SklLexicon *lexicon, const SklMatchProject *project,
							const SklTitleWord *title, int ntitle, const SklMatchPerson *person,
							SklMatchScore *score);

#endif
