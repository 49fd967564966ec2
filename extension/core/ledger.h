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

/*
 * Posts legs as one transaction of the ledger and returns its number. Accounts are made when they
 * are first used, row accounts are locked in the order of their numbers, floors are checked
 * (INSUFFICIENT_FUNDS), the legs of each currency must add up to zero (LEDGER_UNBALANCED). A key
 * that was posted before returns the first number; with other legs it is IDEMPOTENCY_MISMATCH.
 */
extern int64 skl_ledger_post(const char *kind, const char *key, const pg_uuid_t *ref,
							 const SklLeg *legs, int nlegs);

/* Balance of an account on its normal side, in minor units; 0 when there is no such account. */
extern int64 skl_ledger_balance(const char *account_class, const pg_uuid_t *owner,
								const pg_uuid_t *ref, const char *currency);

#endif
