/*
 * config.c
 *		The configuration of the bridge: one table of options, three sources.
 *
 * Each option is a row of the table in config_options.c: name, type, default, bounds, description.
 * Its value comes from the command line (--name=value), else the environment (SKL_NAME), else the
 * configuration file (name = value), else the default. Help, documentation (--help=markdown),
 * parsing and reload all read that one table, so they cannot disagree.
 *
 * A configuration is built aside, completely, and only then put in force by swapping a pointer. A
 * reload keeps the old values of options that need a restart, and says so in the log.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "config_options.h"
#include "jwt.h"
#include "log.h"
#include "retire.h"

#define COMPLAINT_SIZE 512
#define CONFIG_KEEP_S 3600 /* longer than any request lives */

/* Where the value of each option came from, as text; NULL = its default. */
typedef struct Sources
{
	char *file[SKL_OPTION_COUNT];
	char *line[SKL_OPTION_COUNT]; /* command line */
} Sources;

/* What the command line asks to do. */
typedef enum Action
{
	ACTION_RUN,
	ACTION_CHECK,
	ACTION_HELP,
	ACTION_MARKDOWN,
	ACTION_ERRORS,
	ACTION_VERSION,
	ACTION_MAKE_KEY
} Action;

static _Atomic(SklConfig *) in_force;
static char *config_file;
static char *command_line[SKL_OPTION_COUNT];

const SklConfig *
skl_config(void)
{
	return atomic_load_explicit(&in_force, memory_order_acquire);
}

static void complain(char *complaint, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void
complain(char *complaint, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(complaint, COMPLAINT_SIZE, format, args);
	va_end(args);
}

/* Index of the option called so, with '-' and '_' alike; -1 when there is none. */
static int
find_option(const char *name, size_t length)
{
	for (int i = 0; i < SKL_OPTION_COUNT; i++)
	{
		const char *known = skl_options[i].name;
		size_t at = 0;

		while (at < length && known[at] != '\0' &&
			   (name[at] == known[at] || (name[at] == '-' && known[at] == '_')))
			at++;
		if (at == length && known[at] == '\0')
			return i;
	}
	return -1;
}

static char *
trim(char *text)
{
	size_t length;

	while (isspace((unsigned char) *text))
		text++;
	length = strlen(text);
	while (length > 0 && isspace((unsigned char) text[length - 1]))
		text[--length] = '\0';
	return text;
}

/* Append a continuation line to a value. */
static bool
extend(char **value, const char *more)
{
	char *joined = NULL;

	if (asprintf(&joined, "%s %s", *value, more) < 0)
		return false;
	free(*value);
	*value = joined;
	return true;
}

/* Read one line of the file. *current is the option that an indented line continues. */
static bool
read_line(char *line, int *current, Sources *sources, char *complaint)
{
	bool indented = isspace((unsigned char) line[0]) != 0;
	char *text = trim(line);
	char *equals = strchr(text, '=');
	int option;

	if (*text == '\0' || *text == '#')
		return true;
	if (indented && *current >= 0)
		return extend(&sources->file[*current], text);
	if (equals == NULL)
	{
		complain(complaint, "expected name = value");
		return false;
	}
	*equals = '\0';
	text = trim(text);
	option = find_option(text, strlen(text));
	if (option < 0 || sources->file[option] != NULL)
	{
		complain(complaint, "option \"%s\" is %s", text, option < 0 ? "unknown" : "set twice");
		return false;
	}
	sources->file[option] = strdup(trim(equals + 1));
	*current = option;
	return sources->file[option] != NULL;
}

static bool
read_file(const char *path, Sources *sources, char *complaint)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	int number = 0;
	int current = -1;
	bool good = true;

	if (file == NULL)
	{
		complain(complaint, "cannot open %s: %s", path, strerror(errno));
		return false;
	}
	while (good && getline(&line, &room, file) >= 0)
	{
		char reason[COMPLAINT_SIZE / 2] = "out of memory";

		number++;
		good = read_line(line, &current, sources, reason);
		if (!good)
			complain(complaint, "%s line %d: %s", path, number, reason);
	}
	free(line);
	fclose(file);
	return good;
}

/* The text of an option: command line, environment, file, default. */
static const char *
option_text(int option, const Sources *sources)
{
	char variable[64] = "SKL_";
	const char *name = skl_options[option].name;
	const char *value;
	size_t at = 4;

	if (sources->line[option] != NULL)
		return sources->line[option];
	for (; *name != '\0' && at < sizeof(variable) - 1; name++)
		variable[at++] = (char) toupper((unsigned char) *name);
	variable[at] = '\0';
	value = getenv(variable);
	if (value != NULL)
		return value;
	return sources->file[option] != NULL ? sources->file[option] : skl_options[option].initial;
}

void
skl_config_free(SklConfig *config)
{
	if (config == NULL)
		return;
	for (int i = 0; i < SKL_OPTION_COUNT; i++)
		if (skl_options[i].type == SKL_OPTION_TEXT)
			free(*(char **) ((char *) config + skl_options[i].offset));
	for (int i = 0; i < config->naliases; i++)
	{
		free(config->aliases[i].prefix);
		free(config->aliases[i].target);
	}
	free(config->aliases);
	skl_networks_free(config->allow);
	skl_networks_free(config->deny);
	skl_networks_free(config->trusted_proxies);
	skl_cors_free(config->cors);
	free(config);
}

