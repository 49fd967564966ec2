/*
 * search/engine/plan_build.c
 *		Puts a plan together piece by piece: terms without doubles, phrases, nodes.
 *
 * Terms are found again through a table of open addressing, twice as large as what it holds: ten
 * thousand words cost no more each than ten.
 */
#include "skl.h"

#include "search/engine/plan_build.h"

typedef struct Term
{
	SklPlanTerm term;
	float typed;	/* sum of the weights of what was typed */
	float expanded; /* largest weight of an expansion */
} Term;

struct SklPlanBuilder
{
	SklArena *arena;
	Term *terms;
	uint32_t n_terms;
	uint32_t terms_room;
	uint32_t *slots; /* index of a term + 1; 0: free */
	uint32_t n_slots;
	SklPlanPhrase *phrases;
	uint32_t n_phrases;
	uint32_t phrases_room;
	SklPlanNode *nodes;
	uint32_t n_nodes;
	uint32_t nodes_room;
	uint32_t groups;
};

SklPlanBuilder *
skl_plan_builder(SklArena *arena)
{
	SklPlanBuilder *builder = skl_arena_zero(arena, 1, sizeof(*builder));

	builder->arena = arena;
	return builder;
}

/* Makes room for one more element in an array. */
static void *
room_for_one(SklArena *arena, void *array, uint32_t n, uint32_t *room, size_t size)
{
	if (n < *room)
		return array;
	*room = *room == 0 ? 8 : *room * 2;
	return skl_arena_grow(arena, array, n * size, *room * size);
}

