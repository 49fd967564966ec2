/*
 * config_options.c
 *		The table of options: what config.c reads, checks, and documents.
 */
#include "config_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define OPT(section, name, type, initial, low, high, reload, description)                         \
	{                                                                                             \
		section, #name, SKL_OPTION_##type, offsetof(SklConfig, name), initial, low, high, reload, \
			description                                                                           \
	}
#define RATE(name, class, initial, description)                                               \
	{                                                                                         \
		"Limits", "rate_" name, SKL_OPTION_QUOTA,                                             \
			offsetof(SklConfig, quota) + SKL_QUOTA_##class * sizeof(SklQuota), initial, 0, 0, \
			true, description                                                                 \
	}

const SklOption skl_options[SKL_OPTION_COUNT] = {
	OPT("Listener", listen_address, TEXT, "::", 0, 0, false,
		"Address to listen on; :: takes IPv6 and IPv4."),
	OPT("Listener", port, INTEGER, "8080", 0, 65535, false,
		"Port to listen on; 0 lets the system choose."),
	OPT("Listener", threads, INTEGER, "0", 0, 64, false, "Event-loop threads; 0 means one a core."),
	OPT("Listener", stream_port, INTEGER, "0", 0, 65535, false,
		"Port of the live stream, on listen_address; 0 means none. GET /v1/stream on the other "
		"port "
		"answers 307 to it."),
	OPT("Listener", stream_url, TEXT, "", 0, 0, true,
		"Where clients are sent for the live stream, such as https://stream.example.com; empty "
		"means the host that they used, with stream_port."),
	OPT("Listener", stream_max, INTEGER, "10000", 1, 1000000, false, "Live streams at once."),
	OPT("Listener", stream_max_per_user, INTEGER, "16", 1, 10000, true,
		"Live streams of one user at once; beyond, 429."),
	OPT("Listener", admin_listen, TEXT, "127.0.0.1:9090", 0, 0, false,
		"Listener of /metrics, /health and /reload: address:port or unix:/path; empty means none. "
		"Anyone who reaches it may use it."),
	OPT("Listener", public_url, TEXT, "", 0, 0, true,
		"How clients reach the bridge, for the OpenAPI document; empty means by a relative URL."),
	OPT("Listener", tls_certificate, TEXT, "", 0, 0, false,
		"File with the certificate chain (PEM); empty means plain HTTP."),
	OPT("Listener", tls_key, TEXT, "", 0, 0, false, "File with the key of the certificate (PEM)."),
	OPT("Listener", tls_priorities, TEXT, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", 0, 0, false,
		"GnuTLS priority string."),

	OPT("Database", database, TEXT, "dbname=skillancer user=skillancer_bridge", 0, 0, false,
		"libpq connection string. Passwords belong in a file named by passfile=."),
	OPT("Database", fast_connections, INTEGER, "2", 1, 32, false,
		"Connections a thread for routes of class fast, which share them."),
	OPT("Database", fast_depth, INTEGER, "8", 1, 8, false,
		"Requests in flight on one fast connection."),
	OPT("Database", slow_connections, INTEGER, "2", 1, 32, false,
		"Connections a thread for routes of class slow, one request each."),
	OPT("Database", export_connections, INTEGER, "1", 1, 32, false,
		"Connections a thread for routes of class export, which take as long as their readers; "
		"opened when first needed."),
	OPT("Database", queue_size, INTEGER, "512", 1, 100000, true,
		"Requests that may wait for a connection, per thread and class; beyond, 503."),
	OPT("Database", fast_wait_ms, INTEGER, "250", 1, 60000, true,
		"How long a request of class fast waits for a connection before 503."),
	OPT("Database", slow_wait_ms, INTEGER, "5000", 1, 60000, true,
		"How long a request of class slow or export waits for a connection before 503."),

	OPT("Clients", max_connections, INTEGER, "4096", 1, 1000000, false,
		"Open connections a thread."),
	OPT("Clients", max_connections_per_ip, INTEGER, "0", 0, 1000000, false,
		"Open connections of one address a thread; 0 means no cap."),
	OPT("Clients", header_deadline_ms, INTEGER, "10000", 100, 600000, true,
		"Absolute time for request line and headers."),
	OPT("Clients", body_floor, INTEGER, "1024", 0, 100000000, true,
		"Bytes a second that a body must arrive with, after a grace of 10 s; 0 means any."),
	OPT("Clients", write_stall_ms, INTEGER, "20000", 100, 600000, true,
		"How long a client may take nothing of its answer."),
	OPT("Clients", export_deadline_ms, INTEGER, "600000", 1000, 86400000, true,
		"How long an answer of class export may take in all: as long, its reader holds a "
		"snapshot."),
	OPT("Clients", idle_timeout_ms, INTEGER, "75000", 100, 3600000, true,
		"Idle time between requests of a connection."),
	OPT("Clients", max_body, SIZE, "1048576", 1024, 1073741824, true,
		"Largest body in bytes of routes that do not say."),
	OPT("Clients", compress_min, INTEGER, "1024", 0, 1000000000, true,
		"Answers from this many bytes are compressed where accepted; 0 means none."),
	OPT("Clients", aliases, ALIASES, "", 0, 0, true,
		"Path prefixes of older clients: /api/=/v1/, /user/auth/=/v1/auth/."),

	OPT("Files", media_dir, TEXT, "", 0, 0, false,
		"Directory of uploaded files, writable; all bridges of a marketplace share one. Empty "
		"means "
		"that none are taken."),
	OPT("Files", media_max_bytes, SIZE, "26214400", 1, 1073741824, true,
		"Largest file in bytes; the policy mediaMaxBytes may allow less."),
	OPT("Files", media_max_uploads, INTEGER, "256", 1, 100000, true,
		"Uploads at once of all threads; beyond, 503. So many times media_max_bytes is the room "
		"that "
		"strangers can take for a while."),
	OPT("Files", media_sweep_s, INTEGER, "3600", 0, 86400, false,
		"Seconds between looks for files that the database does not know; 0 means never."),
	OPT("Files", media_grace_s, INTEGER, "86400", 1, 31536000, true,
		"How old such a file must be in seconds to be removed: longer than any upload takes."),

	OPT("Access", allow, NETWORKS, "", 0, 0, true,
		"Networks that may connect, such as 10.0.0.0/8, 2001:db8::/32; empty means all."),
	OPT("Access", deny, NETWORKS, "", 0, 0, true, "Networks that may not; wins over allow."),
	OPT("Access", trusted_proxies, NETWORKS, "", 0, 0, true,
		"Networks of proxies whose X-Forwarded-For is believed."),
	{"Access", "cors_origins", SKL_OPTION_ORIGINS, offsetof(SklConfig, cors), "", 0, 0, true,
	 "Origins of pages that may call, exactly as browsers send them; empty means none."},

	OPT("Tokens", jwt_key_dir, TEXT, "keys", 0, 0, false,
		"Directory of keys: <kid>.pem (EC P-256 or RSA, private or public) and <kid>.hs256 (raw "
		"secret). skillancer-bridge --make-key adds one."),
	OPT("Tokens", jwt_active_key, TEXT, "", 0, 0, true,
		"Key id that signs; empty means the last private key by name."),
	OPT("Tokens", jwt_issuer, TEXT, "skillancer", 0, 0, true,
		"Claim iss of tokens, demanded and given."),
	OPT("Tokens", jwt_audience, TEXT, "skillancer", 0, 0, true,
		"Claim aud of tokens, demanded and given."),
	OPT("Tokens", jwt_ttl, INTEGER, "900", 10, 86400, true, "Life of an access token in seconds."),
	OPT("Tokens", jwt_leeway, INTEGER, "30", 0, 60, true, "Seconds by which clocks may differ."),
	OPT("Tokens", token_cache_size, INTEGER, "65536", 0, 1048576, false,
		"Verified tokens that are remembered."),

	RATE("anonymous", ANONYMOUS, "20/min burst 30",
		 "Requests without a token, by address (IPv6: by /64). Form: 20/min burst 30 (s, min, h), "
		 "or off."),
	RATE("authenticated", AUTHENTICATED, "100/min burst 150", "Requests of a user."),
	RATE("premium", PREMIUM, "500/min burst 750", "Requests of a premium user."),
	RATE("auth", AUTH, "10/min burst 10", "Sign-in, registration, reset, by address and by user."),
	RATE("address", ADDRESS, "6000/min burst 3000", "Anything at all from one address."),
	OPT("Limits", limit_scale, NUMBER, "1", 0, 1000000, true,
		"Factor on every limit; 0 turns limits off."),
	OPT("Limits", limit_slots, INTEGER, "262144", 1024, 16777216, false,
		"Clients whose limits are remembered at once."),

	OPT("Operation", log_file, TEXT, "", 0, 0, false,
		"File to append the log to, reopened by SIGHUP; empty means stderr."),
	OPT("Operation", log_level, LOG_LEVEL, "info", 0, 0, true,
		"debug, info, warn or error. Requests are logged at info, failures of ours at error."),
	OPT("Operation", log_sample, INTEGER, "1", 0, 1000000, true,
		"Log one in so many requests that succeed; 0 means none of them."),
	OPT("Operation", otlp_url, TEXT, "", 0, 0, false,
		"Collector that spans of requests go to (OTLP/HTTP, JSON), such as http://127.0.0.1:4318 "
		"or https://otel.example.com:4318; empty means none."),
	OPT("Operation", otlp_ca_file, TEXT, "", 0, 0, false,
		"Certificates that the collector's must be signed by; empty means those of the system."),
	OPT("Operation", trace_sample, INTEGER, "1", 0, 1000000, true,
		"Of requests that continue no trace, one in so many is recorded; 0 means none. Others are "
		"recorded when their traceparent says so."),
	OPT("Operation", drain_wait_ms, INTEGER, "500", 0, 600000, true,
		"After SIGTERM: how long /health/ready says 503 before connections are closed."),
	OPT("Operation", drain_timeout_ms, INTEGER, "20000", 0, 600000, true,
		"After that: how long requests in flight may take."),
};

