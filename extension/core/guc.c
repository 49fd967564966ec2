/*
 * core/guc.c
 *		The settings of the extension as one table. docs/settings.md is made from them.
 */
#include "skl.h"

#include "core/guc.h"
#include "core/outbound.h"

#include "miscadmin.h"
#include "utils/guc.h"

#include <limits.h>

SklGuc skl_guc;

typedef struct BoolSetting
{
	const char *name;
	const char *description;
	bool *value;
	bool initial;
	GucContext context;
	int flags;
} BoolSetting;

typedef struct IntSetting
{
	const char *name;
	const char *description;
	int *value;
	int initial;
	int min;
	int max;
	GucContext context;
	int flags;
} IntSetting;

typedef struct TextSetting
{
	const char *name;
	const char *description;
	char **value;
	const char *initial;
	GucContext context;
	int flags;
} TextSetting;

#define SECRET (GUC_SUPERUSER_ONLY | GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE)

static const BoolSetting bool_settings[] = {
	{"skillancer.allow_drop", "Lets DROP EXTENSION skillancer through.", &skl_guc.allow_drop, false,
	 PGC_SUSET, 0},
	{"skillancer.keep_mails",
	 "What mails say is kept once they are sent, and shown to ADMIN: for demos, it holds links.",
	 &skl_guc.keep_mails, false, PGC_SIGHUP, 0},
	{"skillancer.smtp_require_tls", "Mail is sent over TLS or not at all.",
	 &skl_guc.smtp_require_tls, true, PGC_SIGHUP, 0},
};

static const IntSetting int_settings[] = {
	{"skillancer.analyst_naptime", "Longest time between two looks of the analyst.",
	 &skl_guc.analyst_naptime, 1000, 10, 3600000, PGC_SIGHUP, GUC_UNIT_MS},
	{"skillancer.analyst_pause", "Time from one tick of the analyst to the next, at least.",
	 &skl_guc.analyst_pause, 250, 0, 60000, PGC_SIGHUP, GUC_UNIT_MS},
	{"skillancer.clock_offset",
	 "Moves the marketplace's clock, back when it is negative; for demos, simulations and tests.",
	 &skl_guc.clock_offset, 0, -INT_MAX, INT_MAX, PGC_SUSET, GUC_UNIT_S},
	{"skillancer.courier_concurrency", "Mails that the courier sends at the same time.",
	 &skl_guc.courier_concurrency, 16, 1, 1000, PGC_SIGHUP, 0},
	{"skillancer.courier_max_attempts", "Tries after which a mail is parked.",
	 &skl_guc.courier_max_attempts, 8, 1, 100, PGC_SIGHUP, 0},
	{"skillancer.courier_naptime", "Longest time between two looks of the courier.",
	 &skl_guc.courier_naptime, 1000, 10, 3600000, PGC_SIGHUP, GUC_UNIT_MS},
	{"skillancer.courier_timeout", "Longest time for one delivery in all.",
	 &skl_guc.courier_timeout, 10000, 100, 600000, PGC_SIGHUP, GUC_UNIT_MS},
	{"skillancer.indexer_batch_size", "Changes that the indexer takes in one transaction.",
	 &skl_guc.indexer_batch_size, 2000, 1, 100000, PGC_SIGHUP, 0},
	{"skillancer.indexer_naptime", "Longest time between two looks of the indexer.",
	 &skl_guc.indexer_naptime, 1000, 10, 3600000, PGC_SIGHUP, GUC_UNIT_MS},
	{"skillancer.indexer_pause", "Time from one tick of the indexer to the next, at least.",
	 &skl_guc.indexer_pause, 50, 0, 60000, PGC_SIGHUP, GUC_UNIT_MS},
	{"skillancer.mail_domain_rate",
	 "Mails a minute to one domain of recipients; 0: as many as there are.",
	 &skl_guc.mail_domain_rate, 1200, 0, 1000000, PGC_SIGHUP, 0},
	{"skillancer.merger_naptime", "Longest time between two looks of the merger.",
	 &skl_guc.merger_naptime, 5000, 10, 3600000, PGC_SIGHUP, GUC_UNIT_MS},
	{"skillancer.notifier_naptime", "Longest time between two looks of the notifier.",
	 &skl_guc.notifier_naptime, 1000, 10, 3600000, PGC_SIGHUP, GUC_UNIT_MS},
	{"skillancer.provider_max_attempts",
	 "Tries of a call to a payment provider, after which it is asked what has become of it.",
	 &skl_guc.provider_max_attempts, 4, 1, 100, PGC_SIGHUP, 0},
	{"skillancer.provider_retry_delay",
	 "Pause before the second try of a call to a payment provider; each further one is four times "
	 "as long.",
	 &skl_guc.provider_retry_delay, 2000, 10, 600000, PGC_SIGHUP, GUC_UNIT_MS},
	{"skillancer.provider_timeout", "Longest time for one call to a payment provider in all.",
	 &skl_guc.provider_timeout, 20000, 100, 600000, PGC_SIGHUP, GUC_UNIT_MS},
	{"skillancer.search_cache", "Shared memory for segments of search, over all databases.",
	 &skl_guc.search_cache, 512, 0, 1024 * 1024, PGC_SIGHUP, GUC_UNIT_MB},
	{"skillancer.search_merge_factor", "Segments of search of about one size that are merged.",
	 &skl_guc.search_merge_factor, 8, 2, 64, PGC_SUSET, 0},
	{"skillancer.timekeeper_naptime", "Longest time between two looks of the timekeeper.",
	 &skl_guc.timekeeper_naptime, 1000, 10, 3600000, PGC_SIGHUP, GUC_UNIT_MS},
	{"skillancer.webhook_concurrency", "Webhooks that the courier delivers at the same time.",
	 &skl_guc.webhook_concurrency, 256, 4, 10000, PGC_SIGHUP, 0},
	{"skillancer.webhook_timeout", "Longest time for one delivery of a webhook in all.",
	 &skl_guc.webhook_timeout, 10000, 100, 600000, PGC_SIGHUP, GUC_UNIT_MS},
	{"skillancer.worker_batch_size", "Rows that a worker takes in one transaction.",
	 &skl_guc.worker_batch_size, 500, 1, 100000, PGC_SIGHUP, 0},
	{"skillancer.worker_nice",
	 "How far workers other than the timekeeper step back when others want the processor, too "
	 "(nice); 0: not at all, 19: they get what nobody else wants.",
	 &skl_guc.worker_nice, 19, 0, 19, PGC_SIGHUP, 0},
	{"skillancer.worker_restart_max", "Longest back-off before a failing worker starts again.",
	 &skl_guc.worker_restart_max, 300, 1, 86400, PGC_SIGHUP, GUC_UNIT_S},
};

