/*
 * notification/mime.c
 *		Composes mails (RFC 5322, RFC 2045, RFC 2047).
 *
 * Nothing from a user reaches a header as it is: addresses are checked character by character, the
 * subject is encoded as soon as it holds anything but printable ASCII, so that a line break in it
 * ends up inside an encoded word. Bodies are base64, which no relay and no dot at the beginning of
 * a line can change.
 */
#include "notification/mime.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* RFC 5321, 4.5.3.1: longest path without its brackets. */
#define ADDRESS_MAX 254

/* Bytes of UTF-8 in one encoded word: 45 make 60 characters of base64, within RFC 2047's 75. */
#define WORD_BYTES 45

/* Bytes in one line of base64: 57 make 76 characters. */
#define LINE_BYTES 57

typedef struct Out
{
	SklMimeWrite write;
	void *arg;
} Out;

static void
put(Out *out, const char *text)
{
	out->write(out->arg, text, strlen(text));
}

static bool
address_char(char c)
{
	return c > ' ' && c < 127 && strchr("<>()[]\\,;:\"", c) == NULL;
}

static bool
address_ok(const char *address, size_t length)
{
	const char *at = memchr(address, '@', length);

	if (length < 3 || length > ADDRESS_MAX || at == NULL || at == address ||
		at == address + length - 1 || memchr(at + 1, '@', length - (size_t) (at + 1 - address)))
		return false;
	for (size_t i = 0; i < length; i++)
	{
		if (!address_char(address[i]))
			return false;
	}
	return address[0] != '-';
}

bool
skl_mime_address_ok(const char *address)
{
	return address_ok(address, strlen(address));
}

bool
skl_mime_bare_address(const char *text, const char **begin, size_t *length)
{
	const char *open = strrchr(text, '<');
	const char *close = open != NULL ? strchr(open, '>') : NULL;

	if (open != NULL && (close == NULL || close[1] != '\0'))
		return false;
	*begin = open != NULL ? open + 1 : text;
	*length = open != NULL ? (size_t) (close - *begin) : strlen(text);
	return address_ok(*begin, *length);
}

static void
put_base64(Out *out, const unsigned char *bytes, size_t length)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < length; i += 3)
	{
		size_t left = length - i;
		unsigned int group = (unsigned int) bytes[i] << 16 |
							 (left > 1 ? (unsigned int) bytes[i + 1] << 8 : 0) |
							 (left > 2 ? (unsigned int) bytes[i + 2] : 0);
		char quad[4] = {digits[group >> 18], digits[group >> 12 & 63],
						left > 1 ? digits[group >> 6 & 63] : '=',
						left > 2 ? digits[group & 63] : '='};

		out->write(out->arg, quad, sizeof(quad));
	}
}

/* Length of a piece of at most max bytes that does not end inside a UTF-8 character. */
static size_t
whole_characters(const char *text, size_t length, size_t max)
{
	size_t n = length < max ? length : max;

	while (n < length && n > 0 && ((unsigned char) text[n] & 0xC0) == 0x80)
		n--;
	return n > 0 ? n : (length < max ? length : max);
}

/* True when text may stand in a header as it is. */
static bool
plain_header_text(const char *text, size_t length)
{
	if (length > 60 || memmem(text, length, "=?", 2) != NULL)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		if (text[i] < ' ' || text[i] > '~' || strchr("\"\\<>", text[i]) != NULL)
			return false;
	}
	return true;
}

/* Unstructured header text: plain, or as RFC 2047 encoded words on lines of their own. */
static void
put_header_text(Out *out, const char *text, size_t length)
{
	if (plain_header_text(text, length))
	{
		out->write(out->arg, text, length);
		return;
	}
	for (size_t done = 0; done < length;)
	{
		size_t n = whole_characters(text + done, length - done, WORD_BYTES);

		put(out, done > 0 ? "\r\n =?UTF-8?B?" : "=?UTF-8?B?");
		put_base64(out, (const unsigned char *) text + done, n);
		put(out, "?=");
		done += n;
	}
}

static void
put_body(Out *out, const char *text)
{
	size_t length = strlen(text);

	for (size_t done = 0; done < length; done += LINE_BYTES)
	{
		size_t n = length - done < LINE_BYTES ? length - done : LINE_BYTES;

		put_base64(out, (const unsigned char *) text + done, n);
		put(out, "\r\n");
	}
}

/* From: the display name, if there is one, encoded where needed, and the address. */
static void
put_from(Out *out, const char *from, const char *address, size_t address_length)
{
	const char *name_end = address > from ? address - 1 : from;

	while (name_end > from && isspace((unsigned char) name_end[-1]))
		name_end--;
	put(out, "From: ");
	if (name_end > from)
	{
		bool plain = plain_header_text(from, (size_t) (name_end - from));

		put(out, plain ? "\"" : "");
		put_header_text(out, from, (size_t) (name_end - from));
		put(out, plain ? "\" " : " ");
	}
	put(out, "<");
	out->write(out->arg, address, address_length);
	put(out, ">\r\n");
}

/* Date of RFC 5322 in UTC, whatever the locale. */
static void
put_date(Out *out, time_t date)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
									   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm tm;
	char line[80];

	if (gmtime_r(&date, &tm) == NULL)
		return;
	snprintf(line, sizeof(line), "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n",
			 days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
			 tm.tm_min, tm.tm_sec);
	put(out, line);
}

