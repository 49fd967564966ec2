/*
 * search/match_load.c
 *		Reading what the match score is made of, see match_load.h.
 *
 * Candidates come from the GIN indexes by keys: skills, what is related to them, and words. A key
 * that few have says most about a pair and costs least to look up, so keys are taken from the
 * rarest on, until SKL_MATCH_FOUND documents have them; who has the most weight of keys, counted by
 * rarity, is a candidate. All statements go by ids and keys: their plans are kept.
 */
#include "skl.h"

#include "search/match_load.h"

#include "core/clock.h"
#include "core/spi.h"

#include "utils/array.h"

#include <math.h>

/* Weight of a word beside a skill of the same rarity: that of the text part beside the skills. */
#define WORD_WEIGHT (0.15 / 0.35)

/* A skill or a word to find candidates by. */
typedef struct Key
{
	const pg_uuid_t *skill; /* NULL for a word */
	const char *word;
	int length;
	int32 documents;
	double weight;
} Key;

static Datum
uuid_array(const pg_uuid_t **ids, int n)
{
	Datum *items = palloc(sizeof(Datum) * (size_t) Max(n, 1));

	for (int i = 0; i < n; i++)
		items[i] = UUIDPGetDatum(ids[i]);
	return PointerGetDatum(construct_array(items, n, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}

static Datum
text_array(Datum *items, int n)
{
	return PointerGetDatum(construct_array(items, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static int64
int_value(uint64 row, int column)
{
	bool isnull;
	Datum value = skl_spi_value(row, column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

static double
float_value(uint64 row, int column)
{
	bool isnull;
	Datum value = skl_spi_value(row, column, &isnull);

	return isnull ? 0 : DatumGetFloat8(value);
}

static bool
bool_value(uint64 row, int column)
{
	bool isnull;
	Datum value = skl_spi_value(row, column, &isnull);

	return !isnull && DatumGetBool(value);
}

static void
id_value(uint64 row, int column, pg_uuid_t *id)
{
	bool isnull;

	memcpy(id, DatumGetPointer(skl_spi_value(row, column, &isnull)), UUID_LEN);
}

/* A value of variable length, or NULL. */
static struct varlena *
long_value(uint64 row, int column)
{
	bool isnull;
	Datum value = skl_spi_value(row, column, &isnull);

	return isnull ? NULL : PG_DETOAST_DATUM(value);
}

/* The elements of an array of ids. */
static const pg_uuid_t *
ids_value(uint64 row, int column, int *n)
{
	ArrayType *array = (ArrayType *) long_value(row, column);

	*n = array == NULL ? 0 : ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return *n == 0 ? NULL : (const pg_uuid_t *) ARR_DATA_PTR(array);
}

/* Three columns: minor units, currency, cents of a dollar. */
static void
price_value(uint64 row, int column, SklMatchPrice *price)
{
	char *code = skl_spi_text(row, column + 1);
	bool isnull;

	strlcpy(price->currency, code == NULL ? "" : code, sizeof(price->currency));
	price->known = code != NULL;
	price->minor = int_value(row, column);
	(void) skl_spi_value(row, column + 2, &isnull);
	price->has_usd = !isnull;
	price->usd = int_value(row, column + 2);
}

SklMatchProject *
skl_match_load_projects(Datum ids, const pg_uuid_t *freelancer, int *n)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT p.id, p.skills, p.title_words, CASE p.experience WHEN 'EXPERT' THEN 4 WHEN "
		"'INTERMEDIATE' THEN 2"
		" ELSE 1 END::bigint, p.budget_kind = 'HOURLY', skillancer.monetary_minor(p.budget_max),"
		" skillancer.monetary_currency(p.budget_max),"
		" CASE WHEN skillancer.monetary_currency(p.budget_max) = 'USD' THEN"
		" skillancer.monetary_minor(p.budget_max)"
		" ELSE skillancer.monetary_minor(skillancer.fx_value(p.budget_max, 'USD')) END, $2 IS NULL"
		" OR (p.client_id <> $2::skillancer.user_id AND NOT EXISTS (SELECT FROM "
		"skillancer.proposal b"
		" WHERE b.project_id = p.id AND b.freelancer_id = $2::skillancer.user_id))"
		" FROM skillancer.project p WHERE p.id = ANY ($1::skillancer.project_id[])",
		UUIDARRAYOID, UUIDOID);
	Datum args[2] = {ids, freelancer == NULL ? (Datum) 0 : UUIDPGetDatum(freelancer)};
	SklMatchProject *projects;

	*n = (int) skl_spi_exec(&stmt, args, freelancer == NULL ? " n" : NULL);
	projects = palloc0(sizeof(SklMatchProject) * (size_t) Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		id_value((uint64) i, 1, &projects[i].id);
		projects[i].skills = ids_value((uint64) i, 2, &projects[i].nskills);
		projects[i].nskills = Min(projects[i].nskills, SKL_MATCH_SKILLS);
		projects[i].title = (TSVector) long_value((uint64) i, 3);
		projects[i].level = (int) int_value((uint64) i, 4);
		projects[i].hourly = bool_value((uint64) i, 5);
		price_value((uint64) i, 6, &projects[i].budget);
		projects[i].eligible = bool_value((uint64) i, 9);
	}
	return projects;
}

SklMatchPerson *
skl_match_load_people(Datum ids, const pg_uuid_t *project, int *n)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT p.user_id, p.skills, p.q,"
		" skillancer.monetary_minor(p.hourly_rate), skillancer.monetary_currency(p.hourly_rate),"
		" CASE WHEN skillancer.monetary_currency(p.hourly_rate) = 'USD' THEN"
		" skillancer.monetary_minor(p.hourly_rate)"
		" ELSE skillancer.monetary_minor(skillancer.fx_value(p.hourly_rate, 'USD')) END,"
		" CASE p.availability WHEN 'FULL_TIME' THEN 1 WHEN 'PART_TIME' THEN 0.8 WHEN 'OCCASIONAL'"
		" THEN 0.5 WHEN 'UNAVAILABLE' THEN 0 ELSE 0.6 END::float8, (p.rank / 10000.0)::float8,"
		" p.response::float8, coalesce(r.outcomes, 0)::bigint, p.is_public AND p.is_listed"
		" AND a.state = 'ACTIVE' AND p.availability IS DISTINCT FROM 'UNAVAILABLE'"
		" AND EXISTS (SELECT FROM skillancer.user_role u WHERE u.user_id = p.user_id"
		" AND u.role = 'FREELANCER') AND NOT EXISTS (SELECT FROM skillancer.project j"
		" WHERE j.id = $2::skillancer.project_id AND j.client_id = p.user_id)"
		" AND NOT EXISTS (SELECT FROM skillancer.proposal b WHERE b.project_id ="
		" $2::skillancer.project_id AND b.freelancer_id = p.user_id)"
		" FROM skillancer.profile p JOIN skillancer.user_account a ON a.id = p.user_id"
		" LEFT JOIN skillancer.reputation r ON r.user_id = p.user_id AND r.side = 'FREELANCER'"
		" WHERE p.user_id = ANY ($1::skillancer.user_id[])",
		UUIDARRAYOID, UUIDOID);
	Datum args[2] = {ids, project == NULL ? (Datum) 0 : UUIDPGetDatum(project)};
	SklMatchPerson *people;

	*n = (int) skl_spi_exec(&stmt, args, project == NULL ? " n" : NULL);
	people = palloc0(sizeof(SklMatchPerson) * (size_t) Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		id_value((uint64) i, 1, &people[i].id);
		people[i].skills = (SklSkillset *) long_value((uint64) i, 2);
		people[i].words = (TSVector) long_value((uint64) i, 3);
		price_value((uint64) i, 4, &people[i].rate);
		people[i].availability = float_value((uint64) i, 7);
		people[i].quality = float_value((uint64) i, 8);
		people[i].response = float_value((uint64) i, 9);
		people[i].outcomes = (int) int_value((uint64) i, 10);
		people[i].eligible = bool_value((uint64) i, 11);
	}
	return people;
}

/* Skills that stand for others, in both directions, and merged ones for what they became. */
static void
load_relatives(SklLexicon *lexicon, Datum skills)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT s.id, r.id, r.credit FROM unnest($1::skillancer.skill_id[]) AS s (id)"
		" CROSS JOIN LATERAL ("
		"SELECT c.skill_id AS id, 0.7::float8 AS credit FROM skillancer.skill_parent c"
		" WHERE c.parent_id = s.id"
		" UNION ALL SELECT c.parent_id, 0.4 FROM skillancer.skill_parent c WHERE c.skill_id = s.id"
		" UNION ALL SELECT k.id, 1 FROM skillancer.skill k WHERE k.merged_into = s.id"
		" UNION ALL SELECT k.merged_into, 1 FROM skillancer.skill k WHERE k.id = s.id"
		" AND k.merged_into IS NOT NULL) r",
		UUIDARRAYOID);
	uint64 n = skl_spi_exec(&stmt, &skills, NULL);

	lexicon->relatives = palloc(sizeof(SklRelative) * (size_t) Max(n, 1));
	lexicon->nrelatives = (int) n;
	for (uint64 i = 0; i < n; i++)
	{
		id_value(i, 1, &lexicon->relatives[i].skill);
		id_value(i, 2, &lexicon->relatives[i].relative);
		lexicon->relatives[i].credit = float_value(i, 3);
	}
}

/* How many have each of the skills, and each of their relatives. */
static void
load_skill_counts(SklLexicon *lexicon, const char *corpus, const pg_uuid_t **ids, int n)
{
	static SklStmt stmt =
		SKL_STMT("SELECT m.skill_id, m.documents::bigint FROM skillancer.match_skill m"
				 " WHERE m.corpus = $1 AND m.skill_id = ANY ($2::skillancer.skill_id[])",
				 TEXTOID, UUIDARRAYOID);
	Datum args[2] = {CStringGetTextDatum(corpus)};
	uint64 found;

	for (int i = 0; i < lexicon->nrelatives; i++)
		ids[n++] = &lexicon->relatives[i].relative;
	args[1] = uuid_array(ids, n);
	found = skl_spi_exec(&stmt, args, NULL);
	lexicon->skills = palloc(sizeof(SklSkillCount) * (size_t) Max(found, 1));
	lexicon->nskills = (int) found;
	for (uint64 i = 0; i < found; i++)
	{
		id_value(i, 1, &lexicon->skills[i].skill);
		lexicon->skills[i].documents = (int32) int_value(i, 2);
	}
}

/* How many have each of the words; the empty word counts all. */
static void
load_word_counts(SklLexicon *lexicon, const char *corpus, Datum *words, int n)
{
	static SklStmt stmt = SKL_STMT("SELECT m.word, m.documents::bigint FROM skillancer.match_word m"
								   " WHERE m.corpus = $1 AND m.word = ANY ($2)",
								   TEXTOID, TEXTARRAYOID);
	Datum args[2] = {CStringGetTextDatum(corpus), text_array(words, n)};
	uint64 found = skl_spi_exec(&stmt, args, NULL);

	lexicon->documents = 1;
	lexicon->words = palloc(sizeof(SklWordCount) * (size_t) Max(found, 1));
	lexicon->nwords = 0;
	for (uint64 i = 0; i < found; i++)
	{
		struct varlena *word = long_value(i, 1);
		int32 documents = (int32) int_value(i, 2);

		if (VARSIZE_ANY_EXHDR(word) == 0)
			lexicon->documents = documents;
		else
			lexicon->words[lexicon->nwords++] =
				(SklWordCount){VARDATA_ANY(word), (int) VARSIZE_ANY_EXHDR(word), documents};
	}
}

/* Adds the words of weight A of a title; all of them, because their rarity is not known yet. */
static int
add_words(TSVector words, Datum *items)
{
	int n = 0;

	for (int i = 0; words != NULL && i < words->size; i++)
	{
		const WordEntry *entry = ARRPTR(words) + i;

		if (skl_match_in_title(words, entry))
			items[n++] = PointerGetDatum(
				cstring_to_text_with_len(STRPTR(words) + entry->pos, (int) entry->len));
	}
	return n;
}

/* Reads a lexicon for skills and for the titles of some tsvectors. */
static void
load_lexicon(SklLexicon *lexicon, const char *corpus, const pg_uuid_t **skills, int nskills,
			 const TSVector *titles, int ntitles)
{
	int most = 1;
	int nwords = 1;
	const pg_uuid_t **ids;
	Datum *words;

	for (int i = 0; i < ntitles; i++)
		most += titles[i] == NULL ? 0 : titles[i]->size;
	words = palloc(sizeof(Datum) * (size_t) most);
	words[0] = CStringGetTextDatum("");
	for (int i = 0; i < ntitles; i++)
		nwords += add_words(titles[i], words + nwords);
	load_relatives(lexicon, uuid_array(skills, nskills));
	ids = palloc(sizeof(pg_uuid_t *) * (size_t) (nskills + lexicon->nrelatives + 1));
	memcpy(ids, skills, sizeof(pg_uuid_t *) * (size_t) nskills);
	load_skill_counts(lexicon, corpus, ids, nskills);
	load_word_counts(lexicon, corpus, words, nwords);
	skl_match_sort(lexicon);
}

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(*(const pg_uuid_t *const *) a, *(const pg_uuid_t *const *) b, UUID_LEN);
}

