/*
 * test/c/bridge_test.c
 *		The parts of the bridge that need neither server nor database: addresses and lists, limits,
 *		the form of tokens, ids of requests and traces, ranges of files.
 */
#include <pthread.h>
#include <string.h>

#include "gcra.h"
#include "jwt_parse.h"
#include "network.h"
#include "range.h"
#include "reqid.h"
#include "trace.h"
#include "typeid.h"

#include "random.h"
#include "tap.h"

#define SECOND UINT64_C(1000000)

/* ---- addresses and lists ---- */

static bool
in_list(const char *networks, const char *text)
{
	char error[200];
	SklNetworks *list = skl_networks_parse(networks, error, sizeof(error));
	SklAddress address;
	bool found = list != NULL && skl_address_parse(text, strlen(text), &address) &&
				 skl_networks_contains(list, &address);

	skl_networks_free(list);
	return found;
}

static bool
list_refused(const char *networks)
{
	char error[200];
	SklNetworks *list = skl_networks_parse(networks, error, sizeof(error));
	bool refused = list == NULL;

	skl_networks_free(list);
	return refused;
}

static bool
is_address(const char *text)
{
	SklAddress address;

	return skl_address_parse(text, strlen(text), &address);
}

static void
test_lists(void)
{
	ok(in_list("10.0.0.0/8", "10.255.255.255"), "the last address of a network is in it");
	ok(!in_list("10.0.0.0/8", "11.0.0.0"), "the next address is not");
	ok(in_list("10.0.0.0/8", "::ffff:10.1.2.3"), "a mapped address is its IPv4 address");
	ok(in_list("::ffff:10.0.0.0/104", "10.1.2.3"), "a mapped network holds IPv4 addresses");
	ok(in_list("0.0.0.0/0", "203.0.113.9") && !in_list("0.0.0.0/0", "2001:db8::1"),
	   "all of IPv4 is not all of IPv6");
	ok(in_list("::/0", "203.0.113.9"), "all of IPv6 holds IPv4 in its mapped form");
	ok(in_list("2001:db8::/33", "2001:db8:7fff::1") && !in_list("2001:db8::/33", "2001:db8:8000::"),
	   "prefixes end within a byte");
	ok(in_list("192.0.2.1, 10.0.0.0/8\n10.0.0.0/16 198.51.100.0/24", "198.51.100.7"),
	   "overlapping networks do not hide later ones");
	ok(!in_list("", "10.0.0.1"), "the empty list holds nothing");
	ok(list_refused("10.0.0.1/8"), "bits behind the prefix are refused");
	ok(list_refused("10.0.0.0/33") && list_refused("10.0.0.0/") && list_refused("10.0.0.0/08"),
	   "bad prefixes are refused");
	ok(list_refused("10.0.0.0/8, example.org"), "names are refused");
	ok(!is_address("010.0.0.1") && !is_address("10.1") && !is_address("0x0a000001") &&
		   !is_address("fe80::1%lo") && !is_address("[::1]") && !is_address("10.0.0.1:80"),
	   "octal, short, hexadecimal, zoned and bracketed forms are no addresses");
}

/* Random lists against a plain walk over the networks. */
static void
test_lists_at_random(void)
{
	int wrong = 0;

	for (int round = 0; round < 300; round++)
	{
		char text[800] = "";
		uint32_t base[12];
		uint32_t prefix[12];
		char error[200];
		SklNetworks *list;

		for (int i = 0; i < 12; i++)
		{
			size_t used = strlen(text);

			prefix[i] = 8 + random_below(25);
			base[i] = (uint32_t) random_u64() & ~(uint32_t) ((UINT64_C(1) << (32 - prefix[i])) - 1);
			base[i] &= 0x0fffffff;
			snprintf(text + used, sizeof(text) - used, "%u.%u.%u.%u/%u ", base[i] >> 24,
					 base[i] >> 16 & 255, base[i] >> 8 & 255, base[i] & 255, prefix[i]);
		}
		list = skl_networks_parse(text, error, sizeof(error));
		for (int probe = 0; probe < 200; probe++)
		{
			uint32_t number = base[random_below(12)] + random_below(3) - 1;
			SklAddress address = {.bytes = {[10] = 0xff, [11] = 0xff}};
			bool expected = false;

			for (int i = 0; i < 4; i++)
				address.bytes[12 + i] = (uint8_t) (number >> (24 - 8 * i));
			for (int i = 0; i < 12; i++)
				expected = expected || (((number ^ base[i]) >> (32 - prefix[i])) == 0);
			wrong += skl_networks_contains(list, &address) != expected;
		}
		skl_networks_free(list);
	}
	ok(wrong == 0, "60000 look-ups in random lists agree with a plain walk");
}

