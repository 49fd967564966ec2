/*
 * log.h
 *		The log: one JSON line a request or event, written by a thread of its own. The calls that
 *		every file makes are declared in bridge.h.
 */
#ifndef SKL_LOG_H
#define SKL_LOG_H

#include "bridge.h"

bool skl_log_level_parse(const char *text, SklLogLevel *level);
void skl_log_set(SklLogLevel level, uint32_t sample_2xx);
bool skl_log_reopen(const char *path);
uint64_t skl_log_dropped(void);
size_t skl_json_escape(char *out, size_t room, const char *text);

#endif
