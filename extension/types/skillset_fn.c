/*
 * types/skillset_fn.c
 *		SQL functions of skillset beyond its operators: building, taking apart, casts to and from
 *		JSON.
 *
 * JSON form: [{"skillId": "skl_...", "level": 3, "years": 5}, ...]; "years" may be left out on
 * input.
 */
#include "skl.h"

#include "types/skillset.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(skl_skillset_count);
PG_FUNCTION_INFO_V1(skl_skillset_level);
PG_FUNCTION_INFO_V1(skl_skillset_years);
PG_FUNCTION_INFO_V1(skl_skillset_ids);
PG_FUNCTION_INFO_V1(skl_skillset_entries);
PG_FUNCTION_INFO_V1(skl_skillset_of);
PG_FUNCTION_INFO_V1(skl_skillset_put);
PG_FUNCTION_INFO_V1(skl_skillset_remove);

/* skill_count(skillset) returns integer */
Datum
skl_skillset_count(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_SKILLSET_P(0)->count);
}

/* skill_level(skillset, skill_id) returns integer: 1..4, NULL when it is not in the set. */
Datum
skl_skillset_level(PG_FUNCTION_ARGS)
{
	SklSkillset *set = PG_GETARG_SKILLSET_P(0);
	const SklSkill *skill = skl_skills_find(set->skills, set->count, PG_GETARG_UUID_P(1)->data);

	if (skill == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT32(skill->level);
}

/* skill_years(skillset, skill_id) returns integer: NULL when it is not in the set. */
Datum
skl_skillset_years(PG_FUNCTION_ARGS)
{
	SklSkillset *set = PG_GETARG_SKILLSET_P(0);
	const SklSkill *skill = skl_skills_find(set->skills, set->count, PG_GETARG_UUID_P(1)->data);

	if (skill == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT32(skill->years);
}

/* skill_ids(skillset) returns skill_id[], ascending: what a GIN index takes. */
Datum
skl_skillset_ids(PG_FUNCTION_ARGS)
{
	SklSkillset *set = PG_GETARG_SKILLSET_P(0);
	Oid type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	Datum *ids = (Datum *) palloc(sizeof(Datum) * (Size) Max(set->count, 1));
	int i;

	for (i = 0; i < set->count; i++)
		ids[i] = PointerGetDatum(set->skills[i].id);
	return PointerGetDatum(construct_array(ids, set->count, type, UUID_LEN, false, TYPALIGN_CHAR));
}

/* skills(skillset) returns setof (skill_id, level, years) */
Datum
skl_skillset_entries(PG_FUNCTION_ARGS)
{
	SklSkillset *set = PG_GETARG_SKILLSET_P(0);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	bool nulls[3] = {false, false, false};
	Datum values[3];
	int i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < set->count; i++)
	{
		values[0] = PointerGetDatum(set->skills[i].id);
		values[1] = Int32GetDatum(set->skills[i].level);
		values[2] = Int32GetDatum(set->skills[i].years);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* The data of a one-dimensional array without nulls and of n elements (n < 0: any number). */
static char *
plain_array(ArrayType *array, int n, int *found)
{
	int items = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1 || array_contains_nulls(array) || (n >= 0 && items != n))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("skills, levels and years must be arrays of one length without nulls")));
	*found = items;
	return ARR_DATA_PTR(array);
}

/* skillset_of(skill_id[], levels integer[], years integer[]) */
Datum
skl_skillset_of(PG_FUNCTION_ARGS)
{
	int count;
	int same;
	const pg_uuid_t *ids = (pg_uuid_t *) plain_array(PG_GETARG_ARRAYTYPE_P(0), -1, &count);
	const int32 *levels = (int32 *) plain_array(PG_GETARG_ARRAYTYPE_P(1), count, &same);
	const int32 *years = (int32 *) plain_array(PG_GETARG_ARRAYTYPE_P(2), count, &same);
	SklSkill *skills = (SklSkill *) palloc(sizeof(SklSkill) * (Size) Max(count, 1));
	int i;

	for (i = 0; i < count; i++)
		skills[i] = skl_skill_checked(&ids[i], levels[i], years[i]);
	PG_RETURN_SKILLSET_P(skl_skillset_from_entries(skills, count));
}

/* Copies all entries but one into a new array with room for one more. */
static SklSkill *
copy_without(const SklSkillset *set, const uint8_t *id, int *count)
{
	SklSkill *skills = (SklSkill *) palloc(sizeof(SklSkill) * (Size) (set->count + 1));
	int i;

	*count = 0;
	for (i = 0; i < set->count; i++)
		if (memcmp(set->skills[i].id, id, SKL_UUID_BYTES) != 0)
			skills[(*count)++] = set->skills[i];
	return skills;
}

/*
 * skillset_put(skillset, skill_id, level, years): adds the skill, or replaces its level and years.
 */
Datum
skl_skillset_put(PG_FUNCTION_ARGS)
{
	SklSkillset *set = PG_GETARG_SKILLSET_P(0);
	pg_uuid_t *id = PG_GETARG_UUID_P(1);
	SklSkill added = skl_skill_checked(id, PG_GETARG_INT32(2), PG_GETARG_INT32(3));
	int count;
	SklSkill *skills = copy_without(set, id->data, &count);

	skills[count++] = added;
	PG_RETURN_SKILLSET_P(skl_skillset_from_entries(skills, count));
}

/* skillset_remove(skillset, skill_id): the set without the skill. */
Datum
skl_skillset_remove(PG_FUNCTION_ARGS)
{
	SklSkillset *set = PG_GETARG_SKILLSET_P(0);
	int count;
	SklSkill *skills = copy_without(set, PG_GETARG_UUID_P(1)->data, &count);

	PG_RETURN_SKILLSET_P(skl_skillset_make(skills, count));
}

