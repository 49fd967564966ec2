/*
 * search/engine/query_parse.c
 *		From what people type into a search field to a tree.
 *
 * The text is walked once. A sequence (the whole text, or what is in brackets) takes operand after
 * operand; "or" puts the operand before and the one behind under one node. Operators that stand
 * where they make no sense, brackets and quotation marks without a partner are text or nothing.
 */
#include "skl.h"

#include "search/engine/fold.h"
#include "search/engine/query_parse.h"

#define MAX_NODES ((size_t) 2 * SKL_QUERY_MAX_TERMS + 64)

typedef struct Parser
{
	SklArena *arena;
	const char *at;
	const char *end;
	const char *const *fields;
	int field_count;
	SklQuery *query;
	size_t nodes;
	int depth;
	int ignored;   /* brackets opened beyond the depth that is followed */
	bool no_quote; /* no quotation mark is left in the text */
} Parser;

/* A list of operands that is being read. */
typedef struct Sequence
{
	SklQueryNode *first;
	SklQueryNode *last;
	SklQueryNode *last_child; /* of last, while it is a list of alternatives */
	const char *or_word;	  /* an "or" that waits for its right operand */
	size_t or_length;
	bool and_waits;
} Sequence;

/* What stands before an operand. */
typedef struct Signs
{
	bool negated;
	bool required;
} Signs;

static void parse_sequence(Parser *p, Sequence *sequence);

static bool
is_space_code(uint32_t code)
{
	return code <= ' ' || code == 0x7F || code == 0xA0 || (code >= 0x2000 && code <= 0x200B) ||
		   code == 0x202F || code == 0x205F || code == 0x3000 || code == 0xFEFF;
}

static bool
is_quote_code(uint32_t code)
{
	return code == '"' || (code >= 0x201C && code <= 0x201F);
}

/* The code point at a place, and its bytes; 0 and 0 at the end. */
static uint32_t
look(const Parser *p, const char *at, size_t *bytes)
{
	const char *next = at;
	uint32_t code;

	*bytes = 0;
	if (at >= p->end)
		return 0;
	code = skl_utf8_next(&next, p->end);
	*bytes = (size_t) (next - at);
	return code;
}

static bool
at_space(const Parser *p, const char *at)
{
	size_t bytes;
	uint32_t code = look(p, at, &bytes);

	return bytes == 0 || is_space_code(code);
}

static void
skip_space(Parser *p)
{
	size_t bytes;

	while (is_space_code(look(p, p->at, &bytes)) && bytes > 0)
		p->at += bytes;
}

/*
 * True when what begins at a place can be an operand: neither the end, white space nor ")" or "|".
 */
static bool
operand_at(const Parser *p, const char *at)
{
	return !at_space(p, at) && *at != ')' && *at != '|';
}

/* A node, or NULL when there are too many. */
static SklQueryNode *
new_node(Parser *p, SklQueryKind kind)
{
	SklQueryNode *node;

	if (p->nodes >= MAX_NODES)
	{
		p->query->truncated = true;
		p->at = p->end;
		return NULL;
	}
	p->nodes++;
	node = skl_arena_zero(p->arena, 1, sizeof(*node));
	node->kind = kind;
	node->field = SKL_QUERY_ANY_FIELD;
	return node;
}

/* A word or phrase; NULL when it is empty or one too many. */
static SklQueryNode *
new_term(Parser *p, SklQueryKind kind, const char *chars, size_t length)
{
	SklQueryNode *node;

	if (length == 0)
		return NULL;
	if (p->query->terms >= SKL_QUERY_MAX_TERMS)
	{
		p->query->truncated = true;
		p->at = p->end;
		return NULL;
	}
	node = new_node(p, kind);
	if (node == NULL)
		return NULL;
	p->query->terms++;
	node->text = chars;
	node->length = length;
	return node;
}

/* Puts the last operand and a new one under one ANY node. */
static void
join_alternatives(Parser *p, Sequence *sequence, SklQueryNode *node)
{
	SklQueryNode *last = sequence->last;

	if (last->kind != SKL_QUERY_ANY || last->field != SKL_QUERY_ANY_FIELD)
	{
		SklQueryNode *copy = new_node(p, last->kind);

		if (copy == NULL)
			return;
		*copy = *last;
		copy->next = NULL;
		memset(last, 0, sizeof(*last));
		last->kind = SKL_QUERY_ANY;
		last->required = copy->required;
		last->field = SKL_QUERY_ANY_FIELD;
		last->child = copy;
		sequence->last_child = copy;
	}
	else if (sequence->last_child == NULL)
	{
		sequence->last_child = last->child;
		while (sequence->last_child->next != NULL)
			sequence->last_child = sequence->last_child->next;
	}
	last->required = last->required || node->required;
	sequence->last_child->next = node;
	sequence->last_child = node;
}