/* Read a whole number within the bounds of the option. */
static bool
read_integer(const SklOption *option, const char *text, long *value, char *reason, size_t size)
{
	char *end;

	errno = 0;
	*value = strtol(text, &end, 10);
	if (end != text && *end == '\0' && errno == 0 && *value >= option->low &&
		*value <= option->high)
		return true;
	snprintf(reason, size, "\"%s\" is not a number from %ld to %ld", text, option->low,
			 option->high);
	return false;
}

static bool
read_number(const SklOption *option, const char *text, double *value, char *reason, size_t size)
{
	char *end;

	*value = strtod(text, &end);
	if (end != text && *end == '\0' && *value >= (double) option->low &&
		*value <= (double) option->high)
		return true;
	snprintf(reason, size, "\"%s\" is not a number from %ld to %ld", text, option->low,
			 option->high);
	return false;
}

/* Add one "prefix=target"; both are absolute paths. */
static bool
add_alias(SklConfig *config, const char *text, size_t length)
{
	const char *equals = memchr(text, '=', length);
	SklAlias *grown;
	SklAlias *alias;

	if (equals == NULL || text[0] != '/' || equals + 1 == text + length || equals[1] != '/')
		return false;
	grown = realloc(config->aliases, ((size_t) config->naliases + 1) * sizeof(SklAlias));
	if (grown == NULL)
		return false;
	config->aliases = grown;
	alias = &grown[config->naliases++];
	alias->prefix = strndup(text, (size_t) (equals - text));
	alias->target = strndup(equals + 1, length - (size_t) (equals + 1 - text));
	return alias->prefix != NULL && alias->target != NULL;
}