void
skl_match_load_lexicon(SklLexicon *lexicon, const char *corpus, const SklMatchProject *projects,
					   int n)
{
	const pg_uuid_t **skills = palloc(sizeof(pg_uuid_t *) * (size_t) Max(n * SKL_MATCH_SKILLS, 1));
	TSVector *titles = palloc(sizeof(TSVector) * (size_t) Max(n, 1));
	int count = 0;
	int different = 0;

	for (int i = 0; i < n; i++)
	{
		titles[i] = projects[i].title;
		for (int k = 0; k < projects[i].nskills; k++)
			skills[count++] = &projects[i].skills[k];
	}
	qsort(skills, (size_t) count, sizeof(pg_uuid_t *), compare_ids);
	for (int i = 0; i < count; i++)
		if (i == 0 || compare_ids(&skills[i], &skills[i - 1]) != 0)
			skills[different++] = skills[i];
	load_lexicon(lexicon, corpus, skills, different, titles, n);
}

static int
compare_keys(const void *a, const void *b)
{
	const Key *x = (const Key *) a;
	const Key *y = (const Key *) b;

	if (x->documents != y->documents)
		return x->documents < y->documents ? -1 : 1;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return 0;
}

/* A key for each skill and for each of its relatives. */
static int
add_skill_keys(const SklLexicon *lexicon, const pg_uuid_t *skill, Key *keys)
{
	int32 documents = skl_match_skill_count(lexicon, skill);
	const SklRelative *relative;
	int n;

	keys[0] = (Key){skill, NULL, 0, documents, skl_match_idf(lexicon->documents, documents)};
	relative = skl_match_relatives(lexicon, skill, &n);
	for (int i = 0; i < n; i++)
	{
		documents = skl_match_skill_count(lexicon, &relative[i].relative);
		keys[i + 1] =
			(Key){&relative[i].relative, NULL, 0, documents, keys[0].weight * relative[i].credit};
	}
	return n + 1;
}

