/*
 * notification/reader.h
 *		The readers of notifications: language, time zone, quiet hours, and what they prefer.
 */
#ifndef SKL_NOTIFICATION_READER_H
#define SKL_NOTIFICATION_READER_H

#include "notification/mustache.h"
#include "notification/schedule.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

typedef enum SklChannel
{
	SKL_CHANNEL_IN_APP,
	SKL_CHANNEL_EMAIL,
	SKL_CHANNEL_WEBHOOK,
	SKL_CHANNEL_PUSH, /* this one and the next: through gateways of the operator */
	SKL_CHANNEL_SMS,
	SKL_NCHANNELS
} SklChannel;

#define SKL_NCATEGORIES 7

/* Channels that a gateway serves: from SKL_CHANNEL_PUSH on. */
#define SKL_NGATEWAYS (SKL_NCHANNELS - SKL_CHANNEL_PUSH)

/* The place of a category among its kind; an error when there is none of that name. */
extern int skl_category_of(const char *name);

/* The channel of a name; an error when there is none. */
extern SklChannel skl_channel_of(const char *name);
extern const char *const skl_channel_names[SKL_NCHANNELS];

/* A user who may read a notification. */
typedef struct SklReader
{
	pg_uuid_t user; /* key of the hash table */
	const char *name;
	const char *locale;
	pg_tz *zone;
	SklQuietHours quiet;
	SklFrequency frequency[SKL_NCATEGORIES][SKL_NCHANNELS];
} SklReader;

typedef struct SklReaders SklReaders;

/* Looks up readers (uuid[]) at once; accounts that are closed are left out. SPI is connected. */
extern SklReaders *skl_readers_load(Datum users);

/* A reader; NULL when the account is closed or gone. */
extern const SklReader *skl_reader_find(const SklReaders *readers, const pg_uuid_t *user);

/*
 * What a template is rendered with for this reader: the context, user.name, count, and grouped
 * when the count is more than one.
 */
extern const SklMustacheValue *skl_reader_data(const SklReader *reader, Jsonb *context, int count);

#endif
