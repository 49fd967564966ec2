/*
 * project/terms.h
 *		Checking arrays of JSON objects against a description: milestones, packages, extras, FAQ.
 */
#ifndef SKL_PROJECT_TERMS_H
#define SKL_PROJECT_TERMS_H

#include "types/money.h"

#include "utils/jsonb.h"

typedef enum SklTermKind
{
	SKL_TERM_TEXT,	/* min..max characters */
	SKL_TERM_INT,	/* min..max */
	SKL_TERM_MONEY, /* min..max in units of the currency, as cents of the dollar are not */
	SKL_TERM_TEXTS, /* at most min texts of 1..max characters */
	SKL_TERM_WORD	/* one of the words, each in one object only */
} SklTermKind;

/* One member of an object. */
typedef struct SklTerm
{
	const char *name;
	SklTermKind kind;
	bool required;
	int64 min;
	int64 max;
	const char *const *words; /* of SKL_TERM_WORD, ends with NULL */
} SklTerm;

/* An array of such objects. */
typedef struct SklTermList
{
	int min_items;
	int max_items;
	const SklTerm *terms;
	int nterms;
} SklTermList;

/* What the amounts in an array add up to. */
typedef struct SklTermMoney
{
	char currency[4]; /* empty until the first amount; a caller may set it before */
	int64 sum;		  /* minor units */
	int64 lowest;	  /* minor units; 0 when there is no amount */
	bool valid;		  /* every amount could be read, all in one currency, and the sum fits */
} SklTermMoney;

/* Notes every problem as field[n].member. value may be NULL: it has no items then. */
extern void skl_terms_check(const char *field, Jsonb *value, const SklTermList *list,
							SklTermMoney *money);

/* Reads {"amount": "12.50", "currency": "USD"} without raising; NULL or what is wrong with it. */
extern const char *skl_terms_money(const JsonbValue *value, SklMonetary *out);

#endif
