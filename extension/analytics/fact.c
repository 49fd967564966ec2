/*
 * analytics/fact.c
 *		The named extractors: what a measure may read of an event or an entry of the ledger.
 */
#include "skl.h"

#include "analytics/fact.h"
#include "core/spi.h"
#include "types/typeid.h"

#include <math.h>

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* Numbers beyond this are no measurements. */
#define LARGEST_NUMBER INT64CONST(1000000000000000)

/* A member of the event's data, or NULL. */
static JsonbValue *
member(const SklFact *fact, const char *key, JsonbValue *buffer)
{
	if (fact->data == NULL || !JB_ROOT_IS_OBJECT(fact->data))
		return NULL;
	return getKeyJsonValueFromContainer((JsonbContainer *) &fact->data->root, key,
										(int) strlen(key), buffer);
}

/* Copies text that is not terminated, cut between letters. */
static bool
copy_text(const char *from, int len, char *out)
{
	if (len >= SKL_FACT_TEXT)
		len = pg_mbcliplen(from, len, SKL_FACT_TEXT - 1);
	memcpy(out, from, (size_t) len);
	out[len] = '\0';
	return len > 0;
}

static bool
number_one(const SklFact *fact, const char *key, int64 *value)
{
	*value = 1;
	return true;
}

/* A member that is a whole number, as a number of JSON. */
static bool
number_of_member(const SklFact *fact, const char *key, int64 *value)
{
	JsonbValue buffer;
	JsonbValue *found = member(fact, key, &buffer);
	float8 number;

	if (found == NULL || found->type != jbvNumeric)
		return false;
	number = DatumGetFloat8(
		DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(found->val.numeric)));
	if (!(number > -LARGEST_NUMBER && number < LARGEST_NUMBER))
		return false;
	*value = (int64) rint(number);
	return true;
}

/* Seconds since the last event of a type about the same thing. */
static bool
number_since(const SklFact *fact, const char *key, int64 *value)
{
	static SklStmt stmt =
		SKL_STMT("SELECT e.at FROM skillancer.event e WHERE e.aggregate_id = $1 AND e.seq < $2"
				 " AND e.type = $3 ORDER BY e.seq DESC LIMIT 1",
				 UUIDOID, INT8OID, TEXTOID);
	Datum args[3] = {UUIDPGetDatum(&fact->aggregate), Int64GetDatum(fact->seq),
					 CStringGetTextDatum(key)};
	bool found = false;
	bool isnull;

	skl_spi_connect();
	if (skl_spi_exec_snapshot(&stmt, args, GetActiveSnapshot()) > 0)
	{
		TimestampTz then = DatumGetTimestampTz(skl_spi_value(0, 1, &isnull));

		*value = Max((fact->at - then) / USECS_PER_SEC, 0);
		found = true;
	}
	skl_spi_finish();
	return found;
}

/* Millionths of one over a member that is a rank from 1 on. */
static bool
number_reciprocal(const SklFact *fact, const char *key, int64 *value)
{
	int64 rank;

	if (!number_of_member(fact, key, &rank) || rank < 1)
		return false;
	*value = (int64) rint(1e6 / (double) rank);
	return true;
}

static bool
number_amount(const SklFact *fact, const char *key, int64 *value)
{
	*value = fact->amount;
	return fact->amount != 0;
}

static bool
subject_person(const SklFact *fact, const char *key, pg_uuid_t *subject)
{
	if (fact->has_person)
		*subject = fact->person;
	return fact->has_person;
}

/* A member that is a TypeID. */
static bool
subject_of_member(const SklFact *fact, const char *key, pg_uuid_t *subject)
{
	char prefix[SKL_TYPEID_PREFIX_MAX + 1];
	JsonbValue buffer;
	JsonbValue *found = member(fact, key, &buffer);

	return found != NULL && found->type == jbvString &&
		   skl_typeid_split(found->val.string.val, (size_t) found->val.string.len, prefix,
							subject->data) == SKL_PARSE_OK;
}

/* Client and freelancer together: a number of 128 bits made of both. */
static bool
subject_pair(const SklFact *fact, const char *key, pg_uuid_t *subject)
{
	pg_uuid_t both[2];

	if (!subject_of_member(fact, "clientId", &both[0]) ||
		!subject_of_member(fact, "freelancerId", &both[1]))
		return false;
	for (int i = 0; i < 2; i++)
	{
		uint64 half = hash_bytes_extended((unsigned char *) both, sizeof(both), (uint64) i);

		memcpy(subject->data + 8 * i, &half, 8);
	}
	return true;
}