/* FNV-1a */
static uint32_t
hash_term(const char *lexeme, size_t length, unsigned fields, uint32_t group)
{
	uint32_t hash = 2166136261u ^ fields ^ group << 8;
	size_t i;

	for (i = 0; i < length; i++)
		hash = (hash ^ (unsigned char) lexeme[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static bool
is_term(const SklPlanTerm *term, const char *lexeme, size_t length, unsigned fields, uint32_t group)
{
	return term->word.length == length && term->fields == fields && term->idf_group == group &&
		   memcmp(term->word.data, lexeme, length) == 0;
}

/* The slot of a term: its own, or the free one that it would take. */
static uint32_t *
find_slot(const SklPlanBuilder *builder, const char *lexeme, size_t length, unsigned fields,
		  uint32_t group)
{
	uint32_t mask = builder->n_slots - 1;
	uint32_t at = hash_term(lexeme, length, fields, group) & mask;

	while (builder->slots[at] != 0 &&
		   !is_term(&builder->terms[builder->slots[at] - 1].term, lexeme, length, fields, group))
		at = (at + 1) & mask;
	return &builder->slots[at];
}

/* Doubles the table when it is half full. */
static void
grow_slots(SklPlanBuilder *builder)
{
	uint32_t i;

	if (builder->n_terms * 2 < builder->n_slots)
		return;
	builder->n_slots = builder->n_slots == 0 ? 64 : builder->n_slots * 2;
	builder->slots = skl_arena_zero(builder->arena, builder->n_slots, sizeof(uint32_t));
	for (i = 0; i < builder->n_terms; i++)
	{
		const SklPlanTerm *term = &builder->terms[i].term;

		*find_slot(builder, (const char *) term->word.data, term->word.length, term->fields,
				   term->idf_group) = i + 1;
	}
}

static uint32_t
add_term(SklPlanBuilder *builder, const char *lexeme, size_t length, unsigned fields,
		 uint32_t group)
{
	Term *term;

	builder->terms = room_for_one(builder->arena, builder->terms, builder->n_terms,
								  &builder->terms_room, sizeof(Term));
	term = &builder->terms[builder->n_terms];
	memset(term, 0, sizeof(*term));
	term->term.word.data = (const uint8_t *) skl_arena_copy(builder->arena, lexeme, length);
	term->term.word.length = (uint32_t) length;
	term->term.fields = (uint8_t) fields;
	term->term.idf_group = group;
	return builder->n_terms++;
}

uint32_t
skl_plan_term(SklPlanBuilder *builder, const char *lexeme, size_t length, unsigned fields,
			  float weight, bool expansion, uint32_t group)
{
	uint32_t *slot;
	Term *term;

	if (length == 0 || length > SKL_SEARCH_WORD_MAX)
		return SKL_PLAN_NOTHING;
	grow_slots(builder);
	slot = find_slot(builder, lexeme, length, fields, group);
	if (*slot == 0)
	{
		if (builder->n_terms >= SKL_PLAN_MAX_TERMS)
			return SKL_PLAN_NOTHING;
		*slot = add_term(builder, lexeme, length, fields, group) + 1;
	}
	term = &builder->terms[*slot - 1];
	if (!expansion)
		term->typed += weight;
	else if (weight > term->expanded)
		term->expanded = weight;
	return *slot - 1;
}

uint32_t
skl_plan_group(SklPlanBuilder *builder)
{
	return ++builder->groups;
}

uint32_t
skl_plan_term_count(const SklPlanBuilder *builder)
{
	return builder->n_terms;
}

SklPlanTerm
skl_plan_term_at(const SklPlanBuilder *builder, uint32_t term)
{
	SklPlanTerm copy = builder->terms[term].term;

	copy.weight =
		builder->terms[term].typed > 0 ? builder->terms[term].typed : builder->terms[term].expanded;
	return copy;
}

static uint32_t
add_node(SklPlanBuilder *builder, SklPlanOp op, uint32_t operand, const uint32_t *children,
		 uint32_t n)
{
	SklPlanNode *node;

	builder->nodes = room_for_one(builder->arena, builder->nodes, builder->n_nodes,
								  &builder->nodes_room, sizeof(SklPlanNode));
	node = &builder->nodes[builder->n_nodes];
	node->op = op;
	node->operand = operand;
	node->n_children = n;
	node->children = n == 0 ? NULL
							: skl_arena_grow(builder->arena, children, n * sizeof(uint32_t),
											 n * sizeof(uint32_t));
	return builder->n_nodes++;
}

uint32_t
skl_plan_match(SklPlanBuilder *builder, uint32_t term)
{
	return term == SKL_PLAN_NOTHING ? SKL_PLAN_NOTHING
									: add_node(builder, SKL_PLAN_TERM, term, NULL, 0);
}

uint32_t
skl_plan_phrase(SklPlanBuilder *builder, const uint32_t *terms, const uint32_t *offsets, uint32_t n,
				uint32_t slop, unsigned fields)
{
	SklPlanPhrase *phrase;

	if (n == 0)
		return SKL_PLAN_NOTHING;
	if (n == 1)
		return skl_plan_match(builder, terms[0]);
	builder->phrases = room_for_one(builder->arena, builder->phrases, builder->n_phrases,
									&builder->phrases_room, sizeof(SklPlanPhrase));
	phrase = &builder->phrases[builder->n_phrases];
	phrase->n_words = n;
	phrase->terms =
		skl_arena_grow(builder->arena, terms, n * sizeof(uint32_t), n * sizeof(uint32_t));
	phrase->offsets =
		skl_arena_grow(builder->arena, offsets, n * sizeof(uint32_t), n * sizeof(uint32_t));
	phrase->slop = slop;
	phrase->fields = (uint8_t) fields;
	return add_node(builder, SKL_PLAN_PHRASE, builder->n_phrases++, NULL, 0);
}

uint32_t
skl_plan_not(SklPlanBuilder *builder, uint32_t child)
{
	return child == SKL_PLAN_NOTHING ? SKL_PLAN_NOTHING
									 : add_node(builder, SKL_PLAN_NOT, 0, &child, 1);
}

void
skl_plan_list_add(SklPlanBuilder *builder, SklPlanList *list, uint32_t node)
{
	if (node == SKL_PLAN_NOTHING)
		return;
	list->nodes = room_for_one(builder->arena, list->nodes, list->n, &list->room, sizeof(uint32_t));
	list->nodes[list->n++] = node;
}

uint32_t
skl_plan_join(SklPlanBuilder *builder, SklPlanOp op, const SklPlanList *list)
{
	if (list->n == 0)
		return SKL_PLAN_NOTHING;
	if (list->n == 1)
		return list->nodes[0];
	return add_node(builder, op, 0, list->nodes, list->n);
}

SklPlan *
skl_plan_finish(SklPlanBuilder *builder, uint32_t root)
{
	SklPlan *plan = skl_arena_zero(builder->arena, 1, sizeof(*plan));
	SklPlanTerm *terms = skl_arena_zero(builder->arena, builder->n_terms, sizeof(*terms));
	uint32_t i;

	for (i = 0; i < builder->n_terms; i++)
		terms[i] = skl_plan_term_at(builder, i);
	plan->k1 = 1.2f;
	plan->b = 0.75f;
	plan->n_terms = builder->n_terms;
	plan->terms = terms;
	plan->n_phrases = builder->n_phrases;
	plan->phrases = builder->phrases;
	plan->n_nodes = root == SKL_PLAN_NOTHING ? 0 : builder->n_nodes;
	plan->nodes = builder->nodes;
	plan->root = root == SKL_PLAN_NOTHING ? 0 : root;
	return plan;
}
