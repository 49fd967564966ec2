/*
 * test/c/bounce_test.c
 *		Reports as Exim, Postfix and Exchange write them, and mails that are none.
 */
#include <stdio.h>
#include <string.h>

#include "notification/bounce.h"

#include "tap.h"

#define HEAD(type) \
	"From: MAILER-DAEMON@mx\r\nTo: bounces+abc-def@example.org\r\nContent-Type: " type "\r\n\r\n"
#define REPORT HEAD("multipart/report;\r\n\treport-type=delivery-status; boundary=\"=_b 1\"")
#define WORDS "--=_b 1\r\n\r\nYour mail could not be delivered.\r\n"
#define STATUS \
	"--=_b 1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
#define REST                                                                                   \
	"--=_b 1\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\nAction: delivered\r\n--=_b " \
	"1--\r\n"

/* The text is a report that says this. */
static void
says(const char *what, const char *text, const char *action, const char *status,
	 const char *diagnostic)
{
	SklBounce bounce;
	bool passed = skl_bounce_parse(text, strlen(text), &bounce) &&
				  strcmp(bounce.action, action) == 0 && strcmp(bounce.status, status) == 0 &&
				  strcmp(bounce.diagnostic, diagnostic) == 0 &&
				  strcmp(bounce.to, "bounces+abc-def@example.org") == 0;

	if (!passed)
		printf("# %s %s %s %s\n", bounce.to, bounce.action, bounce.status, bounce.diagnostic);
	ok(passed, what);
}

/* The text is no report, and is to this address. */
static void
is_none(const char *what, const char *text, const char *to)
{
	SklBounce bounce;

	ok(!skl_bounce_parse(text, strlen(text), &bounce) && strcmp(bounce.to, to) == 0, what);
}

int
main(void)
{
	says("a failure",
		 REPORT WORDS STATUS "Action: failed\r\nFinal-Recipient: rfc822;a@b.c\r\nStatus: 5.1.1\r\n"
							 "Diagnostic-Code: smtp; 550 no\r\n such user\r\n\r\n" REST,
		 "failed", "5.1.1", "550 no such user");
	says("a delay", REPORT WORDS STATUS "action: Delayed\r\nstatus: 4.4.7 (timeout)\r\n" REST,
		 "delayed", "4.4.7", "");
	says("of two recipients the one that failed",
		 REPORT STATUS "Action: delivered\r\nStatus: 2.0.0\r\n\r\n"
					   "Action: failed\r\nStatus: 5.2.2\r\n\r\n" REST,
		 "failed", "5.2.2", "");
	says("the first, where none failed",
		 REPORT STATUS "Action: relayed\r\nStatus: 2.0.0\r\n\r\nAction: delayed\r\n" REST,
		 "relayed", "2.0.0", "");
	says("no end of the parts", REPORT STATUS "Action: failed\r\nStatus: 5.0.0", "failed", "5.0.0",
		 "");
	says(
		"line feeds alone, no quotes, the envelope in a header of its own",
		"From x Sun Nov 22\nTo: Shop <shop@example.org>\nEnvelope-to: bounces+abc-def@example.org\n"
		"Content-Type: Multipart/Report; boundary=b1; report-type=delivery-status\n\n--b1\n"
		"Content-Type: message/global-delivery-status\n\nReporting-MTA: dns;mx\n\nAction: "
		"failed\nStatus: 5.1.2\n"
		"Diagnostic-Code: 554 \001ä\n--b1--\n",
		"failed", "5.1.2", "554 ???");
	is_none("an automatic answer", HEAD("text/plain") "I am away.\r\n",
			"bounces+abc-def@example.org");
	is_none("a report about reading",
			REPORT "--=_b 1\r\nContent-Type: message/disposition-notification\r\n\r\n"
				   "Disposition: displayed\r\n" REST,
			"bounces+abc-def@example.org");
	is_none("a boundary that is none", HEAD("multipart/report; boundary=\"") "--\r\n",
			"bounces+abc-def@example.org");
	is_none("a group that says nothing of a recipient", REPORT STATUS REST,
			"bounces+abc-def@example.org");
	is_none("nothing", "", "");
	is_none("two recipients: the first, as none has a plus", "To: a@b.c, d@e.f\n\n", "a@b.c");
	return done_testing();
}
