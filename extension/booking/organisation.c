/*
 * booking/organisation.c
 *		Bookings of organisations: who acts for the client, and which side the caller is on.
 */
#include "skl.h"

#include "booking/booking.h"
#include "core/errors.h"
#include "core/fire.h"
#include "core/request.h"

/*
 * OWNER and ADMIN act for every booking of their organisation, other members for those that they
 * have made. Who made one and has left does not: the row of the membership decides.
 */
static bool
acts_for_client(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("SELECT role <> 'MEMBER' OR user_id = $3::skillancer.user_id"
								   " FROM skillancer.organisation_member"
								   " WHERE organisation_id = $1::skillancer.organisation_id"
								   " AND user_id = $2::skillancer.user_id",
								   UUIDOID, UUIDOID, UUIDOID);
	const SklRequest *request = skl_request();
	pg_uuid_t organisation;
	pg_uuid_t client;
	bool isnull;
	Datum args[3] = {UUIDPGetDatum(&organisation), UUIDPGetDatum(&request->user_id),
					 UUIDPGetDatum(&client)};

	if (!skl_fire_uuid(fire, "organisation_id", &organisation) ||
		!skl_fire_uuid(fire, "client_id", &client) || skl_spi_exec(&stmt, args, NULL) != 1)
		return false;
	if (!DatumGetBool(skl_spi_value(0, 1, &isnull)))
		skl_failf(SKL_ERR_PERMISSION_DENIED,
				  "this is for the owners and admins of the organisation, and for who booked");
	return true;
}

bool
skl_booking_caller_is(const SklFire *fire, const char *column)
{
	const SklRequest *request = skl_request();
	pg_uuid_t party;
	pg_uuid_t freelancer;
	pg_uuid_t client;
	bool is_freelancer;

	if (request == NULL || !request->has_user || !skl_fire_uuid(fire, column, &party) ||
		!skl_fire_uuid(fire, "freelancer_id", &freelancer) ||
		!skl_fire_uuid(fire, "client_id", &client))
		return false;
	is_freelancer = memcmp(&freelancer, &request->user_id, UUID_LEN) == 0;
	return memcmp(&party, is_freelancer ? &freelancer : &client, UUID_LEN) == 0;
}

void
skl_organisation_init(void)
{
	skl_register_acts_for(acts_for_client);
}
