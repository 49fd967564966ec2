/*
 * user/token.c
 *		Making, reading and comparing opaque tokens.
 *
 * Text form: base64url(id || secret). The database keeps the id and the SHA-256 of the secret; a
 * row is found by the id and the secret is compared in constant time, so that neither a leaked
 * table nor the time of an index look-up helps to forge one.
 */
#include "skl.h"

#include "user/token.h"

#include "common/sha2.h"
#include "common/cryptohash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

StaticAssertDecl(SKL_TOKEN_TEXT_LEN == (SKL_TOKEN_ID_LEN + SKL_TOKEN_SECRET_LEN) / 3 * 4,
				 "the text form of a token needs no padding");

void
skl_token_make(SklToken *token, char text_form[SKL_TOKEN_TEXT_LEN + 1])
{
	if (!pg_strong_random(token, sizeof(*token)))
		elog(ERROR, "no random bytes");
	(void) EVP_EncodeBlock((unsigned char *) text_form, (const unsigned char *) token,
						   (int) sizeof(*token));
	for (char *p = text_form; *p != '\0'; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
}

/* Swaps base64url for base64; false for a character of neither. */
static bool
to_base64(const char *from, unsigned char *to, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		char c = from[i];

		if (c == '-')
			to[i] = '+';
		else if (c == '_')
			to[i] = '/';
		else if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			to[i] = (unsigned char) c;
		else
			return false;
	}
	return true;
}

bool
skl_token_parse(const char *text_form, size_t length, SklToken *token)
{
	unsigned char base64[SKL_TOKEN_TEXT_LEN];

	if (length != SKL_TOKEN_TEXT_LEN || !to_base64(text_form, base64, length))
		return false;
	return EVP_DecodeBlock((unsigned char *) token, base64, SKL_TOKEN_TEXT_LEN) ==
		   (int) sizeof(*token);
}

void
skl_token_hash(const SklToken *token, uint8 hash[SKL_TOKEN_HASH_LEN])
{
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);

	if (ctx == NULL || pg_cryptohash_init(ctx) < 0 ||
		pg_cryptohash_update(ctx, token->secret, sizeof(token->secret)) < 0 ||
		pg_cryptohash_final(ctx, hash, SKL_TOKEN_HASH_LEN) < 0)
		elog(ERROR, "SHA-256 failed");
	pg_cryptohash_free(ctx);
}

bool
skl_token_matches(const SklToken *token, const uint8 *hash, size_t hash_length)
{
	uint8 own[SKL_TOKEN_HASH_LEN];

	skl_token_hash(token, own);
	return hash_length == sizeof(own) && CRYPTO_memcmp(own, hash, sizeof(own)) == 0;
}
