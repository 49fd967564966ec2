/*
 * project/risk_scan.c
 *		Finding contact details and offers to pay elsewhere in a text.
 *
 * The text is walked once. At every '@', digit, "www", "http" and at every word of a small table a
 * matcher looks at its neighbourhood (core/words.h says what a word is). A messenger's or payment
 * service's name alone says nothing ("a bot for Telegram", "PayPal integration" are honest work):
 * it counts when words around it invite the reader to make contact or to pay. Matchers only look a
 * fixed number of words away, so the cost is linear.
 */
#include "skl.h"

#include "core/words.h"
#include "project/risk_scan.h"

const SklRiskKind skl_risk_kinds[SKL_RISK_KIND_COUNT] = {
	{"contact_email", 60},	   {"contact_phone", 60}, {"contact_messenger", 50},
	{"payment_elsewhere", 70}, {"contact_link", 10},
};

/* How many words around a name are looked at for an invitation. */
#define NEIGHBOURS 6

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

/* Whether one of the words stands within NEIGHBOURS words of w, on either side. */
static bool
near(const SklWords *t, SklWord w, const char *const *words)
{
	SklWord other;
	size_t pos = w.start;

	for (int i = 0; i < NEIGHBOURS && skl_previous_word(t, pos, &other); i++, pos = other.start)
		if (skl_is_among(t, other, words))
			return true;
	pos = w.end;
	for (int i = 0; i < NEIGHBOURS && skl_next_word(t, pos, &other); i++, pos = other.end)
		if (skl_is_among(t, other, words))
			return true;
	return false;
}

static bool
is_mail_name_byte(char c)
{
	return skl_is_word_byte(c) || c == '.' || c == '_' || c == '-' || c == '+' || c == '%';
}

/* A name, '@' at pos, and a domain with a dot: blanks around the '@' are let through. */
static bool
is_email(const SklWords *t, size_t pos)
{
	size_t before = pos;
	size_t after = pos + 1;
	SklWord host;
	SklWord top;

	if (before > 0 && t->at[before - 1] == ' ')
		before--;
	if (before == 0 || !is_mail_name_byte(t->at[before - 1]))
		return false;
	if (after < t->len && t->at[after] == ' ')
		after++;
	if (after >= t->len || !skl_is_word_byte(t->at[after]) || !skl_next_word(t, after, &host))
		return false;
	while (host.end < t->len && (t->at[host.end] == '.' || t->at[host.end] == '-') &&
		   skl_next_word(t, host.end, &top) && top.start == host.end + 1)
	{
		if (t->at[host.end] == '.' && top.end - top.start >= 2 && !skl_is_digit(t->at[top.start]))
			return true;
		host = top;
	}
	return skl_is_among(t, host, mail_hosts);
}

/*
 * The digits of a phone number from pos on: groups with at most two separators between them. Sets
 * end behind what was looked at. A price, a version and a date have too few digits or a comma; a
 * bare run of digits may number anything, so it counts beside a word that asks to make contact.
 */
static bool
is_phone(const SklWords *t, size_t pos, size_t *end)
{
	bool international = pos > 0 && (t->at[pos - 1] == '+' || t->at[pos - 1] == '(');
	SklDigits d = skl_digits_at(t, pos);
	char next = d.looked < t->len ? t->at[d.looked] : '\0';

	*end = d.looked;
	if (pos > 0 && strchr("$#_", t->at[pos - 1]) != NULL)
		return false;
	if (d.gap == 0 && (next == ',' || next == '_' || skl_is_word_byte(next)))
		return false;
	if (d.n < SKL_PHONE_MIN_DIGITS || d.n > SKL_PHONE_MAX_DIGITS)
		return false;
	if (d.groups == 1 && !international)
		return d.n >= 10 && near(t, (SklWord){pos, d.end}, contact_words);
	return international || d.n >= 10 || d.groups >= 3;
}

/* An invitation to talk on another service. w is the service's name. */
static bool
is_messenger(const SklWords *t, SklWord w)
{
	size_t after = w.end;

	while (after < t->len && (t->at[after] == ' ' || t->at[after] == ':'))
		after++;
	if (after < t->len && after > w.end &&
		(t->at[after] == '@' || t->at[after] == '+' ||
		 (skl_is_digit(t->at[after]) && t->at[after - 1] == ' ' && t->at[w.end] == ':')))
		return true;
	return near(t, w, contact_words) && near(t, w, contact_people);
}

/* "off platform", "outside of the site", "pay me through PayPal". */
static bool
is_payment_elsewhere(const SklWords *t, SklWord w)
{
	SklWord next;
	size_t pos = w.end;

	if (skl_is_among(t, w, pay_services))
		return near(t, w, pay_words) && near(t, w, pay_people);
	for (int i = 0; i < 4 && skl_next_word(t, pos, &next); i++, pos = next.end)
		if (skl_is_among(t, next, platform_words))
			return near(t, w, pay_words) || near(t, w, contact_words);
	return false;
}

/* What stands at the word w. */
static unsigned
scan_word(const SklWords *t, SklWord w)
{
	unsigned found = 0;
	SklWord name;
	SklWord top;

	if (skl_is_word(t, w, "at") && skl_spelled_email(t, w, mail_hosts, top_domains, &name, &top))
		found |= SKL_RISK_EMAIL;
	if (skl_is_among(t, w, messengers) && is_messenger(t, w))
		found |= SKL_RISK_MESSENGER;
	if ((skl_is_among(t, w, pay_services) || skl_is_word(t, w, "outside") ||
		 skl_is_word(t, w, "off")) &&
		is_payment_elsewhere(t, w))
		found |= SKL_RISK_PAYMENT;
	if ((skl_is_word(t, w, "http") || skl_is_word(t, w, "https")) && skl_text_at(t, w.end, "://"))
		found |= SKL_RISK_LINK;
	if (skl_is_word(t, w, "www") && skl_text_at(t, w.end, "."))
		found |= SKL_RISK_LINK;
	for (const char *const *host = messenger_hosts; *host != NULL; host++)
		if (skl_text_at(t, w.start, *host))
			found |= SKL_RISK_MESSENGER;
	return found;
}

unsigned
skl_risk_scan(const char *words, size_t len)
{
	SklWords t = {words, len};
	unsigned found = 0;
	size_t phone_end = 0;

	for (size_t pos = 0; pos < len; pos++)
	{
		char c = words[pos];

		if (c == '@' && is_email(&t, pos))
			found |= SKL_RISK_EMAIL;
		if (!skl_is_word_byte(c) || (pos > 0 && skl_is_word_byte(words[pos - 1])))
			continue;
		if (skl_is_digit(c) && pos >= phone_end)
		{
			if (is_phone(&t, pos, &phone_end))
				found |= SKL_RISK_PHONE;
		}
		else if (!skl_is_digit(c))
		{
			SklWord w;

			if (skl_next_word(&t, pos, &w))
				found |= scan_word(&t, w);
		}
	}
	return found;
}
