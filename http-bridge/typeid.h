/*
 * typeid.h
 *		TypeIDs: a prefix of three letters, '_', and a UUID in 26 letters of Crockford's base 32.
 */
#ifndef SKL_TYPEID_H
#define SKL_TYPEID_H

#include "bridge.h"

#define SKL_TYPEID_MAX 30 /* prefix of three letters */

bool skl_typeid_read(const char *text, const char *prefix, SklUuid *uuid);
void skl_typeid_write(const char *prefix, const SklUuid *uuid, char text[SKL_TYPEID_MAX + 1]);
void skl_uuid_text(const SklUuid *uuid, char text[37]);

/* Reads what skl_uuid_text() writes, in either case; false when it is none. */
bool skl_uuid_read(const char *text, SklUuid *uuid);

#endif
