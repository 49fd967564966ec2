/*
 * project/catalogue.c
 *		JSON of categories and skills inside other documents, cached in the backend.
 *
 * Every project and gig shows the names of its category and skills. They change once a month and
 * are read at every request, so a backend keeps the JSON of those that it has met. A trigger on
 * both tables invalidates the table's relcache entry; that message reaches every backend at
 * commit, before its next statement, and drops the cache. Rows are read under the caller's
 * policies; nothing is remembered of a row that the caller does not see.
 */
#include "skl.h"

#include "core/spi.h"
#include "project/project.h"

#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(skl_fn_category_json);
PG_FUNCTION_INFO_V1(skl_fn_skills_json);
PG_FUNCTION_INFO_V1(skl_fn_catalogue_changed);

typedef struct CachedJson
{
	pg_uuid_t id;
	char *json;
} CachedJson;

static MemoryContext context = NULL;
static HTAB *cache = NULL; /* ids of both tables: they are unique over all */
static Oid tables[2];
static bool stale = true;

static SklStmt category_stmt =
	SKL_STMT("SELECT pg_catalog.json_build_object('id', c.id, 'slug', c.slug, 'name', c.name)"
			 " FROM skillancer.category c WHERE c.id = $1::skillancer.category_id",
			 UUIDOID);

static SklStmt skill_stmt =
	SKL_STMT("SELECT pg_catalog.json_build_object('id', s.id, 'slug', s.slug, 'name', s.name)"
			 " FROM skillancer.skill s WHERE s.id = $1::skillancer.skill_id",
			 UUIDOID);

static void
table_changed(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == tables[0] || relid == tables[1])
		stale = true;
}

void
skl_catalogue_init(void)
{
	CacheRegisterRelcacheCallback(table_changed, (Datum) 0);
}

/* An empty cache, made anew when a table changed since the last use. */
static void
prepare_cache(void)
{
	HASHCTL control = {.keysize = sizeof(pg_uuid_t), .entrysize = sizeof(CachedJson)};
	Oid schema;

	if (!stale && cache != NULL)
		return;
	if (context == NULL)
		context =
			AllocSetContextCreate(TopMemoryContext, "skillancer catalogue", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(context);
	control.hcxt = context;
	schema = get_namespace_oid(SKL_SCHEMA, false);
	tables[0] = get_relname_relid("category", schema);
	tables[1] = get_relname_relid("skill", schema);
	cache =
		hash_create("skillancer catalogue", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	stale = false;
}

/* Reads one row; NULL when the caller sees none. The text lives as long as the cache. */
static char *
read_json(SklStmt *stmt, const pg_uuid_t *id)
{
	Datum args[1] = {UUIDPGetDatum(id)};
	char *json = NULL;

	skl_spi_connect();
	if (skl_spi_exec(stmt, args, NULL) == 1)
		json = MemoryContextStrdup(context, skl_spi_text(0, 1));
	skl_spi_finish();
	return json;
}

/* The JSON of a row, or NULL. */
static const char *
json_of(SklStmt *stmt, const pg_uuid_t *id)
{
	CachedJson *entry;
	char *json;

	prepare_cache();
	entry = hash_search(cache, id, HASH_FIND, NULL);
	if (entry != NULL)
		return entry->json;
	json = read_json(stmt, id);
	/* Reading may have taken in an invalidation: then the answer is good for this call only. */
	if (json != NULL && !stale)
	{
		entry = hash_search(cache, id, HASH_ENTER, NULL);
		entry->json = json;
	}
	return json;
}

/* category_json(id) returns json: {"id", "slug", "name"}. */
Datum
skl_fn_category_json(PG_FUNCTION_ARGS)
{
	const char *json = json_of(&category_stmt, PG_GETARG_UUID_P(0));

	if (json == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(json));
}

/* skills_json(ids) returns json: an array of {"id", "slug", "name"} in the order of the ids. */
Datum
skl_fn_skills_json(PG_FUNCTION_ARGS)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const pg_uuid_t *ids = (const pg_uuid_t *) ARR_DATA_PTR(array);
	StringInfoData out;

	if (array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("an array of skills holds a NULL")));
	initStringInfo(&out);
	appendStringInfoChar(&out, '[');
	for (int i = 0; i < n; i++)
	{
		const char *json = json_of(&skill_stmt, &ids[i]);

		if (json == NULL)
			continue;
		if (out.len > 1)
			appendStringInfoChar(&out, ',');
		appendStringInfoString(&out, json);
	}
	appendStringInfoChar(&out, ']');
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/* Trigger of category and skill: every backend reads them anew. */
Datum
skl_fn_catalogue_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		elog(ERROR, "catalogue_changed is a trigger");
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	return PointerGetDatum(NULL);
}
