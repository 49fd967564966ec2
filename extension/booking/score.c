/*
 * booking/score.c
 *		The success score of a freelancer, see score.h.
 *
 * The cap on one client: the weights W of the clients are cut to min(W, t) with
 * t = (sum of min(W, t) + prior) / 4. Because the prior is part of the whole, there is one such t
 * for any number of clients. In descending order of W, with the k greatest cut and the rest R in
 * all, t = (R + prior) / (4 - k); k is the first number for which the next weight is not above t.
 * At most three are ever cut: four equal quarters would leave nothing for the prior.
 */
#include "skl.h"

#include "booking/score.h"

#include <math.h>

#define PRIOR_WEIGHT 5.0
#define PRIOR_SHARE 0.8
#define WEIGHT_MAX 3.0
#define DOLLARS_UNIT 50.0
#define CLIENT_PARTS 4 /* no client is more than one of so many parts */

/* All outcomes of one client. */
typedef struct ClientSum
{
	double weight;
	double signed_weight;
} ClientSum;

int
skl_judge_end(const SklBookingEnd *end, const char **reason)
{
	if (end->stars > 0 && end->stars <= end->bad_stars)
	{
		*reason = "REVIEWED_BADLY";
		return -1;
	}
	if (end->released > 0 && end->released >= end->refunded)
	{
		*reason = "PAID";
		return 1;
	}
	if (end->released == 0 && (end->agreed_end || end->refunded == 0))
	{
		*reason = end->refunded == 0 ? "NOTHING_PAID" : "AGREED_END";
		return 0;
	}
	*reason = "REFUNDED";
	return -1;
}

double
skl_outcome_weight(int64 cents)
{
	double dollars = cents < 0 ? DOLLARS_UNIT : (double) cents / 100.0;

	return Min(WEIGHT_MAX, log1p(dollars / DOLLARS_UNIT));
}

/* By client, then by what it adds: one order for each set of outcomes. */
static int
compare_outcomes(const void *a, const void *b)
{
	const SklOutcome *x = (const SklOutcome *) a;
	const SklOutcome *y = (const SklOutcome *) b;
	int order = memcmp(&x->client, &y->client, UUID_LEN);

	if (order != 0)
		return order;
	if (x->weight != y->weight)
		return x->weight < y->weight ? -1 : 1;
	return x->verdict - y->verdict;
}

/* Heaviest first. */
static int
compare_clients(const void *a, const void *b)
{
	const ClientSum *x = (const ClientSum *) a;
	const ClientSum *y = (const ClientSum *) b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	if (x->signed_weight != y->signed_weight)
		return x->signed_weight > y->signed_weight ? -1 : 1;
	return 0;
}

/* Adds the outcomes up by client; returns the number of clients. */
static int
sum_clients(SklOutcome *outcomes, int n, ClientSum *clients)
{
	int count = 0;

	qsort(outcomes, (size_t) n, sizeof(SklOutcome), compare_outcomes);
	for (int i = 0; i < n; i++)
	{
		if (i == 0 || memcmp(&outcomes[i].client, &outcomes[i - 1].client, UUID_LEN) != 0)
			clients[count++] = (ClientSum){0, 0};
		clients[count - 1].weight += outcomes[i].weight;
		clients[count - 1].signed_weight += outcomes[i].verdict * outcomes[i].weight;
	}
	qsort(clients, (size_t) count, sizeof(ClientSum), compare_clients);
	return count;
}

/* The most that one client may weigh. */
static double
client_cap(const ClientSum *clients, int n)
{
	double rest = PRIOR_WEIGHT;
	double cap;
	int k;

	for (int i = 0; i < n; i++)
		rest += clients[i].weight;
	cap = rest / CLIENT_PARTS;
	for (k = 0; k < n && k < CLIENT_PARTS - 1 && clients[k].weight > cap; k++)
	{
		rest -= clients[k].weight;
		cap = rest / (CLIENT_PARTS - 1 - k);
	}
	return cap;
}

SklSuccess
skl_success_score(SklOutcome *outcomes, int n)
{
	ClientSum *clients = palloc(sizeof(ClientSum) * (size_t) Max(n, 1));
	int count = sum_clients(outcomes, n, clients);
	double cap = client_cap(clients, count);
	double sum = PRIOR_WEIGHT * PRIOR_SHARE;
	SklSuccess success = {0, PRIOR_WEIGHT};

	for (int i = 0; i < count; i++)
	{
		double share = clients[i].weight > cap ? cap / clients[i].weight : 1.0;

		sum += clients[i].signed_weight * share;
		success.weight += clients[i].weight * share;
	}
	success.score = Max(0.0, sum / success.weight);
	pfree(clients);
	return success;
}
