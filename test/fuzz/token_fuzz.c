/*
 * test/fuzz/token_fuzz.c
 *		Fuzzes the strict reading of tokens: what is taken has one spelling only.
 */
#include "jwt_parse.h"

#include <string.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[SKL_JWT_MAX];
	char text[2 * SKL_JWT_MAX];
	SklJwtParts parts;
	size_t length;

	if (skl_jwt_parse((const char *) data, size, &parts))
	{
		must(size <= SKL_JWT_MAX && json_is_object(parts.payload));
		must(skl_kid_is_good(parts.kid, strlen(parts.kid)));
		json_decref(parts.payload);
	}
	if (size > SKL_JWT_MAX)
		return 0;
	length = skl_base64url_decode((const char *) data, size, bytes);
	if (length == SIZE_MAX)
		return 0;
	must(skl_base64url_encode(bytes, length, text) == size);
	must(memcmp(text, data, size) == 0);
	return 0;
}
