/*
 * test/c/kill_points.c
 *		A library that kills a background worker at a chosen statement, as kill -9 does.
 *
 * A point is the beginning or the end of a statement, of those inside functions too, and the
 * moments before and behind a commit. A file "kill_points" in the data directory arms it: the type
 * of the worker, a tab, and at which point from then on it dies. The worker takes the file away. It
 * leaves "kill_points.passed" with the number of points that it has passed, written behind each
 * commit, and "kill_points.hit" with what it was doing when it killed itself.
 */
#include "postgres.h"

#include <signal.h>
#include <unistd.h>

#include "access/xact.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "postmaster/bgworker.h"

#define ORDER "kill_points"
#define HIT "kill_points.hit"
#define PASSED "kill_points.passed"

PG_MODULE_MAGIC;

void _PG_init(void);

static ExecutorStart_hook_type next_start;
static ExecutorEnd_hook_type next_end;
static long last = 0; /* the point to die at; 0: not armed */
static long passed = 0;

/* Takes the order when it is for this worker. */
static void
arm(void)
{
	char type[BGW_MAXLEN];
	FILE *order = fopen(ORDER, "r");

	if (order == NULL)
		return;
	if (fscanf(order, "%95[^\t]\t%ld", type, &last) != 2 ||
		strcmp(type, MyBgworkerEntry->bgw_type) != 0)
		last = 0;
	fclose(order);
	if (last > 0)
		unlink(ORDER);
	passed = 0;
}

static void
leave(const char *file, const char *format, ...)
{
	FILE *out = fopen(file, "w");
	va_list values;

	if (out == NULL)
		return;
	va_start(values, format);
	vfprintf(out, format, values);
	va_end(values);
	fclose(out);
}

static void
point(const char *moment, const char *statement)
{
	if (MyBgworkerEntry == NULL)
		return;
	if (last == 0)
		arm();
	if (last > 0 && ++passed == last)
	{
		leave(HIT, "%s %.100s\n", moment, statement);
		kill(getpid(), SIGKILL);
	}
}

static const char *
text_of(QueryDesc *query)
{
	return query->sourceText != NULL ? query->sourceText : "";
}

static void
start(QueryDesc *query, int eflags)
{
	point("before", text_of(query));
	if (next_start != NULL)
		next_start(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
}

static void
end(QueryDesc *query)
{
	point("after", text_of(query));
	if (next_end != NULL)
		next_end(query);
	else
		standard_ExecutorEnd(query);
}

static void
at_commit(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT)
		point("before", "the commit");
	else if (event == XACT_EVENT_COMMIT)
	{
		point("after", "the commit");
		if (last > 0)
			leave(PASSED, "%ld\n", passed);
	}
}

void
_PG_init(void)
{
	next_start = ExecutorStart_hook;
	ExecutorStart_hook = start;
	next_end = ExecutorEnd_hook;
	ExecutorEnd_hook = end;
	RegisterXactCallback(at_commit, NULL);
}
