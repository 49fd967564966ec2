/*
 * analytics/windows.h
 *		How many different subjects a metric had in the last days, kept exactly.
 */
#ifndef SKL_ANALYTICS_WINDOWS_H
#define SKL_ANALYTICS_WINDOWS_H

#include "analytics/rows.h"

typedef struct SklWindows SklWindows;

extern SklWindows *skl_windows_begin(void);

/* Notes that a subject has become a member of a metric's day, or is none any more. */
extern void skl_windows_member(SklWindows *windows, const SklRollupRow *member, bool joins);

/* Appends what changes of the windows' days, as rows of SKL_ROLLUP_DAY. */
extern void skl_windows_add(SklWindows *windows, SklRollupRows *rows);

#endif
