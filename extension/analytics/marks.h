/*
 * analytics/marks.h
 *		Marking the days of cohorts that a step changes.
 */
#ifndef SKL_ANALYTICS_MARKS_H
#define SKL_ANALYTICS_MARKS_H

#include "analytics/cells.h"

/* The earliest times at which a subject took a step. */
typedef struct SklStepTimes
{
	int n;
	TimestampTz times[SKL_STEP_TIMES]; /* rising */
} SklStepTimes;

extern void skl_step_times_read(SklStepTimes *times, Datum array);
extern Datum skl_step_times_datum(const SklStepTimes *times);

typedef struct SklMarks SklMarks;

extern SklMarks *skl_marks_begin(void);

/* Notes which days of which cohorts change with a subject's times of a step. */
extern void skl_marks_step(SklMarks *marks, const text *step, const pg_uuid_t *subject,
						   const SklStepTimes *before, const SklStepTimes *after);

/* Writes the marks to rollup_invalid. */
extern void skl_marks_write(SklMarks *marks);

#endif