static const TextSetting text_settings[] = {
	{"skillancer.databases", "Databases that get workers: * or names separated by commas.",
	 &skl_guc.databases, "*", PGC_SIGHUP, GUC_LIST_INPUT},
	{"skillancer.font_directory", "Directory with DejaVuSans.ttf and DejaVuSans-Bold.ttf, for PDF.",
	 &skl_guc.font_directory, "/usr/share/fonts/truetype/dejavu", PGC_SIGHUP, 0},
	{"skillancer.otlp_ca_file",
	 "Certificates that those of the collector of traces must be signed by; empty: those of the "
	 "system.",
	 &skl_guc.otlp_ca_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY},
	{"skillancer.otlp_url",
	 "Collector that spans of deliveries go to (OTLP/HTTP, JSON), such as http://127.0.0.1:4318; "
	 "empty: none.",
	 &skl_guc.otlp_url, "", PGC_SIGHUP, 0},
	{"skillancer.public_url", "Base of every link in a mail.", &skl_guc.public_url,
	 "http://localhost:8080", PGC_SIGHUP, 0},
	{"skillancer.secret_key_file",
	 "File with the keys that secrets in the database are sealed with, one a line in base64, the "
	 "newest first; relative to the data directory, and made there when it is missing.",
	 &skl_guc.secret_key_file, "skillancer.keys", PGC_SIGHUP, GUC_SUPERUSER_ONLY},
	{"skillancer.smtp_bounce_to",
	 "Address for reports about mails that were not delivered, such as bounces@example.com; empty: "
	 "that of smtp_from.",
	 &skl_guc.smtp_bounce_to, "", PGC_SIGHUP, 0},
	{"skillancer.smtp_ca_file",
	 "Certificates that the mail server's must be signed by; empty: those of the system.",
	 &skl_guc.smtp_ca_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY},
	{"skillancer.smtp_from", "Sender's address of every mail.", &skl_guc.smtp_from,
	 "no-reply@localhost", PGC_SIGHUP, 0},
	{"skillancer.smtp_password", "Password at the mail server.", &skl_guc.smtp_password, "",
	 PGC_SIGHUP, SECRET},
	{"skillancer.smtp_url",
	 "Mail server as smtp://host:port or smtps://host:port; empty: mail waits.", &skl_guc.smtp_url,
	 "", PGC_SIGHUP, 0},
	{"skillancer.smtp_user", "User name at the mail server.", &skl_guc.smtp_user, "", PGC_SIGHUP,
	 0},
	{"skillancer.stripe_ca_file",
	 "Certificates that Stripe's must be signed by; empty: those of the system.",
	 &skl_guc.stripe_ca_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY},
	{"skillancer.stripe_key_file",
	 "File whose first line is the secret key for Stripe; empty: calls wait.",
	 &skl_guc.stripe_key_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY},
	{"skillancer.stripe_url",
	 "Base address of Stripe's API; http:// is for a stand-in on this machine only.",
	 &skl_guc.stripe_url, "https://api.stripe.com", PGC_SIGHUP, GUC_SUPERUSER_ONLY},
	{"skillancer.stripe_version", "Version of Stripe's API that is asked for.",
	 &skl_guc.stripe_version, "2024-06-20", PGC_SIGHUP, 0},
	{"skillancer.stripe_webhook_secret_file",
	 "File with the signing secrets of Stripe's webhooks, one a line; empty: none is accepted.",
	 &skl_guc.stripe_webhook_secret_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY},
	{"skillancer.webhook_ca_file",
	 "Certificates that those of webhook receivers must be signed by; empty: those of the system.",
	 &skl_guc.webhook_ca_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY},
};

