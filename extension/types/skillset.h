/*
 * types/skillset.h
 *		The SQL type skillset for other C code of the extension.
 */
#ifndef SKL_TYPES_SKILLSET_H
#define SKL_TYPES_SKILLSET_H

#include "types/skills.h"

/* The stored value: entries sorted by skill id. */
typedef struct SklSkillset
{
	int32 vl_len_; /* varlena header, only through SET_VARSIZE and VARSIZE */
	int32 count;
	SklSkill skills[FLEXIBLE_ARRAY_MEMBER];
} SklSkillset;

#define SKL_SKILLSET_SIZE(count) (offsetof(SklSkillset, skills) + sizeof(SklSkill) * (Size) (count))

#define DatumGetSkillsetP(datum) ((SklSkillset *) PG_DETOAST_DATUM(datum))
#define PG_GETARG_SKILLSET_P(n) DatumGetSkillsetP(PG_GETARG_DATUM(n))
#define PG_RETURN_SKILLSET_P(set) PG_RETURN_POINTER(set)

/* A new set of entries that are sorted and valid already. */
extern SklSkillset *skl_skillset_make(const SklSkill *skills, int count);

/*
 * A new set of valid entries in any order; sorts them in place, 22023 when a skill is there twice.
 */
extern SklSkillset *skl_skillset_from_entries(SklSkill *skills, int count);

/* An entry from unchecked numbers; 22023 when level or years are out of range. */
extern SklSkill skl_skill_checked(const pg_uuid_t *id, int64 level, int64 years);

#endif
