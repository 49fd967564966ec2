/*
 * payment/tax.c
 *		Tax within fees (T16): the part of a fee that is owed to the state.
 *
 * A rate is a row of tax_rate, found by the country of who pays the fee; fees include it. The
 * posting belongs to the release that earned the fee and is made in its transaction.
 */
#include "skl.h"

#include "core/clock.h"
#include "core/spi.h"
#include "payment/fees.h"
#include "payment/payment.h"

#include "catalog/pg_type_d.h"

PG_FUNCTION_INFO_V1(skl_fn_tax_within);

/* The rate in force for a payer. */
typedef struct Rate
{
	pg_uuid_t id;
	pg_uuid_t account; /* reference of the jurisdiction's account */
	int32 bps;
} Rate;

static bool
find_rate(const pg_uuid_t *payer, const char *kind, Rate *rate)
{
	static SklStmt stmt = SKL_STMT(
		"SELECT r.id, j.account, r.bps FROM skillancer.tax_rate r"
		" JOIN skillancer.tax_jurisdiction j ON j.code = r.jurisdiction"
		" WHERE r.kind = $2 AND r.valid_from <= $3 AND r.jurisdiction = coalesce("
		"(SELECT b.country FROM skillancer.billing_profile b WHERE b.user_id = "
		"$1::skillancer.user_id),"
		" (SELECT p.country FROM skillancer.profile p WHERE p.user_id = $1::skillancer.user_id))"
		" ORDER BY r.valid_from DESC LIMIT 1",
		UUIDOID, TEXTOID, TIMESTAMPTZOID);
	Datum args[3] = {UUIDPGetDatum(payer), CStringGetTextDatum(kind),
					 TimestampTzGetDatum(skl_now())};
	bool isnull;

	if (skl_spi_exec(&stmt, args, NULL) == 0)
		return false;
	memcpy(&rate->id, DatumGetPointer(skl_spi_value(0, 1, &isnull)), UUID_LEN);
	memcpy(&rate->account, DatumGetPointer(skl_spi_value(0, 2, &isnull)), UUID_LEN);
	rate->bps = DatumGetInt32(skl_spi_value(0, 3, &isnull));
	return true;
}

/* Writes down what was posted, for the invoice of the fee and for its return. */
static void
record_tax(const pg_uuid_t *earning, const SklFeeTaxed *fee, const Rate *rate, int64 tax,
		   int64 posting)
{
	static SklStmt stmt = SKL_STMT(
		"INSERT INTO skillancer.fee_tax (earning_id, kind, payer_id, rate_id, fee, tax, posting)"
		" VALUES ($1, $2, $3::skillancer.user_id, $4, skillancer.monetary_of($5, $8),"
		" skillancer.monetary_of($6, $8), $7)",
		UUIDOID, TEXTOID, UUIDOID, UUIDOID, INT8OID, INT8OID, INT8OID, TEXTOID);
	Datum args[8] = {UUIDPGetDatum(earning),	CStringGetTextDatum(fee->kind),
					 UUIDPGetDatum(fee->payer), UUIDPGetDatum(&rate->id),
					 Int64GetDatum(fee->minor), Int64GetDatum(tax),
					 Int64GetDatum(posting),	CStringGetTextDatum(fee->currency)};

	skl_spi_exec(&stmt, args, NULL);
}

void
skl_tax_fee(const pg_uuid_t *earning, const SklFeeTaxed *fee)
{
	bool is_service = strcmp(fee->kind, "SERVICE") == 0;
	SklPosting posting;
	Rate rate;
	int64 tax;

	if (fee->minor <= 0 || !find_rate(fee->payer, fee->kind, &rate))
		return;
	tax = skl_tax_within(fee->minor, rate.bps);
	if (tax == 0)
		return;
	skl_posting_start(&posting, fee->currency);
	skl_posting_debit(&posting, is_service ? "revenue_service" : "revenue_client", (SklHolder){0},
					  tax);
	skl_posting_credit(&posting, "tax_payable", (SklHolder){.ref = &rate.account}, tax);
	record_tax(earning, fee, &rate, tax,
			   skl_posting_send_step(&posting, "tax", earning, is_service ? 1 : 2));
}

/* tax_within(amount monetary, bps) returns monetary: the tax that an amount includes. */
Datum
skl_fn_tax_within(PG_FUNCTION_ARGS)
{
	const SklMonetary *amount = PG_GETARG_MONETARY_P(0);
	int32 bps = PG_GETARG_INT32(1);

	if (bps < 0 || bps > 10000)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("a tax rate is between 0 and 10000 hundredths of a percent")));
	PG_RETURN_MONETARY_P(skl_monetary_make(skl_tax_within(amount->minor, bps), amount->currency));
}
