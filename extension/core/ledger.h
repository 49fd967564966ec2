/*
 * core/ledger.h
 *		Posting to the double-entry ledger.
 */
#ifndef SKL_CORE_LEDGER_H
#define SKL_CORE_LEDGER_H

#define SKL_LEDGER_MAX_LEGS 64

/* One leg: an account, named by class, owner, ref and currency, and what moves on it. */
typedef struct SklLeg
{
	const char *account_class;
	const pg_uuid_t *owner;	  /* the user of a user's account, else NULL */
	const pg_uuid_t *ref;	  /* the milestone, payout, ... of an object's account, else NULL */
	const pg_uuid_t *booking; /* the booking that must stay open while money lies here, or NULL */
	int64 amount;			  /* minor units; debit positive, credit negative; never zero */
	char currency[4];		  /* ISO 4217 */
} SklLeg;

/* One of many postings. The caller fills the first part; posting fills the second. */
typedef struct SklPostingSpec
{
	const char *kind;
	const char *key; /* of idempotency */
	const pg_uuid_t *ref;
	const SklLeg *legs;
	int nlegs;
	TimestampTz effective_at; /* 0 = now */
	int64 reverses;			  /* the posting that this one takes back, or 0 */
	const char *reason;		  /* of a posting by hand, or NULL */
	int64 number;			  /* that it was promised (ledger_collect.c), or 0 */

	int64 txn;
	bool made; /* false: the key was there before, and txn is the number of then */
} SklPostingSpec;

/*
 * Posts many, by as few statements as one takes; all of them or none. A posting with an effective
 * date in a closed period is PERIOD_CLOSED; else as skl_ledger_post() says.
 */
extern void skl_ledger_post_many(SklPostingSpec *postings, int n);

/*
 * Posts legs as one transaction of the ledger and returns its number. Accounts are made when they
 * are first used, row accounts are locked in the order of their numbers, floors are checked
 * (INSUFFICIENT_FUNDS), the legs of each currency must add up to zero (LEDGER_UNBALANCED). A key
 * that was posted before returns the first number; with other legs it is IDEMPOTENCY_MISMATCH.
 */
extern int64 skl_ledger_post(const char *kind, const char *key, const pg_uuid_t *ref,
							 const SklLeg *legs, int nlegs);

/*
 * Posts the mirror of a posting, once, and returns its number. RESOURCE_NOT_FOUND; INVALID_STATE
 * when it was reversed before or is a reversal itself; INSUFFICIENT_FUNDS when the money has gone.
 */
extern int64 skl_ledger_reverse(int64 txn, const char *reason);

/*
 * Keeps a posting for later while a batch of transitions is collected, and sets the number that it
 * will have; false when it is to be posted at once. For skl_ledger_post() only.
 */
extern bool skl_ledger_collect(const char *kind, const char *key, const pg_uuid_t *ref,
							   const SklLeg *legs, int nlegs, int64 *number);

/* Posts what was kept if it moves this account, in any currency. For skl_ledger_balance() only. */
extern void skl_ledger_settle(const char *account_class, const pg_uuid_t *owner,
							  const pg_uuid_t *ref);

/* Balance of an account on its normal side, in minor units; 0 when there is no such account. */
extern int64 skl_ledger_balance(const char *account_class, const pg_uuid_t *owner,
								const pg_uuid_t *ref, const char *currency);

/*
 * The balance of a user's row account, which stays locked until the transaction ends. It is made
 * when it is not there, so that a first deposit under way is waited for as any other is.
 */
extern int64 skl_ledger_lock(const char *account_class, const pg_uuid_t *owner,
							 const char *currency);

#endif
