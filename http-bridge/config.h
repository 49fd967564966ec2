/*
 * config.h
 *		The configuration of the bridge: file + environment + command line (config.c).
 *
 * One immutable SklConfig is in force at a time; a reload builds and validates another one aside
 * and swaps the pointer. A request keeps the one it began with; it is freed when none can be left.
 */
#ifndef SKL_CONFIG_H
#define SKL_CONFIG_H

#include "bridge.h"
#include "cors.h"
#include "gcra.h"
#include "network.h"

/* An older client's path prefix and what it means now: "/api/" -> "/v1/". Longest prefix wins. */
typedef struct SklAlias
{
	char *prefix;
	char *target;
} SklAlias;

struct SklConfig
{
	/* listener */
	char *listen_address; /* default "::" (both families), or an IPv4/IPv6 literal */
	int port;			  /* default 8080 */
	int threads;		  /* default: cores, at most 64 */
	int stream_port;	  /* of the live stream; 0 = none */
	char *stream_url;	  /* how clients reach it; empty = this host, stream_port */
	int stream_max;		  /* streams at once, default 10000 */
	int stream_max_per_user;
	char *admin_listen; /* "127.0.0.1:9090", "[::1]:9090" or "unix:/path"; empty = off */

	/* uploaded files */
	char *media_dir; /* empty = none are taken */
	size_t media_max_bytes;
	int media_max_uploads; /* at once */
	int media_sweep_s;	   /* 0 = never */
	int media_grace_s;

	/* PostgreSQL */
	char *database;			/* libpq connection string */
	int fast_connections;	/* per thread, default 2 */
	int fast_depth;			/* default 8, 1..8 */
	int slow_connections;	/* per thread, default 2 */
	int export_connections; /* per thread, default 1; opened when first used */
	int queue_size;			/* per thread and class, default 512 */
	int fast_wait_ms;		/* a queued fast request is refused after this long, default 250 */
	int slow_wait_ms;		/* default 5000 */

	/* clients */
	int max_connections;		/* per thread, default 4096 */
	int max_connections_per_ip; /* per thread, default 0 = no cap */
	int header_deadline_ms;		/* request line and headers, absolute, default 10000 */
	int body_floor;				/* bytes a second after a grace of 10 s, default 1024 */
	int write_stall_ms;			/* default 20000 */
	int export_deadline_ms;		/* an answer of many rows in all, default 600000 */
	int idle_timeout_ms;		/* keep-alive between requests, default 75000 */
	size_t max_body;			/* upper bound of every route's limit, default 1048576 (1 MiB)
								 * unless the route says more */
	int compress_min;			/* gzip from this many bytes, default 1024; 0 = never */

	int naliases;
	SklAlias *aliases;

	/* who may connect, and from which pages */
	SklNetworks *allow; /* empty = everybody */
	SklNetworks *deny;	/* wins over allow */
	SklNetworks *trusted_proxies;
	SklCors *cors;

	/* tokens */
	char *jwt_issuer;
	char *jwt_audience;
	char *jwt_key_dir;	  /* <kid>.pem and <kid>.hs256 files */
	char *jwt_active_key; /* kid that signs; empty: the newest private key by name */
	int jwt_ttl;		  /* seconds */
	int jwt_leeway;		  /* seconds */
	int token_cache_size; /* entries */

	/* limits */
	SklQuota quota[SKL_QUOTA_CLASSES];
	double limit_scale; /* multiplies every limit; 0 = limits off (test worlds) */
	int limit_slots;	/* keys remembered at once */

	/* log and life */
	char *log_file; /* empty = stderr */
	SklLogLevel log_level;
	int log_sample;		  /* one in n successes is logged, 0 = none */
	char *otlp_url;		  /* of a collector of traces; empty = none */
	char *otlp_ca_file;	  /* who signs its certificate; empty = whom the system trusts */
	int trace_sample;	  /* one in n traces that begin here is recorded, 0 = none */
	int drain_wait_ms;	  /* readiness is 503 this long before accepting stops */
	int drain_timeout_ms; /* then requests in flight get this long */
	char *public_url;	  /* how clients reach the bridge; for OpenAPI */

	/* TLS of the listener; both files empty = plain HTTP */
	char *tls_certificate;
	char *tls_key;
	char *tls_priorities; /* GnuTLS priority string */
};

/* Frees a configuration that never came into force. */
void skl_config_free(SklConfig *config);

/* Reads everything. Prints usage (--help), checks (--check) or a complaint itself; returns the exit
 * status, or -1 to go on and run. */
int skl_config_start(int argc, char **argv);

/* The configuration in force; never NULL after skl_config_start(). */
const SklConfig *skl_config(void);

/* Reads the same sources and the keys again, all or nothing. False: the old one stays and
 * *complaint (malloc'ed) says why. */
bool skl_config_reload(char **complaint);

#endif /* SKL_CONFIG_H */
