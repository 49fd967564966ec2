/*
 * monitor.h
 *		What the bridge knows about the database besides requests: role, schema, figures.
 */
#ifndef SKL_MONITOR_H
#define SKL_MONITOR_H

#include "metrics.h"

typedef enum SklSchemaState
{
	SKL_SCHEMA_UNKNOWN, /* the database could not be asked yet, or not lately */
	SKL_SCHEMA_CURRENT,
	SKL_SCHEMA_BEHIND /* migrate() is due, or the extension is another version */
} SklSchemaState;

bool skl_monitor_start(void);
void skl_monitor_stop(void);
SklSchemaState skl_monitor_schema(void);
bool skl_monitor_workers(void); /* all background workers ran when last asked */
bool skl_monitor_role_is_too_mighty(void);
void skl_monitor_metrics(SklMetricsOut *out);

#endif