/* GucStringCheckHook of a list of ranges. */
static bool
check_ranges(char **value, void **extra, GucSource source)
{
	SklRanges ranges;

	if (skl_ranges_parse(*value, &ranges))
		return true;
	GUC_check_errdetail("It is a list of at most %d ranges of addresses, such as 10.1.0.0/16.",
						SKL_RANGES_MAX);
	return false;
}

/* Only a restart changes it, where the library is preloaded; without that nothing is sent. */
static void
define_webhook_allow(void)
{
	DefineCustomStringVariable(
		"skillancer.webhook_allow",
		"Ranges of addresses that webhooks may go to besides the internet, by http:// too, such as "
		"10.1.0.0/16, fd12::/16.",
		NULL, &skl_guc.webhook_allow, "",
		process_shared_preload_libraries_in_progress ? PGC_POSTMASTER : PGC_SIGHUP, 0, check_ranges,
		NULL, NULL);
	if (process_shared_preload_libraries_in_progress && skl_guc.webhook_allow[0] != '\0')
		ereport(LOG,
				(errmsg("webhooks may go to %s, besides the internet", skl_guc.webhook_allow)));
}

void
skl_guc_init(void)
{
	for (size_t i = 0; i < lengthof(bool_settings); i++)
	{
		const BoolSetting *s = &bool_settings[i];

		DefineCustomBoolVariable(s->name, s->description, NULL, s->value, s->initial, s->context,
								 s->flags, NULL, NULL, NULL);
	}
	for (size_t i = 0; i < lengthof(int_settings); i++)
	{
		const IntSetting *s = &int_settings[i];

		DefineCustomIntVariable(s->name, s->description, NULL, s->value, s->initial, s->min, s->max,
								s->context, s->flags, NULL, NULL, NULL);
	}
	for (size_t i = 0; i < lengthof(text_settings); i++)
	{
		const TextSetting *s = &text_settings[i];

		DefineCustomStringVariable(s->name, s->description, NULL, s->value, s->initial, s->context,
								   s->flags, NULL, NULL, NULL);
	}
	define_webhook_allow();
	MarkGUCPrefixReserved("skillancer");
}
