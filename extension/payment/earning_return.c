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

/* A fee out of five columns of the result, from the one with this number on. */
static SklFeeLeft
read_fee(uint64 row, int column)
{
	SklFeeLeft fee = {0};
	bool isnull;
	Datum account = skl_spi_value(row, column + 4, &isnull);

	if (!isnull)
		memcpy(&fee.account, DatumGetPointer(account), UUID_LEN);
	fee.left = DatumGetInt64(skl_spi_value(row, column, &isnull));
	fee.returned = DatumGetInt64(skl_spi_value(row, column + 1, &isnull));
	fee.tax_returned = DatumGetInt64(skl_spi_value(row, column + 2, &isnull));
	fee.bps = DatumGetInt32(skl_spi_value(row, column + 3, &isnull));
	return fee;
}

/* What went back, and what is frozen for a charge-back that the bank has not decided, is gone. */
int
skl_earnings_left(const pg_uuid_t *milestone, SklEarningLeft **found)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT e.id, skillancer.monetary_minor(e.gross) - r.gross,"
		" skillancer.monetary_minor(e.fee) - r.fee, r.fee, r.tax, coalesce(s.bps, 0), s.account,"
		" coalesce(skillancer.monetary_minor(e.client_fee), 0) - r.client_fee, r.client_fee,"
		" r.client_tax, coalesce(c.bps, 0), c.account, e.state = 'PENDING'"
		" FROM skillancer.earning e CROSS JOIN LATERAL ("
		"SELECT coalesce(sum(skillancer.monetary_minor(b.gross)), 0)::bigint AS gross,"
		" coalesce(sum(skillancer.monetary_minor(b.fee)), 0)::bigint AS fee,"
		" coalesce(sum(skillancer.monetary_minor(b.tax)), 0)::bigint AS tax,"
		" coalesce(sum(skillancer.monetary_minor(b.client_fee)), 0)::bigint AS client_fee,"
		" coalesce(sum(skillancer.monetary_minor(b.client_tax)), 0)::bigint AS client_tax"
		" FROM (SELECT x.gross, x.fee, x.tax, x.client_fee, x.client_tax"
		"  FROM skillancer.earning_return x WHERE x.earning_id = e.id UNION ALL"
		"  SELECT p.gross, p.fee, p.tax, p.client_fee, p.client_tax"
		"  FROM skillancer.chargeback_part p JOIN skillancer.chargeback k"
		"  ON k.id = p.chargeback_id AND k.state = 'OPEN' WHERE p.earning_id = e.id) b) r"
		" LEFT JOIN skillancer.fee_tax_account s ON s.earning_id = e.id AND s.kind = 'SERVICE'"
		" LEFT JOIN skillancer.fee_tax_account c ON c.earning_id = e.id AND c.kind = 'CLIENT'"
		" WHERE e.milestone_id = $1::skillancer.milestone_id"
		" AND skillancer.monetary_minor(e.gross) > r.gross ORDER BY e.id DESC",
		UUIDOID);
	Datum args[1] = {UUIDPGetDatum(milestone)};
	int n = (int) skl_spi_exec(&stmt, args, NULL);
	bool isnull;

	*found = palloc0(sizeof(SklEarningLeft) * (Size) Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		SklEarningLeft *left = &(*found)[i];

		memcpy(&left->earning, DatumGetPointer(skl_spi_value(i, 1, &isnull)), UUID_LEN);
		left->gross = DatumGetInt64(skl_spi_value(i, 2, &isnull));
		left->service = read_fee(i, 3);
		left->client = read_fee(i, 8);
		left->on_hold = DatumGetBool(skl_spi_value(i, 13, &isnull));
	}
	return n;
}

/* Writes a part down and returns its id. */
static pg_uuid_t
record_return(const SklStep *step, const SklEarningLeft *left, int64 posting,
			  const SklEarningPart *part)
{
	static SklStmt stmt = SKL_STMT(
		"INSERT INTO skillancer.earning_return (earning_id, freelancer_id, client_id, posting,"
		" gross, fee, tax, client_fee, client_tax)"
		" VALUES ($1, $2::skillancer.user_id, $3::skillancer.user_id, $4,"
		" skillancer.monetary_of($5, $8), skillancer.monetary_of($6, $8),"
		" skillancer.monetary_of($7, $8), skillancer.monetary_of($9, $8),"
		" skillancer.monetary_of($10, $8)) RETURNING id",
		UUIDOID, UUIDOID, UUIDOID, INT8OID, INT8OID, INT8OID, INT8OID, TEXTOID, INT8OID, INT8OID);
	Datum args[10] = {UUIDPGetDatum(&left->earning),	UUIDPGetDatum(&step->freelancer),
					  UUIDPGetDatum(&step->client),		Int64GetDatum(posting),
					  Int64GetDatum(part->gross),		Int64GetDatum(part->service_fee),
					  Int64GetDatum(part->service_tax), CStringGetTextDatum(step->currency),
					  Int64GetDatum(part->client_fee),	Int64GetDatum(part->client_tax)};
	pg_uuid_t id;
	bool isnull;

	skl_spi_exec(&stmt, args, NULL);
	memcpy(&id, DatumGetPointer(skl_spi_value(0, 1, &isnull)), UUID_LEN);
	return id;
}

/* T16 the other way round: the state gets nothing of a fee that was not earned after all. */
static void
post_tax_back(const SklStep *step, const SklEarningLeft *left, const pg_uuid_t *id,
			  const SklEarningPart *part)
{
	SklPosting posting;

	if (part->service_tax == 0 && part->client_tax == 0)
		return;
	skl_posting_start(&posting, step->currency);
	skl_posting_debit(&posting, "tax_payable", (SklHolder){.ref = &left->service.account},
					  part->service_tax);
	skl_posting_debit(&posting, "tax_payable", (SklHolder){.ref = &left->client.account},
					  part->client_tax);
	skl_posting_credit(&posting, "revenue_service", (SklHolder){0}, part->service_tax);
	skl_posting_credit(&posting, "revenue_client", (SklHolder){0}, part->client_tax);
	skl_posting_send(&posting, "tax_return", id);
}

int64
skl_fee_part_tax(const SklFeeLeft *fee, int64 part)
{
	return skl_tax_within(fee->returned + part, fee->bps) - fee->tax_returned;
}

void
skl_earning_return(const SklStep *step, int64 service_fee, int64 client_fee, int64 posting)
{
	SklEarningLeft *found;
	int n = skl_earnings_left(&step->milestone, &found);
	int64 gross = step->amount;

	for (int i = 0; i < n && gross > 0; i++)
	{
		SklEarningPart part = {
			.gross = Min(gross, found[i].gross),
			.service_fee = Min(service_fee, found[i].service.left),
			.client_fee = Min(client_fee, found[i].client.left),
		};
		pg_uuid_t id;

		part.service_tax = skl_fee_part_tax(&found[i].service, part.service_fee);
		part.client_tax = skl_fee_part_tax(&found[i].client, part.client_fee);
		id = record_return(step, &found[i], posting, &part);
		post_tax_back(step, &found[i], &id, &part);
		gross -= part.gross;
		service_fee -= part.service_fee;
		client_fee -= part.client_fee;
	}
}