static void
append(Parser *p, Sequence *sequence, SklQueryNode *node)
{
	bool joins = sequence->or_word != NULL && !node->negated && !sequence->last->negated;

	sequence->or_word = NULL;
	if (sequence->and_waits)
	{
		sequence->last->required = !sequence->last->negated;
		node->required = !node->negated;
		sequence->and_waits = false;
	}
	if (joins)
	{
		join_alternatives(p, sequence, node);
		return;
	}
	if (sequence->last == NULL)
		sequence->first = node;
	else
		sequence->last->next = node;
	sequence->last = node;
	sequence->last_child = NULL;
}

/* The closing quotation mark from a place on, or NULL; its bytes. */
static const char *
closing_quote(Parser *p, const char *at, size_t *bytes)
{
	if (p->no_quote)
		return NULL;
	while (at < p->end)
	{
		uint32_t code = look(p, at, bytes);

		if (is_quote_code(code))
			return at;
		at += *bytes;
	}
	p->no_quote = true;
	return NULL;
}

/* Reads "~3" behind a phrase. */
static int
parse_slop(Parser *p)
{
	const char *digit = p->at + 1;
	int slop = 0;

	if (p->at >= p->end || *p->at != '~' || digit >= p->end ||
		!skl_is_digit_code((unsigned char) *digit))
		return 0;
	for (; digit < p->end && skl_is_digit_code((unsigned char) *digit); digit++)
	{
		if (slop <= SKL_QUERY_MAX_SLOP)
			slop = slop * 10 + (*digit - '0');
	}
	p->at = digit;
	return slop > SKL_QUERY_MAX_SLOP ? SKL_QUERY_MAX_SLOP : slop;
}

/* A phrase whose opening mark is at p->at; NULL when it is empty or the mark has no partner. */
static SklQueryNode *
parse_phrase(Parser *p, size_t mark_bytes)
{
	const char *chars = p->at + mark_bytes;
	size_t closing_bytes = 0;
	const char *closing = closing_quote(p, chars, &closing_bytes);
	SklQueryNode *node;

	if (closing == NULL)
	{
		p->at = chars;
		return NULL;
	}
	p->at = closing + closing_bytes;
	node = new_term(p, SKL_QUERY_PHRASE, chars, (size_t) (closing - chars));
	if (node != NULL)
	{
		node->required = true;
		node->slop = parse_slop(p);
	}
	return node;
}

/* What is in the brackets that open at p->at; NULL when nothing is. */
static SklQueryNode *
parse_group(Parser *p)
{
	Sequence inner = {0};
	SklQueryNode *node;

	p->at++;
	if (p->depth >= SKL_QUERY_MAX_DEPTH)
	{
		p->ignored++;
		p->query->truncated = true;
		return NULL;
	}
	p->depth++;
	parse_sequence(p, &inner);
	p->depth--;
	if (inner.first == NULL)
		return NULL;
	if (inner.first->next == NULL)
	{
		inner.first->required = !inner.first->negated;
		return inner.first;
	}
	node = new_node(p, SKL_QUERY_ALL);
	if (node != NULL)
	{
		node->child = inner.first;
		node->required = true;
	}
	return node;
}

/* The end of the word that begins at a place. */
static const char *
word_end(const Parser *p, const char *at)
{
	size_t bytes;

	while (!at_space(p, at) && *at != '|' && !(*at == ')' && p->depth > 0))
	{
		(void) look(p, at, &bytes);
		at += bytes;
	}
	return at;
}

/* The field whose name and colon begin at p->at, before an operand; moves behind them. */
static int
parse_field(Parser *p)
{
	int i;

	for (i = 0; i < p->field_count; i++)
	{
		const char *name = p->fields[i];
		const char *at = p->at;

		while (*name != '\0' && at < p->end &&
			   (*at == *name || (*at >= 'A' && *at <= 'Z' && *at + ('a' - 'A') == *name)))
		{
			name++;
			at++;
		}
		if (*name == '\0' && at < p->end && *at == ':' && operand_at(p, at + 1))
		{
			p->at = at + 1;
			return i;
		}
	}
	return SKL_QUERY_ANY_FIELD;
}

static SklQueryNode *
parse_word(Parser *p)
{
	const char *chars = p->at;
	const char *end = word_end(p, chars);
	const char *stem = end;
	SklQueryNode *node;

	p->at = end;
	while (stem > chars && stem[-1] == '*')
		stem--;
	node = new_term(p, SKL_QUERY_WORD, chars, (size_t) (stem - chars));
	if (node != NULL)
		node->prefix = stem < end;
	return node;
}

