/*
 * media/sniff.h
 *		What a file is, by its first bytes, and what its name must look like. Plain C.
 */
#ifndef SKL_MEDIA_SNIFF_H
#define SKL_MEDIA_SNIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SKL_FILE_NAME_BYTES 200 /* of a cleaned name */

/*
 * The type of a file that begins with these bytes, one of a short list; NULL: it is none that is
 * taken. Texts and archives say little about themselves: what was declared decides between the
 * types that they can be.
 */
const char *skl_media_sniff(const uint8_t *head, size_t length, const char *declared);

/* Whether a declared type (parameters and case aside) is a name of a recognised one; the type of
 * anything, application/octet-stream, always is. */
bool skl_media_is_declared(const char *declared, const char *type);

/* Whether a file name ends as files of the type do. */
bool skl_media_name_fits(const char *name, const char *type);

/* Whether browsers may show the type within a page: pictures without scripts. */
bool skl_media_is_picture(const char *type);

/* Width times height that a picture claims to have; 0: its head does not say. */
uint64_t skl_media_pixels(const uint8_t *head, size_t length);

/*
 * A file name that is harmless wherever it is written: no path, no control or direction character,
 * no character that a file system refuses, one dot only, at most SKL_FILE_NAME_BYTES long. name is
 * UTF-8, or other bytes, which become underscores; out has room for SKL_FILE_NAME_BYTES + 1.
 * Returns its length; never empty.
 */
size_t skl_media_clean_name(const char *name, size_t length, char *out);

#endif /* SKL_MEDIA_SNIFF_H */
