/*
 * search/match_fn.c
 *		Matching in SQL: people for a project, projects for a person, and one pair.
 *
 * Two phases within one call: candidates by rare skills and words (match_load.c), then the score of
 * each of them in memory (match.c). The functions run as the engine, so who may ask is decided
 * here: a client about his own project, a freelancer about himself.
 */
#include "skl.h"

#include "search/match_load.h"

#include "core/errors.h"
#include "core/request.h"
#include "core/spi.h"

#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#define RESULT_COLUMNS (2 + SKL_MATCH_PARTS + 1)

PG_FUNCTION_INFO_V1(skl_fn_match_people);
PG_FUNCTION_INFO_V1(skl_fn_match_projects);
PG_FUNCTION_INFO_V1(skl_fn_match_score);

/* One scored candidate. */
typedef struct Candidate
{
	const pg_uuid_t *id;
	const SklMatchProject *project;
	SklMatchScore score;
} Candidate;

static int
compare_candidates(const void *a, const void *b)
{
	const Candidate *x = (const Candidate *) a;
	const Candidate *y = (const Candidate *) b;

	if (x->score.total != y->score.total)
		return x->score.total > y->score.total ? -1 : 1;
	return memcmp(y->id, x->id, UUID_LEN);
}

static Datum
one_id(const pg_uuid_t *id)
{
	Datum item = UUIDPGetDatum(id);

	return PointerGetDatum(construct_array(&item, 1, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

/* Skills of the project that the person has, as skill_id[]. */
static Datum
matched_skills(const Candidate *candidate, Oid element)
{
	Datum items[SKL_MATCH_SKILLS];
	int n = 0;

	for (int i = 0; i < candidate->project->nskills; i++)
		if (candidate->score.matched[i])
			items[n++] = UUIDPGetDatum(&candidate->project->skills[i]);
	return PointerGetDatum(construct_array(items, n, element, UUID_LEN, false, TYPALIGN_CHAR));
}

/* Puts the best candidates into the result: id, score, the parts, the skills. */
static void
put_best(ReturnSetInfo *result, Candidate *candidates, int n, int limit)
{
	Oid skill = get_element_type(TupleDescAttr(result->setDesc, RESULT_COLUMNS - 1)->atttypid);
	bool nulls[RESULT_COLUMNS] = {false};
	Datum values[RESULT_COLUMNS];

	qsort(candidates, (size_t) n, sizeof(Candidate), compare_candidates);
	for (int i = 0; i < Min(n, limit) && candidates[i].score.total > 0; i++)
	{
		values[0] = UUIDPGetDatum(candidates[i].id);
		values[1] = Float8GetDatum(candidates[i].score.total);
		for (int part = 0; part < SKL_MATCH_PARTS; part++)
			values[2 + part] = Float8GetDatum(candidates[i].score.parts[part]);
		values[RESULT_COLUMNS - 1] = matched_skills(&candidates[i], skill);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

static void
score_pair(const SklLexicon *lexicon, const SklMatchProject *project, const SklMatchPerson *person,
		   const pg_uuid_t *id, Candidate *candidate)
{
	SklTitleWord title[SKL_MATCH_WORDS];
	int ntitle = project->title == NULL ? 0 : skl_match_title(lexicon, project->title, title);

	candidate->id = id;
	candidate->project = project;
	skl_match_score(lexicon, project, title, ntitle, person, &candidate->score);
}

/* The project whose client asks. */
static SklMatchProject *
own_project(const pg_uuid_t *id)
{
	static SklStmt stmt =
		SKL_STMT("SELECT FROM skillancer.project WHERE id = $1::skillancer.project_id"
				 " AND client_id = $2::skillancer.user_id",
				 UUIDOID, UUIDOID);
	const SklRequest *request = skl_request();
	Datum args[2] = {UUIDPGetDatum(id)};
	SklMatchProject *project;
	int n;

	if (request == NULL || !request->has_user)
		skl_fail(SKL_ERR_AUTHENTICATION_ERROR);
	args[1] = UUIDPGetDatum(&request->user_id);
	if (skl_spi_exec(&stmt, args, NULL) != 1)
		skl_fail(SKL_ERR_RESOURCE_NOT_FOUND);
	project = skl_match_load_projects(one_id(id), NULL, &n);
	if (n != 1)
		skl_fail(SKL_ERR_RESOURCE_NOT_FOUND);
	return project;
}

/* match_people(project_id, limit): the best freelancers for a project of the caller. */
Datum
skl_fn_match_people(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *id = PG_GETARG_UUID_P(0);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	SklMatchProject *project;
	SklMatchPerson *people;
	Candidate *candidates;
	SklLexicon lexicon;
	int n;

	InitMaterializedSRF(fcinfo, 0);
	skl_spi_connect();
	project = own_project(id);
	skl_match_load_lexicon(&lexicon, "PROFILE", project, 1);
	people = skl_match_load_people(skl_match_find_people(&lexicon, project), id, &n);
	candidates = palloc(sizeof(Candidate) * (size_t) Max(n, 1));
	for (int i = 0; i < n; i++)
		score_pair(&lexicon, project, &people[i], &people[i].id, &candidates[i]);
	put_best(result, candidates, n, PG_GETARG_INT32(1));
	skl_spi_finish();
	return (Datum) 0;
}

/* match_projects(limit): the best open public projects for the caller. */
Datum
skl_fn_match_projects(PG_FUNCTION_ARGS)
{
	const SklRequest *request = skl_request();
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	SklMatchPerson *person;
	SklMatchProject *projects;
	Candidate *candidates;
	SklLexicon lexicon;
	int n;

	InitMaterializedSRF(fcinfo, 0);
	if (request == NULL || !request->has_user)
		skl_fail(SKL_ERR_AUTHENTICATION_ERROR);
	skl_spi_connect();
	person = skl_match_load_people(one_id(&request->user_id), NULL, &n);
	if (n == 1)
	{
		person->eligible = true; /* whoever asks; others would not find him */
		projects = skl_match_load_projects(skl_match_find_projects(person), &request->user_id, &n);
		skl_match_load_lexicon(&lexicon, "PROFILE", projects, n);
		candidates = palloc(sizeof(Candidate) * (size_t) Max(n, 1));
		for (int i = 0; i < n; i++)
			score_pair(&lexicon, &projects[i], person, &projects[i].id, &candidates[i]);
		put_best(result, candidates, n, PG_GETARG_INT32(0));
	}
	skl_spi_finish();
	return (Datum) 0;
}

/* match_score(project_id, user_id): the score of one pair; no row when it is 0. */
Datum
skl_fn_match_score(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *id = PG_GETARG_UUID_P(0);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	SklMatchProject *project;
	SklMatchPerson *person;
	SklLexicon lexicon;
	Candidate candidate;
	int nprojects;
	int npeople;

	InitMaterializedSRF(fcinfo, 0);
	skl_spi_connect();
	project = skl_match_load_projects(one_id(id), NULL, &nprojects);
	person = skl_match_load_people(one_id(PG_GETARG_UUID_P(1)), id, &npeople);
	if (nprojects == 1 && npeople == 1)
	{
		skl_match_load_lexicon(&lexicon, "PROFILE", project, 1);
		score_pair(&lexicon, project, person, &person->id, &candidate);
		put_best(result, &candidate, 1, 1);
	}
	skl_spi_finish();
	return (Datum) 0;
}
