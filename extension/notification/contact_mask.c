/*
 * notification/contact_mask.c
 *		Hiding contact details in a text.
 *
 * The text is walked once. At every '@', digit and word a matcher looks at its neighbourhood and
 * marks the bytes that say how to reach somebody; marked runs are then replaced. Words are runs of
 * ASCII letters, digits and bytes of other scripts. Matchers look a bounded number of words away
 * from where they begin, or go on behind what they marked, so the cost is linear.
 */
#include "skl.h"

#include "notification/contact_mask.h"

#include <ctype.h>

const char *const skl_contact_kinds[SKL_CONTACT_KIND_COUNT] = {"contact_email", "contact_phone",
															   "contact_link", "contact_messenger"};

#define PHONE_MIN_DIGITS 9
#define PHONE_MAX_DIGITS 15
#define SPELLED_MIN_DIGITS 7

/* Words between the name of a messenger and a name there. */
#define FILLERS_MAX 4

typedef struct Text
{
	const char *at;
	size_t len;
	bool *hide;
	unsigned kinds;
} Text;

typedef struct Word
{
	size_t start;
	size_t end;
} Word;

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

	while (end < t->len && (unsigned char) t->at[end] > ' ')
		end++;
	while (end > pos && strchr(".,;:!?)]}\"'", t->at[end - 1]) != NULL)
		end--;
	return end;
}

static bool
is_name_byte(char c)
{
	return is_word_byte(c) || (c != '\0' && strchr("._-+%", c) != NULL);
}

/* A host behind pos: labels with dots between them; *end is behind it. True when it has a dot. */
static bool
host_behind(const Text *t, size_t pos, size_t *end)
{
	size_t dots = 0;

	while (pos < t->len &&
		   (is_word_byte(t->at[pos]) || t->at[pos] == '-' ||
			(t->at[pos] == '.' && pos + 1 < t->len && is_word_byte(t->at[pos + 1]))))
		dots += t->at[pos++] == '.';
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
	Word host;

	if (before > 0 && t->at[before - 1] == ' ')
		before--;
	if (after < t->len && t->at[after] == ' ')
		after++;
	if (before > 0 && is_name_byte(t->at[before - 1]) && next_word(t, after, &host) &&
		host.start == after && (host_behind(t, after, &end) || is_among(t, host, mail_hosts)))
	{
		while (before > 0 && is_name_byte(t->at[before - 1]))
			before--;
		mark(t, before, end, SKL_CONTACT_EMAIL);
		return;
	}
	if (pos > 0 && is_word_byte(t->at[pos - 1]))
		return;
	for (end = pos + 1;
		 end < t->len && (is_word_byte(t->at[end]) || t->at[end] == '_' || t->at[end] == '.');)
		end++;
	if (end - pos > 3)
		mark(t, pos, end, SKL_CONTACT_HANDLE);
}

/* "jane at gmail dot com", "jane (at) site [dot] io": w is the word "at". */
static void
spelled_email(Text *t, Word w)
{
	bool bracketed = w.start > 0 && (t->at[w.start - 1] == '(' || t->at[w.start - 1] == '[');
	bool spelled;
	Word name;
	Word host;
	Word dot;
	Word top;

	if (!previous_word(t, w.start, &name) || !next_word(t, w.end, &host) ||
		!next_word(t, host.end, &dot))
		return;
	spelled = is_word(t, dot, "dot");
	top = dot;
	if (spelled && !next_word(t, dot.end, &top))
		return;
	if (!spelled && (t->at[host.end] != '.' || dot.start != host.end + 1))
		return;
	if (is_among(t, top, top_domains) && (spelled || bracketed || is_among(t, host, mail_hosts)))
		mark(t, name.start, top.end, SKL_CONTACT_EMAIL);
}

/* "example dot com": w is the word "dot". */
static void
spelled_link(Text *t, Word w)
{
	Word host;
	Word top;

	if (previous_word(t, w.start, &host) && next_word(t, w.end, &top) &&
		is_among(t, top, clear_domains) && !is_among(t, host, tools))
		mark(t, host.start, top.end, SKL_CONTACT_LINK);
}

/* "https://…", "www.…", "example.com", "t.me/…": w is the first word of it. */
static void
link_at(Text *t, Word w)
{
	size_t host_start = w.start;
	Word top = w;
	size_t end;

	if ((is_word(t, w, "http") || is_word(t, w, "https")) && t->len - w.end > 3 &&
		memcmp(t->at + w.end, "://", 3) == 0)
	{
		mark(t, w.start, token_end(t, w.end + 3), SKL_CONTACT_LINK);
		return;
	}
	if (w.end >= t->len || t->at[w.end] != '.' ||
		(host_start > 0 && t->at[host_start - 1] == '.') || !host_behind(t, w.start, &end))
		return;
	while (top.end < end && next_word(t, top.end, &top) && top.end < end)
		;
	if (is_word(t, w, "www") ||
		(end < t->len && t->at[end] == '/' && is_among(t, top, top_domains)) ||
		(is_among(t, top, top_domains) && !is_among(t, w, tools)))
		mark(t, w.start, token_end(t, w.start), SKL_CONTACT_LINK);
}

