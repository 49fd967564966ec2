/*
 * test/c/outbound_test.c
 *		Where webhooks may go: every way of writing an address that is not on the internet.
 */
#include "skl.h"

#include "core/outbound.h"

#include "tap.h"

static SklRanges none;
static SklRanges local;

static bool
refused(const char *url, const SklRanges *allowed)
{
	SklWebhookUrl parts;

	return skl_webhook_url_problem(url, strlen(url), allowed, &parts) != NULL;
}

/* Reports one assertion over a whole list. */
static void
all_refused(const char *const *urls, const SklRanges *allowed, const char *what)
{
	bool passed = true;

	for (; *urls != NULL; urls++)
	{
		if (!refused(*urls, allowed))
		{
			printf("# let through: %s\n", *urls);
			passed = false;
		}
	}
	ok(passed, what);
}

static bool
is_public(const char *written)
{
	SklAddress address;

	return skl_address_parse(written, strlen(written), &address) && skl_address_is_public(&address);
}

static void
test_addresses(void)
{
	static const char *const inside[] = {"0.0.0.0",
										 "0.1.2.3",
										 "10.0.0.1",
										 "10.255.255.255",
										 "100.64.0.1",
										 "100.100.100.200",
										 "127.0.0.1",
										 "127.255.255.254",
										 "169.254.0.1",
										 "169.254.169.254",
										 "172.16.0.1",
										 "172.31.255.255",
										 "192.0.0.192",
										 "192.0.2.1",
										 "192.168.0.1",
										 "198.18.0.1",
										 "198.19.255.255",
										 "198.51.100.1",
										 "203.0.113.1",
										 "224.0.0.1",
										 "239.255.255.255",
										 "240.0.0.1",
										 "255.255.255.255",
										 "168.63.129.16",
										 "::",
										 "::1",
										 "::ffff:8.8.8.8",
										 "::ffff:127.0.0.1",
										 "::127.0.0.1",
										 "64:ff9b::7f00:1",
										 "64:ff9b:1::1",
										 "100::1",
										 "2001::1",
										 "2001:20::1",
										 "2001:db8::1",
										 "2002:7f00:1::1",
										 "3fff::1",
										 "fc00::1",
										 "fd00:ec2::254",
										 "fe80::1",
										 "fec0::1",
										 "ff02::1",
										 NULL};
	static const char *const outside[] = {"1.1.1.1",
										  "8.8.8.8",
										  "9.255.255.255",
										  "11.0.0.0",
										  "100.63.255.255",
										  "100.128.0.0",
										  "172.15.255.255",
										  "172.32.0.0",
										  "192.0.1.0",
										  "198.17.255.255",
										  "198.20.0.0",
										  "223.255.255.255",
										  "2001:4860:4860::8888",
										  "2606:4700::1111",
										  "2a00:1450:4001::1",
										  "3ffe::1",
										  NULL};
	bool passed = true;

	for (const char *const *a = inside; *a != NULL; a++)
		passed = passed && !is_public(*a);
	ok(passed, "what is not the internet is known, as IPv4, IPv6 and one inside the other");
	for (const char *const *a = outside; *a != NULL; a++)
		passed = passed && is_public(*a);
	ok(passed, "its neighbours are let through");
	ok(!is_public("127.1") && !is_public("0177.0.0.1") && !is_public("1.1.1.1 ") &&
		   !is_public("fe80::1%eth0") && !is_public("1.1.1.1.1") && !is_public(""),
	   "short, octal, zoned and broken forms are no addresses");
}

