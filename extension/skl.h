/*
 * skl.h
 *		The first include of every C file of the extension: PostgreSQL's base headers and the few
 *		names that all layers share.
 */
#ifndef SKL_H
#define SKL_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* The schema that holds our tables and rules. */
#define SKL_SCHEMA "skillancer"

/* Longest text that names a machine, state, event, policy key or account class, with its NUL. */
#define SKL_NAME_LEN 64

#endif
