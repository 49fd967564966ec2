/*
 * test/c/contact_mask_test.c
 *		Which words about reaching somebody are hidden, and which honest ones are not.
 */
#include "skl.h"

#include "notification/contact_mask.h"

#include "tap.h"

#define LEN_MAX 1000

static char masked[SKL_CONTACT_MASKED_SIZE(LEN_MAX)];

static unsigned
mask(const char *words)
{
	static bool hide[LEN_MAX];
	unsigned kinds;

	(void) skl_contact_mask(words, strlen(words), hide, masked, &kinds);
	return kinds;
}

/* The words become these, and are of this kind. */
static void
becomes(const char *words, const char *expected, unsigned kind)
{
	unsigned kinds = mask(words);
	bool passed = strcmp(masked, expected) == 0 && kinds == kind;

	if (!passed)
		printf("# %s -> %s (%u)\n", words, masked, kinds);
	ok(passed, words);
}

static void
stays(const char *words)
{
	becomes(words, words, 0);
}

int
main(void)
{
	becomes("Write to jane.doe+x@example.co.uk, please.", "Write to [hidden], please.",
			SKL_CONTACT_EMAIL);
	becomes("jane @ gmail", "[hidden]", SKL_CONTACT_EMAIL);
	becomes("jane at gmail dot com works", "[hidden] works", SKL_CONTACT_EMAIL);
	becomes("jane (at) site [dot] io", "[hidden]", SKL_CONTACT_EMAIL);
	becomes("jane[at]gmail.com!", "[hidden]!", SKL_CONTACT_EMAIL);
	becomes("Call +49 170 1234567 now", "Call [hidden] now", SKL_CONTACT_PHONE);
	becomes("(555) 123-4567 or 020.7946.0958", "([hidden] or [hidden]", SKL_CONTACT_PHONE);
	becomes("five five five one two three four", "[hidden]", SKL_CONTACT_PHONE);
	becomes("my number: zero 1 seven 0, one 2 three 4 five", "my number: [hidden]",
			SKL_CONTACT_PHONE);
	becomes("see https://example.com/me?x=1.", "see [hidden].", SKL_CONTACT_LINK);
	becomes("www.example.org and portfolio.example.com/a", "[hidden] and [hidden]",
			SKL_CONTACT_LINK);
	becomes("my page is example dot com", "my page is [hidden]", SKL_CONTACT_LINK);
	becomes("t.me/jane", "[hidden]", SKL_CONTACT_LINK);
	becomes("I am @jane_doe there", "I am [hidden] there", SKL_CONTACT_HANDLE);
	becomes("skype: jane.doe", "skype: [hidden]", SKL_CONTACT_HANDLE);
	becomes("my discord is jane#1234", "my discord is [hidden]", SKL_CONTACT_HANDLE);
	becomes("Telegram name: janedoe", "Telegram name: [hidden]", SKL_CONTACT_HANDLE);
	stays("I can build a bot for Telegram, and one for WhatsApp later.");
	stays("ASP.NET, node.js and socket.io are fine. v1.2.3 as well.");
	stays("The budget is 1,000,000 USD, or $1234567890.");
	stays("From 2026-11-22 10:30 to 2026-12-24, or 24.12.2026 at 18 h");
	stays("One two three, and a half; four of them meet at noon.");
	stays("We meet at the office. Dot the i.");
	stays("Grüße aus Köln: 20 €/h, 40 h");
	stays("");
	return done_testing();
}
