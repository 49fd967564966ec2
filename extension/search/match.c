/*
 * search/match.c
 *		The match score, see match.h. docs/matching.md explains each part to the people it is about.
 */
#include "skl.h"

#include "search/match.h"

#include "tsearch/ts_utils.h"

#include <math.h>

/* A wish is met to this part when only the level is too low, whatever the levels are. */
#define LEVEL_FLOOR 0.4

/* A word in the bio and not in the headline. */
#define BIO_CREDIT 0.8

/* What cannot be told is neither good nor bad. */
#define UNKNOWN_FIT 0.5

/* Hours that a fixed price should pay at the rate of the freelancer. */
#define FIXED_HOURS 8.0

#define WEIGHT_A 3

const double skl_match_weights[SKL_MATCH_PARTS] = {
	[SKL_PART_SKILLS] = 0.35,	   [SKL_PART_TEXT] = 0.15,		   [SKL_PART_QUALITY] = 0.20,
	[SKL_PART_PRICE] = 0.10,	   [SKL_PART_AVAILABILITY] = 0.08, [SKL_PART_RESPONSE] = 0.07,
	[SKL_PART_EXPLORATION] = 0.05,
};

double
skl_match_idf(int32 all, int32 documents)
{
	return log1p((double) Max(all, 1) / Max(documents, 1));
}

static int
compare_relatives(const void *a, const void *b)
{
	return memcmp(&((const SklRelative *) a)->skill, &((const SklRelative *) b)->skill, UUID_LEN);
}

static int
compare_skills(const void *a, const void *b)
{
	return memcmp(&((const SklSkillCount *) a)->skill, &((const SklSkillCount *) b)->skill,
				  UUID_LEN);
}

static int
compare_words(const void *a, const void *b)
{
	const SklWordCount *x = (const SklWordCount *) a;
	const SklWordCount *y = (const SklWordCount *) b;

	return tsCompareString(unconstify(char *, x->word), x->length, unconstify(char *, y->word),
						   y->length, false);
}

void
skl_match_sort(SklLexicon *lexicon)
{
	qsort(lexicon->relatives, (size_t) lexicon->nrelatives, sizeof(SklRelative), compare_relatives);
	qsort(lexicon->skills, (size_t) lexicon->nskills, sizeof(SklSkillCount), compare_skills);
	qsort(lexicon->words, (size_t) lexicon->nwords, sizeof(SklWordCount), compare_words);
}

int32
skl_match_skill_count(const SklLexicon *lexicon, const pg_uuid_t *skill)
{
	SklSkillCount key = {*skill, 0};
	const SklSkillCount *found = bsearch(&key, lexicon->skills, (size_t) lexicon->nskills,
										 sizeof(SklSkillCount), compare_skills);

	return found == NULL ? 1 : found->documents;
}

