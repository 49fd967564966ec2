/*
 * core/guc.h
 *		The settings of the extension, all in one structure and one table (guc.c).
 */
#ifndef SKL_CORE_GUC_H
#define SKL_CORE_GUC_H

typedef struct SklGuc
{
	int clock_offset;	  /* seconds added to the system's clock */
	bool allow_drop;	  /* DROP EXTENSION is let through */
	char *databases;	  /* where workers run: * or a list of names */
	char *font_directory; /* of DejaVuSans.ttf and DejaVuSans-Bold.ttf, for PDF */
	char *otlp_ca_file;	  /* who signs its certificate; empty: whom the system trusts */
	char *otlp_url;		  /* of a collector of traces; empty: none */
	char *public_url;	  /* base of every link in a mail, without a trailing slash */
	char *smtp_url;		  /* smtp:// or smtps:// of the mail server; empty: mail waits */
	char *smtp_user;
	char *smtp_password;
	char *smtp_bounce_to;
	char *smtp_ca_file;
	char *smtp_from; /* sender's address */
	bool keep_mails;
	bool smtp_require_tls;
	int timekeeper_naptime; /* milliseconds between looks when nothing wakes a worker */
	int mail_domain_rate;
	int notifier_naptime;
	int courier_naptime;
	int indexer_naptime;
	int merger_naptime;
	int analyst_naptime;
	int analyst_pause; /* milliseconds from tick to tick, at least */
	int indexer_pause; /* milliseconds from tick to tick, at least */
	int indexer_batch_size;
	int search_cache;		 /* megabytes of shared memory for segments */
	int search_merge_factor; /* segments of a level that are merged */
	int worker_batch_size;
	int courier_concurrency;
	int courier_timeout; /* milliseconds for one delivery in all */
	int courier_max_attempts;
	char *stripe_url; /* base address of the API, without a trailing slash */
	char *stripe_version;
	char *stripe_key_file; /* its first line is the secret key */
	char *stripe_webhook_secret_file;
	char *stripe_ca_file;
	int provider_timeout; /* milliseconds for one call in all */
	int provider_max_attempts;
	int provider_retry_delay; /* milliseconds before the second attempt */
	char *secret_key_file;	  /* keys that secrets in the database are sealed with */
	char *webhook_allow;	  /* ranges of addresses that webhooks may go to besides the internet */
	char *webhook_ca_file;
	int webhook_concurrency; /* deliveries at the same time */
	int webhook_timeout;	 /* milliseconds for one delivery in all */
	int worker_nice;		 /* how far workers step back when others want the processor */
	int worker_restart_max;	 /* seconds: the longest back-off of a failing worker */
} SklGuc;

extern SklGuc skl_guc;

/* Defines every setting; called once from _PG_init. */
extern void skl_guc_init(void);

#endif
