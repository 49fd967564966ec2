/*
 * module.c
 *		Entry point of the shared library: the server calls _PG_init once when it loads the library,
 *		and each part registers what it has (settings, guards, effects, workers), in the order of
 *		the layers.
 */
#include "skl.h"

#include "analytics/read_ring.h"
#include "booking/booking.h"
#include "core/events.h"
#include "core/guc.h"
#include "core/log_context.h"
#include "core/problems.h"
#include "core/request.h"
#include "core/rules.h"
#include "core/state.h"
#include "core/state_guard.h"
#include "core/wake.h"
#include "notification/presence.h"
#include "payment/payment.h"
#include "project/project.h"
#include "search/query_log.h"
#include "search/store.h"
#include "search/suggest_store.h"
#include "user/user.h"
#include "bgworkers/launcher.h"

PG_MODULE_MAGIC;

void _PG_init(void);

void
_PG_init(void)
{
	skl_guc_init();
	skl_state_init();
	skl_wake_init();
	skl_events_init();
	skl_request_init();
	skl_log_context_init();
	skl_problems_init();
	skl_rules_init();
	skl_state_guard_init();
	skl_user_init();
	skl_project_init();
	skl_booking_init();
	skl_payment_init();
	skl_presence_init();
	skl_store_init();
	skl_suggest_init();
	skl_query_log_init();
	skl_read_ring_init();
	skl_bgworkers_init();
}
