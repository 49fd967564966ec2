/*
 * test/sanitize/lib/planted.c
 *		A fault that the sanitizers must see: linked around the bridge's skl_builtin_route() with
 *		--wrap, it reads one byte behind a block of the heap at every request.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

bool __real_skl_builtin_route(void *ctx);
bool __wrap_skl_builtin_route(void *ctx);

bool
__wrap_skl_builtin_route(void *ctx)
{
	volatile size_t length = 16;
	char *block = malloc(length);
	bool seen;

	memset(block, 'x', length);
	seen = ((volatile char *) block)[length] == 'x';
	free(block);
	return __real_skl_builtin_route(ctx) && (seen || !seen);
}
