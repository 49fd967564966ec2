/*
 * core/state.h
 *		Is this database ours, whole, and of the version of the library?
 */
#ifndef SKL_CORE_STATE_H
#define SKL_CORE_STATE_H

/*
 * SKL_VERSION, the version of the library, comes from the control file by way of the Makefile.
 */

/*
 * Raises INSTANCE_MISMATCH in a copied or restored database and UPGRADE_NEEDED where library,
 * extension and schema differ. Verified once a backend and after every migrate() and adopt().
 */
extern void skl_state_check(void);

/* The same as an answer: NULL when all is well, else what to do. */
extern const char *skl_state_problem(void);

/* The epoch that stamps every row with a transaction id (see docs/architecture.md). */
extern int32 skl_epoch(void);

/* Forgets what was verified, in every backend, when this transaction commits. */
extern void skl_state_invalidate(void);

/* Notes whether the postmaster loads the library; called once from _PG_init. */
extern void skl_state_init(void);

#endif