/* A key for each of the rarest words of a title; a quote would end the query it becomes. */
static int
add_word_keys(const SklLexicon *lexicon, TSVector words, Key *keys)
{
	SklTitleWord title[SKL_MATCH_WORDS];
	int found = words == NULL ? 0 : skl_match_title(lexicon, words, title);
	int n = 0;

	for (int i = 0; i < found; i++)
	{
		double documents = lexicon->documents / Max(expm1(title[i].idf), 1e-9);

		if (memchr(title[i].word, '\'', (size_t) title[i].length) == NULL &&
			memchr(title[i].word, '\\', (size_t) title[i].length) == NULL)
			keys[n++] = (Key){NULL, title[i].word, title[i].length, (int32) rint(documents),
							  WORD_WEIGHT * title[i].idf};
	}
	return n;
}

/* Keeps the rarest keys, and makes the four arrays out of them that the statements take. */
static void
key_arrays(Key *keys, int n, Datum args[4])
{
	Datum *words = palloc(sizeof(Datum) * (size_t) Max(n, 1));
	Datum *weights[2];
	const pg_uuid_t **skills = palloc(sizeof(pg_uuid_t *) * (size_t) Max(n, 1));
	int64 found = 0;
	int nskills = 0;
	int nwords = 0;

	weights[0] = palloc(sizeof(Datum) * (size_t) Max(n, 1));
	weights[1] = palloc(sizeof(Datum) * (size_t) Max(n, 1));
	qsort(keys, (size_t) n, sizeof(Key), compare_keys);
	for (int i = 0; i < n && (i == 0 || found + keys[i].documents <= SKL_MATCH_FOUND); i++)
	{
		found += keys[i].documents;
		if (keys[i].skill != NULL)
		{
			weights[0][nskills] = Float8GetDatum(keys[i].weight);
			skills[nskills++] = keys[i].skill;
		}
		else
		{
			weights[1][nwords] = Float8GetDatum(keys[i].weight);
			words[nwords++] =
				PointerGetDatum(cstring_to_text_with_len(keys[i].word, keys[i].length));
		}
	}
	args[0] = uuid_array(skills, nskills);
	args[1] = PointerGetDatum(construct_array(weights[0], nskills, FLOAT8OID, sizeof(float8),
											  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	args[2] = text_array(words, nwords);
	args[3] = PointerGetDatum(construct_array(weights[1], nwords, FLOAT8OID, sizeof(float8),
											  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* The array that a statement has aggregated; empty when nothing was found. */
static Datum
found_ids(void)
{
	bool isnull;
	Datum ids = skl_spi_value(0, 1, &isnull);

	return isnull ? PointerGetDatum(construct_empty_array(UUIDOID)) : ids;
}

Datum
skl_match_find_people(const SklLexicon *lexicon, const SklMatchProject *project)
{
	static SklStmt stmt =
		SKL_STMT("SELECT array_agg(f.id::uuid) FROM (SELECT x.id FROM ("
				 "SELECT p.user_id AS id, k.weight FROM unnest($1, $2) AS k (skill, weight)"
				 " CROSS JOIN LATERAL (SELECT p.user_id FROM skillancer.profile p"
				 " WHERE p.is_public AND p.is_listed AND p.skills && skillancer.skillset_of("
				 "ARRAY[k.skill]::skillancer.skill_id[], '{1}', '{0}') LIMIT $5) p"
				 " UNION ALL "
				 "SELECT p.user_id, k.weight FROM unnest($3, $4) AS k (word, weight)"
				 " CROSS JOIN LATERAL (SELECT p.user_id FROM skillancer.profile p"
				 " WHERE p.is_public AND p.is_listed AND p.q @@ ('''' || k.word || '''')::tsquery "
				 "LIMIT $5) p"
				 ") x GROUP BY x.id ORDER BY sum(x.weight) DESC, x.id LIMIT $6) f",
				 UUIDARRAYOID, FLOAT8ARRAYOID, TEXTARRAYOID, FLOAT8ARRAYOID, INT8OID, INT8OID);
	Datum args[6];
	Key *keys =
		palloc(sizeof(Key) * (size_t) (project->nskills + lexicon->nrelatives + SKL_MATCH_WORDS));
	int n = 0;

	for (int i = 0; i < project->nskills; i++)
		n += add_skill_keys(lexicon, &project->skills[i], keys + n);
	n += add_word_keys(lexicon, project->title, keys + n);
	key_arrays(keys, n, args);
	args[4] = Int64GetDatum(SKL_MATCH_FOUND);
	args[5] = Int64GetDatum(SKL_MATCH_CANDIDATES);
	skl_spi_exec(&stmt, args, NULL);
	return found_ids();
}

Datum
skl_match_find_projects(const SklMatchPerson *person)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT array_agg(f.id::uuid) FROM (SELECT x.id FROM ("
		"SELECT p.id, k.weight FROM unnest($1, $2) AS k (skill, weight)"
		" CROSS JOIN LATERAL (SELECT p.id FROM skillancer.project p WHERE p.state = 'OPEN'"
		" AND p.visibility = 'PUBLIC' AND p.skills && ARRAY[k.skill]::skillancer.skill_id[]"
		" AND (p.expires_at IS NULL OR p.expires_at > $5) LIMIT $6) p"
		" UNION ALL "
		"SELECT p.id, k.weight FROM unnest($3, $4) AS k (word, weight)"
		" CROSS JOIN LATERAL (SELECT p.id FROM skillancer.project p WHERE p.state = 'OPEN'"
		" AND p.visibility = 'PUBLIC' AND p.q @@ ('''' || k.word || '''')::tsquery"
		" AND (p.expires_at IS NULL OR p.expires_at > $5) LIMIT $6) p"
		") x GROUP BY x.id ORDER BY sum(x.weight) DESC, x.id DESC LIMIT $7) f",
		UUIDARRAYOID, FLOAT8ARRAYOID, TEXTARRAYOID, FLOAT8ARRAYOID, TIMESTAMPTZOID, INT8OID,
		INT8OID);
	int nskills = person->skills == NULL ? 0 : person->skills->count;
	const pg_uuid_t **ids = palloc(sizeof(pg_uuid_t *) * (size_t) Max(nskills, 1));
	SklLexicon lexicon;
	Datum args[7];
	Key *keys;
	int n = 0;

	for (int i = 0; i < nskills; i++)
		ids[i] = (const pg_uuid_t *) person->skills->skills[i].id;
	load_lexicon(&lexicon, "PROJECT", ids, nskills, &person->words, 1);
	keys = palloc(sizeof(Key) * (size_t) (nskills + lexicon.nrelatives + SKL_MATCH_WORDS));
	for (int i = 0; i < nskills; i++)
		n += add_skill_keys(&lexicon, ids[i], keys + n);
	n += add_word_keys(&lexicon, person->words, keys + n);
	key_arrays(keys, n, args);
	args[4] = TimestampTzGetDatum(skl_now());
	args[5] = Int64GetDatum(SKL_MATCH_FOUND);
	args[6] = Int64GetDatum(SKL_MATCH_CANDIDATES);
	skl_spi_exec(&stmt, args, NULL);
	return found_ids();
}
