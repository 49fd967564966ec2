/*
 * config_options.h
 *		The table of options: what config.c reads, checks, and documents.
 */
#ifndef SKL_CONFIG_OPTIONS_H
#define SKL_CONFIG_OPTIONS_H

#include "config.h"

typedef enum SklOptionType
{
	SKL_OPTION_TEXT,	  /* char * */
	SKL_OPTION_INTEGER,	  /* int */
	SKL_OPTION_SIZE,	  /* size_t */
	SKL_OPTION_NUMBER,	  /* double */
	SKL_OPTION_NETWORKS,  /* SklNetworks * */
	SKL_OPTION_ORIGINS,	  /* SklCors * */
	SKL_OPTION_QUOTA,	  /* SklQuota */
	SKL_OPTION_LOG_LEVEL, /* SklLogLevel */
	SKL_OPTION_ALIASES	  /* aliases and naliases */
} SklOptionType;

typedef struct SklOption
{
	const char *section; /* heading in the documentation */
	const char *name;
	SklOptionType type;
	size_t offset;		 /* in SklConfig */
	const char *initial; /* default, as text */
	long low;			 /* bounds of numbers */
	long high;
	bool reload; /* taken over by SIGHUP */
	const char *description;
} SklOption;

#define SKL_OPTION_COUNT 61

extern const SklOption skl_options[SKL_OPTION_COUNT];

bool skl_option_set(const SklOption *option, SklConfig *config, const char *text, char *reason,
					size_t reason_size);
bool skl_option_keep(const SklOption *option, SklConfig *next, const SklConfig *old);
int skl_options_help(bool markdown);
int skl_errors_help(void);

#endif