static void
put_part(Out *out, const char *id, const char *type, const char *text)
{
	put(out, "--");
	put(out, id);
	put(out, "\r\nContent-Type: ");
	put(out, type);
	put(out, "; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	put_body(out, text);
}

/* A header whose value is ours; one that could end a line is left out. */
static void
put_header(Out *out, const char *name, const char *before, const char *value, const char *after)
{
	if (value == NULL || value[0] == '\0' || strlen(value) > 900)
		return;
	for (const char *c = value; *c != '\0'; c++)
	{
		if (*c <= ' ' || *c > '~' || *c == '<' || *c == '>')
			return;
	}
	put(out, name);
	put(out, before);
	put(out, value);
	put(out, after);
	put(out, "\r\n");
}

/* True for a name that no header and no file system takes for anything else. */
static bool
file_name_ok(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length <= 100 && name[0] != '.' &&
		   strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
			   length;
}

/* MIME headers and parts: text and HTML as alternatives, and the file behind them. */
static void
put_content(Out *out, const SklMail *mail)
{
	if (mail->file_name != NULL)
	{
		put(out, "Content-Type: multipart/mixed; boundary=\"mixed-");
		put(out, mail->id);
		put(out, "\"\r\n\r\n--mixed-");
		put(out, mail->id);
		put(out, "\r\n");
	}
	put(out, "Content-Type: multipart/alternative; boundary=\"");
	put(out, mail->id);
	put(out, "\"\r\n\r\n");
	put_part(out, mail->id, "text/plain", mail->text);
	put_part(out, mail->id, "text/html", mail->html);
	put(out, "--");
	put(out, mail->id);
	put(out, "--\r\n");
	if (mail->file_name == NULL)
		return;
	put(out, "--mixed-");
	put(out, mail->id);
	put(out, "\r\nContent-Type: text/csv; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
			 "Content-Disposition: attachment; filename=\"");
	put(out, mail->file_name);
	put(out, "\"\r\n\r\n");
	put_body(out, mail->file);
	put(out, "--mixed-");
	put(out, mail->id);
	put(out, "--\r\n");
}

const char *
skl_mime_write(const SklMail *mail, SklMimeWrite write, void *arg)
{
	Out out = {.write = write, .arg = arg};
	const char *sender;
	const char *domain;
	size_t sender_length;

	if (!skl_mime_bare_address(mail->from, &sender, &sender_length))
		return "skillancer.smtp_from is not an address";
	if (!skl_mime_address_ok(mail->to))
		return "the recipient's address is not usable";
	if (mail->file_name != NULL && !file_name_ok(mail->file_name))
		return "the name of the attachment is not usable";
	domain = (const char *) memchr(sender, '@', sender_length) + 1;
	put_from(&out, mail->from, sender, sender_length);
	put(&out, "To: <");
	put(&out, mail->to);
	put(&out, ">\r\nSubject: ");
	put_header_text(&out, mail->subject, strlen(mail->subject));
	put(&out, "\r\n");
	put_date(&out, mail->date);
	put(&out, "Message-ID: <");
	put(&out, mail->id);
	put(&out, "@");
	write(arg, domain, sender_length - (size_t) (domain - sender));
	put(&out, ">\r\n");
	put_header(&out, "List-Unsubscribe: ", "<", mail->unsubscribe,
			   ">\r\n"
			   "List-Unsubscribe-Post: List-Unsubscribe=One-Click");
	put_header(&out, "X-Correlation-ID: ", "", mail->correlation, "");
	put(&out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
	put_content(&out, mail);
	return NULL;
}

static void
put_html_char(Out *out, char c)
{
	switch (c)
	{
		case '&':
			put(out, "&amp;");
			break;
		case '<':
			put(out, "&lt;");
			break;
		case '>':
			put(out, "&gt;");
			break;
		case '"':
			put(out, "&quot;");
			break;
		default:
			out->write(out->arg, &c, 1);
			break;
	}
}

static void
put_html(Out *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		put_html_char(out, text[i]);
}

/* Length of the http link that begins here, or 0. */
static size_t
link_length(const char *text)
{
	size_t n = strcspn(text, " \t\r\n<>\"");

	if (strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0)
		return 0;
	while (n > 0 && strchr(".,;:!?)", text[n - 1]) != NULL)
		n--;
	return n;
}

static void
put_link(Out *out, const char *link, size_t length)
{
	put(out, "<a href=\"");
	put_html(out, link, length);
	put(out, "\">");
	put_html(out, link, length);
	put(out, "</a>");
}

void
skl_mime_html_of_text(const char *text, SklMimeWrite write, void *arg)
{
	Out out = {.write = write, .arg = arg};

	put(&out, "<p>");
	while (*text != '\0')
	{
		size_t link = link_length(text);
		size_t breaks = strspn(text, "\n");

		if (link > 0)
			put_link(&out, text, link);
		else if (breaks > 0)
			put(&out, text[breaks] == '\0' ? "" : (breaks > 1 ? "</p>\n<p>" : "<br>\n"));
		else if (*text != '\r')
			put_html_char(&out, *text);
		text += link > 0 ? link : (breaks > 0 ? breaks : 1);
	}
	put(&out, "</p>\n");
}
