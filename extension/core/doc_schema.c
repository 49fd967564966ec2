/*
 * core/doc_schema.c
 *		The schema of the JSON that a view makes: doc_schema(view).
 *
 * A view of documents has a column doc, built of skillancer.json_doc(). Its stored query says what
 * is in there: each expression is followed down to the column, constant or function that makes the
 * value, with the type it has and whether it can be NULL. A column says more when it is NOT NULL,
 * when a CHECK lists its words, or when a shape "table.column" describes its JSON; a function, when
 * a shape has its name. json_doc() writes NULL as null, so every member is always there.
 *
 * What cannot be seen (rows that are not found, outer joins, functions) counts as nullable.
 */
#include "skl.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "core/schema.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(skl_fn_doc_schema);

/* A query and those around it. */
typedef struct Scope
{
	Query *query;
	struct Scope *outer;
	Bitmapset *optional; /* relations of the query whose rows an outer join may miss */
} Scope;

static SklSchema *visit(Scope *scope, Node *node);

/* Notes the relations below a join that may contribute nothing. */
static void
find_optional(Scope *scope, Node *node, bool optional)
{
	ListCell *cell;

	if (IsA(node, RangeTblRef) && optional)
		scope->optional = bms_add_member(scope->optional, ((RangeTblRef *) node)->rtindex);
	else if (IsA(node, FromExpr))
		foreach (cell, ((FromExpr *) node)->fromlist)
			find_optional(scope, lfirst(cell), optional);
	else if (IsA(node, JoinExpr))
	{
		JoinExpr *join = (JoinExpr *) node;
		bool left = join->jointype == JOIN_RIGHT || join->jointype == JOIN_FULL;
		bool right = join->jointype == JOIN_LEFT || join->jointype == JOIN_FULL;

		find_optional(scope, join->larg, optional || left);
		find_optional(scope, join->rarg, optional || right);
	}
}

static void
enter(Scope *scope, Query *query, Scope *outer)
{
	scope->query = query;
	scope->outer = outer;
	scope->optional = NULL;
	find_optional(scope, (Node *) query->jointree, false);
}

/* One column of what a query returns; NULL when there is none. */
static SklSchema *
visit_column(Scope *scope, const char *name, AttrNumber number)
{
	ListCell *cell;

	foreach (cell, scope->query->targetList)
	{
		TargetEntry *entry = lfirst(cell);

		if (entry->resjunk)
			continue;
		if (name != NULL ? strcmp(entry->resname, name) == 0 : entry->resno == number)
			return visit(scope, (Node *) entry->expr);
	}
	return NULL;
}

static SklSchema *
nullable_type(Oid type)
{
	SklSchema *schema = skl_schema_of_type(type);

	schema->nullable = true;
	return schema;
}

static SklSchema *
type_of(Node *node, bool nullable)
{
	SklSchema *schema = skl_schema_of_type(exprType(node));

	schema->nullable = nullable;
	return schema;
}

/* The words of "column IN (...)", when that is what a condition says of the column. */
static List *
words_of_condition(Node *node)
{
	ScalarArrayOpExpr *in = (ScalarArrayOpExpr *) node;
	List *words = NIL;
	Node *list;
	ListCell *cell;

	if (!IsA(node, ScalarArrayOpExpr) || !in->useOr || in->opfuncid != F_TEXTEQ)
		return NIL;
	list = lsecond(in->args);
	if (!IsA(linitial(in->args), Var) || !IsA(list, ArrayExpr))
		return NIL;
	foreach (cell, ((ArrayExpr *) list)->elements)
	{
		Const *word = lfirst(cell);

		if (!IsA(word, Const) || word->constisnull)
			return NIL;
		words = lappend(words, TextDatumGetCString(word->constvalue));
	}
	return words;
}

/* The condition of a CHECK on this column alone, or NULL. */
static Node *
condition_of_check(HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	bool isnull;
	Datum keys;
	Datum condition;

	if (((Form_pg_constraint) GETSTRUCT(tuple))->contype != CONSTRAINT_CHECK)
		return NULL;
	keys = heap_getattr(tuple, Anum_pg_constraint_conkey, desc, &isnull);
	if (isnull || ARR_DIMS(DatumGetArrayTypeP(keys))[0] != 1 ||
		((int16 *) ARR_DATA_PTR(DatumGetArrayTypeP(keys)))[0] != column)
		return NULL;
	condition = heap_getattr(tuple, Anum_pg_constraint_conbin, desc, &isnull);
	return isnull ? NULL : stringToNode(TextDatumGetCString(condition));
}

