/*
 * types/parse.h
 *		What the parsers of the types answer. They are plain C without PostgreSQL: they return a
 *		code, never raise, never allocate, and read no further than the length they are given.
 */
#ifndef SKL_TYPES_PARSE_H
#define SKL_TYPES_PARSE_H

typedef enum SklParseError
{
	SKL_PARSE_OK,
	SKL_PARSE_EMPTY,		 /* nothing but white space */
	SKL_PARSE_SYNTAX,		 /* not of the documented form */
	SKL_PARSE_PREFIX,		 /* TypeID: prefix missing, malformed or of another kind */
	SKL_PARSE_SUFFIX,		 /* TypeID: not 26 characters of the alphabet */
	SKL_PARSE_SUFFIX_RANGE,	 /* TypeID: more than 128 bits */
	SKL_PARSE_CURRENCY,		 /* no such currency */
	SKL_PARSE_EXCESS_DIGITS, /* more decimal places than the currency has */
	SKL_PARSE_OUT_OF_RANGE,	 /* the number does not fit */
	SKL_PARSE_LEVEL,		 /* skill level outside 1..4 */
	SKL_PARSE_YEARS,		 /* years outside 0..70 */
	SKL_PARSE_DUPLICATE,	 /* the same skill twice */
	SKL_PARSE_TOO_MANY		 /* more skills than a set may hold */
} SklParseError;

/* True for the white space that all our literals allow at both ends. */
static inline bool
skl_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Cuts white space off both ends of the text. */
static inline void
skl_trim(const char **str, size_t *len)
{
	while (*len > 0 && skl_is_space(**str))
	{
		(*str)++;
		(*len)--;
	}
	while (*len > 0 && skl_is_space((*str)[*len - 1]))
		(*len)--;
}

#endif