const SklRelative *
skl_match_relatives(const SklLexicon *lexicon, const pg_uuid_t *skill, int *count)
{
	int low = 0;
	int high = lexicon->nrelatives;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (memcmp(&lexicon->relatives[middle].skill, skill, UUID_LEN) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (*count = 0; low + *count < lexicon->nrelatives &&
					 memcmp(&lexicon->relatives[low + *count].skill, skill, UUID_LEN) == 0;
		 (*count)++)
		;
	return lexicon->relatives + low;
}

bool
skl_match_in_title(TSVector words, const WordEntry *entry)
{
	if (!entry->haspos)
		return false;
	for (int i = 0; i < POSDATALEN(words, entry); i++)
		if (WEP_GETWEIGHT(POSDATAPTR(words, entry)[i]) == WEIGHT_A)
			return true;
	return false;
}

/* Puts a word among the rarest ones found so far, the rarest first. */
static int
keep_word(SklTitleWord *title, int n, SklTitleWord word)
{
	int at = n;

	while (at > 0 && title[at - 1].idf < word.idf)
		at--;
	if (at == SKL_MATCH_WORDS)
		return n;
	n = Min(n + 1, SKL_MATCH_WORDS);
	memmove(&title[at + 1], &title[at], sizeof(SklTitleWord) * (size_t) (n - 1 - at));
	title[at] = word;
	return n;
}

int
skl_match_title(const SklLexicon *lexicon, TSVector words, SklTitleWord *title)
{
	int n = 0;

	for (int i = 0; i < words->size; i++)
	{
		const WordEntry *entry = ARRPTR(words) + i;
		SklWordCount key = {STRPTR(words) + entry->pos, (int) entry->len, 1};
		const SklWordCount *known;

		if (!skl_match_in_title(words, entry))
			continue;
		known = bsearch(&key, lexicon->words, (size_t) lexicon->nwords, sizeof(SklWordCount),
						compare_words);
		n = keep_word(title, n,
					  (SklTitleWord){
						  key.word, key.length,
						  skl_match_idf(lexicon->documents, known == NULL ? 1 : known->documents)});
	}
	return n;
}

/* How well a set meets one skill at a level, as such: between the floor and 1, or 0 without it. */
static double
skill_credit(const SklSkillset *have, const pg_uuid_t *skill, int level)
{
	const SklSkill *found = skl_skills_find(have->skills, have->count, skill->data);

	if (found == NULL)
		return 0;
	if (found->level >= level)
		return 1;
	return Max(LEVEL_FLOOR, (double) found->level / level);
}

/* The same, or what relatives of the skill are good for. */
static double
wish_credit(const SklLexicon *lexicon, const SklSkillset *have, const pg_uuid_t *skill, int level,
			bool *matched)
{
	double credit = skill_credit(have, skill, level);
	const SklRelative *relative;
	int n;

	*matched = credit > 0;
	relative = skl_match_relatives(lexicon, skill, &n);
	for (int i = 0; i < n; i++)
		credit = Max(credit, relative[i].credit * skill_credit(have, &relative[i].relative, level));
	return credit;
}

/* Coverage of the skills of a project, the rare ones weighing more; unknown without a wish. */
static double
skills_part(const SklLexicon *lexicon, const SklMatchProject *project, const SklMatchPerson *person,
			bool *matched)
{
	double covered = 0;
	double all = 0;

	for (int i = 0; i < project->nskills; i++)
	{
		const pg_uuid_t *skill = &project->skills[i];
		double idf = skl_match_idf(lexicon->documents, skl_match_skill_count(lexicon, skill));

		matched[i] = false;
		all += idf;
		if (person->skills != NULL)
			covered +=
				idf * wish_credit(lexicon, person->skills, skill, project->level, &matched[i]);
	}
	return all > 0 ? covered / all : UNKNOWN_FIT;
}

/* How much of a word a profile has. */
static double
word_credit(TSVector words, const SklTitleWord *word)
{
	int low = 0;
	int high = words->size;

	while (low < high)
	{
		int middle = low + (high - low) / 2;
		const WordEntry *entry = ARRPTR(words) + middle;
		int order = tsCompareString(unconstify(char *, word->word), word->length,
									STRPTR(words) + entry->pos, (int) entry->len, false);

		if (order == 0)
			return skl_match_in_title(words, entry) ? 1 : BIO_CREDIT;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return 0;
}

/* Coverage of the words of a title. */
static double
text_part(const SklTitleWord *title, int ntitle, const SklMatchPerson *person)
{
	double covered = 0;
	double all = 0;

	for (int i = 0; i < ntitle; i++)
	{
		all += title[i].idf;
		if (person->words != NULL)
			covered += title[i].idf * word_credit(person->words, &title[i]);
	}
	return all > 0 ? covered / all : 0;
}

/*
 * Whether the price suits both. By the hour: a rate within the budget or below fits, one above it
 * the less the further it is, and not at all from twice the budget on. A fixed price fits when it
 * pays a day at the rate of the freelancer, and else by its share of that.
 */
static double
price_part(const SklMatchProject *project, const SklMatchPerson *person)
{
	const SklMatchPrice *budget = &project->budget;
	const SklMatchPrice *rate = &person->rate;
	double hours; /* that the budget pays */

	if (!rate->known || rate->minor <= 0)
		return UNKNOWN_FIT;
	if (strcmp(budget->currency, rate->currency) == 0)
		hours = (double) budget->minor / (double) rate->minor;
	else if (budget->has_usd && rate->has_usd && budget->usd > 0 && rate->usd > 0)
		hours = (double) budget->usd / (double) rate->usd;
	else
		return UNKNOWN_FIT;
	return Min(1.0, project->hourly ? Max(0.0, 2 - 1 / hours) : hours / FIXED_HOURS);
}

void
skl_match_score(const SklLexicon *lexicon, const SklMatchProject *project,
				const SklTitleWord *title, int ntitle, const SklMatchPerson *person,
				SklMatchScore *score)
{
	score->parts[SKL_PART_SKILLS] = skills_part(lexicon, project, person, score->matched);
	score->parts[SKL_PART_TEXT] = text_part(title, ntitle, person);
	score->parts[SKL_PART_QUALITY] = person->quality;
	score->parts[SKL_PART_PRICE] = price_part(project, person);
	score->parts[SKL_PART_AVAILABILITY] = person->availability;
	score->parts[SKL_PART_RESPONSE] = person->response;
	score->parts[SKL_PART_EXPLORATION] = 1.0 / (1 + person->outcomes);
	score->total = 0;
	if (project->eligible && person->eligible)
		for (int i = 0; i < SKL_MATCH_PARTS; i++)
			score->total += skl_match_weights[i] * score->parts[i];
}
