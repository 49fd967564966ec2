/*
 * test/c/recv_test.c
 *		Sends mutated binary values to the receive functions of every type, as a hostile client
 * would.
 *
 * Takes the connection from the environment (PGHOST, PGPORT, PGDATABASE, PGUSER), the number of
 * mutations a type as its argument. Each mutation must be refused with 22P03 or 08P01, or be
 * accepted and sent back byte for byte; the server must still be there afterwards.
 */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "tap.h"

#define MOST_BYTES 4096

typedef struct Sample
{
	const char *type;
	const char *literal;
} Sample;

static const Sample samples[] = {
	{"user_id", "usr_01h455vb4pex5vsknk084sn02q"},
	{"event_id", "evt_7zzzzzzzzzzzzzzzzzzzzzzzzz"},
	{"monetary", "1234.50 USD"},
	{"monetary", "-92233720368547758.08 EUR"},
	{"skillset", "{}"},
	{"skillset", "{skl_01h455vb4pex5vsknk084sn02q:3:15,skl_00000000000000000000000001:4:0}"},
	{"rating_tally", "10/2/0/2147483647/5"},
};

/* Changes, cuts, doubles or lengthens a value. */
static int
mutate(unsigned char *bytes, int len)
{
	int times = 1 + (int) random_below(3);

	while (times-- > 0)
	{
		int at = len > 0 ? (int) random_below((uint32_t) len) : 0;

		switch (random_below(6))
		{
			case 0:
				bytes[at] = (unsigned char) random_u64();
				break;
			case 1:
				bytes[at] ^= (unsigned char) (1 << random_below(8));
				break;
			case 2:
				len = at;
				break;
			case 3:
				bytes[len++] = (unsigned char) random_u64();
				break;
			case 4:
				memcpy(bytes + len, bytes, (size_t) at);
				len += at;
				break;
			default:
				memset(bytes + at, random_below(2) == 0 ? 0 : 0xFF,
					   (size_t) (len - at > 4 ? 4 : len - at));
				break;
		}
		if (len > MOST_BYTES / 4)
			len = MOST_BYTES / 4;
	}
	return len;
}

/* One value to the server and back; true when it was refused cleanly or came back as it was. */
static bool
round_trip(PGconn *conn, const char *query, const unsigned char *bytes, int len)
{
	const char *values[1] = {(const char *) bytes};
	int lengths[1] = {len};
	int formats[1] = {1};
	PGresult *result = PQexecParams(conn, query, 1, NULL, values, lengths, formats, 1);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	bool clean;

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		clean = PQgetlength(result, 0, 0) == len &&
				memcmp(PQgetvalue(result, 0, 0), bytes, (size_t) len) == 0;
	else
		clean = state != NULL && (strcmp(state, "22P03") == 0 || strcmp(state, "08P01") == 0);
	if (!clean)
		printf("# length %d: %s %s", len, state != NULL ? state : "came back changed",
			   PQerrorMessage(conn));
	PQclear(result);
	return clean;
}

/* The binary form of a literal, as the server sends it. */
static int
binary_of(PGconn *conn, const Sample *sample, unsigned char *bytes)
{
	char query[256];
	PGresult *result;
	int len;

	snprintf(query, sizeof(query), "SELECT '%s'::skillancer.%s", sample->literal, sample->type);
	result = PQexecParams(conn, query, 0, NULL, NULL, NULL, NULL, 1);
	len = PQresultStatus(result) == PGRES_TUPLES_OK ? PQgetlength(result, 0, 0) : -1;
	if (len >= 0)
		memcpy(bytes, PQgetvalue(result, 0, 0), (size_t) len);
	PQclear(result);
	return len;
}

static void
try_sample(PGconn *conn, const Sample *sample, int times)
{
	unsigned char original[MOST_BYTES];
	unsigned char bytes[MOST_BYTES];
	char query[128];
	char what[160];
	int len = binary_of(conn, sample, original);
	bool clean = len >= 0;
	int i;

	snprintf(query, sizeof(query), "SELECT $1::skillancer.%s", sample->type);
	for (i = 0; clean && i < times; i++)
	{
		memcpy(bytes, original, (size_t) len);
		clean = round_trip(conn, query, bytes, i == 0 ? len : mutate(bytes, len));
	}
	snprintf(what, sizeof(what), "%s_recv: %d mutations of %.60s", sample->type, times,
			 sample->literal);
	ok(clean, what);
}

int
main(int argc, char **argv)
{
	int times = argc > 1 ? atoi(argv[1]) : 2000;
	PGconn *conn = PQconnectdb("");
	PGresult *result;
	size_t i;

	if (PQstatus(conn) != CONNECTION_OK)
	{
		printf("Bail out! %s", PQerrorMessage(conn));
		return 1;
	}
	for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		try_sample(conn, &samples[i], times);
	result = PQexec(conn, "SELECT 1");
	ok(PQresultStatus(result) == PGRES_TUPLES_OK, "the backend survived all of it");
	PQclear(result);
	PQfinish(conn);
	return done_testing();
}
