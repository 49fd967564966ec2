/*
 * user/user.c
 *		Guards and effects of the machines 'user' and 'erasure'.
 *
 * PENDING → ACTIVE ⇄ RESTRICTED → SUSPENDED → CLOSED. The rows are in sql/user/machines.sql; here
 * is who may suspend whom, what an account's state does to its profile and its sessions, and that
 * nothing may be open when an account ends. What is open, and what erasing means, is SQL:
 * sql/user/erasure_guard.sql and erasure.sql.
 */
#include "skl.h"

#include "utils/memutils.h"

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

/*
 * Holds the account of a transition and returns what is open on it as JSON, NULL when nothing is.
 * Whoever begins something new waits for the end of this transaction (closed_guard).
 */
static char *
hold_and_look(const SklFire *fire, char **state)
{
	static SklStmt hold =
		SKL_STMT("SELECT skillancer.hold_account($1::skillancer.user_id)", UUIDOID);
	static SklStmt look =
		SKL_STMT("SELECT skillancer.account_open_things($1::skillancer.user_id)", UUIDOID);
	pg_uuid_t user;
	Datum args[1] = {UUIDPGetDatum(&user)};
	char *open;

	if (!skl_fire_uuid(fire, "user_id", &user))
		elog(ERROR, "the row of machine \"%s\" has no user", fire->machine->name);
	skl_spi_connect();
	skl_spi_exec(&hold, args, NULL);
	*state = skl_spi_text(0, 1);
	skl_spi_exec(&look, args, NULL);
	open = skl_spi_text(0, 1);
	if (open != NULL)
		open = MemoryContextStrdup(CurTransactionContext, open);
	if (*state != NULL)
		*state = MemoryContextStrdup(CurTransactionContext, *state);
	skl_spi_finish();
	return open;
}

/* Guard user_closing: nothing is open any more; staff needs what guard_moderation() asks for. */
static bool
guard_closing(const SklFire *fire)
{
	char *state;
	char *open;

	if (fire->actor == SKL_ACTOR_STAFF)
		guard_moderation(fire);
	open = hold_and_look(fire, &state);
	if (open != NULL)
		skl_fail_json(SKL_ERR_ACCOUNT_IN_USE, open, "something of this account is still open");
	return true;
}

/* Guard erasure_possible: nothing is open, and the account is not under suspicion. */
static bool
guard_erasure(const SklFire *fire)
{
	char *state;

	return hold_and_look(fire, &state) == NULL && strcmp(state, "SUSPENDED") != 0;
}

/*
 * Guard erasure_tried: the timer that erases has been there, in vain. While it waits to be tried
 * again, this one does, too; when it is parked, somebody has to look first.
 */
static bool
guard_erasure_tried(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("SELECT d.parked_at IS NULL FROM skillancer.due d"
				 " WHERE d.machine = 'erasure' AND d.id = $1 AND d.event = 'erase'",
				 UUIDOID);
	Datum args[1] = {UUIDPGetDatum(&fire->id)};
	bool isnull;
	bool exists;
	bool waits;

	skl_spi_connect();
	exists = skl_spi_exec(&stmt, args, NULL) > 0;
	waits = exists && DatumGetBool(skl_spi_value(0, 1, &isnull));
	skl_spi_finish();
	if (waits)
		ereport(ERROR, (errcode(ERRCODE_LOCK_NOT_AVAILABLE),
						errmsg("the erasure has not been tried yet")));
	return !exists;
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

/* Ends every session of the user, for the state that the account gets. */
static void
end_sessions(const pg_uuid_t *user, const char *why)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.session"
								   " SET revoked_at = $2, revoked_reason = $3"
								   " WHERE user_id = $1::skillancer.user_id"
								   " AND revoked_at IS NULL",
								   UUIDOID, TIMESTAMPTZOID, TEXTOID);
	Datum args[3] = {UUIDPGetDatum(user), TimestampTzGetDatum(skl_now()), CStringGetTextDatum(why)};

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
	end_sessions(&fire->id, fire->to);
}

/* Effect of erase: the person is forgotten. */
static void
effect_erase(const SklFire *fire)
{
	static SklStmt stmt =
		SKL_STMT("SELECT skillancer.erase_account($1::skillancer.user_id)", UUIDOID);
	pg_uuid_t user;
	Datum args[1] = {UUIDPGetDatum(&user)};

	skl_fire_uuid(fire, "user_id", &user);
	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	skl_spi_finish();
}

/* Effect of refuse: the owner may read what was open. */
static void
effect_refuse(const SklFire *fire)
{
	static SklStmt stmt = SKL_STMT("UPDATE skillancer.erasure"
								   " SET open = skillancer.account_open_things(user_id)"
								   " WHERE id = $1",
								   UUIDOID);
	Datum args[1] = {UUIDPGetDatum(&fire->id)};

	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	skl_spi_finish();
}

void
skl_user_init(void)
{
	skl_register_guard("user_moderation", guard_moderation);
	skl_register_guard("user_closing", guard_closing);
	skl_register_guard("erasure_possible", guard_erasure);
	skl_register_guard("erasure_tried", guard_erasure_tried);
	skl_register_effect("erasure", "erase", effect_erase);
	skl_register_effect("erasure", "refuse", effect_refuse);
	skl_register_effect("user", "verify", effect_show);
	skl_register_effect("user", "reinstate", effect_show);
	skl_register_effect("user", "suspend", effect_hide);
	skl_register_effect("user", "close", effect_hide);
}
