/*
 * project/terms.c
 *		Checking arrays of JSON objects against a description.
 *
 * Every problem is noted under the path of the member (core/problems.h); nothing is raised here, so
 * that a client hears of all of them at once. Members that no description names are problems, too.
 */
#include "skl.h"

#include "core/problems.h"
#include "project/terms.h"

#include "common/int.h"
#include "mb/pg_wchar.h"
#include "utils/numeric.h"

/* The longest integer that is looked at; each bound of ours is far below. */
#define INT_DIGITS_MAX 12

/* What the check of one object needs. */
typedef struct TermCheck
{
	const char *object; /* path of the object, as in packages[0] */
	const SklTermList *list;
	SklTermMoney *money;
	uint32 words_seen; /* bits of the words that objects before have taken */
} TermCheck;

static char *
member_path(const TermCheck *check, const SklTerm *term)
{
	return psprintf("%s.%s", check->object, term->name);
}

/* Reads a JSON number that is a whole number; false when it is something else. */
static bool
read_int(const JsonbValue *value, int64 *out)
{
	char *digits;
	size_t len;

	if (value->type != jbvNumeric)
		return false;
	digits = numeric_normalize(value->val.numeric);
	len = strlen(digits);
	if (len > INT_DIGITS_MAX || strspn(digits, "-0123456789") != len)
		return false;
	*out = pg_strtoint64(digits);
	return true;
}

static bool
read_string(JsonbContainer *object, const char *name, JsonbValue *out)
{
	return getKeyJsonValueFromContainer(object, name, (int) strlen(name), out) != NULL &&
		   out->type == jbvString;
}

const char *
skl_terms_money(const JsonbValue *value, SklMonetary *out)
{
	static const char *const shape =
		"must be an object with amount (a decimal text) and currency, and nothing else";
	JsonbValue amount;
	JsonbValue code;
	const SklCurrency *currency;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data) ||
		JsonContainerSize(value->val.binary.data) != 2)
		return shape;
	if (!read_string(value->val.binary.data, "amount", &amount) ||
		!read_string(value->val.binary.data, "currency", &code))
		return shape;
	currency = skl_currency_find(code.val.string.val, (size_t) code.val.string.len);
	if (currency == NULL)
		return "is in an unknown currency";
	memset(out, 0, sizeof(*out));
	memcpy(out->currency, currency->code, SKL_CURRENCY_LEN);
	switch (skl_money_parse_amount(amount.val.string.val, (size_t) amount.val.string.len,
								   currency->digits, &out->minor))
	{
		case SKL_PARSE_OK:
			return NULL;
		case SKL_PARSE_EXCESS_DIGITS:
			return "has more decimal places than its currency";
		case SKL_PARSE_OUT_OF_RANGE:
			return "is out of range";
		default:
			return "has an amount that is not a decimal number";
	}
}

static void
check_characters(const char *path, const JsonbValue *value, int64 min, int64 max)
{
	int length;

	if (value->type != jbvString)
	{
		skl_problem(path, "must be a text");
		return;
	}
	length = pg_mbstrlen_with_len(value->val.string.val, value->val.string.len);
	if (length < min || length > max)
		skl_problem(path, "must have " INT64_FORMAT " to " INT64_FORMAT " characters", min, max);
}

static void
check_int(const char *path, const JsonbValue *value, const SklTerm *term)
{
	int64 number;

	if (!read_int(value, &number))
		skl_problem(path, "must be a whole number");
	else if (number < term->min || number > term->max)
		skl_problem(path, "must be between " INT64_FORMAT " and " INT64_FORMAT, term->min,
					term->max);
}

/* The bound of a term in minor units of a currency. */
static int64
minor_units(int64 units, const char *currency)
{
	int digits = skl_currency_find(currency, SKL_CURRENCY_LEN)->digits;

	while (digits-- > 0)
		units *= 10;
	return units;
}

static void
check_money(const char *path, const JsonbValue *value, const SklTerm *term, SklTermMoney *money)
{
	SklMonetary amount;
	const char *problem = skl_terms_money(value, &amount);

	if (problem == NULL && money->currency[0] == '\0')
		memcpy(money->currency, amount.currency, sizeof(money->currency));
	if (problem == NULL && strcmp(money->currency, amount.currency) != 0)
		problem = psprintf("must be in %s", money->currency);
	if (problem == NULL && (amount.minor < minor_units(term->min, amount.currency) ||
							amount.minor > minor_units(term->max, amount.currency)))
		problem =
			psprintf("must be between " INT64_FORMAT " and " INT64_FORMAT, term->min, term->max);
	if (problem != NULL)
	{
		skl_problem(path, "%s", problem);
		money->valid = false;
		return;
	}
	if (pg_add_s64_overflow(money->sum, amount.minor, &money->sum))
		money->valid = false;
	if (money->lowest == 0 || amount.minor < money->lowest)
		money->lowest = amount.minor;
}

