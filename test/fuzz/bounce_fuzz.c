/*
 * test/fuzz/bounce_fuzz.c
 *		Fuzzes reports about mails: fields stay within their size, hold printable ASCII alone, and
 * the input is read within its bounds.
 */
#include "notification/bounce.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static void
check_field(const char *field, size_t size)
{
	must(memchr(field, '\0', size) != NULL);
	for (; *field != '\0'; field++)
		must(*field >= ' ' && *field < 127);
}

static void
check(const SklBounce *bounce)
{
	check_field(bounce->to, sizeof(bounce->to));
	check_field(bounce->action, sizeof(bounce->action));
	check_field(bounce->status, sizeof(bounce->status));
	check_field(bounce->diagnostic, sizeof(bounce->diagnostic));
}

/* The input as it is, in a buffer of its size, and again as what is behind the headers of a report.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] =
		"To: a+b@c.d\nContent-Type: multipart/report; boundary=\"x\"\n\n--x\n"
		"Content-Type: message/delivery-status\n\n";
	char *text = malloc(size + 1);
	char *report = malloc(sizeof(head) + size);
	SklBounce bounce;
	bool is_report;

	memcpy(text, data, size);
	is_report = skl_bounce_parse(text, size, &bounce);
	check(&bounce);
	must(is_report == (bounce.action[0] != '\0'));
	memcpy(report, head, sizeof(head) - 1);
	memcpy(report + sizeof(head) - 1, data, size);
	is_report = skl_bounce_parse(report, sizeof(head) - 1 + size, &bounce);
	check(&bounce);
	must(strcmp(bounce.to, "a+b@c.d") == 0);
	must(is_report == (bounce.action[0] != '\0'));
	free(text);
	free(report);
	return 0;
}
