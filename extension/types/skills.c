/*
 * types/skills.c
 *		Sets of skills as plain C, see skills.h.
 */
#include "skl.h"

#include "types/skills.h"

#include <stdlib.h>

static int
compare_skills(const void *a, const void *b)
{
	return memcmp(((const SklSkill *) a)->id, ((const SklSkill *) b)->id, SKL_UUID_BYTES);
}

SklParseError
skl_skills_sort(SklSkill *skills, int *count)
{
	int i;

	qsort(skills, (size_t) *count, sizeof(SklSkill), compare_skills);
	for (i = 1; i < *count; i++)
		if (compare_skills(&skills[i - 1], &skills[i]) == 0)
		{
			*count = i;
			return SKL_PARSE_DUPLICATE;
		}
	return SKL_PARSE_OK;
}

/* Reads a small number without sign; error when it is none or outside lowest..highest. */
static SklParseError
read_number(const char *str, size_t len, int lowest, int highest, SklParseError error,
			uint8_t *result)
{
	int value = 0;
	size_t i;

	skl_trim(&str, &len);
	if (len == 0 || len > 9)
		return SKL_PARSE_SYNTAX;
	for (i = 0; i < len; i++)
	{
		if (str[i] < '0' || str[i] > '9')
			return SKL_PARSE_SYNTAX;
		value = value * 10 + (str[i] - '0');
	}
	if (value < lowest || value > highest)
		return error;
	*result = (uint8_t) value;
	return SKL_PARSE_OK;
}

/* Reads one entry: skill:level or skill:level:years. */
static SklParseError
read_entry(const char *str, size_t len, SklSkill *skill)
{
	const char *level = memchr(str, ':', len);
	const char *years;
	const char *end = str + len;
	SklParseError error;

	if (level == NULL)
		return SKL_PARSE_SYNTAX;
	error = skl_id_parse("skl", str, (size_t) (level - str), skill->id);
	if (error != SKL_PARSE_OK)
		return error;
	level++;
	years = memchr(level, ':', (size_t) (end - level));
	error = read_number(level, (size_t) ((years != NULL ? years : end) - level),
						SKL_SKILL_LEVEL_MIN, SKL_SKILL_LEVEL_MAX, SKL_PARSE_LEVEL, &skill->level);
	if (error != SKL_PARSE_OK)
		return error;
	skill->years = 0;
	if (years == NULL)
		return SKL_PARSE_OK;
	years++;
	return read_number(years, (size_t) (end - years), 0, SKL_SKILL_YEARS_MAX, SKL_PARSE_YEARS,
					   &skill->years);
}

SklParseError
skl_skills_parse(const char *str, size_t len, SklSkill *skills, int *count)
{
	const char *end;

	*count = 0;
	skl_trim(&str, &len);
	if (len == 0)
		return SKL_PARSE_EMPTY;
	if (len < 2 || str[0] != '{' || str[len - 1] != '}')
		return SKL_PARSE_SYNTAX;
	str++;
	len -= 2;
	end = str + len;
	skl_trim(&str, &len);
	if (len == 0)
		return SKL_PARSE_OK;
	for (;;)
	{
		const char *comma = memchr(str, ',', (size_t) (end - str));
		SklParseError error;

		if (*count == SKL_SKILLS_MAX)
			return SKL_PARSE_TOO_MANY;
		error =
			read_entry(str, (size_t) ((comma != NULL ? comma : end) - str), &skills[(*count)++]);
		if (error != SKL_PARSE_OK)
			return error;
		if (comma == NULL)
			return skl_skills_sort(skills, count);
		str = comma + 1;
	}
}

size_t
skl_skills_write(const SklSkill *skills, int count, char *out)
{
	size_t pos = 0;
	int i;

	out[pos++] = '{';
	for (i = 0; i < count; i++)
	{
		if (i > 0)
			out[pos++] = ',';
		pos += skl_typeid_write("skl", skills[i].id, out + pos);
		out[pos++] = ':';
		out[pos++] = (char) ('0' + skills[i].level);
		out[pos++] = ':';
		if (skills[i].years >= 10)
			out[pos++] = (char) ('0' + skills[i].years / 10);
		out[pos++] = (char) ('0' + skills[i].years % 10);
	}
	out[pos++] = '}';
	out[pos] = '\0';
	return pos;
}

const SklSkill *
skl_skills_find(const SklSkill *skills, int count, const uint8_t *id)
{
	int low = 0;
	int high = count;

	while (low < high)
	{
		int middle = low + (high - low) / 2;
		int order = memcmp(id, skills[middle].id, SKL_UUID_BYTES);

		if (order == 0)
			return &skills[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool
skl_skills_contain(const SklSkill *a, int n_a, const SklSkill *b, int n_b)
{
	int i;

	if (n_b > n_a)
		return false;
	for (i = 0; i < n_b; i++)
	{
		const SklSkill *found = skl_skills_find(a, n_a, b[i].id);

		if (found == NULL || found->level < b[i].level || found->years < b[i].years)
			return false;
	}
	return true;
}

bool
skl_skills_overlap(const SklSkill *a, int n_a, const SklSkill *b, int n_b)
{
	int i = 0;
	int j = 0;

	while (i < n_a && j < n_b)
	{
		int order = memcmp(a[i].id, b[j].id, SKL_UUID_BYTES);

		if (order == 0)
			return true;
		if (order < 0)
			i++;
		else
			j++;
	}
	return false;
}

double
skl_skills_coverage(const SklSkill *have, int n_have, const SklSkill *want, int n_want,
					const double *weights)
{
	double covered = 0;
	double all = 0;
	int i;

	for (i = 0; i < n_want; i++)
	{
		const SklSkill *found = skl_skills_find(have, n_have, want[i].id);
		double weight = weights == NULL ? 1 : weights[i];

		all += weight;
		if (found != NULL)
			covered +=
				found->level >= want[i].level ? weight : weight * found->level / want[i].level;
	}
	return all > 0 ? covered / all : 1;
}