/* The words that a CHECK allows in a column of text. */
static List *
words_of_column(Oid relation, AttrNumber column)
{
	Relation constraints = table_open(ConstraintRelationId, AccessShareLock);
	List *words = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relation));
	scan = systable_beginscan(constraints, ConstraintRelidTypidNameIndexId, true, NULL, 1, &key);
	while (words == NIL && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Node *condition = condition_of_check(tuple, RelationGetDescr(constraints), column);

		if (condition != NULL)
			words = words_of_condition(condition);
	}
	systable_endscan(scan);
	table_close(constraints, AccessShareLock);
	return words;
}

/* A column of a table. */
static SklSchema *
visit_table_column(Relation relation, AttrNumber column)
{
	Form_pg_attribute attribute;
	SklSchema *schema;
	List *words = NIL;
	ListCell *cell;

	if (column <= 0)
		return nullable_type(JSONOID);
	attribute = TupleDescAttr(RelationGetDescr(relation), column - 1);
	schema = skl_schema_declared(
		psprintf("%s.%s", RelationGetRelationName(relation), NameStr(attribute->attname)));
	if (schema == NULL)
	{
		if (attribute->atttypid == TEXTOID)
			words = words_of_column(RelationGetRelid(relation), column);
		schema = words != NIL ? skl_schema_new() : skl_schema_of_type(attribute->atttypid);
		foreach (cell, words)
			skl_schema_add_word(schema, lfirst(cell));
	}
	schema->nullable = schema->nullable || !attribute->attnotnull;
	return schema;
}

/* A column of a table or view; the document of a view is a schema of its own. */
static SklSchema *
visit_relation_column(Oid oid, AttrNumber column)
{
	Relation relation = relation_open(oid, AccessShareLock);
	const char *name = RelationGetRelationName(relation);
	SklSchema *schema;
	Scope scope;

	if (relation->rd_rel->relkind != RELKIND_VIEW)
		schema = visit_table_column(relation, column);
	else if (column > 0 && skl_schema_is_doc(name) &&
			 strcmp(get_attname(oid, column, false), "doc") == 0)
	{
		schema = skl_schema_new();
		skl_schema_add_reference(schema, name);
	}
	else
	{
		enter(&scope, get_view_query(relation), NULL);
		schema = column > 0 ? visit_column(&scope, NULL, column) : nullable_type(JSONOID);
	}
	relation_close(relation, AccessShareLock);
	return schema;
}

/* A column of a function in FROM, as the shape "function.column" says. */
static SklSchema *
visit_function_column(RangeTblEntry *rte, Var *var)
{
	RangeTblFunction *from = linitial(rte->functions);
	const char *column = var->varattno > 0 ? get_rte_attribute_name(rte, var->varattno) : "*";
	SklSchema *schema = NULL;

	if (IsA(from->funcexpr, FuncExpr))
		schema = skl_schema_declared(
			psprintf("%s.%s", get_func_name(((FuncExpr *) from->funcexpr)->funcid), column));
	return schema != NULL ? schema : type_of((Node *) var, true);
}

static SklSchema *
visit_var(Scope *scope, Var *var)
{
	RangeTblEntry *rte;
	SklSchema *schema;
	Scope inner;

	for (Index level = var->varlevelsup; level > 0; level--)
		scope = scope->outer;
	rte = rt_fetch(var->varno, scope->query->rtable);
	switch (rte->rtekind)
	{
		case RTE_RELATION:
			schema = visit_relation_column(rte->relid, var->varattno);
			break;
		case RTE_SUBQUERY:
			enter(&inner, rte->subquery, scope);
			schema = visit_column(&inner, NULL, var->varattno);
			break;
		case RTE_JOIN:
			schema = visit(scope, list_nth(rte->joinaliasvars, var->varattno - 1));
			break;
		case RTE_FUNCTION:
			schema = visit_function_column(rte, var);
			break;
		default:
			schema = NULL;
	}
	if (schema == NULL)
		schema = type_of((Node *) var, true);
	if (bms_is_member(var->varno, scope->optional))
		schema->nullable = true;
	return schema;
}

