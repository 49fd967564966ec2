/*
 * notification/contact_mask.c
 *		Hiding contact details in a text.
 *
 * The text is walked once. At every '@', digit and word a matcher looks at its neighbourhood and
 * marks the bytes that say how to reach somebody; marked runs are then replaced (core/words.h says
 * what a word is). Matchers look a bounded number of words away from where they begin, or go on
 * behind what they marked, so the cost is linear.
 */
#include "skl.h"

#include "core/words.h"
#include "notification/contact_mask.h"

const char *const skl_contact_kinds[SKL_CONTACT_KIND_COUNT] = {"contact_email", "contact_phone",
															   "contact_link", "contact_messenger"};

#define SPELLED_MIN_DIGITS 7

/* Words between the name of a messenger and a name there. */
#define FILLERS_MAX 4

typedef struct Text
{
	SklWords in;
	bool *hide;
	unsigned kinds;
} Text;

static const char *const mail_hosts[] = {"gmail",  "googlemail", "yahoo",	   "hotmail", "outlook",
										 "icloud", "proton",	 "protonmail", "aol",	  "yandex",
										 "gmx",	   "zoho",		 "live",	   "mail",	  NULL};
static const char *const top_domains[] = {
	"com", "net", "org", "io", "co",   "me",   "dev",	 "info", "biz", "uk",
	"de",  "fr",  "es",	 "it", "nl",   "in",   "ru",	 "app",	 "ai",	"us",
	"eu",  "ca",  "gg",	 "ly", "link", "site", "online", "tech", NULL};
static const char *const clear_domains[] = {"com", "org", "net", "io", NULL};
/* names of tools that look like hosts */
static const char *const tools[] = {"asp", "vb", "ado", "socket", "ml", "paint", "quarto", NULL};
static const char *const messengers[] = {"whatsapp", "telegram", "skype",	  "viber", "wechat",
										 "discord",	 "signal",	 "instagram", "insta", "facebook",
										 "snapchat", "linkedin", "twitter",	  NULL};
static const char *const fillers[] = {"is",		"id",	"handle", "username", "user", "name",
									  "number", "nick", "me",	  "my",		  "at",	  "on",
									  "as",		"app",	"live",	  "account",  NULL};
static const char *const number_words[] = {"zero", "oh",  "one",   "two",	"three", "four",
										   "five", "six", "seven", "eight", "nine",	 NULL};

/* Hides a range; what was hidden before is not found again. */
static void
mark(Text *t, size_t start, size_t end, unsigned kind)
{
	for (size_t i = start; i < end; i++)
	{
		if (!t->hide[i])
			t->kinds |= kind;
		t->hide[i] = true;
	}
}

/* The end of what is not blank from pos on, without punctuation that ends a sentence. */
static size_t
token_end(const Text *t, size_t pos)
{
	size_t end = pos;

	while (end < t->in.len && (unsigned char) t->in.at[end] > ' ')
		end++;
	while (end > pos && strchr(".,;:!?)]}\"'", t->in.at[end - 1]) != NULL)
		end--;
	return end;
}

static bool
is_name_byte(char c)
{
	return skl_is_word_byte(c) || (c != '\0' && strchr("._-+%", c) != NULL);
}

/* A host behind pos: labels with dots between them; *end is behind it. True when it has a dot. */
static bool
host_behind(const Text *t, size_t pos, size_t *end)
{
	size_t dots = 0;

	while (pos < t->in.len &&
		   (skl_is_word_byte(t->in.at[pos]) || t->in.at[pos] == '-' ||
			(t->in.at[pos] == '.' && pos + 1 < t->in.len && skl_is_word_byte(t->in.at[pos + 1]))))
		dots += t->in.at[pos++] == '.';
	*end = pos;
	return dots > 0;
}

