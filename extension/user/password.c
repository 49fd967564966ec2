/*
 * user/password.c
 *		Hashing and verifying passwords with Argon2id.
 *
 * The text is normalised to NFKC first (RFC 8265 asks for a stable form), so that the same
 * password typed on two keyboards gives the same bytes. Copies are wiped after use.
 */
#include "skl.h"

#include "user/password.h"

#include "mb/pg_wchar.h"

#include <argon2.h>

#define MEMORY_KIB 19456
#define PASSES 2
#define LANES 1
#define SALT_LEN 16
#define HASH_LEN 32
#define PHC_PREFIX "$argon2id$v=19$m=19456,t=2,p=1$"
#define PHC_MAX 128

/* Well-formed and never right: sixteen zero bytes of salt, thirty-two of hash. */
static const char dummy_hash[] = PHC_PREFIX "AAAAAAAAAAAAAAAAAAAAAA$"
											"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/* The password as it is hashed, in the current memory context. */
static char *
normalised(const char *password)
{
	Datum result;

	if (GetDatabaseEncoding() != PG_UTF8)
		return pstrdup(password);
	result = DirectFunctionCall2(unicode_normalize_func, CStringGetTextDatum(password),
								 CStringGetTextDatum("NFKC"));
	return TextDatumGetCString(result);
}

char *
skl_password_hash(const char *password)
{
	char *plain = normalised(password);
	char *phc = palloc(PHC_MAX);
	uint8 salt[SALT_LEN];
	int rc;

	if (!pg_strong_random(salt, sizeof(salt)))
		elog(ERROR, "no random bytes");
	rc = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, plain, strlen(plain), salt, sizeof(salt),
							   HASH_LEN, phc, PHC_MAX);
	explicit_bzero(plain, strlen(plain));
	if (rc != ARGON2_OK)
		elog(ERROR, "Argon2id: %s", argon2_error_message(rc));
	return phc;
}

bool
skl_password_verify(const char *password, const char *hash)
{
	char *plain = normalised(password);
	int rc = argon2id_verify(hash == NULL ? dummy_hash : hash, plain, strlen(plain));

	explicit_bzero(plain, strlen(plain));
	if (rc != ARGON2_OK && rc != ARGON2_VERIFY_MISMATCH)
		elog(ERROR, "Argon2id: %s", argon2_error_message(rc));
	return hash != NULL && rc == ARGON2_OK;
}

bool
skl_password_is_outdated(const char *hash)
{
	return strncmp(hash, PHC_PREFIX, strlen(PHC_PREFIX)) != 0;
}