/* What no single option can say about itself. */
static bool
validate(SklConfig *config, char *complaint)
{
	if ((*config->tls_certificate == '\0') != (*config->tls_key == '\0'))
	{
		complain(complaint, "tls_certificate and tls_key are given together or not at all");
		return false;
	}
	if (config->threads == 0)
	{
		long cores = sysconf(_SC_NPROCESSORS_ONLN);

		config->threads = cores < 1 ? 1 : (cores > 64 ? 64 : (int) cores);
	}
	for (int i = 0; i < SKL_QUOTA_CLASSES; i++)
		skl_quota_scale(&config->quota[i], config->limit_scale);
	return true;
}

/* Build a configuration from its sources; NULL and a complaint when something is wrong. */
static SklConfig *
build(char *complaint)
{
	Sources sources = {0};
	SklConfig *config = calloc(1, sizeof(SklConfig));
	bool good = config != NULL;

	memcpy(sources.line, command_line, sizeof(command_line));
	if (good && config_file != NULL)
		good = read_file(config_file, &sources, complaint);
	for (int i = 0; good && i < SKL_OPTION_COUNT; i++)
	{
		char reason[COMPLAINT_SIZE / 2] = "out of memory";

		good = skl_option_set(&skl_options[i], config, option_text(i, &sources), reason,
							  sizeof(reason));
		if (!good)
			complain(complaint, "option %s: %s", skl_options[i].name, reason);
	}
	good = good && validate(config, complaint);
	for (int i = 0; i < SKL_OPTION_COUNT; i++)
		free(sources.file[i]);
	if (good)
		return config;
	skl_config_free(config);
	return NULL;
}

/* Read one argument. false: it is not one of ours. */
static bool
read_argument(const char *argument, Action *action)
{
	const char *equals = strchr(argument, '=');
	int option;

	if (strcmp(argument, "--check") == 0)
		*action = ACTION_CHECK;
	else if (strcmp(argument, "--help") == 0)
		*action = ACTION_HELP;
	else if (strcmp(argument, "--help=markdown") == 0)
		*action = ACTION_MARKDOWN;
	else if (strcmp(argument, "--help=errors") == 0)
		*action = ACTION_ERRORS;
	else if (strcmp(argument, "--version") == 0)
		*action = ACTION_VERSION;
	else if (strcmp(argument, "--make-key") == 0)
		*action = ACTION_MAKE_KEY;
	else if (strncmp(argument, "--config=", 9) == 0)
		config_file = strdup(argument + 9);
	else
	{
		if (strncmp(argument, "--", 2) != 0 || equals == NULL)
			return false;
		option = find_option(argument + 2, (size_t) (equals - argument - 2));
		if (option < 0)
			return false;
		command_line[option] = strdup(equals + 1);
	}
	return true;
}

/* Do what is asked for besides serving; -1 when serving is asked for. */
static int
act(Action action, SklConfig *config)
{
	switch (action)
	{
		case ACTION_CHECK:
			return skl_check_all(config);
		case ACTION_MAKE_KEY:
			return skl_jwt_make_key(config->jwt_key_dir);
		default:
			return -1;
	}
}

int
skl_config_start(int argc, char **argv)
{
	char complaint[COMPLAINT_SIZE] = "out of memory";
	Action action = ACTION_RUN;
	SklConfig *config;

	if (getenv("SKL_CONFIG") != NULL)
		config_file = strdup(getenv("SKL_CONFIG"));
	for (int i = 1; i < argc; i++)
	{
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			config_file = strdup(argv[++i]);
		else if (!read_argument(argv[i], &action))
		{
			fprintf(stderr, "skillancer-bridge: unknown argument \"%s\", see --help\n", argv[i]);
			return 2;
		}
	}
	if (action == ACTION_HELP || action == ACTION_MARKDOWN)
		return skl_options_help(action == ACTION_MARKDOWN);
	if (action == ACTION_ERRORS)
		return skl_errors_help();
	if (action == ACTION_VERSION)
		return puts("skillancer-bridge " SKL_BRIDGE_VERSION) < 0;
	config = build(complaint);
	if (config == NULL)
	{
		fprintf(stderr, "skillancer-bridge: %s\n", complaint);
		return 2;
	}
	atomic_store(&in_force, config);
	skl_log_set(config->log_level, (uint32_t) config->log_sample);
	return act(action, config);
}

/* Keep what only a restart changes; say which of it differs. */
static void
keep_fixed(SklConfig *next, const SklConfig *old)
{
	for (int i = 0; i < SKL_OPTION_COUNT; i++)
	{
		const SklOption *option = &skl_options[i];

		if (!option->reload && skl_option_keep(option, next, old))
			skl_log(SKL_LOG_WARN, "reload", "option %s changes only at a restart", option->name);
	}
}

static void
release_config(void *config)
{
	skl_config_free(config);
}

bool
skl_config_reload(char **complaint)
{
	static bool reloaded;
	char reason[COMPLAINT_SIZE] = "out of memory";
	SklConfig *next = build(reason);
	SklConfig *old = atomic_load(&in_force);

	if (next == NULL)
	{
		*complaint = strdup(reason);
		return false;
	}
	keep_fixed(next, old);
	if (!skl_jwt_load(next, reason, sizeof(reason)))
	{
		*complaint = strdup(reason);
		skl_config_free(next);
		return false;
	}
	atomic_store_explicit(&in_force, next, memory_order_release);
	if (reloaded) /* threads keep the one they started with */
		skl_retire(old, release_config, CONFIG_KEEP_S);
	reloaded = true;
	skl_log_set(next->log_level, (uint32_t) next->log_sample);
	return true;
}