static void
test_urls(void)
{
	static const char *const fine[] = {"https://example.com",
									   "https://example.com/",
									   "https://hooks.example.co.uk/a/b?c=d&e=%20",
									   "https://example.com:8443/x",
									   "https://xn--bcher-kva.example.com/",
									   "https://8.8.8.8/",
									   "https://[2606:4700::1111]/",
									   "https://3com.example.org/",
									   NULL};
	static const char *const inside[] = {"https://127.0.0.1/",
										 "https://localhost/",
										 "https://LOCALHOST/",
										 "https://a.localhost/",
										 "https://printer.local/",
										 "https://metadata.google.internal/",
										 "https://10.1.2.3/",
										 "https://[::1]/",
										 "https://[::ffff:10.0.0.1]/",
										 "https://[::]/",
										 "https://0/",
										 "https://0.0.0.0/",
										 "https://[fe80::1%25eth0]/",
										 "https://[fd00:ec2::254]/",
										 NULL};
	static const char *const numbers[] = {"https://2130706433/",  "https://017700000001/",
										  "https://0x7f000001/",  "https://0x7f.0.0.1/",
										  "https://0177.0.0.1/",  "https://127.1/",
										  "https://127.0.1/",	  "https://127.0.0.1./",
										  "https://127.0.0.01/",  "https://1.1.1.1.1/",
										  "https://example.123/", "https://[127.0.0.1]/",
										  "https://::1/",		  NULL};
	static const char *const other[] = {"http://example.com/",
										"HTTPS://example.com/",
										"file:///etc/passwd",
										"gopher://example.com/",
										"ftp://example.com/",
										"//example.com/",
										"example.com",
										"",
										"https://",
										"https:///x",
										"https://user@example.com/",
										"https://user:pass@example.com/",
										"https://example.com@127.0.0.1/",
										"https://example.com:443@127.0.0.1/",
										"https://example.com#@x.org/",
										"https://example.com\\@127.0.0.1/",
										"https://ex ample.com/",
										"https://example.com/a b",
										"https://example.com/\r\nHost: x",
										"https://exa%6dple.com/",
										"https://ex\xc3\xa4mple.com/",
										"https://example\xe3\x80\x82"
										"com/",
										"https://example.com./",
										"https://example..com/",
										"https://-a.example.com/",
										"https://example/",
										NULL};
	static const char *const ports[] = {"https://example.com:22/",	 "https://example.com:80/",
										"https://example.com:0/",	 "https://example.com:65536/",
										"https://example.com:0443/", "https://example.com:/",
										"https://example.com:4 43/", "https://example.com:443:443/",
										"https://8.8.8.8:6379/",	 NULL};
	bool passed = true;

	for (const char *const *url = fine; *url != NULL; url++)
		passed = passed && !refused(*url, &none);
	ok(passed, "URLs on the internet are let through");
	all_refused(inside, &none, "this machine and its network are refused");
	all_refused(numbers, &none, "and so are numbers in other notations");
	all_refused(other, &none, "other schemes, user names and what readers read differently");
	all_refused(ports, &none, "and ports that HTTPS does not use");
	ok(!refused("http://127.0.0.1:8080/x", &local) && !refused("https://[fd12::5]:9/", &local) &&
		   !refused("http://hooks.example.com/", &local),
	   "an operator's ranges are let through in any way; a name is judged when it is connected to");
	ok(refused("https://127.0.0.1/", &none) && refused("https://10.0.0.1/", &local) &&
		   refused("https://8.8.8.8:80/", &local) && refused("http://8.8.8.8/", &local),
	   "and nothing else");
}

static bool
may_connect(const char *written, int port, bool plain, const SklRanges *allowed)
{
	SklAddress address;

	return skl_address_parse(written, strlen(written), &address) &&
		   skl_outbound_allowed(allowed, &address, port, plain);
}

int
main(void)
{
	SklRanges ranges;

	ok(skl_ranges_parse("", &none) && none.n == 0, "no range");
	ok(skl_ranges_parse("127.0.0.0/8, fd12::/16,192.0.2.7", &local) && local.n == 3,
	   "three ranges");
	ok(!skl_ranges_parse("127.0.0.0/33", &ranges) && !skl_ranges_parse("x", &ranges) &&
		   !skl_ranges_parse("10/8", &ranges) && !skl_ranges_parse("::/129", &ranges) &&
		   !skl_ranges_parse("1.2.3.4/-1", &ranges) && !skl_ranges_parse("1.2.3.4/", &ranges),
	   "what is none");
	test_addresses();
	test_urls();
	ok(may_connect("8.8.8.8", 443, false, &none) && !may_connect("8.8.8.8", 443, true, &none) &&
		   !may_connect("8.8.8.8", 25, false, &none) && !may_connect("10.0.0.1", 443, false, &none),
	   "a connection: TLS to a port of HTTPS on the internet");
	ok(may_connect("127.9.9.9", 80, true, &local) && may_connect("192.0.2.7", 1, true, &local) &&
		   !may_connect("192.0.2.8", 443, false, &local),
	   "or to an allowed range");
	return done_testing();
}
