/*
 * skl.h
 *		The first include of every C file of the extension: PostgreSQL's base headers and the few
 *		names that all layers share.
 *
 * The parsers of types/ are also compiled without PostgreSQL (SKL_STANDALONE), so that they can be
 * fuzzed and tested as plain C.
 */
#ifndef SKL_H
#define SKL_H

#ifdef SKL_STANDALONE

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#else

#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#endif

/* The schema that holds our tables and rules. */
#define SKL_SCHEMA "skillancer"

/* Longest text that names a machine, state, event, policy key or account class, with its NUL. */
#define SKL_NAME_LEN 64

#endif
