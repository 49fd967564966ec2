/*
 * test/fuzz/media_fuzz.c
 *		Fuzzes the first bytes of files and their names: what begins as markup is never recognised,
 *		and a clean name is clean.
 */
#include "media/sniff.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char clean[SKL_FILE_NAME_BYTES + 1];
	char again[SKL_FILE_NAME_BYTES + 1];
	const char *type;
	size_t length;

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	type = skl_media_sniff(data, size, text);
	if (type != NULL)
		must(skl_media_is_declared(type, type) && text[0] != '<');
	(void) skl_media_pixels(data, size);
	length = skl_media_clean_name(text, size, clean);
	must(length > 0 && length <= SKL_FILE_NAME_BYTES && clean[length] == '\0');
	must(memchr(clean, '/', length) == NULL && memchr(clean, '\\', length) == NULL);
	must(memchr(clean, '\n', length) == NULL && clean[0] != '.');
	must(skl_media_clean_name(clean, length, again) <= length);
	free(text);
	return 0;
}