static bool
client_is(const char *peer, const char *chain, const char *expected)
{
	char error[100];
	SklNetworks *trusted = skl_networks_parse("10.0.0.0/8, fd00::/8", error, sizeof(error));
	SklAddress from;
	SklAddress client;

	skl_address_parse(peer, strlen(peer), &from);
	skl_forwarded_client(trusted, &from, chain, &client);
	skl_networks_free(trusted);
	return strcmp(client.text, expected) == 0;
}

static void
test_forwarded(void)
{
	char many[4000] = "1.1.1.1";

	ok(client_is("203.0.113.9", "1.2.3.4", "203.0.113.9"), "a stranger's header is ignored");
	ok(client_is("10.0.0.1", "1.2.3.4", "1.2.3.4"), "a proxy's header is believed");
	ok(client_is("10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"), "what the client wrote is not");
	ok(client_is("10.0.0.1", "6.6.6.6, 1.2.3.4 ,10.0.0.2", "1.2.3.4"), "proxies are skipped");
	ok(client_is("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"), "a chain of proxies only");
	ok(client_is("10.0.0.1", "1.2.3.4, unknown", "10.0.0.1"), "a hop that is no address ends it");
	ok(client_is("10.0.0.1", "", "10.0.0.1") && client_is("10.0.0.1", NULL, "10.0.0.1"),
	   "no header, no change");
	ok(client_is("fd00::1", "[2001:db8::5]:4711", "2001:db8::5") &&
		   client_is("fd00::1", "1.2.3.4:80", "1.2.3.4"),
	   "ports are dropped");
	ok(client_is("::ffff:10.0.0.1", "::ffff:1.2.3.4", "1.2.3.4"), "mapped forms are unmapped");
	for (int i = 0; i < 200; i++)
		strcat(many, ", 10.0.0.2");
	ok(client_is("10.0.0.1", many, "10.0.0.2"), "a long chain is walked only so far");
}

/* ---- limits ---- */

static void
take(SklLimiter *limiter, const char *key, uint64_t now_us, SklVerdict *verdict)
{
	SklQuota quota = {.count = 60, .period_s = 60, .burst = 5};

	skl_limiter_take(limiter, SKL_QUOTA_ANONYMOUS, &quota, key, strlen(key), 1, now_us, verdict);
}

static void
test_quota_text(void)
{
	SklQuota quota;

	ok(skl_quota_parse("20/min burst 30", &quota) && quota.count == 20 && quota.period_s == 60 &&
		   quota.burst == 30,
	   "a limit with a burst");
	ok(skl_quota_parse("5/s", &quota) && quota.period_s == 1 && quota.burst == 5,
	   "the burst defaults to the count");
	ok(skl_quota_parse("off", &quota) && quota.burst == 0, "off is no limit");
	ok(!skl_quota_parse("0/min", &quota) && !skl_quota_parse("5/day", &quota) &&
		   !skl_quota_parse("5/min burst", &quota) && !skl_quota_parse("", &quota) &&
		   !skl_quota_parse("5/min burst 3 ", &quota) && !skl_quota_parse("-1/s", &quota),
	   "anything else is refused");
}