static bool
read_aliases(SklConfig *config, const char *text, char *reason, size_t size)
{
	static const char separators[] = ", \t";

	while (*(text += strspn(text, separators)) != '\0')
	{
		size_t length = strcspn(text, separators);

		if (!add_alias(config, text, length))
		{
			snprintf(reason, size, "\"%.*s\" is not of the form /old/=/new/", (int) length, text);
			return false;
		}
		text += length;
	}
	return true;
}

/* Read a value of one of the number types into its field. */
static bool
set_number(const SklOption *option, void *field, const char *text, char *reason, size_t size)
{
	long value;

	if (option->type == SKL_OPTION_NUMBER)
		return read_number(option, text, field, reason, size);
	if (!read_integer(option, text, &value, reason, size))
		return false;
	if (option->type == SKL_OPTION_SIZE)
		*(size_t *) field = (size_t) value;
	else
		*(int *) field = (int) value;
	return true;
}

/* Read the text of an option into its field of the configuration; false and why when it does not
 * fit. */
bool
skl_option_set(const SklOption *option, SklConfig *config, const char *text, char *reason,
			   size_t reason_size)
{
	void *field = (char *) config + option->offset;

	switch (option->type)
	{
		case SKL_OPTION_TEXT:
			return (*(char **) field = strdup(text)) != NULL;
		case SKL_OPTION_INTEGER:
		case SKL_OPTION_SIZE:
		case SKL_OPTION_NUMBER:
			return set_number(option, field, text, reason, reason_size);
		case SKL_OPTION_NETWORKS:
			*(SklNetworks **) field = skl_networks_parse(text, reason, reason_size);
			return *(SklNetworks **) field != NULL;
		case SKL_OPTION_ORIGINS:
			*(SklCors **) field = skl_cors_parse(text, reason, reason_size);
			return *(SklCors **) field != NULL;
		case SKL_OPTION_ALIASES:
			return read_aliases(config, text, reason, reason_size);
		case SKL_OPTION_QUOTA:
			snprintf(reason, reason_size, "\"%s\" is not of the form 20/min burst 30", text);
			return skl_quota_parse(text, field);
		case SKL_OPTION_LOG_LEVEL:
			snprintf(reason, reason_size, "\"%s\" is not debug, info, warn or error", text);
			return skl_log_level_parse(text, field);
	}
	return false;
}

