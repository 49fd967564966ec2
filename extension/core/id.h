/*
 * core/id.h
 *		New identifiers.
 */
#ifndef SKL_CORE_ID_H
#define SKL_CORE_ID_H

/*
 * A new UUIDv7 (RFC 9562, 5.7): 48 bits of the marketplace's clock in milliseconds, 12 bits that
 * count up within the millisecond, 62 bits of strong randomness. Within one backend each id is
 * greater than the one before, whatever the clock does.
 */
extern void skl_new_id(pg_uuid_t *id);

#endif
