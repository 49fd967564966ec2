/*
 * booking/score.h
 *		The success score of a freelancer as plain arithmetic, without the database.
 */
#ifndef SKL_BOOKING_SCORE_H
#define SKL_BOOKING_SCORE_H

/* What an ended booking looks like from outside. Amounts in minor units of its currency. */
typedef struct SklBookingEnd
{
	int64 released;
	int64 refunded;
	int stars;		 /* of the client's published review, 0 without one */
	int bad_stars;	 /* that many or fewer are a failure */
	bool agreed_end; /* both sides agreed to cancel it */
} SklBookingEnd;

/* How it counts: 1, -1 or 0, and the name of the reason. */
extern int skl_judge_end(const SklBookingEnd *end, const char **reason);

/* One outcome that counts. */
typedef struct SklOutcome
{
	pg_uuid_t client;
	double weight;
	int verdict; /* 1 or -1 */
} SklOutcome;

/* The weight of a booking: min(3, ln(1 + usd / 50)); of cents, or of an unknown amount (< 0) as of
 * 50 dollars. */
extern double skl_outcome_weight(int64 cents);

typedef struct SklSuccess
{
	double score;  /* 0..1; 0.8 without outcomes */
	double weight; /* of the outcomes, as they count, and of the prior */
} SklSuccess;

/*
 * (sum of w of successes - sum of w of failures + 5 * 0.8) / (sum of w + 5), not below 0, where no
 * client has more than a quarter of the denominator. Sorts the outcomes, so that the result does
 * not depend on their order.
 */
extern SklSuccess skl_success_score(SklOutcome *outcomes, int n);

#endif