/* Give next the value of old for an option that only a restart changes; true if it differed. Such
 * options are texts and whole numbers only. */
bool
skl_option_keep(const SklOption *option, SklConfig *next, const SklConfig *old)
{
	void *field = (char *) next + option->offset;
	const void *before = (const char *) old + option->offset;
	char *copy;

	if (option->type != SKL_OPTION_TEXT)
	{
		bool differs = *(int *) field != *(const int *) before;

		*(int *) field = *(const int *) before;
		return differs;
	}
	if (strcmp(*(char **) field, *(char *const *) before) == 0)
		return false;
	copy = strdup(*(char *const *) before);
	if (copy != NULL)
	{
		free(*(char **) field);
		*(char **) field = copy;
	}
	return true;
}

static void
print_markdown(void)
{
	const char *section = "";

	puts(
		"# Configuration of the bridge\n\n"
		"Generated by `skillancer-bridge --help=markdown`; `make docs` refreshes it.\n\n"
		"A value comes from the command line (`--name=value`), else the environment (`SKL_NAME`),\n"
		"else the file named by `--config` or `SKL_CONFIG` (`name = value`, `#` starts a comment,\n"
		"an indented line continues the value above), else the default. SIGHUP reads file and "
		"keys\n"
		"again; a configuration with a mistake is refused as a whole and the old one stays.");
	for (int i = 0; i < SKL_OPTION_COUNT; i++)
	{
		const SklOption *option = &skl_options[i];

		if (strcmp(section, option->section) != 0)
			printf(
				"\n## %s\n\n| option | default | SIGHUP | meaning |\n| --- | --- | --- | --- |\n",
				option->section);
		section = option->section;
		printf("| `%s` | %s%s%s | %s | %s", option->name, *option->initial ? "`" : "",
			   *option->initial ? option->initial : "empty", *option->initial ? "`" : "",
			   option->reload ? "yes" : "restart", option->description);
		if (option->high > 0)
			printf(" From %ld to %ld.", option->low, option->high);
		puts(" |");
	}
}