static void
check_texts(const char *path, const JsonbValue *value, const SklTerm *term)
{
	int n;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
	{
		skl_problem(path, "must be a list of texts");
		return;
	}
	n = (int) JsonContainerSize(value->val.binary.data);
	if (n > term->min)
	{
		skl_problem(path, "must have at most " INT64_FORMAT " items", term->min);
		return;
	}
	for (int i = 0; i < n; i++)
		check_characters(psprintf("%s[%d]", path, i),
						 getIthJsonbValueFromContainer(value->val.binary.data, (uint32) i), 1,
						 term->max);
}

static void
check_word(const char *path, const JsonbValue *value, const SklTerm *term, TermCheck *check)
{
	for (int i = 0; value->type == jbvString && term->words[i] != NULL; i++)
	{
		if ((size_t) value->val.string.len != strlen(term->words[i]) ||
			memcmp(value->val.string.val, term->words[i], strlen(term->words[i])) != 0)
			continue;
		if ((check->words_seen & (1u << i)) != 0)
			skl_problem(path, "must not be the same twice");
		check->words_seen |= 1u << i;
		return;
	}
	skl_problem(path, "is not one of the words that it may be");
}

static void
check_member(TermCheck *check, const SklTerm *term, JsonbContainer *object)
{
	JsonbValue value;
	char *path = member_path(check, term);

	if (getKeyJsonValueFromContainer(object, term->name, (int) strlen(term->name), &value) ==
			NULL ||
		value.type == jbvNull)
	{
		if (term->required)
			skl_problem(path, "is required");
		if (term->required && term->kind == SKL_TERM_MONEY)
			check->money->valid = false;
		return;
	}
	switch (term->kind)
	{
		case SKL_TERM_TEXT:
			check_characters(path, &value, term->min, term->max);
			break;
		case SKL_TERM_INT:
			check_int(path, &value, term);
			break;
		case SKL_TERM_MONEY:
			check_money(path, &value, term, check->money);
			break;
		case SKL_TERM_TEXTS:
			check_texts(path, &value, term);
			break;
		case SKL_TERM_WORD:
			check_word(path, &value, term, check);
			break;
	}
}

/* Notes the members that the description does not name. */
static void
check_unknown_members(const TermCheck *check, JsonbContainer *object)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue key;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		bool known = token != WJB_KEY;

		for (int i = 0; i < check->list->nterms && !known; i++)
		{
			const char *name = check->list->terms[i].name;

			known = (size_t) key.val.string.len == strlen(name) &&
					memcmp(key.val.string.val, name, strlen(name)) == 0;
		}
		if (!known)
			skl_problem(
				psprintf("%s.%.*s", check->object, Min(key.val.string.len, 60), key.val.string.val),
				"is not a field");
	}
}

void
skl_terms_check(const char *field, Jsonb *value, const SklTermList *list, SklTermMoney *money)
{
	TermCheck check = {.list = list, .money = money};
	int n = value == NULL || !JB_ROOT_IS_ARRAY(value) || JB_ROOT_IS_SCALAR(value)
				? 0
				: (int) JB_ROOT_COUNT(value);

	money->valid = true;
	if (value != NULL && (!JB_ROOT_IS_ARRAY(value) || JB_ROOT_IS_SCALAR(value)))
	{
		skl_problem(field, "must be a list");
		return;
	}
	if (value == NULL && list->min_items > 0)
	{
		skl_problem(field, "is required");
		return;
	}
	if (n < list->min_items || n > list->max_items)
	{
		skl_problem(field, "must have %d to %d items", list->min_items, list->max_items);
		return;
	}
	for (int i = 0; i < n; i++)
	{
		JsonbValue *item = getIthJsonbValueFromContainer(&value->root, (uint32) i);

		check.object = psprintf("%s[%d]", field, i);
		if (item->type != jbvBinary || !JsonContainerIsObject(item->val.binary.data))
		{
			skl_problem(check.object, "must be an object");
			money->valid = false;
			continue;
		}
		for (int t = 0; t < list->nterms; t++)
			check_member(&check, &list->terms[t], item->val.binary.data);
		check_unknown_members(&check, item->val.binary.data);
	}
}
