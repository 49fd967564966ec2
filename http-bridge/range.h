/*
 * range.h
 *		Which bytes of a file a client wants: the header Range (RFC 9110, section 14).
 */
#ifndef SKL_RANGE_H
#define SKL_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#define SKL_MAX_RANGES 16 /* of one request; more are refused */

/* Bytes first to last of a file, both included. */
typedef struct SklRange
{
	uint64_t first;
	uint64_t last;
} SklRange;

#define SKL_RANGE_NONE (-1) /* no header, another unit, or bad syntax: the whole file is sent */
#define SKL_RANGE_UNMET 0	/* nothing of it is in the file, or it asks for too much: 416 */

/*
 * Reads the header for a file of size bytes. Returns how many ranges are to be sent, in the order
 * of the file, none touching the next; or one of the two values above.
 */
int skl_ranges_read(const char *header, uint64_t size, SklRange ranges[SKL_MAX_RANGES]);

#endif /* SKL_RANGE_H */
