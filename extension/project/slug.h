/*
 * project/slug.h
 *		Slugs of names. No PostgreSQL in here.
 */
#ifndef SKL_PROJECT_SLUG_H
#define SKL_PROJECT_SLUG_H

/* Longest slug in bytes, without the NUL. */
#define SKL_SLUG_MAX 80

/*
 * Writes the slug of a UTF-8 text to out (SKL_SLUG_MAX + 1 bytes) and returns its length: 0 when
 * the text has no letter or digit that ASCII can spell.
 */
extern size_t skl_slug(const char *name, size_t len, char *out);

#endif
