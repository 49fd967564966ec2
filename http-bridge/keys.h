/*
 * keys.h
 *		The keys of tokens: read from a directory, each with one algorithm of its own.
 */
#ifndef SKL_KEYS_H
#define SKL_KEYS_H

#include "jwt_parse.h"

typedef struct SklKey
{
	char kid[SKL_KID_MAX + 1];
	SklJwtAlg alg;
	unsigned char *verify; /* public key as PEM, or the secret */
	int verify_length;
	unsigned char *sign; /* private key as PEM, or the secret; NULL: verifies only */
	int sign_length;
	json_t *jwk; /* public half for the key set; NULL for a secret */
} SklKey;

typedef struct SklKeyring
{
	uint64_t epoch; /* rises with every load */
	int count;
	int active; /* index of the key that signs, -1 = none */
	SklKey *keys;
} SklKeyring;

SklKeyring *skl_keyring_load(const char *directory, const char *active, char *error,
							 size_t error_size);
void skl_keyring_free(SklKeyring *ring);
const SklKey *skl_keyring_find(const SklKeyring *ring, const char *kid);
char *skl_keyring_jwks(const SklKeyring *ring);

#endif