/* A word, phrase or group, with or without a field before it. */
static SklQueryNode *
parse_operand(Parser *p)
{
	int field = parse_field(p);
	size_t bytes;
	uint32_t code = look(p, p->at, &bytes);
	SklQueryNode *node;

	if (code == '(')
		node = parse_group(p);
	else if (is_quote_code(code))
		node = parse_phrase(p, bytes);
	else
		node = parse_word(p);
	if (node != NULL && field != SKL_QUERY_ANY_FIELD)
	{
		if (node->field == SKL_QUERY_ANY_FIELD)
			node->field = field;
		node->required = !node->negated;
	}
	return node;
}

/* True when the upper-case word stands at p->at, before white space and an operand. */
static bool
takes_keyword(Parser *p, const char *keyword)
{
	size_t length = strlen(keyword);
	const char *behind = p->at + length;

	if ((size_t) (p->end - p->at) <= length || memcmp(p->at, keyword, length) != 0 ||
		!at_space(p, behind))
		return false;
	p->at = behind;
	skip_space(p);
	if (operand_at(p, p->at))
		return true;
	p->at = behind - length;
	return false;
}

/* Reads - and + before an operand, and NOT. A sign alone or doubled is text. */
static Signs
parse_signs(Parser *p)
{
	Signs signs = {false, false};
	const char *at = p->at;

	if (takes_keyword(p, "NOT"))
		signs.negated = true;
	else if ((*at == '-' || *at == '+') && operand_at(p, at + 1) && at[1] != '-' && at[1] != '+')
	{
		signs.negated = *at == '-';
		signs.required = *at == '+';
		p->at++;
	}
	return signs;
}

/* Reads an operator between operands; true when there was one. */
static bool
parse_operator(Parser *p, Sequence *sequence)
{
	const char *at = p->at;

	if (*at == '|')
	{
		p->at++;
		if (sequence->last != NULL && sequence->or_word == NULL)
		{
			sequence->or_word = at;
			sequence->or_length = 0;
		}
		return true;
	}
	if (sequence->last == NULL || sequence->or_word != NULL || sequence->and_waits)
		return false;
	if (p->end - at > 2 && (at[0] == 'o' || at[0] == 'O') && (at[1] == 'r' || at[1] == 'R') &&
		at_space(p, at + 2))
	{
		sequence->or_word = at;
		sequence->or_length = 2;
		p->at += 2;
		return true;
	}
	sequence->and_waits = takes_keyword(p, "AND");
	return sequence->and_waits;
}

/* An "or" that nothing followed was a word. */
static void
finish_sequence(Parser *p, Sequence *sequence)
{
	const char *word = sequence->or_word;
	SklQueryNode *node;

	sequence->or_word = NULL;
	sequence->and_waits = false;
	if (word == NULL || sequence->or_length == 0)
		return;
	node = new_term(p, SKL_QUERY_WORD, word, sequence->or_length);
	if (node != NULL)
		append(p, sequence, node);
}

/* Takes a closing bracket: true when it ends the sequence. */
static bool
parse_closing(Parser *p)
{
	p->at++;
	if (p->ignored > 0)
	{
		p->ignored--;
		return false;
	}
	return p->depth > 0;
}

static void
parse_sequence(Parser *p, Sequence *sequence)
{
	for (;;)
	{
		Signs signs;
		SklQueryNode *node;

		skip_space(p);
		if (p->at >= p->end)
			break;
		if (*p->at == ')')
		{
			if (parse_closing(p))
				break;
			continue;
		}
		if (parse_operator(p, sequence))
			continue;
		signs = parse_signs(p);
		node = parse_operand(p);
		if (node == NULL)
			continue;
		if (signs.negated)
		{
			node->negated = !node->negated;
			node->required = false;
		}
		if (signs.required)
			node->required = !node->negated;
		append(p, sequence, node);
	}
	finish_sequence(p, sequence);
}

void
skl_query_parse(SklArena *arena, const char *chars, size_t length, const char *const *fields,
				int field_count, SklQuery *query)
{
	Parser p = {.arena = arena, .fields = fields, .field_count = field_count, .query = query};
	Sequence all = {0};

	memset(query, 0, sizeof(*query));
	if (length > SKL_QUERY_MAX_BYTES)
	{
		query->truncated = true;
		length = SKL_QUERY_MAX_BYTES;
		while (length > 0 && ((unsigned char) chars[length] & 0xC0) == 0x80)
			length--;
	}
	p.at = chars;
	p.end = chars + length;
	parse_sequence(&p, &all);
	query->root = skl_arena_zero(arena, 1, sizeof(*query->root));
	query->root->kind = SKL_QUERY_ALL;
	query->root->field = SKL_QUERY_ANY_FIELD;
	query->root->child = all.first;
}