/* "jane@example.com", "jane @ gmail", or "@jane": '@' stands at pos. */
static void
at_sign(Text *t, size_t pos)
{
	size_t before = pos;
	size_t after = pos + 1;
	size_t end;
	SklWord host;

	if (before > 0 && t->in.at[before - 1] == ' ')
		before--;
	if (after < t->in.len && t->in.at[after] == ' ')
		after++;
	if (before > 0 && is_name_byte(t->in.at[before - 1]) && skl_next_word(&t->in, after, &host) &&
		host.start == after &&
		(host_behind(t, after, &end) || skl_is_among(&t->in, host, mail_hosts)))
	{
		while (before > 0 && is_name_byte(t->in.at[before - 1]))
			before--;
		mark(t, before, end, SKL_CONTACT_EMAIL);
		return;
	}
	if (pos > 0 && skl_is_word_byte(t->in.at[pos - 1]))
		return;
	for (end = pos + 1; end < t->in.len && (skl_is_word_byte(t->in.at[end]) ||
											t->in.at[end] == '_' || t->in.at[end] == '.');)
		end++;
	if (end - pos > 3)
		mark(t, pos, end, SKL_CONTACT_HANDLE);
}

/* "jane at gmail dot com", "jane (at) site [dot] io": w is the word "at". */
static void
spelled_email(Text *t, SklWord w)
{
	SklWord name;
	SklWord top;

	if (skl_spelled_email(&t->in, w, mail_hosts, top_domains, &name, &top))
		mark(t, name.start, top.end, SKL_CONTACT_EMAIL);
}

/* "example dot com": w is the word "dot". */
static void
spelled_link(Text *t, SklWord w)
{
	SklWord host;
	SklWord top;

	if (skl_previous_word(&t->in, w.start, &host) && skl_next_word(&t->in, w.end, &top) &&
		skl_is_among(&t->in, top, clear_domains) && !skl_is_among(&t->in, host, tools))
		mark(t, host.start, top.end, SKL_CONTACT_LINK);
}

/* "https://…", "www.…", "example.com", "t.me/…": w is the first word of it. */
static void
link_at(Text *t, SklWord w)
{
	size_t host_start = w.start;
	SklWord top = w;
	size_t end;

	if ((skl_is_word(&t->in, w, "http") || skl_is_word(&t->in, w, "https")) &&
		t->in.len - w.end > 3 && memcmp(t->in.at + w.end, "://", 3) == 0)
	{
		mark(t, w.start, token_end(t, w.end + 3), SKL_CONTACT_LINK);
		return;
	}
	if (w.end >= t->in.len || t->in.at[w.end] != '.' ||
		(host_start > 0 && t->in.at[host_start - 1] == '.') || !host_behind(t, w.start, &end))
		return;
	while (top.end < end && skl_next_word(&t->in, top.end, &top) && top.end < end)
		;
	if (skl_is_word(&t->in, w, "www") ||
		(end < t->in.len && t->in.at[end] == '/' && skl_is_among(&t->in, top, top_domains)) ||
		(skl_is_among(&t->in, top, top_domains) && !skl_is_among(&t->in, w, tools)))
		mark(t, w.start, token_end(t, w.start), SKL_CONTACT_LINK);
}

static bool
is_date(const SklDigits *d)
{
	return d->groups >= 3 && ((d->length[0] == 4 && d->length[1] <= 2 && d->length[2] <= 2) ||
							  (d->length[0] <= 2 && d->length[1] <= 2 && d->length[2] == 4));
}

/* A phone number from pos on; returns where to go on. */
static size_t
phone(Text *t, size_t pos)
{
	SklDigits d = skl_digits_at(&t->in, pos);
	bool international = pos > 0 && t->in.at[pos - 1] == '+';
	bool glued = d.end < t->in.len && (t->in.at[d.end] == ',' || t->in.at[d.end] == '_' ||
									   skl_is_word_byte(t->in.at[d.end]));

	if (d.n < SKL_PHONE_MIN_DIGITS || d.n > SKL_PHONE_MAX_DIGITS || glued ||
		(is_date(&d) && !international) || (pos > 0 && strchr("$#_.", t->in.at[pos - 1]) != NULL))
		return d.end;
	if (international || d.n >= 10 || d.groups >= 3)
		mark(t, international ? pos - 1 : pos, d.end, SKL_CONTACT_PHONE);
	return d.end;
}

/* Digits that a word stands for: "five" is one, "555" three; 0 when it is no number. */
static int
digits_of(const Text *t, SklWord w)
{
	if (skl_is_among(&t->in, w, number_words))
		return 1;
	for (size_t i = w.start; i < w.end; i++)
		if (!skl_is_digit(t->in.at[i]))
			return 0;
	return (int) (w.end - w.start);
}