static SklSchema *
visit_const(Const *constant)
{
	SklSchema *schema = skl_schema_new();
	Oid output;
	bool varlena;
	char *word;

	if (constant->constisnull)
	{
		schema->nullable = true;
		return schema;
	}
	getTypeOutputInfo(constant->consttype, &output, &varlena);
	word = OidOutputFunctionCall(output, constant->constvalue);
	if (constant->consttype == TEXTOID || constant->consttype == UNKNOWNOID)
		skl_schema_add_word(schema, word);
	else if ((constant->consttype == JSONOID || constant->consttype == JSONBOID) &&
			 (strcmp(word, "[]") == 0 || strcmp(word, "{}") == 0))
		skl_schema_add(schema, word[0] == '[' ? "array" : "object", NULL);
	else
		return type_of((Node *) constant, false);
	return schema;
}

/* json_doc(name, value, ...): every member is there. */
static SklSchema *
visit_object(Scope *scope, List *args)
{
	SklSchema *schema = skl_schema_new();
	const char *comma = "";
	StringInfoData members;
	StringInfoData required;

	initStringInfo(&members);
	initStringInfo(&required);
	for (int i = 0; i + 1 < list_length(args); i += 2)
	{
		List *words = visit(scope, list_nth(args, i))->words;
		const char *name = list_length(words) == 1 ? linitial(words) : NULL;

		if (name == NULL)
			return skl_schema_of_type(JSONOID);
		appendStringInfoString(&members, i == 0 ? "\"properties\":{" : ",");
		appendStringInfoString(&required, comma);
		escape_json(&required, name);
		escape_json(&members, name);
		appendStringInfoChar(&members, ':');
		skl_schema_write(&members, visit(scope, list_nth(args, i + 1)));
		comma = ",";
	}
	if (members.len > 0)
		appendStringInfo(&members, "},\"required\":[%s]", required.data);
	skl_schema_add(schema, "object", members.data);
	return schema;
}

