/*
 * project/risk_scan.c
 *		Finding contact details and offers to pay elsewhere in a text.
 *
 * The text is walked once. At every '@', digit, "www", "http" and at every word of a small table a
 * matcher looks at its neighbourhood. Words are runs of ASCII letters and digits; bytes of other
 * scripts count as letters. A messenger's or payment service's name alone says nothing ("a bot for
 * Telegram", "PayPal integration" are honest work): it counts when words around it invite the
 *reader to make contact or to pay. Matchers only look a fixed number of words away, so the cost is
 *linear.
 */
#include "skl.h"

#include "project/risk_scan.h"

#include <ctype.h>

const SklRiskKind skl_risk_kinds[SKL_RISK_KIND_COUNT] = {
	{"contact_email", 60},	   {"contact_phone", 60}, {"contact_messenger", 50},
	{"payment_elsewhere", 70}, {"contact_link", 10},
};

/* How many words around a name are looked at for an invitation. */
#define NEIGHBOURS 6

#define PHONE_MIN_DIGITS 9
#define PHONE_MAX_DIGITS 15

typedef struct Text
{
	const char *at;
	size_t len;
} Text;

/* A word: half-open range of a text. */
typedef struct Word
{
	size_t start;
	size_t end;
} Word;

static const char *const messengers[] = {"whatsapp", "telegram", "skype",	  "viber", "wechat",
										 "discord",	 "imessage", "messenger", NULL};
static const char *const messenger_hosts[] = {
	"wa.me/",		 "t.me/",	  "telegram.me/",	  "discord.gg/",	 "m.me/",
	"calendly.com/", "zoom.us/j", "meet.google.com/", "join.skype.com/", NULL};
static const char *const contact_words[] = {
	"me",		"my",	  "us",	   "contact", "reach", "text",	 "ping",
	"add",		"call",	  "chat",  "discuss", "talk",  "number", "id",
	"username", "handle", "phone", "mobile",  "cell",  "tel",	 NULL};
static const char *const contact_people[] = {"me",	   "my",	   "us",	 "our", "id",
											 "number", "username", "handle", NULL};
static const char *const pay_services[] = {"paypal", "payoneer", "venmo",		 "cashapp",
										   "zelle",	 "wise",	 "upi",			 "bitcoin",
										   "usdt",	 "crypto",	 "westernunion", NULL};
static const char *const pay_words[] = {"pay",	  "paid", "payment",  "payments",
										"paying", "send", "transfer", NULL};
static const char *const pay_people[] = {"me", "my", "you", "directly", "direct", "outside", NULL};
static const char *const platform_words[] = {"platform",   "site",	 "website", "marketplace",
											 "skillancer", "escrow", NULL};
static const char *const mail_hosts[] = {"gmail",  "yahoo",		 "hotmail", "outlook", "icloud",
										 "proton", "protonmail", "aol",		"yandex",  "gmx",
										 "zoho",   "mail",		 "live",	NULL};
static const char *const top_domains[] = {"com",  "net", "org", "io", "co", "me", "dev",
										  "info", "biz", "uk",	"de", "fr", "in", "ru",
										  "app",  "ai",	 "us",	"eu", "ca", NULL};

