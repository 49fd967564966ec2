/*
 * types/skillset.c
 *		SQL type skillset: skills with level and years. Text and binary I/O, comparison, hashing and
 *		the set operators.
 *
 * Parser and set relations are in types/skills.c. The value is sorted, so equality and hashing read
 * bytes, and two sets are compared by one walk.
 */
#include "skl.h"

#include "types/skillset.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"

SklSkillset *
skl_skillset_make(const SklSkill *skills, int count)
{
	SklSkillset *set = (SklSkillset *) palloc(SKL_SKILLSET_SIZE(count));

	SET_VARSIZE(set, SKL_SKILLSET_SIZE(count));
	set->count = count;
	memcpy(set->skills, skills, sizeof(SklSkill) * (Size) count);
	return set;
}

SklSkillset *
skl_skillset_from_entries(SklSkill *skills, int count)
{
	if (count > SKL_SKILLS_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("a skillset holds at most %d skills", SKL_SKILLS_MAX)));
	if (skl_skills_sort(skills, &count) != SKL_PARSE_OK)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a skillset holds a skill only once")));
	return skl_skillset_make(skills, count);
}

SklSkill
skl_skill_checked(const pg_uuid_t *id, int64 level, int64 years)
{
	SklSkill skill;

	if (level < SKL_SKILL_LEVEL_MIN || level > SKL_SKILL_LEVEL_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("skill level must be between %d and %d", SKL_SKILL_LEVEL_MIN,
							   SKL_SKILL_LEVEL_MAX)));
	if (years < 0 || years > SKL_SKILL_YEARS_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("years of a skill must be between 0 and %d", SKL_SKILL_YEARS_MAX)));
	memcpy(skill.id, id->data, SKL_UUID_BYTES);
	skill.level = (uint8_t) level;
	skill.years = (uint8_t) years;
	return skill;
}

/* What is wrong with a literal. */
static const char *
literal_problem(SklParseError error)
{
	switch (error)
	{
		case SKL_PARSE_PREFIX:
		case SKL_PARSE_SUFFIX:
		case SKL_PARSE_SUFFIX_RANGE:
		case SKL_PARSE_EMPTY:
			return "A skill is not a valid skill_id.";
		case SKL_PARSE_LEVEL:
			return "A level is outside 1..4.";
		case SKL_PARSE_YEARS:
			return "A number of years is outside 0..70.";
		case SKL_PARSE_DUPLICATE:
			return "A skill is there twice.";
		case SKL_PARSE_TOO_MANY:
			return "There are more than 500 skills.";
		default:
			return "The form is not that of a set.";
	}
}

PG_FUNCTION_INFO_V1(skl_skillset_in);
PG_FUNCTION_INFO_V1(skl_skillset_out);
PG_FUNCTION_INFO_V1(skl_skillset_recv);
PG_FUNCTION_INFO_V1(skl_skillset_send);

/* skillset_in(cstring): {skl_...:level:years, ...} */
Datum
skl_skillset_in(PG_FUNCTION_ARGS)
{
	char *str = PG_GETARG_CSTRING(0);
	SklSkill *skills = (SklSkill *) palloc(sizeof(SklSkill) * SKL_SKILLS_MAX);
	SklSkillset *set;
	int count;
	SklParseError error = skl_skills_parse(str, strlen(str), skills, &count);

	if (error != SKL_PARSE_OK)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid input syntax for type skillset: \"%s\"", str),
						errdetail_internal("%s", literal_problem(error)),
						errhint("Write it as {skill_id:level:years, ...}.")));
	set = skl_skillset_make(skills, count);
	pfree(skills);
	PG_RETURN_SKILLSET_P(set);
}

/* skillset_out(skillset) */
Datum
skl_skillset_out(PG_FUNCTION_ARGS)
{
	SklSkillset *set = PG_GETARG_SKILLSET_P(0);
	char *str = (char *) palloc((Size) set->count * SKL_SKILL_TEXT_MAX + 3);

	skl_skills_write(set->skills, set->count, str);
	PG_RETURN_CSTRING(str);
}

static void
bad_message(const char *what)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					errmsg("invalid %s in external skillset value", what)));
}

/* skillset_recv(internal): int32 count, then id, level and years of each, ascending by id. */
Datum
skl_skillset_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	int32 count = (int32) pq_getmsgint(message, 4);
	SklSkillset *set;
	int i;

	if (count < 0 || count > SKL_SKILLS_MAX)
		bad_message("count");
	set = (SklSkillset *) palloc0(SKL_SKILLSET_SIZE(count));
	SET_VARSIZE(set, SKL_SKILLSET_SIZE(count));
	set->count = count;
	for (i = 0; i < count; i++)
	{
		SklSkill *skill = &set->skills[i];

		memcpy(skill->id, pq_getmsgbytes(message, SKL_UUID_BYTES), SKL_UUID_BYTES);
		skill->level = (uint8_t) pq_getmsgbyte(message);
		skill->years = (uint8_t) pq_getmsgbyte(message);
		if (skill->level < SKL_SKILL_LEVEL_MIN || skill->level > SKL_SKILL_LEVEL_MAX)
			bad_message("level");
		if (skill->years > SKL_SKILL_YEARS_MAX)
			bad_message("years");
		if (i > 0 && memcmp(set->skills[i - 1].id, skill->id, SKL_UUID_BYTES) >= 0)
			bad_message("order");
	}
	PG_RETURN_SKILLSET_P(set);
}

