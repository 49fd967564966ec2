/*
 * test/fuzz/accept_fuzz.c
 *		Fuzzes the header Accept and cells of CSV: a quality is one, and a cell never begins as a
 *		formula and fits its room.
 */
#include "skl.h"

#include "core/accept.h"
#include "core/csv.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char *cell = malloc(SKL_CSV_ROOM(size));
	int quality;
	size_t length;

	if (text == NULL || cell == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	quality = skl_accept_quality(text, "text/csv");
	must(quality >= 0 && quality <= 1000);
	length = skl_csv_cell(text, size, cell);
	must(length <= SKL_CSV_ROOM(size) && length >= size);
	if (length > 0 && !skl_csv_is_number(text, size))
		must(memchr("=+-@\t\r\n", cell[cell[0] == '"' && length > 1 ? 1 : 0], 7) == NULL);
	free(text);
	free(cell);
	return 0;
}
