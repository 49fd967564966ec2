/*
 * core/wake.h
 *		Waking a background worker when the current transaction commits.
 */
#ifndef SKL_CORE_WAKE_H
#define SKL_CORE_WAKE_H

/* Workers that can be woken; bits of a set. */
typedef enum SklWake
{
	SKL_WAKE_TIMEKEEPER = 1 << 0,
	SKL_WAKE_NOTIFIER = 1 << 1,
	SKL_WAKE_COURIER = 1 << 2,
	SKL_WAKE_LAUNCHER = 1 << 3,
	SKL_WAKE_INDEXER = 1 << 4,
	SKL_WAKE_MERGER = 1 << 5,
	SKL_WAKE_ANALYST = 1 << 6,
} SklWake;

/*
 * Who sets the latches: installed by the workers when the library is preloaded. Called after the
 * commit with the workers to wake in this database; must not raise errors.
 */
typedef void (*SklWakeHook)(int workers);
extern SklWakeHook skl_wake_hook;

/* Asks to wake workers once this transaction has committed; nothing happens on rollback. */
extern void skl_wake(int workers);

/* Registers the transaction callback; called once from _PG_init. */
extern void skl_wake_init(void);

#endif