/* skillset_send(skillset): the form that skillset_recv reads. */
Datum
skl_skillset_send(PG_FUNCTION_ARGS)
{
	SklSkillset *set = PG_GETARG_SKILLSET_P(0);
	StringInfoData message;
	int i;

	pq_begintypsend(&message);
	pq_sendint32(&message, (uint32) set->count);
	for (i = 0; i < set->count; i++)
	{
		pq_sendbytes(&message, (const char *) set->skills[i].id, SKL_UUID_BYTES);
		pq_sendint8(&message, set->skills[i].level);
		pq_sendint8(&message, set->skills[i].years);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* Total order: entry by entry (id, level, years), a prefix comes first. */
static int
compare_sets(const SklSkillset *a, const SklSkillset *b)
{
	int order = memcmp(a->skills, b->skills, sizeof(SklSkill) * (Size) Min(a->count, b->count));

	if (order != 0)
		return order < 0 ? -1 : 1;
	return (a->count > b->count) - (a->count < b->count);
}

/* The six comparison operators. */
#define SKILLSET_COMPARISON(name, op)             \
	PG_FUNCTION_INFO_V1(skl_skillset_##name);     \
	Datum skl_skillset_##name(PG_FUNCTION_ARGS)   \
	{                                             \
		SklSkillset *a = PG_GETARG_SKILLSET_P(0); \
		SklSkillset *b = PG_GETARG_SKILLSET_P(1); \
		bool result = compare_sets(a, b) op 0;    \
                                                  \
		PG_FREE_IF_COPY(a, 0);                    \
		PG_FREE_IF_COPY(b, 1);                    \
		PG_RETURN_BOOL(result);                   \
	}

SKILLSET_COMPARISON(eq, ==)
SKILLSET_COMPARISON(ne, !=)
SKILLSET_COMPARISON(lt, <)
SKILLSET_COMPARISON(le, <=)
SKILLSET_COMPARISON(ge, >=)
SKILLSET_COMPARISON(gt, >)

PG_FUNCTION_INFO_V1(skl_skillset_cmp);
PG_FUNCTION_INFO_V1(skl_skillset_hash);
PG_FUNCTION_INFO_V1(skl_skillset_hash_extended);
PG_FUNCTION_INFO_V1(skl_skillset_contains);
PG_FUNCTION_INFO_V1(skl_skillset_contained);
PG_FUNCTION_INFO_V1(skl_skillset_overlap);

/* skillset_cmp(skillset, skillset) returns -1, 0 or 1. */
Datum
skl_skillset_cmp(PG_FUNCTION_ARGS)
{
	SklSkillset *a = PG_GETARG_SKILLSET_P(0);
	SklSkillset *b = PG_GETARG_SKILLSET_P(1);
	int result = compare_sets(a, b);

	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	PG_RETURN_INT32(result);
}

/* skillset_hash(skillset) */
Datum
skl_skillset_hash(PG_FUNCTION_ARGS)
{
	SklSkillset *set = PG_GETARG_SKILLSET_P(0);
	Datum hash =
		hash_any((const unsigned char *) set->skills, (int) (sizeof(SklSkill) * (Size) set->count));

	PG_FREE_IF_COPY(set, 0);
	return hash;
}

/* skillset_hash_extended(skillset, bigint): the same with a seed. */
Datum
skl_skillset_hash_extended(PG_FUNCTION_ARGS)
{
	SklSkillset *set = PG_GETARG_SKILLSET_P(0);
	Datum hash = hash_any_extended((const unsigned char *) set->skills,
								   (int) (sizeof(SklSkill) * (Size) set->count),
								   (uint64) PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(set, 0);
	return hash;
}

/* skillset @> skillset: every skill of the right, at no lower level and with no fewer years. */
Datum
skl_skillset_contains(PG_FUNCTION_ARGS)
{
	SklSkillset *a = PG_GETARG_SKILLSET_P(0);
	SklSkillset *b = PG_GETARG_SKILLSET_P(1);

	PG_RETURN_BOOL(skl_skills_contain(a->skills, a->count, b->skills, b->count));
}

/* skillset <@ skillset */
Datum
skl_skillset_contained(PG_FUNCTION_ARGS)
{
	SklSkillset *a = PG_GETARG_SKILLSET_P(0);
	SklSkillset *b = PG_GETARG_SKILLSET_P(1);

	PG_RETURN_BOOL(skl_skills_contain(b->skills, b->count, a->skills, a->count));
}

/* skillset && skillset: a skill in common. */
Datum
skl_skillset_overlap(PG_FUNCTION_ARGS)
{
	SklSkillset *a = PG_GETARG_SKILLSET_P(0);
	SklSkillset *b = PG_GETARG_SKILLSET_P(1);

	PG_RETURN_BOOL(skl_skills_overlap(a->skills, a->count, b->skills, b->count));
}