static bool
is_listed(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Whether none of the values can be NULL. */
static bool
all_present(Scope *scope, List *args)
{
	ListCell *cell;

	foreach (cell, args)
		if (visit(scope, lfirst(cell))->nullable)
			return false;
	return true;
}

/* A function: one that makes JSON, one whose result is declared, or just the type it returns. */
static SklSchema *
visit_function(Scope *scope, FuncExpr *call)
{
	static const char *const objects[] = {"json_doc", "json_build_object", "jsonb_build_object"};
	static const char *const passing[] = {"to_json", "to_jsonb", "array_to_json"};
	static const char *const never_null[] = {"array_to_string",
											 "btrim",
											 "concat",
											 "concat_ws",
											 "encode",
											 "floor",
											 "format",
											 "jsonb_array_length",
											 "length",
											 "lower",
											 "monetary_currency",
											 "monetary_minor",
											 "monetary_of",
											 "now",
											 "round",
											 "upper",
											 "profile_completeness"};
	const char *name = get_func_name(call->funcid);
	SklSchema *schema;

	if (is_listed(name, objects, lengthof(objects)))
		return visit_object(scope, call->args);
	if (is_listed(name, passing, lengthof(passing)))
		return visit(scope, linitial(call->args));
	schema = skl_schema_declared(name);
	if (schema != NULL)
		return schema;
	if (call->funcformat == COERCE_EXPLICIT_CALL &&
		!is_listed(name, never_null, lengthof(never_null)))
		return type_of((Node *) call, true);
	return type_of((Node *) call, !all_present(scope, call->args));
}

static SklSchema *
visit_aggregate(Scope *scope, Aggref *aggregate)
{
	static const char *const lists[] = {"json_agg", "jsonb_agg", "array_agg"};
	const char *name = get_func_name(aggregate->aggfnoid);
	SklSchema *schema;

	if (!is_listed(name, lists, lengthof(lists)))
		return type_of((Node *) aggregate, strcmp(name, "count") != 0);
	schema = skl_schema_new();
	skl_schema_add_list(schema,
						visit(scope, (Node *) ((TargetEntry *) linitial(aggregate->args))->expr));
	schema->nullable = true;
	return schema;
}

/* A query within an expression; without a row it is NULL. */
static SklSchema *
visit_sublink(Scope *scope, SubLink *link)
{
	Query *query = (Query *) link->subselect;
	bool one_row = query->jointree->fromlist == NIL ||
				   (query->hasAggs && query->groupClause == NIL && query->havingQual == NULL);
	SklSchema *schema;
	SklSchema *list;
	Scope inner;

	if (link->subLinkType != EXPR_SUBLINK && link->subLinkType != ARRAY_SUBLINK)
		return type_of((Node *) link, link->subLinkType != EXISTS_SUBLINK);
	enter(&inner, query, scope);
	schema = visit_column(&inner, NULL, 1);
	if (link->subLinkType == EXPR_SUBLINK)
	{
		schema->nullable = schema->nullable || !one_row;
		return schema;
	}
	list = skl_schema_new();
	skl_schema_add_list(list, schema);
	return list;
}

/* The first that is not NULL, or the greatest, or the least: one that is never NULL is enough. */
static SklSchema *
visit_first(Scope *scope, List *args)
{
	SklSchema *schema = skl_schema_new();
	bool nullable = true;
	ListCell *cell;

	foreach (cell, args)
	{
		SklSchema *value = visit(scope, lfirst(cell));

		nullable = nullable && value->nullable;
		skl_schema_join(schema, value);
	}
	schema->nullable = nullable;
	return schema;
}

static SklSchema *
visit_case(Scope *scope, CaseExpr *choice)
{
	SklSchema *schema = skl_schema_new();
	ListCell *cell;

	foreach (cell, choice->args)
		skl_schema_join(schema, visit(scope, (Node *) ((CaseWhen *) lfirst(cell))->result));
	if (choice->defresult != NULL)
		skl_schema_join(schema, visit(scope, (Node *) choice->defresult));
	else
		schema->nullable = true;
	return schema;
}

/* An operator on values that are there has a result, but those that look into JSON. */
static SklSchema *
visit_operator(Scope *scope, OpExpr *operator)
{
	Oid left = exprType(linitial(operator->args));
	bool looks_into = left == JSONOID || left == JSONBOID;

	return type_of((Node *) operator, looks_into || !func_strict(operator->opfuncid) ||
										  !all_present(scope, operator->args));
}

static SklSchema *
visit(Scope *scope, Node *node)
{
	check_stack_depth();
	switch (nodeTag(node))
	{
		case T_Var:
			return visit_var(scope, (Var *) node);
		case T_Const:
			return visit_const((Const *) node);
		case T_FuncExpr:
			return visit_function(scope, (FuncExpr *) node);
		case T_Aggref:
			return visit_aggregate(scope, (Aggref *) node);
		case T_SubLink:
			return visit_sublink(scope, (SubLink *) node);
		case T_CoalesceExpr:
			return visit_first(scope, ((CoalesceExpr *) node)->args);
		case T_MinMaxExpr:
			return visit_first(scope, ((MinMaxExpr *) node)->args);
		case T_CaseExpr:
			return visit_case(scope, (CaseExpr *) node);
		case T_OpExpr:
			return visit_operator(scope, (OpExpr *) node);
		case T_RelabelType:
			return visit(scope, (Node *) ((RelabelType *) node)->arg);
		case T_CoerceViaIO:
			return type_of(node, visit(scope, (Node *) ((CoerceViaIO *) node)->arg)->nullable);
		case T_BoolExpr:
			return type_of(node, !all_present(scope, ((BoolExpr *) node)->args));
		case T_ScalarArrayOpExpr:
			return type_of(node, !all_present(scope, ((ScalarArrayOpExpr *) node)->args));
		case T_NullTest:
		case T_BooleanTest:
		case T_DistinctExpr:
		case T_ArrayExpr:
		case T_SQLValueFunction:
			return type_of(node, false);
		default:
			return type_of(node, true);
	}
}

/* doc_schema(view regclass) returns json: the schema of the view's column doc */
Datum
skl_fn_doc_schema(PG_FUNCTION_ARGS)
{
	Relation relation = relation_open(PG_GETARG_OID(0), AccessShareLock);
	SklSchema *schema = NULL;
	StringInfoData out;
	Scope scope;

	if (relation->rd_rel->relkind == RELKIND_VIEW)
	{
		enter(&scope, get_view_query(relation), NULL);
		schema = visit_column(&scope, "doc", 0);
	}
	if (schema == NULL)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("\"%s\" is not a view with a column doc",
							   RelationGetRelationName(relation))));
	relation_close(relation, AccessShareLock);
	initStringInfo(&out);
	skl_schema_write(&out, schema);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