/* "five five five, one two 34": numbers from w on, some of them words; returns where to go on. */
static size_t
spelled_phone(Text *t, SklWord w)
{
	size_t end = w.end;
	int digits = digits_of(t, w);
	int words = skl_is_among(&t->in, w, number_words);
	SklWord next;

	while (digits <= 2 * SKL_PHONE_MAX_DIGITS && skl_next_word(&t->in, end, &next) &&
		   next.start - end <= 3)
	{
		bool twice = skl_is_word(&t->in, next, "double") || skl_is_word(&t->in, next, "triple");

		if (!twice && digits_of(t, next) == 0)
			break;
		digits += twice ? 1 : digits_of(t, next);
		words += skl_is_among(&t->in, next, number_words);
		end = next.end;
	}
	if (digits >= SPELLED_MIN_DIGITS && words >= 3)
		mark(t, w.start, end, SKL_CONTACT_PHONE);
	return end;
}

/* Whether a token is a name that nobody uses as a word. */
static bool
is_handle(const Text *t, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		if (skl_is_digit(t->in.at[i]) || strchr("_#:@", t->in.at[i]) != NULL ||
			(t->in.at[i] == '.' && i + 1 < end))
			return true;
	return false;
}

/* "skype: jane.doe", "my discord is jane#1234", "telegram name: jane": w names the messenger. */
static void
messenger_name(Text *t, SklWord w)
{
	bool colon = w.end < t->in.len && t->in.at[w.end] == ':';
	size_t pos = w.end;
	size_t end;
	SklWord next;

	for (int i = 0; i <= FILLERS_MAX && skl_next_word(&t->in, pos, &next) && next.start - pos <= 3;
		 i++)
	{
		if (skl_is_among(&t->in, next, fillers) && next.end < t->in.len &&
			t->in.at[next.end] != '.')
		{
			colon = t->in.at[next.end] == ':';
			pos = next.end;
			continue;
		}
		end = token_end(t, next.start);
		if (end - next.start >= 3 && (colon || is_handle(t, next.start, end)))
			mark(t, next.start, end, SKL_CONTACT_HANDLE);
		return;
	}
}

/* What begins with the word w; returns where to go on. */
static size_t
look_at_word(Text *t, SklWord w)
{
	link_at(t, w);
	if (skl_is_word(&t->in, w, "at"))
		spelled_email(t, w);
	else if (skl_is_word(&t->in, w, "dot"))
		spelled_link(t, w);
	else if (skl_is_among(&t->in, w, messengers))
		messenger_name(t, w);
	else if (skl_is_among(&t->in, w, number_words))
		return spelled_phone(t, w);
	return w.end;
}

static void
find_all(Text *t)
{
	size_t pos = 0;
	size_t end;
	SklWord w;

	while (pos < t->in.len)
	{
		if (t->in.at[pos] == '@')
			at_sign(t, pos);
		if (!skl_is_word_byte(t->in.at[pos]))
		{
			pos++;
			continue;
		}
		(void) skl_next_word(&t->in, pos, &w);
		if (!skl_is_digit(t->in.at[pos]))
		{
			pos = look_at_word(t, w);
			continue;
		}
		/* "555 one two ..." begins with digits, too */
		end = phone(t, pos);
		w.end = end > w.end ? end : w.end;
		if (!t->hide[pos])
			(void) spelled_phone(t, (SklWord){pos, w.end});
		link_at(t, (SklWord){w.start, w.end});
		pos = w.end;
	}
}

size_t
skl_contact_mask(const char *words, size_t len, bool *hide, char *masked, unsigned *kinds)
{
	Text t = {.in = {words, len}, .hide = hide};
	size_t n = 0;

	memset(hide, 0, len * sizeof(bool));
	find_all(&t);
	for (size_t i = 0; i < len; i++)
	{
		if (!hide[i])
			masked[n++] = words[i];
		else if (i == 0 || !hide[i - 1])
		{
			memcpy(masked + n, SKL_CONTACT_HIDDEN, sizeof(SKL_CONTACT_HIDDEN) - 1);
			n += sizeof(SKL_CONTACT_HIDDEN) - 1;
		}
	}
	masked[n] = '\0';
	*kinds = t.kinds;
	return n;
}
