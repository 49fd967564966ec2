/*
 * project/project_fn.c
 *		SQL functions of the project area: slugs, risk signals, checks of nested terms.
 */
#include "skl.h"

#include "core/errors.h"
#include "core/problems.h"
#include "project/risk_scan.h"
#include "project/slug.h"
#include "project/terms.h"
#include "types/monetary.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(skl_fn_slugify);
PG_FUNCTION_INFO_V1(skl_fn_risk_kinds);
PG_FUNCTION_INFO_V1(skl_fn_risk_score);
PG_FUNCTION_INFO_V1(skl_fn_check_milestones);
PG_FUNCTION_INFO_V1(skl_fn_check_packages);
PG_FUNCTION_INFO_V1(skl_fn_check_gig_lists);
PG_FUNCTION_INFO_V1(skl_fn_lowest_price);

#define TERM_LIST(min, max, array)             \
	{                                          \
		(min), (max), (array), lengthof(array) \
	}

static const char *const tiers[] = {"BASIC", "STANDARD", "PREMIUM", NULL};

static const SklTerm milestone_terms[] = {
	{"title", SKL_TERM_TEXT, true, 1, 200, NULL},
	{"amount", SKL_TERM_MONEY, true, 1, 1000000, NULL},
	{"days", SKL_TERM_INT, false, 1, 365, NULL},
};
static const SklTermList milestone_list = TERM_LIST(0, 20, milestone_terms);

static const SklTerm package_terms[] = {
	{"tier", SKL_TERM_WORD, true, 0, 0, tiers},
	{"title", SKL_TERM_TEXT, false, 1, 100, NULL},
	{"description", SKL_TERM_TEXT, false, 1, 1000, NULL},
	{"price", SKL_TERM_MONEY, true, 1, 100000, NULL},
	{"deliveryDays", SKL_TERM_INT, true, 1, 365, NULL},
	{"revisions", SKL_TERM_INT, true, 0, 100, NULL},
	{"features", SKL_TERM_TEXTS, false, 20, 100, NULL},
};
static const SklTermList package_list = TERM_LIST(1, 3, package_terms);

static const SklTerm extra_terms[] = {
	{"title", SKL_TERM_TEXT, true, 1, 100, NULL},
	{"price", SKL_TERM_MONEY, true, 1, 100000, NULL},
	{"extraDays", SKL_TERM_INT, false, 0, 365, NULL},
};
static const SklTermList extra_list = TERM_LIST(0, 10, extra_terms);

static const SklTerm faq_terms[] = {
	{"question", SKL_TERM_TEXT, true, 1, 300, NULL},
	{"answer", SKL_TERM_TEXT, true, 1, 1000, NULL},
};
static const SklTermList faq_list = TERM_LIST(0, 20, faq_terms);

/* slugify(text) returns text: NULL when nothing is left. */
Datum
skl_fn_slugify(PG_FUNCTION_ARGS)
{
	text *name = PG_GETARG_TEXT_PP(0);
	char slug[SKL_SLUG_MAX + 1];
	size_t len = skl_slug(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), slug);

	if (len == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(slug, (int) len));
}

/* risk_kinds(text) returns text[]. */
Datum
skl_fn_risk_kinds(PG_FUNCTION_ARGS)
{
	text *what = PG_GETARG_TEXT_PP(0);
	unsigned found = skl_risk_scan(VARDATA_ANY(what), VARSIZE_ANY_EXHDR(what));
	Datum kinds[SKL_RISK_KIND_COUNT];
	int n = 0;

	for (int i = 0; i < SKL_RISK_KIND_COUNT; i++)
		if ((found & (1u << i)) != 0)
			kinds[n++] = CStringGetTextDatum(skl_risk_kinds[i].name);
	PG_RETURN_ARRAYTYPE_P(construct_array(kinds, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* risk_score(kinds) returns integer: the sum of what is known of them, at most 100. */
Datum
skl_fn_risk_score(PG_FUNCTION_ARGS)
{
	Datum *kinds;
	bool *nulls;
	int n;
	int score = 0;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &kinds, &nulls,
					  &n);
	for (int k = 0; k < n; k++)
		for (int i = 0; i < SKL_RISK_KIND_COUNT && !nulls[k]; i++)
			if (strcmp(TextDatumGetCString(kinds[k]), skl_risk_kinds[i].name) == 0)
				score += skl_risk_kinds[i].score;
	PG_RETURN_INT32(Min(score, 100));
}

static Jsonb *
jsonb_or_null(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : PG_GETARG_JSONB_P(n);
}

/* check_milestones(field, milestones, bid): the amounts add up to the bid. */
Datum
skl_fn_check_milestones(PG_FUNCTION_ARGS)
{
	char *field;
	Jsonb *milestones = jsonb_or_null(fcinfo, 1);
	const SklMonetary *bid = PG_ARGISNULL(2) ? NULL : PG_GETARG_MONETARY_P(2);
	SklTermMoney money = {0};

	skl_need_arg(fcinfo, 0, "the field");
	field = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (bid != NULL)
		memcpy(money.currency, bid->currency, sizeof(money.currency));
	skl_terms_check(field, milestones, &milestone_list, &money);
	if (bid != NULL && money.valid && money.lowest > 0 && money.sum != bid->minor)
		skl_problem(field, "must add up to the bid");
	PG_RETURN_VOID();
}

/* check_packages(field, packages). */
Datum
skl_fn_check_packages(PG_FUNCTION_ARGS)
{
	SklTermMoney money = {0};

	skl_need_arg(fcinfo, 0, "the field");
	skl_terms_check(text_to_cstring(PG_GETARG_TEXT_PP(0)), jsonb_or_null(fcinfo, 1), &package_list,
					&money);
	PG_RETURN_VOID();
}

/* check_gig_lists(extras, faq, currency): NULL currency: that of the first extra. */
Datum
skl_fn_check_gig_lists(PG_FUNCTION_ARGS)
{
	SklTermMoney money = {0};

	if (!PG_ARGISNULL(2))
		strlcpy(money.currency, text_to_cstring(PG_GETARG_TEXT_PP(2)), sizeof(money.currency));
	skl_terms_check("extras", jsonb_or_null(fcinfo, 0), &extra_list, &money);
	skl_terms_check("faq", jsonb_or_null(fcinfo, 1), &faq_list, &money);
	PG_RETURN_VOID();
}

/* lowest_price(packages) returns monetary: NULL when no price can be read. */
Datum
skl_fn_lowest_price(PG_FUNCTION_ARGS)
{
	Jsonb *packages = PG_GETARG_JSONB_P(0);
	SklMonetary *lowest = NULL;
	uint32 n =
		JB_ROOT_IS_ARRAY(packages) && !JB_ROOT_IS_SCALAR(packages) ? JB_ROOT_COUNT(packages) : 0;

	for (uint32 i = 0; i < n; i++)
	{
		JsonbValue *item = getIthJsonbValueFromContainer(&packages->root, i);
		SklMonetary *price = palloc(sizeof(SklMonetary));
		JsonbValue value;

		if (item->type != jbvBinary || !JsonContainerIsObject(item->val.binary.data) ||
			getKeyJsonValueFromContainer(item->val.binary.data, "price", 5, &value) == NULL ||
			skl_terms_money(&value, price) != NULL)
			continue;
		if (lowest == NULL || skl_money_compare(price, lowest) < 0)
			lowest = price;
	}
	if (lowest == NULL)
		PG_RETURN_NULL();
	PG_RETURN_MONETARY_P(lowest);
}