/* The currency, account or kind of an entry. */
static bool
text_currency(const SklFact *fact, const char *key, char *out)
{
	return copy_text(fact->currency, (int) strlen(fact->currency), out);
}

static bool
text_account(const SklFact *fact, const char *key, char *out)
{
	return copy_text(fact->account, (int) strlen(fact->account), out);
}

/* A member that is a text. */
static bool
text_of_member(const SklFact *fact, const char *key, char *out)
{
	JsonbValue buffer;
	JsonbValue *found = member(fact, key, &buffer);

	return found != NULL && found->type == jbvString &&
		   copy_text(found->val.string.val, found->val.string.len, out);
}

/* A member that is a whole number, in digits. */
static bool
text_of_number(const SklFact *fact, const char *key, char *out)
{
	int64 number;

	if (!number_of_member(fact, key, &number))
		return false;
	snprintf(out, SKL_FACT_TEXT, INT64_FORMAT, number);
	return true;
}

/* A member that is an array of texts, joined by "+" in their order. */
static bool
text_of_list(const SklFact *fact, const char *key, char *out)
{
	JsonbValue buffer;
	JsonbValue *found = member(fact, key, &buffer);
	StringInfoData joined;

	if (found == NULL || found->type != jbvBinary || !JsonContainerIsArray(found->val.binary.data))
		return false;
	initStringInfo(&joined);
	for (uint32 i = 0; i < JsonContainerSize(found->val.binary.data); i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(found->val.binary.data, i);

		if (element->type != jbvString)
			return false;
		appendStringInfo(&joined, "%s%.*s", i > 0 ? "+" : "", element->val.string.len,
						 element->val.string.val);
	}
	return copy_text(joined.data, joined.len, out);
}

/* Where a booking comes from. */
static bool
text_source(const SklFact *fact, const char *key, char *out)
{
	char ignored[SKL_FACT_TEXT];
	const char *source = "OFFER";

	if (text_of_member(fact, "gigId", ignored))
		source = "GIG";
	else if (text_of_member(fact, "proposalId", ignored))
		source = "PROPOSAL";
	return copy_text(source, (int) strlen(source), out);
}

/* Whether somebody did it, or time. */
static bool
text_by(const SklFact *fact, const char *key, char *out)
{
	const char *by = fact->has_person ? "person" : "time";

	return copy_text(by, (int) strlen(by), out);
}

/* On which side of the event's business the one who acted stands. */
static bool
text_side(const SklFact *fact, const char *key, char *out)
{
	static const char *const sides[][2] = {{"clientId", "client"}, {"freelancerId", "freelancer"}};
	pg_uuid_t side;

	for (size_t i = 0; i < lengthof(sides) && fact->has_person; i++)
	{
		if (subject_of_member(fact, sides[i][0], &side) &&
			memcmp(&side, &fact->person, sizeof(side)) == 0)
			return copy_text(sides[i][1], (int) strlen(sides[i][1]), out);
	}
	return false;
}

static const struct
{
	const char *name;
	SklFactNumber extract;
} numbers[] = {
	{"one", number_one},	   {"number", number_of_member},
	{"since", number_since},   {"reciprocal", number_reciprocal},
	{"amount", number_amount},
};

static const struct
{
	const char *name;
	SklFactSubject extract;
} subjects[] = {
	{"person", subject_person},
	{"id", subject_of_member},
	{"pair", subject_pair},
};

static const struct
{
	const char *name;
	SklFactText extract;
} texts[] = {
	{"currency", text_currency},
	{"account", text_account},
	{"text", text_of_member},
	{"list", text_of_list},
	{"digits", text_of_number},
	{"source", text_source},
	{"by", text_by},
	{"side", text_side},
};

SklFactNumber
skl_fact_number(const char *name)
{
	for (size_t i = 0; i < lengthof(numbers); i++)
	{
		if (strcmp(name, numbers[i].name) == 0)
			return numbers[i].extract;
	}
	return NULL;
}

SklFactSubject
skl_fact_subject(const char *name)
{
	for (size_t i = 0; i < lengthof(subjects); i++)
	{
		if (strcmp(name, subjects[i].name) == 0)
			return subjects[i].extract;
	}
	return NULL;
}

SklFactText
skl_fact_text(const char *name)
{
	for (size_t i = 0; i < lengthof(texts); i++)
	{
		if (strcmp(name, texts[i].name) == 0)
			return texts[i].extract;
	}
	return NULL;
}
