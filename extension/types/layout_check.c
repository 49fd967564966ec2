/*
 * types/layout_check.c
 *		Pins the layout of every value that is stored: makes no code. A change that fails here would
 *		make the rows of existing databases unreadable.
 */
#include "skl.h"

#include "types/monetary.h"
#include "types/rating_tally.h"
#include "types/skillset.h"

StaticAssertDecl(sizeof(pg_uuid_t) == SKL_UUID_BYTES, "id types are uuids");

StaticAssertDecl(sizeof(SklMonetary) == 16, "monetary has INTERNALLENGTH 16");
StaticAssertDecl(offsetof(SklMonetary, minor) == 0, "monetary.minor moved");
StaticAssertDecl(offsetof(SklMonetary, currency) == 8, "monetary.currency moved");
StaticAssertDecl(offsetof(SklMonetary, zero) == 12, "monetary.zero moved");

StaticAssertDecl(sizeof(SklSkill) == 18, "entries of a skillset have no padding");
StaticAssertDecl(offsetof(SklSkill, level) == 16, "level of a skill moved");
StaticAssertDecl(offsetof(SklSkill, years) == 17, "years of a skill moved");
StaticAssertDecl(offsetof(SklSkillset, count) == 4, "count of a skillset moved");
StaticAssertDecl(offsetof(SklSkillset, skills) == 8, "entries of a skillset moved");

StaticAssertDecl(sizeof(SklTally) == 20, "rating_tally has INTERNALLENGTH 20");
StaticAssertDecl(offsetof(SklTally, count) == 0, "counters of a rating_tally moved");