static void
print_text(void)
{
	const char *section = "";

	puts("Usage: skillancer-bridge [--config FILE] [--name=value ...] [ACTION]\n\n"
		 "Serves the HTTP API of a Skillancer database.\n\n"
		 "Actions instead of serving:\n"
		 "  --check          verify configuration, keys, database, role and catalogue\n"
		 "  --make-key       add a signing key (ES256) to jwt_key_dir and print its id\n"
		 "  --help           this text; --help=markdown for docs/configuration.md,\n"
		 "                   --help=errors for docs/errors.md\n"
		 "  --version        version of the bridge\n\n"
		 "Options: --name=value, environment SKL_NAME, or \"name = value\" in FILE (or "
		 "SKL_CONFIG).\n"
		 "Signals: SIGHUP reloads configuration, keys and routes; SIGTERM drains and stops.");
	for (int i = 0; i < SKL_OPTION_COUNT; i++)
	{
		const SklOption *option = &skl_options[i];

		if (strcmp(section, option->section) != 0)
			printf("\n%s\n", option->section);
		section = option->section;
		printf("  %-23s %s", option->name, option->description);
		printf(" [%s]\n", *option->initial ? option->initial : "empty");
	}
}

/* Print the help; returns the exit status. */
int
skl_options_help(bool markdown)
{
	if (markdown)
		print_markdown();
	else
		print_text();
	return fflush(stdout) == 0 ? 0 : 1;
}

/* The heading under which an error is listed: SQLSTATEs are given out by area. */
static const char *
error_group(const char *sqlstate)
{
	static const struct
	{
		const char *prefix;
		const char *title;
	} groups[] = {{"SK0", "Any area"},
				  {"SK1", "Identity"},
				  {"SK2", "Projects and proposals"},
				  {"SK3", "Bookings"},
				  {"SK4", "Money"},
				  {"SK95", "Raised by the bridge only"},
				  {"SK96", "Raised by the bridge only"},
				  {"SK9", "Operation"}};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strncmp(sqlstate, groups[i].prefix, strlen(groups[i].prefix)) == 0)
			return groups[i].title;
	return "Others";
}

/* Print docs/errors.md from the rows of errors.def; returns the exit status. */
int
skl_errors_help(void)
{
	const char *group = "";

	puts("# Errors\n\n"
		 "Generated by `skillancer-bridge --help=errors` from `extension/errors.def`; `make docs`\n"
		 "refreshes it.\n\n"
		 "A client of the HTTP API reads `error.code` and the HTTP status, a user of psql the\n"
		 "SQLSTATE. `error.message` is the default below or something more precise, and may "
		 "change;\n"
		 "codes and SQLSTATEs never do. Any other SQLSTATE becomes one of the bridge's own "
		 "codes.\n\n"
		 "Bytes that are no HTTP at all are refused by libmicrohttpd before the bridge sees them: "
		 "400,\n"
		 "413, 414, 431 or 505 without envelope and request id, and the connection is closed.");
	for (int i = SKL_OK + 1; i < SKL_ERR_COUNT; i++)
	{
		const SklErrorRow *row = &skl_errors[i];

		if (strcmp(group, error_group(row->sqlstate)) != 0)
			printf("\n## %s\n\n| code | status | SQLSTATE | default message |\n| --- | --- | --- | "
				   "--- |\n",
				   error_group(row->sqlstate));
		group = error_group(row->sqlstate);
		printf("| `%s` | %d | %s | %s |\n", row->code, row->status, row->sqlstate, row->message);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
