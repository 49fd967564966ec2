/*
 * user/token.h
 *		Opaque tokens: refresh tokens and the links of mails.
 */
#ifndef SKL_USER_TOKEN_H
#define SKL_USER_TOKEN_H

#define SKL_TOKEN_ID_LEN 16
#define SKL_TOKEN_SECRET_LEN 32
#define SKL_TOKEN_TEXT_LEN 64 /* base64url of both, without padding */
#define SKL_TOKEN_HASH_LEN 32

/* A token taken apart: the id finds the row, the secret proves that one may use it. */
typedef struct SklToken
{
	uint8 id[SKL_TOKEN_ID_LEN];
	uint8 secret[SKL_TOKEN_SECRET_LEN];
} SklToken;

/* Makes a token of 256 random bits of secret and writes its text form, NUL-terminated. */
extern void skl_token_make(SklToken *token, char text_form[SKL_TOKEN_TEXT_LEN + 1]);

/* Reads the text form; false when it is not one. */
extern bool skl_token_parse(const char *text_form, size_t length, SklToken *token);

/* SHA-256 of the secret: all that is stored. */
extern void skl_token_hash(const SklToken *token, uint8 hash[SKL_TOKEN_HASH_LEN]);

/* Compares in constant time. */
extern bool skl_token_matches(const SklToken *token, const uint8 *hash, size_t hash_length);

#endif