static void
test_gcra(void)
{
	SklLimiter *limiter = skl_limiter_create(1000);
	uint64_t now = 1000 * SECOND;
	SklVerdict verdict;
	int passed = 0;

	for (int i = 0; i < 8; i++)
	{
		take(limiter, "a", now, &verdict);
		passed += verdict.allowed;
	}
	ok(passed == 5, "a full bucket lets exactly its burst through");
	ok(verdict.limit == 5 && verdict.remaining == 0 && verdict.reset_s == 5 &&
		   verdict.window_s == 5 && verdict.retry_after_s == 1,
	   "the refusal says when to come back");
	take(limiter, "a", now + SECOND - 1000, &verdict);
	ok(!verdict.allowed, "just before the second is over: no");
	take(limiter, "a", now + SECOND, &verdict);
	ok(verdict.allowed && verdict.remaining == 0, "when it is over: one");
	take(limiter, "a", now + SECOND, &verdict);
	ok(!verdict.allowed, "and no second one");
	take(limiter, "b", now + SECOND, &verdict);
	ok(verdict.allowed && verdict.remaining == 4, "another key has its own bucket");
	take(limiter, "a", now + 100 * SECOND, &verdict);
	ok(verdict.allowed && verdict.remaining == 4, "an idle bucket fills up and no more");
	skl_limiter_free(limiter);
}

/* A month of random arrivals: never more than burst + time / step. */
static void
test_gcra_rate(void)
{
	SklLimiter *limiter = skl_limiter_create(1000);
	uint64_t start = 5 * SECOND;
	uint64_t now = start;
	uint64_t passed = 0;
	int wrong = 0;
	SklVerdict verdict;

	for (int i = 0; i < 200000; i++)
	{
		now += random_below(700000);
		take(limiter, "x", now, &verdict);
		passed += verdict.allowed;
		wrong += passed > 5 + (now - start) / SECOND + 1;
	}
	ok(wrong == 0, "at no time have more requests passed than rate and burst allow");
	ok(passed + 20 > (now - start) / SECOND, "and none less, as the demand is above the rate");
	skl_limiter_free(limiter);
}

typedef struct Hammer
{
	SklLimiter *limiter;
	int passed;
} Hammer;

static void *
hammer(void *argument)
{
	Hammer *mine = argument;
	SklQuota quota = {.count = 1000, .period_s = 3600, .burst = 1000};

	for (int i = 0; i < 2000; i++)
	{
		for (uint32_t key = 0; key < 40; key++)
		{
			SklVerdict verdict;

			skl_limiter_take(mine->limiter, SKL_QUOTA_PREMIUM, &quota, &key, sizeof(key), 1,
							 7 * SECOND, &verdict);
			mine->passed += verdict.allowed;
		}
	}
	return NULL;
}

static void
test_gcra_threads(void)
{
	SklLimiter *limiter = skl_limiter_create(1000);
	pthread_t threads[4];
	Hammer hammers[4];
	int passed = 0;

	for (int i = 0; i < 4; i++)
	{
		hammers[i] = (Hammer){.limiter = limiter};
		pthread_create(&threads[i], NULL, hammer, &hammers[i]);
	}
	for (int i = 0; i < 4; i++)
	{
		pthread_join(threads[i], NULL);
		passed += hammers[i].passed;
	}
	ok(passed == 40 * 1000, "four threads together pass exactly the burst of each key");
	skl_limiter_free(limiter);
}

/* A crowd larger than the table must not lock out nor crash. */
static void
test_gcra_crowd(void)
{
	SklLimiter *limiter = skl_limiter_create(448);
	SklVerdict verdict;
	int refused = 0;

	for (int i = 0; i < 20000; i++)
	{
		char key[16];

		snprintf(key, sizeof(key), "%d", i);
		take(limiter, key, 9 * SECOND, &verdict);
		refused += !verdict.allowed;
	}
	ok(refused == 0 && skl_limiter_evictions(limiter) > 0,
	   "more clients than slots: the oldest are forgotten, nobody is refused");
	skl_limiter_free(limiter);
}

/* ---- tokens ---- */

/* Parse a token made of plain header and payload and any signature. */
static bool
token_parses(const char *header, const char *payload)
{
	char token[SKL_JWT_MAX + 4000];
	size_t used = skl_base64url_encode((const uint8_t *) header, strlen(header), token);
	SklJwtParts parts;
	bool good;

	token[used++] = '.';
	used += skl_base64url_encode((const uint8_t *) payload, strlen(payload), token + used);
	memcpy(token + used, ".QUJD", 6);
	good = skl_jwt_parse(token, used + 5, &parts);
	if (good)
		json_decref(parts.payload);
	return good;
}

#define GOOD_HEADER "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k1\"}"

