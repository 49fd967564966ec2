/*
 * booking/review.c
 *		Publishing a review: from then on it counts.
 */
#include "skl.h"

#include "booking/booking.h"
#include "core/clock.h"
#include "core/fire.h"
#include "core/spi.h"

/* Adds the rating to the tally of the person and side that was reviewed. */
static void
effect_publish(const SklFire *fire)
{
	static SklStmt publish = SKL_STMT("UPDATE skillancer.review SET published_at = $2"
									  " WHERE id = $1::skillancer.review_id",
									  UUIDOID, TIMESTAMPTZOID);
	static SklStmt count =
		SKL_STMT("INSERT INTO skillancer.reputation AS t (user_id, side, rating)"
				 " SELECT r.subject_id,"
				 " CASE WHEN r.subject_id = r.freelancer_id THEN 'FREELANCER' ELSE 'CLIENT' END,"
				 " skillancer.rating_tally_add('0/0/0/0/0', r.rating::integer)"
				 " FROM skillancer.review r WHERE r.id = $1::skillancer.review_id"
				 " ON CONFLICT (user_id, side) DO UPDATE SET rating = t.rating "
				 "OPERATOR(pg_catalog.+) excluded.rating",
				 UUIDOID);
	Datum args[2] = {UUIDPGetDatum(&fire->id), TimestampTzGetDatum(skl_now())};

	skl_spi_exec(&publish, args, NULL);
	skl_spi_exec(&count, args, NULL);
}

void
skl_review_init(void)
{
	skl_register_effect("review", "publish", effect_publish);
}
