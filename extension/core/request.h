/*
 * core/request.h
 *		Who is asking: the identity of the current request.
 *
 * The bridge sends begin_request() as the first statement of every transaction. It reads the rows
 * of the user and the session once and keeps what they say here, in memory of this backend, frozen
 * until the transaction ends: a second call is an error, and a transaction callback clears it on
 * commit, abort and prepare. Row-level security, commands and the engine ask skl_request() and
 * nothing else; roles, status and permissions therefore come from rows, never from a token.
 *
 * NULL from skl_request() means "no request": policies then show nothing. A request without a user
 * is the anonymous one, which sees what is public.
 */
#ifndef SKL_CORE_REQUEST_H
#define SKL_CORE_REQUEST_H

#include "utils/uuid.h"

/* The roles of a person, as bits of SklRequest.role_mask. Order is that of skl_role_names[]. */
typedef enum SklRole
{
	SKL_ROLE_USER = 1 << 0,
	SKL_ROLE_FREELANCER = 1 << 1,
	SKL_ROLE_CLIENT = 1 << 2,
	SKL_ROLE_ADMIN = 1 << 3,
	SKL_ROLE_SUPPORT = 1 << 4,
	SKL_ROLE_MODERATOR = 1 << 5,
	SKL_ROLE_FINANCE = 1 << 6,
	SKL_ROLE_ANALYST = 1 << 7
} SklRole;

/* Any role of the people who run the marketplace. */
#define SKL_ROLES_STAFF \
	(SKL_ROLE_ADMIN | SKL_ROLE_SUPPORT | SKL_ROLE_MODERATOR | SKL_ROLE_FINANCE | SKL_ROLE_ANALYST)

typedef struct SklRequest
{
	bool has_user; /* false: anonymous */
	bool has_session;
	bool impersonated;	  /* set by impersonate(), not by begin_request() */
	pg_uuid_t user_id;	  /* valid when has_user */
	pg_uuid_t session_id; /* valid when has_session */
	uint32 role_mask;	  /* SklRole bits */
	const char *status;	  /* state of the account; NULL when anonymous */
	int permission_count; /* 0 for everyone who is not staff */
	char **permissions;	  /* "resource:action" */
	const char *scopes;	  /* of an API key, space separated; NULL = everything */
	const char *request_id;
	const char *trace;	  /* see core/trace.h; NULL: none */
	const char *address;  /* of the client, as text, or NULL */
	const char *problems; /* JSON array of what the bridge found wrong, or NULL */
} SklRequest;

/* The request of this transaction, or NULL. Lives until the transaction ends. */
extern const SklRequest *skl_request(void);

/*
 * Fills two neighbouring parameters of a statement: the user (uuid) and the request id (text), each
 * NULL (nulls 'n') where there is none, as when a worker acts.
 */
extern void skl_request_stamp(Datum args[2], char nulls[2]);

/* True when the request has a user who holds one of the SklRole bits in roles. */
extern bool skl_request_has_role(uint32 roles);

/* True when the user of the request holds the permission. */
extern bool skl_request_has_permission(const char *permission);

/* The SklRole bit of a role name; 0 when there is no such role. */
extern uint32 skl_role_bit(const char *name);

/* Registers the transaction callback; called once by module.c. */
extern void skl_request_init(void);

#endif /* SKL_CORE_REQUEST_H */