static void
test_headers(void)
{
	static const char *const refused[] = {
		"{\"alg\":\"none\",\"kid\":\"k1\"}",
		"{\"alg\":\"NoNe\",\"kid\":\"k1\"}",
		"{\"alg\":0,\"kid\":\"k1\"}",
		"{\"kid\":\"k1\"}",
		"{\"alg\":\"ES256\"}",
		"{\"alg\":\"HS384\",\"kid\":\"k1\"}",
		"{\"alg\":\"HS512\",\"kid\":\"k1\"}",
		"{\"alg\":\"ES256\",\"alg\":\"none\",\"kid\":\"k1\"}",
		"{\"alg\":\"ES256\",\"kid\":\"../../etc/passwd\"}",
		"{\"alg\":\"ES256\",\"kid\":\"k1' OR 1=1\"}",
		"{\"alg\":\"ES256\",\"kid\":\"\"}",
		"{\"alg\":\"ES256\",\"kid\":\"k\\u0000\"}",
		"{\"alg\":\"ES256\",\"kid\":1}",
		"{\"alg\":\"ES256\",\"kid\":\"k1\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"ES256\",\"kid\":\"k1\",\"jwk\":{}}",
		"{\"alg\":\"ES256\",\"kid\":\"k1\",\"jku\":\"https://example.org\"}",
		"{\"alg\":\"ES256\",\"kid\":\"k1\",\"x5u\":\"https://example.org\"}",
		"{\"alg\":\"ES256\",\"kid\":\"k1\",\"b64\":false}",
		"{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"refresh\"}",
		"[\"ES256\"]",
		"\"ES256\"",
		"{",
		"",
	};
	bool all = true;

	ok(token_parses(GOOD_HEADER, "{}"), "a plain header is taken");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
	{
		if (token_parses(refused[i], "{}"))
		{
			all = false;
			printf("# taken: %s\n", refused[i]);
		}
	}
	ok(all, "headers with other algorithms, keys of their own or bad ids are refused");
	ok(!token_parses(GOOD_HEADER, "{\"sub\":\"a\",\"sub\":\"b\"}"), "a claim twice is refused");
	ok(!token_parses(GOOD_HEADER, "[]") && !token_parses(GOOD_HEADER, "{\"sub\":\"a\\u0000\"}"),
	   "a payload that is no object or holds NUL is refused");
}

static void
test_token_form(void)
{
	char token[300];
	size_t used = skl_base64url_encode((const uint8_t *) GOOD_HEADER, strlen(GOOD_HEADER), token);
	char big[SKL_JWT_MAX + 10];
	SklJwtParts parts;

	memcpy(token + used, ".e30.QUJD", 10);
	used += 9;
	ok(skl_jwt_parse(token, used, &parts) && parts.alg == SKL_ALG_ES256 &&
		   strcmp(parts.kid, "k1") == 0 && parts.signature_length == 3,
	   "the parts are told");
	json_decref(parts.payload);
	ok(!skl_jwt_parse(token, used - 5, &parts), "two parts are too few");
	memcpy(token + used, ".AA", 4);
	ok(!skl_jwt_parse(token, used + 3, &parts), "four are too many");
	token[used - 1] = '=';
	ok(!skl_jwt_parse(token, used, &parts), "padding is refused");
	memset(big, 'A', sizeof(big));
	ok(!skl_jwt_parse(big, sizeof(big), &parts), "more than 8 KiB are refused");
}

static void
test_base64url(void)
{
	uint8_t bytes[64];
	uint8_t back[64];
	char text[100];
	int wrong = 0;

	for (int i = 0; i < 20000; i++)
	{
		size_t length = random_below(64);
		size_t letters;

		for (size_t j = 0; j < length; j++)
			bytes[j] = (uint8_t) random_u64();
		letters = skl_base64url_encode(bytes, length, text);
		wrong +=
			skl_base64url_decode(text, letters, back) != length || memcmp(bytes, back, length) != 0;
	}
	ok(wrong == 0, "base64url comes back as it was");
	ok(skl_base64url_decode("QR", 2, back) == SIZE_MAX && skl_base64url_decode("QQ", 2, back) == 1,
	   "stray bits are refused");
	ok(skl_base64url_decode("Q", 1, back) == SIZE_MAX &&
		   skl_base64url_decode("Q+==", 4, back) == SIZE_MAX &&
		   skl_base64url_decode("QQ==", 4, back) == SIZE_MAX,
	   "lengths, letters and padding of other alphabets are refused");
}

