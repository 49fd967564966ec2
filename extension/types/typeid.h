/*
 * types/typeid.h
 *		TypeID texts ("usr_01h455vb4pex5vsknk084sn02q") and uuid texts to 16 bytes and back.
 *
 * Source: the TypeID specification, version 0.3.0 (prefix of 0..63 lower-case letters and inner
 * underscores, "_", 26 characters of Crockford's base32 in lower case, the first at most '7').
 */
#ifndef SKL_TYPES_TYPEID_H
#define SKL_TYPES_TYPEID_H

#include "types/parse.h"

#define SKL_UUID_BYTES 16
#define SKL_TYPEID_SUFFIX_LEN 26
#define SKL_TYPEID_PREFIX_MAX 63

/* Longest TypeID with its NUL. */
#define SKL_TYPEID_MAX (SKL_TYPEID_PREFIX_MAX + 1 + SKL_TYPEID_SUFFIX_LEN + 1)

/*
 * Splits a TypeID of any kind. prefix receives the prefix with its NUL ("" when there is none) and
 * has room for SKL_TYPEID_PREFIX_MAX + 1 bytes. White space around is not allowed.
 */
extern SklParseError skl_typeid_split(const char *str, size_t len, char *prefix,
									  uint8_t id[SKL_UUID_BYTES]);

/*
 * Reads an id of one kind: a TypeID with exactly this prefix, or a uuid in its canonical form
 * (hyphens or not, any case). White space around it is skipped.
 */
extern SklParseError skl_id_parse(const char *prefix, const char *str, size_t len,
								  uint8_t id[SKL_UUID_BYTES]);

/* Writes a TypeID and its NUL into out (SKL_TYPEID_MAX bytes suffice); returns its length. */
extern size_t skl_typeid_write(const char *prefix, const uint8_t id[SKL_UUID_BYTES], char *out);

/* True when the text is a prefix that the specification allows. */
extern bool skl_typeid_prefix_ok(const char *prefix, size_t len);

#endif
