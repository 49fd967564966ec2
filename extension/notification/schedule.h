/*
 * notification/schedule.h
 *		When somebody may be told: quiet hours and digests, in local time.
 */
#ifndef SKL_NOTIFICATION_SCHEDULE_H
#define SKL_NOTIFICATION_SCHEDULE_H

#include "pgtime.h"
#include "utils/date.h"
#include "utils/timestamp.h"

/* How often a category is told on a channel. */
typedef enum SklFrequency
{
	SKL_IMMEDIATE,
	SKL_HOURLY,
	SKL_DAILY,
	SKL_WEEKLY,
	SKL_NEVER
} SklFrequency;

/* Names as in the database; NULL-free, in the order of the enum. */
extern const char *const skl_frequency_names[5];

/* The frequency of a name; an error when there is none. */
extern SklFrequency skl_frequency_of(const char *name);

/* Quiet hours of a day, in microseconds since local midnight; starts > ends crosses midnight. */
typedef struct SklQuietHours
{
	bool given;
	TimeADT starts;
	TimeADT ends;
} SklQuietHours;

/* The time zone of a name; UTC when the name is NULL or unknown. */
extern pg_tz *skl_zone_of(const char *name);

/* The end of the quiet hours that an instant lies in; the instant itself outside of them. */
extern TimestampTz skl_quiet_until(TimestampTz at, const SklQuietHours *quiet, pg_tz *zone);

/*
 * When the next digest after an instant is due: at the full hour, at 09:00, or on Monday at 09:00
 * of the zone. An instant that is IMMEDIATE or NEVER is returned as it is.
 */
extern TimestampTz skl_digest_at(TimestampTz at, SklFrequency frequency, pg_tz *zone);

#endif
