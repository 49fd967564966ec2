/*
 * core/log_context.c
 *		Request and trace in the lines that the server logs.
 *
 * Whatever a backend logs while it works for a request (errors, slow statements, lock waits) says
 * which one in its DETAIL, so that the server's log and the bridge's join by either id. The client
 * sees nothing of it: only the text for the log is changed. Both ids were checked by the bridge;
 * what somebody else gives begin_request() is shown only if it is as harmless.
 */
#include "skl.h"

#include "core/log_context.h"
#include "core/request.h"
#include "core/trace.h"

#include "lib/stringinfo.h"
#include "utils/elog.h"

#define ID_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-"

static emit_log_hook_type next_hook = NULL;

/* An id that may stand in a log line. */
static bool
is_plain(const char *id)
{
	return id != NULL && strlen(id) <= 80 && strspn(id, ID_CHARACTERS) == strlen(id);
}

static void
add_request(ErrorData *edata)
{
	const SklRequest *request = skl_request();
	const char *detail = edata->detail_log != NULL ? edata->detail_log : edata->detail;
	StringInfoData line;

	if (!edata->output_to_server || request == NULL || !is_plain(request->request_id))
		return;
	initStringInfo(&line);
	if (detail != NULL)
		appendStringInfo(&line, "%s ", detail);
	appendStringInfo(&line, "(request %s", request->request_id);
	if (skl_trace_is_valid(request->trace))
		appendStringInfo(&line, ", trace %.32s", request->trace + 3);
	appendStringInfoChar(&line, ')');
	edata->detail_log = line.data;
}

/* emit_log_hook */
static void
on_log(ErrorData *edata)
{
	add_request(edata);
	if (next_hook != NULL)
		next_hook(edata);
}

void
skl_log_context_init(void)
{
	next_hook = emit_log_hook;
	emit_log_hook = on_log;
}