static bool
is_word_byte(char c)
{
	return isalnum((unsigned char) c) || ((unsigned char) c) >= 0x80;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Compares a range with a lower-case ASCII word. */
static bool
is_word(const Text *t, Word w, const char *word)
{
	size_t n = strlen(word);

	if (w.end - w.start != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (tolower((unsigned char) t->at[w.start + i]) != word[i])
			return false;
	return true;
}

static bool
is_among(const Text *t, Word w, const char *const *words)
{
	for (; *words != NULL; words++)
		if (is_word(t, w, *words))
			return true;
	return false;
}

/* Whether a lower-case ASCII text stands at a position. */
static bool
text_at(const Text *t, size_t pos, const char *what)
{
	size_t n = strlen(what);

	return t->len - pos >= n && is_word(t, (Word){pos, pos + n}, what);
}

/* The first word at or after pos. */
static bool
next_word(const Text *t, size_t pos, Word *w)
{
	while (pos < t->len && !is_word_byte(t->at[pos]))
		pos++;
	w->start = pos;
	while (pos < t->len && is_word_byte(t->at[pos]))
		pos++;
	w->end = pos;
	return w->end > w->start;
}

/* The last word that ends at or before pos. */
static bool
previous_word(const Text *t, size_t pos, Word *w)
{
	while (pos > 0 && !is_word_byte(t->at[pos - 1]))
		pos--;
	w->end = pos;
	while (pos > 0 && is_word_byte(t->at[pos - 1]))
		pos--;
	w->start = pos;
	return w->end > w->start;
}

/* Whether one of the words stands within NEIGHBOURS words of w, on either side. */
static bool
near(const Text *t, Word w, const char *const *words)
{
	Word other;
	size_t pos = w.start;

	for (int i = 0; i < NEIGHBOURS && previous_word(t, pos, &other); i++, pos = other.start)
		if (is_among(t, other, words))
			return true;
	pos = w.end;
	for (int i = 0; i < NEIGHBOURS && next_word(t, pos, &other); i++, pos = other.end)
		if (is_among(t, other, words))
			return true;
	return false;
}

static bool
is_mail_name_byte(char c)
{
	return is_word_byte(c) || c == '.' || c == '_' || c == '-' || c == '+' || c == '%';
}

/* A name, '@' at pos, and a domain with a dot: blanks around the '@' are let through. */
static bool
is_email(const Text *t, size_t pos)
{
	size_t before = pos;
	size_t after = pos + 1;
	Word host;
	Word top;

	if (before > 0 && t->at[before - 1] == ' ')
		before--;
	if (before == 0 || !is_mail_name_byte(t->at[before - 1]))
		return false;
	if (after < t->len && t->at[after] == ' ')
		after++;
	if (after >= t->len || !is_word_byte(t->at[after]) || !next_word(t, after, &host))
		return false;
	while (host.end < t->len && (t->at[host.end] == '.' || t->at[host.end] == '-') &&
		   next_word(t, host.end, &top) && top.start == host.end + 1)
	{
		if (t->at[host.end] == '.' && top.end - top.start >= 2 && !is_digit(t->at[top.start]))
			return true;
		host = top;
	}
	return is_among(t, host, mail_hosts);
}

/* "jane at gmail dot com", "jane (at) site [dot] io": w is the word "at". */
static bool
is_spelled_email(const Text *t, Word w)
{
	bool bracketed = w.start > 0 && (t->at[w.start - 1] == '(' || t->at[w.start - 1] == '[');
	Word name;
	Word host;
	Word dot;
	Word top;

	if (!previous_word(t, w.start, &name) || !next_word(t, w.end, &host) ||
		!next_word(t, host.end, &dot))
		return false;
	if (is_word(t, dot, "dot"))
	{
		if (!next_word(t, dot.end, &top))
			return false;
	}
	else if (t->at[host.end] == '.' && dot.start == host.end + 1)
		top = dot;
	else
		return false;
	return is_among(t, top, top_domains) &&
		   (bracketed || is_among(t, host, mail_hosts) || is_word(t, dot, "dot"));
}

static bool
is_phone_separator(char c)
{
	return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
}

/*
 * The digits of a phone number from pos on: groups with at most two separators between them. Sets
 * end behind what was looked at. A price, a version and a date have too few digits or a comma; a
 * bare run of digits may number anything, so it counts beside a word that asks to make contact.
 */
static bool
is_phone(const Text *t, size_t pos, size_t *end)
{
	bool international = pos > 0 && (t->at[pos - 1] == '+' || t->at[pos - 1] == '(');
	int digits = 0;
	int groups = 1;
	int gap = 0;
	size_t i = pos;

	for (; i < t->len && gap <= 2; i++)
	{
		if (is_digit(t->at[i]))
		{
			if (gap > 0)
				groups++;
			gap = 0;
			digits++;
		}
		else if (is_phone_separator(t->at[i]) && digits > 0)
			gap++;
		else
			break;
	}
	*end = i;
	if (pos > 0 && strchr("$#_", t->at[pos - 1]) != NULL)
		return false;
	if (i < t->len && gap == 0 && (t->at[i] == ',' || t->at[i] == '_' || is_word_byte(t->at[i])))
		return false;
	if (digits < PHONE_MIN_DIGITS || digits > PHONE_MAX_DIGITS)
		return false;
	if (groups == 1 && !international)
		return digits >= 10 && near(t, (Word){pos, i - (size_t) gap}, contact_words);
	return international || digits >= 10 || groups >= 3;
}

/* An invitation to talk on another service. w is the service's name. */
static bool
is_messenger(const Text *t, Word w)
{
	size_t after = w.end;

	while (after < t->len && (t->at[after] == ' ' || t->at[after] == ':'))
		after++;
	if (after < t->len && after > w.end &&
		(t->at[after] == '@' || t->at[after] == '+' ||
		 (is_digit(t->at[after]) && t->at[after - 1] == ' ' && t->at[w.end] == ':')))
		return true;
	return near(t, w, contact_words) && near(t, w, contact_people);
}

/* "off platform", "outside of the site", "pay me through PayPal". */
static bool
is_payment_elsewhere(const Text *t, Word w)
{
	Word next;
	size_t pos = w.end;

	if (is_among(t, w, pay_services))
		return near(t, w, pay_words) && near(t, w, pay_people);
	for (int i = 0; i < 4 && next_word(t, pos, &next); i++, pos = next.end)
		if (is_among(t, next, platform_words))
			return near(t, w, pay_words) || near(t, w, contact_words);
	return false;
}

/* What stands at the word w. */
static unsigned
scan_word(const Text *t, Word w)
{
	unsigned found = 0;

	if (is_word(t, w, "at") && is_spelled_email(t, w))
		found |= SKL_RISK_EMAIL;
	if (is_among(t, w, messengers) && is_messenger(t, w))
		found |= SKL_RISK_MESSENGER;
	if ((is_among(t, w, pay_services) || is_word(t, w, "outside") || is_word(t, w, "off")) &&
		is_payment_elsewhere(t, w))
		found |= SKL_RISK_PAYMENT;
	if ((is_word(t, w, "http") || is_word(t, w, "https")) && text_at(t, w.end, "://"))
		found |= SKL_RISK_LINK;
	if (is_word(t, w, "www") && text_at(t, w.end, "."))
		found |= SKL_RISK_LINK;
	for (const char *const *host = messenger_hosts; *host != NULL; host++)
		if (text_at(t, w.start, *host))
			found |= SKL_RISK_MESSENGER;
	return found;
}

unsigned
skl_risk_scan(const char *words, size_t len)
{
	Text t = {words, len};
	unsigned found = 0;
	size_t phone_end = 0;

	for (size_t pos = 0; pos < len; pos++)
	{
		char c = words[pos];

		if (c == '@' && is_email(&t, pos))
			found |= SKL_RISK_EMAIL;
		if (!is_word_byte(c) || (pos > 0 && is_word_byte(words[pos - 1])))
			continue;
		if (is_digit(c) && pos >= phone_end)
		{
			if (is_phone(&t, pos, &phone_end))
				found |= SKL_RISK_PHONE;
		}
		else if (!is_digit(c))
		{
			Word w;

			if (next_word(&t, pos, &w))
				found |= scan_word(&t, w);
		}
	}
	return found;
}
