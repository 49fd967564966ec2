/*
 * test/fuzz/skills_fuzz.c
 *		Fuzzes the parser of skillsets: what is accepted is sorted, comes back from its own text,
 * and contains itself.
 */
#include "skl.h"

#include "types/skills.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static SklSkill skills[SKL_SKILLS_MAX];
	static SklSkill again[SKL_SKILLS_MAX];
	static char written[SKL_SKILLS_MAX * SKL_SKILL_TEXT_MAX + 3];
	int count;
	int count_again;
	size_t len;

	if (skl_skills_parse((const char *) data, size, skills, &count) != SKL_PARSE_OK)
		return 0;
	len = skl_skills_write(skills, count, written);
	must(len < sizeof(written));
	must(skl_skills_parse(written, len, again, &count_again) == SKL_PARSE_OK);
	must(count == count_again && memcmp(skills, again, sizeof(SklSkill) * (size_t) count) == 0);
	must(skl_skills_contain(skills, count, again, count_again));
	must(skl_skills_overlap(skills, count, again, count_again) == (count > 0));
	return 0;
}
