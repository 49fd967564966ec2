/*
 * test/c/tap.h
 *		Just enough of the Test Anything Protocol for test programs in C.
 */
#ifndef SKL_TEST_TAP_H
#define SKL_TEST_TAP_H

#include <stdbool.h>
#include <stdio.h>

static int tap_count = 0;
static int tap_failures = 0;

/* Reports one assertion. */
static inline bool
ok(bool passed, const char *what)
{
	printf("%s %d - %s\n", passed ? "ok" : "not ok", ++tap_count, what);
	tap_failures += passed ? 0 : 1;
	return passed;
}

/* Prints the plan; the program's exit status. */
static inline int
done_testing(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures == 0 ? 0 : 1;
}

#endif