/* ---- ids ---- */

static bool
continues(const char *header)
{
	SklTrace trace;

	skl_trace_start(header, &trace);
	return trace.parent_id[0] != '\0';
}

/* What the address of a collector is taken for, or "" when it is refused. */
static const char *
collector_of(const char *given)
{
	static char url[SKL_COLLECTOR_URL_MAX + 1];

	return skl_collector_address(given, url) ? url : "";
}

/* What is passed on of a tracestate. */
static const char *
state_of(const char *given)
{
	static char text[SKL_TRACESTATE_MAX + 1];

	return skl_tracestate_read(given, text) == (text[0] != '\0') ? text : "?";
}

/* So many members of so many bytes each, from 8 on. */
static const char *
members(int n, int bytes)
{
	static char text[2000];
	int used = 0;

	for (int i = 0; i < n; i++)
		used +=
			snprintf(text + used, sizeof(text) - (size_t) used, "%sk%05d=%.*s", i > 0 ? "," : "", i,
					 bytes - 7, "0123456789012345678901234567890123456789");
	return text;
}

static void
test_tracestate(void)
{
	static const char *const bad[] = {"a",		"=1",	"a=",	   "A=1",	 "a b=1",	 "a=1=2",
									  "a=\x01", "_a=1", "a=1,a=2", "a=\xc3", "a=1,b=2=3"};
	size_t dropped = 0;

	ok(strcmp(state_of("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
			  "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE") == 0,
	   "a tracestate is passed on");
	ok(strcmp(state_of(" a=1 ,, b@c=2\t, d/e=x y,"), "a=1,b@c=2,d/e=x y") == 0,
	   "without blanks around members, and empty ones");
	ok(state_of(NULL)[0] == '\0' && state_of("")[0] == '\0' && state_of(" , ,")[0] == '\0',
	   "none is none");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		dropped += state_of(bad[i])[0] == '\0';
	ok(dropped == sizeof(bad) / sizeof(bad[0]), "what is malformed is dropped whole");
	ok(strlen(state_of(members(32, 15))) == 32 * 15 + 31 && state_of(members(33, 10))[0] == '\0',
	   "32 members, and no more");
	ok(strlen(state_of(members(19, 26))) == 512 && state_of(members(20, 26))[0] == '\0',
	   "512 bytes, and no more");
}

static void
test_collectors(void)
{
	ok(strcmp(collector_of("http://127.0.0.1"), "http://127.0.0.1:4318/v1/traces") == 0 &&
		   strcmp(collector_of("https://otel:443/"), "https://otel:443/v1/traces") == 0,
	   "port and path of a collector have their usual values");
	ok(strcmp(collector_of("http://[::1]:9/x/y"), "http://[::1]:9/x/y") == 0,
	   "IPv6 stands in brackets");
	ok(collector_of("ftp://otel")[0] == '\0' && collector_of("http://")[0] == '\0' &&
		   collector_of("http://a:port")[0] == '\0' && collector_of("http://a:1x")[0] == '\0' &&
		   collector_of("http://[::1")[0] == '\0' && collector_of("http://a/ b")[0] == '\0' &&
		   collector_of("")[0] == '\0',
	   "what is no such address is refused");
}

static void
test_traces(void)
{
	static const char good[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
	SklTrace trace;
	char text[SKL_TRACEPARENT_LENGTH + 1];

	skl_trace_start(good, &trace);
	ok(strcmp(trace.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736") == 0 && trace.sampled &&
		   strcmp(trace.parent_id, "00f067aa0ba902b7") == 0,
	   "a trace is continued");
	skl_trace_text(&trace, text);
	ok(strlen(text) == SKL_TRACEPARENT_LENGTH && continues(text) && strcmp(text, good) != 0,
	   "with a span of our own");
	ok(continues("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"),
	   "a later version may say more");
	ok(!continues("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more") &&
		   !continues("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01") &&
		   !continues("00-00000000000000000000000000000000-00f067aa0ba902b7-01") &&
		   !continues("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01") &&
		   !continues("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01") &&
		   !continues("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0") && !continues("") &&
		   !continues(NULL),
	   "anything malformed starts a trace of its own");
}

static void
test_ids(void)
{
	char id[SKL_REQUEST_ID_MAX + 1];
	char other[37];
	SklUuid uuid;
	SklUuid back;
	char text[SKL_TYPEID_MAX + 1];
	int wrong = 0;

	skl_request_id("abc-1.2:3_X", id);
	ok(strcmp(id, "abc-1.2:3_X") == 0, "a sane request id is kept");
	skl_request_id("a\r\nSet-Cookie: x", id);
	ok(strlen(id) == 36 && id[14] == '7', "any other is replaced by a UUIDv7");
	skl_uuid_v7(other);
	ok(strcmp(id, other) != 0 && strncmp(id, other, 8) == 0, "ids differ and follow the clock");
	for (int i = 0; i < 2000; i++)
	{
		for (int j = 0; j < 16; j++)
			uuid.bytes[j] = (uint8_t) random_u64();
		skl_typeid_write("usr", &uuid, text);
		wrong += !skl_typeid_read(text, "usr", &back) || memcmp(&uuid, &back, 16) != 0;
	}
	ok(wrong == 0, "TypeIDs come back as they were");
	ok(!skl_typeid_read("usr_8zzzzzzzzzzzzzzzzzzzzzzzzz", "usr", &back) &&
		   !skl_typeid_read("prj_01h455vb4pex5vsknk084sn02q", "usr", &back) &&
		   !skl_typeid_read("usr_01h455vb4pex5vsknk084sn02", "usr", &back) &&
		   !skl_typeid_read("usr_01H455VB4PEX5VSKNK084SN02Q", "usr", &back) &&
		   skl_typeid_read("usr_01h455vb4pex5vsknk084sn02q", "usr", &back),
	   "other kinds, lengths and letters are refused");
}

static bool
has_ranges(const char *header, uint64_t size, int count, uint64_t first, uint64_t last)
{
	SklRange ranges[SKL_MAX_RANGES];

	return skl_ranges_read(header, size, ranges) == count &&
		   (count <= 0 || (ranges[0].first == first && ranges[count - 1].last == last));
}

static void
test_ranges(void)
{
	ok(has_ranges("bytes=0-9", 100, 1, 0, 9) && has_ranges("bytes=90-", 100, 1, 90, 99) &&
		   has_ranges("Bytes=-10", 100, 1, 90, 99) && has_ranges("bytes=-1000", 100, 1, 0, 99) &&
		   has_ranges("bytes=5-99999999999999999999", 100, 1, 5, 99),
	   "first, rest, last, more than there is");
	ok(has_ranges("bytes= 20-29 , ,0-9", 100, 2, 0, 29) &&
		   has_ranges("bytes=0-4,5-9", 100, 1, 0, 9) &&
		   has_ranges("bytes=50-60,0-70", 100, 1, 0, 70),
	   "several, in the order of the file, those that touch as one");
	ok(has_ranges("bytes=100-", 100, 0, 0, 0) && has_ranges("bytes=-0", 100, 0, 0, 0) &&
		   has_ranges("bytes=0-0", 0, 0, 0, 0) && has_ranges("bytes=200-,0-0", 100, 1, 0, 0),
	   "what is not there");
	ok(has_ranges("bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0", 9, 0,
				  0, 0),
	   "too many, even of one byte");
	ok(has_ranges(NULL, 9, -1, 0, 0) && has_ranges("bytes=", 9, -1, 0, 0) &&
		   has_ranges("bytes=5-1", 9, -1, 0, 0) && has_ranges("bytes=1", 9, -1, 0, 0) &&
		   has_ranges("bytes=--1", 9, -1, 0, 0) && has_ranges("bytes=-", 9, -1, 0, 0) &&
		   has_ranges("items=0-1", 9, -1, 0, 0) && has_ranges("bytes=0-1x", 9, -1, 0, 0),
	   "what is no range is passed over");
}

int
main(void)
{
	test_lists();
	test_lists_at_random();
	test_forwarded();
	test_quota_text();
	test_gcra();
	test_gcra_rate();
	test_gcra_threads();
	test_gcra_crowd();
	test_headers();
	test_token_form();
	test_base64url();
	test_traces();
	test_tracestate();
	test_collectors();
	test_ids();
	test_ranges();
	return done_testing();
}
