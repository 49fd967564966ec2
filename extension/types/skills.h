/*
 * types/skills.h
 *		Sets of skills as plain C: parsing, writing and the set relations, without PostgreSQL.
 *
 * A set is an array of entries sorted by skill id, no id twice. Its text is
 * {skl_01h455vb4pex5vsknk084sn02q:3:5, ...}: skill, level 1..4, full years 0..70; ":years" may be
 * left out on input and means 0.
 */
#ifndef SKL_TYPES_SKILLS_H
#define SKL_TYPES_SKILLS_H

#include "types/typeid.h"

#define SKL_SKILL_LEVEL_MIN 1
#define SKL_SKILL_LEVEL_MAX 4
#define SKL_SKILL_YEARS_MAX 70

/* Most skills in one set. */
#define SKL_SKILLS_MAX 500

/* Longest text of one entry: TypeID, two colons, level, years, comma. */
#define SKL_SKILL_TEXT_MAX (3 + 1 + SKL_TYPEID_SUFFIX_LEN + 2 + 1 + 2 + 1)

/* One skill as it is stored; bytes only, so there is no padding. */
typedef struct SklSkill
{
	uint8_t id[SKL_UUID_BYTES];
	uint8_t level; /* 1 beginner .. 4 expert */
	uint8_t years; /* full years of practice */
} SklSkill;

/*
 * Reads a set into skills (room for SKL_SKILLS_MAX entries), sorted. On SKL_PARSE_DUPLICATE *count
 * is the place of the second of the two.
 */
extern SklParseError skl_skills_parse(const char *str, size_t len, SklSkill *skills, int *count);

/* Sorts by id; SKL_PARSE_DUPLICATE when one is there twice. */
extern SklParseError skl_skills_sort(SklSkill *skills, int *count);

/* Writes a set and a NUL; out has room for count * SKL_SKILL_TEXT_MAX + 3; returns the length. */
extern size_t skl_skills_write(const SklSkill *skills, int count, char *out);

/* The entry of a skill; NULL when the set does not hold it. */
extern const SklSkill *skl_skills_find(const SklSkill *skills, int count, const uint8_t *id);

/* True when a holds every skill of b at no lower level and with no fewer years. */
extern bool skl_skills_contain(const SklSkill *a, int n_a, const SklSkill *b, int n_b);

/* True when the two have a skill in common, whatever its level. */
extern bool skl_skills_overlap(const SklSkill *a, int n_a, const SklSkill *b, int n_b);

/*
 * How much of a wish a set covers, 0..1: the weights of the wished skills, each times the share of
 * the wished level that the set has (at most 1), over the sum of the weights. weights is NULL for
 * equal ones. Nothing wished is covered by everything.
 */
extern double skl_skills_coverage(const SklSkill *have, int n_have, const SklSkill *want,
								  int n_want, const double *weights);

#endif
