/*
 * jwt.h
 *		Access tokens: verify, mint, publish the keys. The one user of libjwt is jwt.c.
 */
#ifndef SKL_JWT_H
#define SKL_JWT_H

#include "bridge.h"

typedef enum SklTokenVerdict
{
	SKL_TOKEN_GOOD,
	SKL_TOKEN_BAD,
	SKL_TOKEN_EXPIRED /* good in every other way */
} SklTokenVerdict;

/* What a verified token says. */
typedef struct SklClaims
{
	SklUuid user;
	SklUuid session;
	int64_t not_before; /* seconds since the epoch */
	int64_t expires;
	bool premium;
} SklClaims;

bool skl_jwt_load(const SklConfig *config, char *error, size_t error_size);
uint64_t skl_jwt_epoch(void);
SklTokenVerdict skl_jwt_verify(const SklConfig *config, const char *token, size_t length,
							   int64_t now, SklClaims *claims);
SklTokenVerdict skl_jwt_in_time(const SklConfig *config, const SklClaims *claims, int64_t now);
char *skl_jwt_jwks(void);
int skl_jwt_make_key(const char *directory);

#endif
