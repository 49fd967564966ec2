/*
 * core/identity_rows.h
 *		The rows that decide who asks, read without the executor.
 */
#ifndef SKL_CORE_IDENTITY_ROWS_H
#define SKL_CORE_IDENTITY_ROWS_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

typedef struct SklIdentityRows
{
	bool found;		  /* the account exists */
	char state[32];	  /* of the account */
	bool session_ok;  /* the session is this user's, not revoked, not expired */
	uint32 role_mask; /* skl_role_bit() of each row of user_role */
} SklIdentityRows;

/* Reads account, session (NULL: none) and roles with the active snapshot. */
extern void skl_identity_rows(const pg_uuid_t *user, const pg_uuid_t *session, TimestampTz now,
							  SklIdentityRows *rows);

#endif
