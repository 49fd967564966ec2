/*
 * payment/earning_return.c
 *		What goes back of earnings after the release: shared out among the earnings of the
 *		milestone, the newest first, with the tax within the fee that goes back.
 *
 * The money itself is posted by who gives it back; here are the rows that credit notes are made of,
 * and the posting that takes the tax back from the state's account.
 */
#include "skl.h"

#include "core/spi.h"
#include "payment/fees.h"
#include "payment/payment.h"

#include "catalog/pg_type_d.h"

/* An earning and what is left of it, in minor units; the tax within its fee. */
typedef struct Left
{
	pg_uuid_t earning;
	int64 gross;
	int64 fee;
	int64 fee_returned;
	int64 tax_returned;
	int32 bps;		   /* 0: no tax */
	pg_uuid_t account; /* of the jurisdiction */
} Left;

/* The earnings of a milestone of which something is left, the newest first. */
static int
find_left(const pg_uuid_t *milestone, Left **found)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT e.id, skillancer.monetary_minor(e.gross) - r.gross,"
		" skillancer.monetary_minor(e.fee) - r.fee, r.fee, r.tax, coalesce(x.bps, 0), j.account"
		" FROM skillancer.earning e CROSS JOIN LATERAL ("
		"SELECT coalesce(sum(skillancer.monetary_minor(b.gross)), 0)::bigint AS gross,"
		" coalesce(sum(skillancer.monetary_minor(b.fee)), 0)::bigint AS fee,"
		" coalesce(sum(skillancer.monetary_minor(b.tax)), 0)::bigint AS tax"
		" FROM skillancer.earning_return b WHERE b.earning_id = e.id) r"
		" LEFT JOIN skillancer.fee_tax t ON t.earning_id = e.id AND t.kind = 'SERVICE'"
		" LEFT JOIN skillancer.tax_rate x ON x.id = t.rate_id"
		" LEFT JOIN skillancer.tax_jurisdiction j ON j.code = x.jurisdiction"
		" WHERE e.milestone_id = $1::skillancer.milestone_id"
		" AND skillancer.monetary_minor(e.gross) > r.gross ORDER BY e.id DESC",
		UUIDOID);
	Datum args[1] = {UUIDPGetDatum(milestone)};
	int n = (int) skl_spi_exec(&stmt, args, NULL);

	*found = palloc0(sizeof(Left) * (Size) Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		Left *left = &(*found)[i];
		bool isnull;
		Datum account;

		memcpy(&left->earning, DatumGetPointer(skl_spi_value(i, 1, &isnull)), UUID_LEN);
		left->gross = DatumGetInt64(skl_spi_value(i, 2, &isnull));
		left->fee = DatumGetInt64(skl_spi_value(i, 3, &isnull));
		left->fee_returned = DatumGetInt64(skl_spi_value(i, 4, &isnull));
		left->tax_returned = DatumGetInt64(skl_spi_value(i, 5, &isnull));
		left->bps = DatumGetInt32(skl_spi_value(i, 6, &isnull));
		account = skl_spi_value(i, 7, &isnull);
		if (!isnull)
			memcpy(&left->account, DatumGetPointer(account), UUID_LEN);
	}
	return n;
}

/* Writes a part down and returns its id. */
static pg_uuid_t
record_return(const SklStep *step, const Left *left, int64 posting, const int64 sums[3])
{
	static SklStmt stmt = SKL_STMT(
		"INSERT INTO skillancer.earning_return (earning_id, freelancer_id, client_id, posting,"
		" gross, fee, tax) VALUES ($1, $2::skillancer.user_id, $3::skillancer.user_id, $4,"
		" skillancer.monetary_of($5, $8), skillancer.monetary_of($6, $8),"
		" skillancer.monetary_of($7, $8)) RETURNING id",
		UUIDOID, UUIDOID, UUIDOID, INT8OID, INT8OID, INT8OID, INT8OID, TEXTOID);
	Datum args[8] = {UUIDPGetDatum(&left->earning), UUIDPGetDatum(&step->freelancer),
					 UUIDPGetDatum(&step->client),	Int64GetDatum(posting),
					 Int64GetDatum(sums[0]),		Int64GetDatum(sums[1]),
					 Int64GetDatum(sums[2]),		CStringGetTextDatum(step->currency)};
	pg_uuid_t id;
	bool isnull;

	skl_spi_exec(&stmt, args, NULL);
	memcpy(&id, DatumGetPointer(skl_spi_value(0, 1, &isnull)), UUID_LEN);
	return id;
}

/* T16 the other way round: the state gets nothing of a fee that was not earned after all. */
static void
post_tax_back(const SklStep *step, const Left *left, const pg_uuid_t *id, int64 tax)
{
	SklPosting posting;

	if (tax == 0)
		return;
	skl_posting_start(&posting, step->currency);
	skl_posting_debit(&posting, "tax_payable", (SklHolder){.ref = &left->account}, tax);
	skl_posting_credit(&posting, "revenue_service", (SklHolder){0}, tax);
	skl_posting_send(&posting, "tax_return", id);
}

void
skl_earning_return(const SklStep *step, int64 fee, int64 posting)
{
	Left *found;
	int n = find_left(&step->milestone, &found);
	int64 gross = step->amount;

	for (int i = 0; i < n && gross > 0; i++)
	{
		int64 part = Min(gross, found[i].gross);
		int64 part_fee = Min(fee, found[i].fee);
		int64 tax =
			skl_tax_within(found[i].fee_returned + part_fee, found[i].bps) - found[i].tax_returned;
		pg_uuid_t id = record_return(step, &found[i], posting, (int64[]){part, part_fee, tax});

		post_tax_back(step, &found[i], &id, tax);
		gross -= part;
		fee -= part_fee;
	}
}
