/*
 * test/fuzz/mime_fuzz.c
 *		Fuzzes mails: whatever a user's text is, the head of the mail has the headers that we wrote
 *		and no other, every line fits, and all of it is ASCII.
 */
#include "notification/mime.h"

#include <stdint.h>
#include <string.h>

#include "fuzz.h"

#define MAX_MAIL (1024 * 1024)

static char mail_text[MAX_MAIL];
static size_t mail_length;

static void
take(void *arg, const char *text, size_t length)
{
	(void) arg;
	must(mail_length + length < MAX_MAIL);
	memcpy(mail_text + mail_length, text, length);
	mail_length += length;
}

/* Headers, counting from the start to the empty line; a line that begins with a space goes on. */
static int
count_headers(void)
{
	const char *line = mail_text;
	int headers = 0;

	for (;;)
	{
		const char *end = strstr(line, "\r\n");

		must(end != NULL && end - line <= 998);
		if (end == line)
			return headers;
		headers += *line != ' ';
		line = end + 2;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	SklMail mail = {.from = "Shop <shop@example.org>",
					.to = "user@example.org",
					.subject = text,
					.text = text,
					.html = text,
					.id = "0192f2f0-0000-7000-8000-000000000000"};

	memcpy(text, data, size);
	text[size] = '\0';
	mail_length = 0;
	must(skl_mime_write(&mail, take, NULL) == NULL);
	mail_text[mail_length] = '\0';
	must(count_headers() == 8);
	for (size_t i = 0; i < mail_length; i++)
		must((unsigned char) mail_text[i] < 128 &&
			 (mail_text[i] != '\n' || mail_text[i - 1] == '\r'));

	mail_length = 0;
	mail.to = text;
	mail.subject = "x";
	mail.from = text;
	if (skl_mime_write(&mail, take, NULL) == NULL)
	{
		mail_text[mail_length] = '\0';
		must(count_headers() == 8);
	}
	mail_length = 0;
	skl_mime_html_of_text(text, take, NULL);
	must(memmem(mail_text, mail_length, "<script", 7) == NULL);
	free(text);
	return 0;
}
