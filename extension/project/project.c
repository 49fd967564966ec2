/*
 * project/project.c
 *		Guards and effects of the machines of the project area.
 *
 * A project that ends, or goes back to its client, takes its live proposals along: they are closed
 * by the engine inside the same transition. Locks are taken in the order project, proposals by id.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/fire.h"
#include "core/policy.h"
#include "core/spi.h"
#include "project/project.h"
#include "project/risk_scan.h"

#include "catalog/pg_type_d.h"

/* Sum of the scores of what a text shows. */
static int
risk_of(const char *words)
{
	unsigned found = skl_risk_scan(words, strlen(words));
	int score = 0;

	for (int i = 0; i < SKL_RISK_KIND_COUNT; i++)
		if ((found & (1u << i)) != 0)
			score += skl_risk_kinds[i].score;
	return score;
}

/* Guard project_unflagged: a client cannot publish what has to be reviewed. */
static bool
project_unflagged(const SklFire *fire)
{
	char *words =
		psprintf("%s\n%s", skl_fire_text(fire, "title"), skl_fire_text(fire, "description"));

	if (risk_of(words) >= skl_policy_int("riskReviewScore"))
		skl_failf(SKL_ERR_INVALID_STATE,
				  "the text has contact details or names payment elsewhere: edit it first");
	return true;
}

/* The live proposals of the project, locked in the order of their ids. */
static pg_uuid_t *
lock_live_proposals(const SklFire *fire, uint64 *count)
{
	static SklStmt stmt =
		SKL_STMT("SELECT p.id::pg_catalog.uuid FROM skillancer.proposal p"
				 " WHERE p.project_id = $1::skillancer.project_id"
				 " AND p.state IN ('SUBMITTED', 'COUNTERED') ORDER BY p.id FOR UPDATE",
				 UUIDOID);
	Datum args[1] = {UUIDPGetDatum(&fire->id)};
	uint64 n = skl_spi_exec(&stmt, args, NULL);
	pg_uuid_t *ids = palloc(sizeof(pg_uuid_t) * Max(n, 1));
	bool isnull;

	for (uint64 i = 0; i < n; i++)
		ids[i] = *DatumGetUUIDP(skl_spi_value(i, 1, &isnull));
	*count = n;
	return ids;
}

/* Effect: the live proposals of the project are closed, for the event that ended it. */
static void
close_proposals(const SklFire *fire)
{
	uint64 n;
	pg_uuid_t *ids;
	char *why = psprintf("{\"cause\": \"%s\", \"isFilled\": %s}", fire->event,
						 strcmp(fire->event, "fill") == 0 ? "true" : "false");
	Jsonb *payload = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(why)));

	skl_spi_connect();
	ids = lock_live_proposals(fire, &n);
	for (uint64 i = 0; i < n; i++)
		skl_fire("proposal", &ids[i], "close", payload, true);
	skl_spi_finish();
}

void
skl_project_init(void)
{
	skl_catalogue_init();
	skl_register_guard("project_unflagged", project_unflagged);
	skl_register_effect("project", "fill", close_proposals);
	skl_register_effect("project", "cancel", close_proposals);
	skl_register_effect("project", "expire", close_proposals);
	skl_register_effect("project", "reject", close_proposals);
}
