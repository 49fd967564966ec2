/*
 * user/user.c
 *		Guards and effects of the machine 'user'.
 *
 * PENDING → ACTIVE ⇄ RESTRICTED → SUSPENDED → CLOSED. The rows are in sql/user/machines.sql; here
 * is who may suspend whom, and what an account's state does to its profile and its sessions.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/errors.h"
#include "core/fire.h"
#include "core/request.h"
#include "core/spi.h"
#include "user/user.h"

/* Counts the staff roles of the user of a transition. */
static bool
is_staff_member(const pg_uuid_t *user)
{
	static SklStmt stmt = SKL_STMT("SELECT 1 FROM skillancer.user_role r"
								   " WHERE r.user_id = $1::skillancer.user_id"
								   " AND r.role IN ('ADMIN', 'SUPPORT', 'MODERATOR', 'FINANCE',"
								   " 'ANALYST') LIMIT 1",
								   UUIDOID);
	Datum args[1] = {UUIDPGetDatum(user)};
	bool found;

	skl_spi_connect();
	found = skl_spi_exec(&stmt, args, NULL) > 0;
	skl_spi_finish();
	return found;
}

/* Guard user_moderation: staff with the permission, never on oneself, on staff only by ADMIN. */
static bool
guard_moderation(const SklFire *fire)
{
	const SklRequest *request = skl_request();

	if (!skl_request_has_permission("users:suspend"))
		skl_fail(SKL_ERR_PERMISSION_DENIED);
	if (memcmp(&request->user_id, &fire->id, UUID_LEN) == 0)
		skl_failf(SKL_ERR_PERMISSION_DENIED, "you cannot do this to your own account");
	if (!skl_request_has_role(SKL_ROLE_ADMIN) && is_staff_member(&fire->id))
		skl_failf(SKL_ERR_PERMISSION_DENIED, "only an administrator can do this to staff");
	return true;
}

/* Shows the profile to others, or hides it. */
static void
set_listed(const pg_uuid_t *user, bool listed)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.profile SET is_listed = $2"
								   " WHERE user_id = $1::skillancer.user_id AND is_listed <> $2",
								   UUIDOID, BOOLOID);
	Datum args[2] = {UUIDPGetDatum(user), BoolGetDatum(listed)};

	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	skl_spi_finish();
}

/* Ends every session of the user. */
static void
end_sessions(const pg_uuid_t *user)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.session"
								   " SET revoked_at = $2, revoked_reason = 'SUSPENDED'"
								   " WHERE user_id = $1::skillancer.user_id"
								   " AND revoked_at IS NULL",
								   UUIDOID, TIMESTAMPTZOID);
	Datum args[2] = {UUIDPGetDatum(user), TimestampTzGetDatum(skl_now())};

	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	skl_spi_finish();
}

static void
effect_show(const SklFire *fire)
{
	set_listed(&fire->id, true);
}

static void
effect_hide(const SklFire *fire)
{
	set_listed(&fire->id, false);
	end_sessions(&fire->id);
}

void
skl_user_init(void)
{
	skl_register_guard("user_moderation", guard_moderation);
	skl_register_effect("user", "verify", effect_show);
	skl_register_effect("user", "reinstate", effect_show);
	skl_register_effect("user", "suspend", effect_hide);
	skl_register_effect("user", "close", effect_hide);
}
