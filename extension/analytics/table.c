/*
 * analytics/table.c
 *		Writing rows of a rollup's table without a statement for each.
 *
 * The table's primary key is scanned for each row, and the row written by what replication uses for
 * the rows that it gets (executor/execReplication.c): constraints, indexes and triggers hold as in
 * any statement. A planner's mistake about tables that were small when it looked cannot happen, and
 * a row costs a few microseconds.
 */
#include "skl.h"

#include "analytics/table.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

struct SklTable
{
	Relation relation;
	Relation key;
	EState *estate;
	ResultRelInfo *info;
	EPQState epq;
	IndexScanDesc scan;
	ScanKeyData keys[INDEX_MAX_KEYS];
	int nkeys;
	TupleTableSlot *found;
	TupleTableSlot *fresh;
};

/* Looks at a column of an index, from 0 on, by an operator of its own type. */
static void
make_key(ScanKey entry, Relation index, int column, StrategyNumber strategy, Datum value)
{
	Oid type = index->rd_opcintype[column];
	Oid compares = get_opfamily_member(index->rd_opfamily[column], type, type, (int16) strategy);

	if (!OidIsValid(compares))
		elog(ERROR, "index \"%s\" has no such operator", RelationGetRelationName(index));
	ScanKeyEntryInitialize(entry, 0, (AttrNumber) (column + 1), strategy, type,
						   index->rd_indcollation[column], get_opcode(compares), value);
}

SklTable *
skl_table_open(const char *name)
{
	SklTable *table = palloc0(sizeof(SklTable));
	Oid relid = get_relname_relid(name, get_namespace_oid("skillancer", false));

	table->relation = table_open(relid, RowExclusiveLock);
	table->key = index_open(RelationGetPrimaryKeyIndex(table->relation), RowExclusiveLock);
	table->estate = CreateExecutorState();
	table->info = makeNode(ResultRelInfo);
	InitResultRelInfo(table->info, table->relation, 0, NULL, 0);
	ExecOpenIndices(table->info, false);
	EvalPlanQualInit(&table->epq, table->estate, NULL, NIL, -1);
	table->nkeys = IndexRelationGetNumberOfKeyAttributes(table->key);
	for (int i = 0; i < table->nkeys; i++)
		make_key(&table->keys[i], table->key, i, BTEqualStrategyNumber, (Datum) 0);
	table->scan =
		index_beginscan(table->relation, table->key, GetActiveSnapshot(), table->nkeys, 0);
	table->found = table_slot_create(table->relation, NULL);
	table->fresh = MakeSingleTupleTableSlot(RelationGetDescr(table->relation), &TTSOpsVirtual);
	return table;
}

void
skl_table_close(SklTable *table)
{
	ExecDropSingleTupleTableSlot(table->fresh);
	ExecDropSingleTupleTableSlot(table->found);
	index_endscan(table->scan);
	EvalPlanQualEnd(&table->epq);
	ExecCloseIndices(table->info);
	FreeExecutorState(table->estate);
	index_close(table->key, NoLock);
	table_close(table->relation, NoLock);
	pfree(table);
}

MemoryContext
skl_table_memory(SklTable *table)
{
	return GetPerTupleMemoryContext(table->estate);
}

const Datum *
skl_table_find(SklTable *table, const Datum *values)
{
	const int16 *columns = table->key->rd_index->indkey.values;

	for (int i = 0; i < table->nkeys; i++)
		table->keys[i].sk_argument = values[columns[i] - 1];
	index_rescan(table->scan, table->keys, table->nkeys, NULL, 0);
	if (!index_getnext_slot(table->scan, ForwardScanDirection, table->found))
		return NULL;
	slot_getallattrs(table->found);
	return table->found->tts_values;
}

void
skl_table_visit(SklTable *table, const char *name, const SklTableRange *range, SklTableVisit visit,
				void *arg)
{
	Relation index = index_open(get_relname_relid(name, get_namespace_oid("skillancer", false)),
								AccessShareLock);
	ScanKeyData keys[INDEX_MAX_KEYS];
	int n = range->nequal;
	IndexScanDesc scan;

	for (int i = 0; i < n; i++)
		make_key(&keys[i], index, i, BTEqualStrategyNumber, range->equal[i]);
	make_key(&keys[n], index, n, BTGreaterEqualStrategyNumber, range->from);
	make_key(&keys[n + 1], index, n, BTLessEqualStrategyNumber, range->to);
	scan = index_beginscan(table->relation, index, GetActiveSnapshot(), n + 2, 0);
	index_rescan(scan, keys, n + 2, NULL, 0);
	while (index_getnext_slot(scan, ForwardScanDirection, table->found))
	{
		slot_getallattrs(table->found);
		visit(table->found->tts_values, arg);
	}
	index_endscan(scan);
	index_close(index, AccessShareLock);
}

/* Fills the new row: these values first, then what the old one has in columns that others added. */
static void
fill(SklTable *table, const Datum *values, int n, const TupleTableSlot *old)
{
	TupleTableSlot *fresh = table->fresh;
	int columns = fresh->tts_tupleDescriptor->natts;

	ExecClearTuple(fresh);
	memset(fresh->tts_isnull, false, sizeof(bool) * (size_t) columns);
	memcpy(fresh->tts_values, values, sizeof(Datum) * (size_t) n);
	for (int i = n; i < columns; i++)
	{
		fresh->tts_values[i] = old != NULL ? old->tts_values[i] : (Datum) 0;
		fresh->tts_isnull[i] = old != NULL ? old->tts_isnull[i] : true;
	}
	ExecStoreVirtualTuple(fresh);
}

void
skl_table_insert(SklTable *table, const Datum *values, int n)
{
	fill(table, values, n, NULL);
	ExecSimpleRelationInsert(table->info, table->estate, table->fresh);
	ResetPerTupleExprContext(table->estate);
}

void
skl_table_replace(SklTable *table, const Datum *values, int n)
{
	fill(table, values, n, table->found);
	ExecSimpleRelationUpdate(table->info, table->estate, &table->epq, table->found, table->fresh);
	ResetPerTupleExprContext(table->estate);
}

void
skl_table_delete(SklTable *table)
{
	ExecSimpleRelationDelete(table->info, table->estate, &table->epq, table->found);
	ResetPerTupleExprContext(table->estate);
}