PG_FUNCTION_INFO_V1(skl_skillset_coverage);

/* The weights of a wish, one a skill; NULL when there is no argument. */
static double *
read_weights(FunctionCallInfo fcinfo, int argument, int n)
{
	ArrayType *array;
	double *weights;

	if (PG_ARGISNULL(argument))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P(argument);
	if (ARR_NDIM(array) > 1 || array_contains_nulls(array) ||
		ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) != n)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("there must be one weight for each of %d skills", n)));
	weights = (double *) ARR_DATA_PTR(array);
	for (int i = 0; i < n; i++)
		if (!(weights[i] >= 0 && weights[i] <= 1e9))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("weights must be between 0 and 1000000000")));
	return weights;
}

/* skillset_coverage(have skillset, want skillset, weights float8[]) returns float8: 0..1. */
Datum
skl_skillset_coverage(PG_FUNCTION_ARGS)
{
	SklSkillset *have;
	SklSkillset *want;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	have = PG_GETARG_SKILLSET_P(0);
	want = PG_GETARG_SKILLSET_P(1);
	PG_RETURN_FLOAT8(skl_skills_coverage(have->skills, have->count, want->skills, want->count,
										 read_weights(fcinfo, 2, want->count)));
}

PG_FUNCTION_INFO_V1(skl_skillset_to_json);
PG_FUNCTION_INFO_V1(skl_skillset_to_jsonb);
PG_FUNCTION_INFO_V1(skl_skillset_from_json);
PG_FUNCTION_INFO_V1(skl_skillset_from_jsonb);

/* The JSON text of a set; nothing in it needs an escape. */
static StringInfo
json_text(const SklSkillset *set)
{
	StringInfo json = makeStringInfo();
	char id[SKL_TYPEID_MAX];
	int i;

	appendStringInfoChar(json, '[');
	for (i = 0; i < set->count; i++)
	{
		skl_typeid_write("skl", set->skills[i].id, id);
		appendStringInfo(json, "%s{\"skillId\":\"%s\",\"level\":%d,\"years\":%d}", i > 0 ? "," : "",
						 id, set->skills[i].level, set->skills[i].years);
	}
	appendStringInfoChar(json, ']');
	return json;
}

/* skillset::json */
Datum
skl_skillset_to_json(PG_FUNCTION_ARGS)
{
	StringInfo json = json_text(PG_GETARG_SKILLSET_P(0));

	PG_RETURN_TEXT_P(cstring_to_text_with_len(json->data, json->len));
}

/* skillset::jsonb */
Datum
skl_skillset_to_jsonb(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json_text(PG_GETARG_SKILLSET_P(0))->data));
}

static void
json_error(const char *detail)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
		 errmsg("invalid JSON value for type skillset"), errdetail_internal("%s", detail),
		 errhint("Write it as [{\"skillId\": \"skl_...\", \"level\": 3, \"years\": 5}, ...].")));
}

/* A whole number among the members of an object; missing when it is not there. */
static int64
number_member(JsonbContainer *object, const char *name, int64 missing)
{
	JsonbValue value;
	char *digits;

	if (getKeyJsonValueFromContainer(object, name, (int) strlen(name), &value) == NULL)
		return missing;
	if (value.type != jbvNumeric)
		json_error("Level and years must be whole numbers.");
	digits = numeric_normalize(value.val.numeric);
	if (strchr(digits, '.') != NULL || strlen(digits) > 9)
		json_error("Level and years must be small whole numbers.");
	return strtol(digits, NULL, 10);
}

/* One entry from its JSON object. */
static SklSkill
entry_from_json(JsonbContainer *object)
{
	JsonbValue value;
	pg_uuid_t id;
	int64 level = number_member(object, "level", -1);
	int64 years = number_member(object, "years", 0);

	if (getKeyJsonValueFromContainer(object, "skillId", 7, &value) == NULL ||
		value.type != jbvString || level < 0)
		json_error("An entry needs the string skillId and the number level.");
	if (skl_id_parse("skl", value.val.string.val, (size_t) value.val.string.len, id.data) !=
		SKL_PARSE_OK)
		json_error("A skillId is not valid.");
	return skl_skill_checked(&id, level, years);
}

static SklSkillset *
from_jsonb(Jsonb *json)
{
	SklSkill *skills;
	int count = (int) JB_ROOT_COUNT(json);
	int i;

	if (!JB_ROOT_IS_ARRAY(json) || JB_ROOT_IS_SCALAR(json) || count > SKL_SKILLS_MAX)
		json_error("It must be an array of at most 500 entries.");
	skills = (SklSkill *) palloc(sizeof(SklSkill) * (Size) Max(count, 1));
	for (i = 0; i < count; i++)
	{
		JsonbValue *entry = getIthJsonbValueFromContainer(&json->root, (uint32) i);

		if (entry->type != jbvBinary || !JsonContainerIsObject(entry->val.binary.data))
			json_error("Each entry must be an object.");
		skills[i] = entry_from_json(entry->val.binary.data);
	}
	return skl_skillset_from_entries(skills, count);
}

/* jsonb::skillset */
Datum
skl_skillset_from_jsonb(PG_FUNCTION_ARGS)
{
	PG_RETURN_SKILLSET_P(from_jsonb(PG_GETARG_JSONB_P(0)));
}

/* json::skillset */
Datum
skl_skillset_from_json(PG_FUNCTION_ARGS)
{
	char *str = text_to_cstring(PG_GETARG_TEXT_PP(0));

	PG_RETURN_SKILLSET_P(
		from_jsonb(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(str)))));
}
