/*
 * jwt_parse.h
 *		The form of a token, read strictly and without any key: nothing here trusts its content.
 */
#ifndef SKL_JWT_PARSE_H
#define SKL_JWT_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define SKL_JWT_MAX 8192
#define SKL_KID_MAX 64

typedef enum SklJwtAlg
{
	SKL_ALG_ES256,
	SKL_ALG_RS256,
	SKL_ALG_HS256,
	SKL_ALG_COUNT
} SklJwtAlg;

/* A token taken apart; the payload belongs to whoever asked for it. */
typedef struct SklJwtParts
{
	SklJwtAlg alg;
	char kid[SKL_KID_MAX + 1];
	json_t *payload;
	size_t signature_length; /* bytes, decoded */
} SklJwtParts;

const char *skl_jwt_alg_name(SklJwtAlg alg);
bool skl_kid_is_good(const char *kid, size_t length);
size_t skl_base64url_decode(const char *text, size_t length, uint8_t *bytes);
size_t skl_base64url_encode(const uint8_t *bytes, size_t length, char *text);
bool skl_jwt_parse(const char *token, size_t length, SklJwtParts *parts);

#endif