static bool
is_phone_separator(char c)
{
	return c != '\0' && strchr(" -.()/", c) != NULL;
}

/* Groups of digits: how many, how long, what they add up to. */
typedef struct Digits
{
	int n;
	int groups;
	int length[3]; /* of the first groups */
	int gap;	   /* separators behind the last digit */
	size_t end;	   /* behind the last digit */
} Digits;

static Digits
digits_at(const Text *t, size_t pos)
{
	Digits d = {.groups = 1, .end = pos};

	for (size_t i = pos; i < t->len && d.gap <= 2; i++)
	{
		if (is_digit(t->at[i]))
		{
			d.groups += d.gap > 0;
			d.gap = 0;
			d.n++;
			if (d.groups <= 3)
				d.length[d.groups - 1]++;
			d.end = i + 1;
		}
		else if (is_phone_separator(t->at[i]))
			d.gap++;
		else
			break;
	}
	return d;
}

static bool
is_date(const Digits *d)
{
	return d->groups >= 3 && ((d->length[0] == 4 && d->length[1] <= 2 && d->length[2] <= 2) ||
							  (d->length[0] <= 2 && d->length[1] <= 2 && d->length[2] == 4));
}

/* A phone number from pos on; returns where to go on. */
static size_t
phone(Text *t, size_t pos)
{
	Digits d = digits_at(t, pos);
	bool international = pos > 0 && t->at[pos - 1] == '+';
	bool glued = d.end < t->len &&
				 (t->at[d.end] == ',' || t->at[d.end] == '_' || is_word_byte(t->at[d.end]));

	if (d.n < PHONE_MIN_DIGITS || d.n > PHONE_MAX_DIGITS || glued ||
		(is_date(&d) && !international) || (pos > 0 && strchr("$#_.", t->at[pos - 1]) != NULL))
		return d.end;
	if (international || d.n >= 10 || d.groups >= 3)
		mark(t, international ? pos - 1 : pos, d.end, SKL_CONTACT_PHONE);
	return d.end;
}

/* Digits that a word stands for: "five" is one, "555" three; 0 when it is no number. */
static int
digits_of(const Text *t, Word w)
{
	if (is_among(t, w, number_words))
		return 1;
	for (size_t i = w.start; i < w.end; i++)
		if (!is_digit(t->at[i]))
			return 0;
	return (int) (w.end - w.start);
}

/* "five five five, one two 34": numbers from w on, some of them words; returns where to go on. */
static size_t
spelled_phone(Text *t, Word w)
{
	size_t end = w.end;
	int digits = digits_of(t, w);
	int words = is_among(t, w, number_words);
	Word next;

	while (digits <= 2 * PHONE_MAX_DIGITS && next_word(t, end, &next) && next.start - end <= 3)
	{
		bool twice = is_word(t, next, "double") || is_word(t, next, "triple");

		if (!twice && digits_of(t, next) == 0)
			break;
		digits += twice ? 1 : digits_of(t, next);
		words += is_among(t, next, number_words);
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
		if (is_digit(t->at[i]) || strchr("_#:@", t->at[i]) != NULL ||
			(t->at[i] == '.' && i + 1 < end))
			return true;
	return false;
}

/* "skype: jane.doe", "my discord is jane#1234", "telegram name: jane": w names the messenger. */
static void
messenger_name(Text *t, Word w)
{
	bool colon = w.end < t->len && t->at[w.end] == ':';
	size_t pos = w.end;
	size_t end;
	Word next;

	for (int i = 0; i <= FILLERS_MAX && next_word(t, pos, &next) && next.start - pos <= 3; i++)
	{
		if (is_among(t, next, fillers) && next.end < t->len && t->at[next.end] != '.')
		{
			colon = t->at[next.end] == ':';
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
look_at_word(Text *t, Word w)
{
	link_at(t, w);
	if (is_word(t, w, "at"))
		spelled_email(t, w);
	else if (is_word(t, w, "dot"))
		spelled_link(t, w);
	else if (is_among(t, w, messengers))
		messenger_name(t, w);
	else if (is_among(t, w, number_words))
		return spelled_phone(t, w);
	return w.end;
}

static void
find_all(Text *t)
{
	size_t pos = 0;
	size_t end;
	Word w;

	while (pos < t->len)
	{
		if (t->at[pos] == '@')
			at_sign(t, pos);
		if (!is_word_byte(t->at[pos]))
		{
			pos++;
			continue;
		}
		(void) next_word(t, pos, &w);
		if (!is_digit(t->at[pos]))
		{
			pos = look_at_word(t, w);
			continue;
		}
		/* "555 one two ..." begins with digits, too */
		end = phone(t, pos);
		w.end = end > w.end ? end : w.end;
		if (!t->hide[pos])
			(void) spelled_phone(t, (Word){pos, w.end});
		link_at(t, (Word){w.start, w.end});
		pos = w.end;
	}
}

size_t
skl_contact_mask(const char *words, size_t len, bool *hide, char *masked, unsigned *kinds)
{
	Text t = {.at = words, .len = len, .hide = hide};
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
