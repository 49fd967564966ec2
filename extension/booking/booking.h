/*
 * booking/booking.h
 *		Bookings: guards and effects of the machines booking, milestone and review.
 */
#ifndef SKL_BOOKING_BOOKING_H
#define SKL_BOOKING_BOOKING_H

#include "core/fire.h"
#include "core/spi.h"

/* Registers what the files of this folder have; called once from _PG_init. */
extern void skl_booking_init(void);

/* Parts of it, one a file. */
extern void skl_change_init(void);
extern void skl_dispute_init(void);
extern void skl_milestone_init(void);
extern void skl_organisation_init(void);
extern void skl_review_init(void);
extern void skl_week_init(void);
extern void skl_reputation_init(void);

/*
 * Takes the lock of a booking in an effect and returns its state. Commands hold it already; a timer
 * that finds it taken gives way (55P03) and is tried again, because it holds the milestone's lock
 * and waiting would turn the order of locks round.
 */
extern char *skl_booking_lock(const pg_uuid_t *booking);

/*
 * Takes a booking that is AWAITING_PAYMENT on when its first milestone is funded: to ACTIVE, or to
 * AWAITING_REQUIREMENTS while the form of its gig is not answered. Does nothing in any other state.
 */
extern void skl_booking_funded(const pg_uuid_t *booking);

/*
 * Brings a booking that is ENDING to its end when no milestone of it holds or awaits money:
 * COMPLETED when one was released, else CANCELLED. Does nothing in any other state.
 */
extern void skl_booking_settle(const pg_uuid_t *booking);

/* Computes anew what a review that was published or removed counts for. */
extern void skl_reputation_review_changed(const pg_uuid_t *review);

/* Fires an event without a payload on the marketplace's own behalf. */
extern void skl_booking_cascade(const char *machine, const pg_uuid_t *id, const char *event);

/* The same for every object whose id a query about a booking returns, in its order. */
extern void skl_booking_cascade_all(SklStmt *stmt, const pg_uuid_t *booking, const char *machine,
									const char *event);

/* ---- organisation.c ---- */

/*
 * True when a column names the party that the caller acts for: the freelancer is himself, anybody
 * else who got as far as a guard acts for the client.
 */
extern bool skl_booking_caller_is(const SklFire *fire, const char *column);

/* ---- week.c ---- */

/* Bills what was logged in an hourly booking and is not billed yet. */
extern void skl_week_bill_open(const pg_uuid_t *booking);

/* Drops it, and the weeks that nobody has paid for, because both sides agree to that. */
extern void skl_week_waive(const pg_uuid_t *booking);

/* True when the milestone of a transition bills a week. */
extern bool skl_week_is(const SklFire *fire);

#endif
