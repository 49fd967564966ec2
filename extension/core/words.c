/*
 * core/words.c
 *		Walking over the words of a text that somebody wrote.
 *
 * Each function looks a bounded number of words away from where it is asked, or as far as what it
 * finds, so whoever goes through a text with them stays linear.
 */
#include "skl.h"

#include "core/words.h"

#include <ctype.h>

bool
skl_is_word_byte(char c)
{
	return isalnum((unsigned char) c) || ((unsigned char) c) >= 0x80;
}

bool
skl_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
skl_is_word(const SklWords *t, SklWord w, const char *word)
{
	size_t n = strlen(word);

	if (w.end - w.start != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (tolower((unsigned char) t->at[w.start + i]) != word[i])
			return false;
	return true;
}

bool
skl_is_among(const SklWords *t, SklWord w, const char *const *words)
{
	for (; *words != NULL; words++)
		if (skl_is_word(t, w, *words))
			return true;
	return false;
}

bool
skl_text_at(const SklWords *t, size_t pos, const char *what)
{
	size_t n = strlen(what);

	return t->len - pos >= n && skl_is_word(t, (SklWord){pos, pos + n}, what);
}

bool
skl_next_word(const SklWords *t, size_t pos, SklWord *w)
{
	while (pos < t->len && !skl_is_word_byte(t->at[pos]))
		pos++;
	w->start = pos;
	while (pos < t->len && skl_is_word_byte(t->at[pos]))
		pos++;
	w->end = pos;
	return w->end > w->start;
}

bool
skl_previous_word(const SklWords *t, size_t pos, SklWord *w)
{
	while (pos > 0 && !skl_is_word_byte(t->at[pos - 1]))
		pos--;
	w->end = pos;
	while (pos > 0 && skl_is_word_byte(t->at[pos - 1]))
		pos--;
	w->start = pos;
	return w->end > w->start;
}

static bool
is_phone_separator(char c)
{
	return c != '\0' && strchr(" -.()/", c) != NULL;
}

SklDigits
skl_digits_at(const SklWords *t, size_t pos)
{
	SklDigits d = {.groups = 1, .end = pos, .looked = pos};

	for (; d.looked < t->len && d.gap <= 2; d.looked++)
	{
		char c = t->at[d.looked];

		if (skl_is_digit(c))
		{
			d.groups += d.gap > 0;
			d.gap = 0;
			d.n++;
			if (d.groups <= 3)
				d.length[d.groups - 1]++;
			d.end = d.looked + 1;
		}
		else if (is_phone_separator(c))
			d.gap++;
		else
			break;
	}
	return d;
}

bool
skl_spelled_email(const SklWords *t, SklWord at, const char *const *mail_hosts,
				  const char *const *top_domains, SklWord *name, SklWord *top)
{
	bool bracketed = at.start > 0 && (t->at[at.start - 1] == '(' || t->at[at.start - 1] == '[');
	bool spelled;
	SklWord host;
	SklWord dot;

	if (!skl_previous_word(t, at.start, name) || !skl_next_word(t, at.end, &host) ||
		!skl_next_word(t, host.end, &dot))
		return false;
	spelled = skl_is_word(t, dot, "dot");
	*top = dot;
	if (spelled && !skl_next_word(t, dot.end, top))
		return false;
	if (!spelled && (t->at[host.end] != '.' || dot.start != host.end + 1))
		return false;
	return skl_is_among(t, *top, top_domains) &&
		   (spelled || bracketed || skl_is_among(t, host, mail_hosts));
}
