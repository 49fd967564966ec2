/*
 * notification/schedule.c
 *		When somebody may be told: quiet hours and digests, in local time.
 *
 * Days and clock times are reckoned in the zone, and only the result is turned into an instant, by
 * PostgreSQL's time zone functions: so 09:00 is 09:00 on either side of a change of clocks. A clock
 * time that a change skips is the instant at which it would have been by the clock of before; one
 * that comes twice is the second one.
 */
#include "skl.h"

#include "notification/schedule.h"

#include "utils/builtins.h"
#include "utils/datetime.h"

#define DIGEST_HOUR (9 * USECS_PER_HOUR)

PG_FUNCTION_INFO_V1(skl_fn_quiet_until);
PG_FUNCTION_INFO_V1(skl_fn_digest_at);

const char *const skl_frequency_names[5] = {"IMMEDIATE", "HOURLY", "DAILY", "WEEKLY", "NEVER"};

/* An instant as the clock and calendar of a zone show it. */
typedef struct Local
{
	int day;	   /* Julian */
	int64 of_day;  /* microseconds since midnight */
	int64 of_hour; /* microseconds since the full hour */
} Local;

SklFrequency
skl_frequency_of(const char *name)
{
	for (int i = 0; i < lengthof(skl_frequency_names); i++)
	{
		if (strcmp(name, skl_frequency_names[i]) == 0)
			return (SklFrequency) i;
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("there is no frequency \"%s\"", name)));
}

pg_tz *
skl_zone_of(const char *name)
{
	pg_tz *zone = name != NULL ? pg_tzset(name) : NULL;

	return zone != NULL ? zone : pg_tzset("UTC");
}

static Local
local_of(TimestampTz at, pg_tz *zone)
{
	Local local;
	struct pg_tm tm;
	fsec_t fsec;
	int tz;

	if (timestamp2tm(at, &tz, &tm, &fsec, NULL, zone) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
	local.day = date2j(tm.tm_year, tm.tm_mon, tm.tm_mday);
	local.of_hour = (tm.tm_min * 60 + tm.tm_sec) * USECS_PER_SEC + fsec;
	local.of_day = tm.tm_hour * USECS_PER_HOUR + local.of_hour;
	return local;
}

/* The instant at which a zone's clock shows a time of a day. */
static TimestampTz
instant_of(int day, int64 of_day, pg_tz *zone)
{
	struct pg_tm tm = {.tm_isdst = -1};
	TimestampTz result;
	int64 seconds = of_day / USECS_PER_SEC;
	int tz;

	j2date(day, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	tm.tm_hour = (int) (seconds / SECS_PER_HOUR);
	tm.tm_min = (int) (seconds / SECS_PER_MINUTE % MINS_PER_HOUR);
	tm.tm_sec = (int) (seconds % SECS_PER_MINUTE);
	tz = DetermineTimeZoneOffset(&tm, zone);
	if (tm2timestamp(&tm, (fsec_t) (of_day % USECS_PER_SEC), &tz, &result) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
	return result;
}

TimestampTz
skl_quiet_until(TimestampTz at, const SklQuietHours *quiet, pg_tz *zone)
{
	bool crosses = quiet->starts > quiet->ends;
	Local now;
	TimestampTz end;

	if (!quiet->given || TIMESTAMP_NOT_FINITE(at))
		return at;
	now = local_of(at, zone);
	if (crosses ? now.of_day < quiet->starts && now.of_day >= quiet->ends
				: now.of_day < quiet->starts || now.of_day >= quiet->ends)
		return at;
	end = instant_of(crosses && now.of_day >= quiet->starts ? now.day + 1 : now.day, quiet->ends,
					 zone);
	return Max(end, at);
}

TimestampTz
skl_digest_at(TimestampTz at, SklFrequency frequency, pg_tz *zone)
{
	Local now;
	TimestampTz due;
	int step = frequency == SKL_WEEKLY ? 7 : 1;
	int day;

	if (frequency == SKL_IMMEDIATE || frequency == SKL_NEVER || TIMESTAMP_NOT_FINITE(at))
		return at;
	now = local_of(at, zone);
	if (frequency == SKL_HOURLY)
		return at + USECS_PER_HOUR - now.of_hour;
	day = now.day;
	if (frequency == SKL_WEEKLY)
		day += (8 - j2day(day)) % 7;
	for (due = instant_of(day, DIGEST_HOUR, zone); due <= at;
		 due = instant_of(day, DIGEST_HOUR, zone))
		day += step;
	return due;
}

/* An argument that names a zone; an error when it is unknown. */
static pg_tz *
zone_argument(text *name)
{
	char *zone = text_to_cstring(name);

	if (pg_tzset(zone) == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("time zone \"%s\" not recognized", zone)));
	return pg_tzset(zone);
}

/* quiet_until(at, starts, ends, zone) returns timestamptz. */
Datum
skl_fn_quiet_until(PG_FUNCTION_ARGS)
{
	SklQuietHours quiet = {
		.given = true, .starts = PG_GETARG_TIMEADT(1), .ends = PG_GETARG_TIMEADT(2)};

	PG_RETURN_TIMESTAMPTZ(
		skl_quiet_until(PG_GETARG_TIMESTAMPTZ(0), &quiet, zone_argument(PG_GETARG_TEXT_PP(3))));
}

/* digest_at(at, frequency, zone) returns timestamptz. */
Datum
skl_fn_digest_at(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(skl_digest_at(PG_GETARG_TIMESTAMPTZ(0),
										skl_frequency_of(text_to_cstring(PG_GETARG_TEXT_PP(1))),
										zone_argument(PG_GETARG_TEXT_PP(2))));
}
