/*
 * search/queue.c
 *		The trigger that tells the indexer what changed.
 *
 * It stands on every table that documents are made of, fires whoever changes a row (ENABLE ALWAYS),
 * and adds one row to search_queue in the same transaction; the indexer is woken by the commit.
 * What the document says now is read later, so a row names the document and nothing else. A second
 * change of the same document in the same subtransaction adds nothing.
 *
 *		CREATE TRIGGER ... EXECUTE FUNCTION skillancer.search_changed(index, column, op)
 *
 * index is search_index.index_id, column holds the entity's id, op is that of search_queue.
 */
#include "skl.h"

#include "core/spi.h"
#include "core/wake.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(skl_fn_search_changed);

/* What was queued last, and by which subtransaction. */
typedef struct Queued
{
	FullTransactionId xid;
	SubTransactionId subxid;
	int16 index_id;
	char op;
	pg_uuid_t entity;
} Queued;

static void
enqueue(int16 index_id, const pg_uuid_t *entity, char op)
{
	static SklStmt stmt =
		SKL_STMT("INSERT INTO skillancer.search_queue (xid, epoch, index_id, entity_id, op)"
				 " SELECT pg_catalog.pg_current_xact_id(), i.epoch, $1, $2, $3"
				 " FROM skillancer.instance i",
				 INT2OID, UUIDOID, CHAROID);
	static Queued last;
	Queued now;
	Datum args[3] = {Int16GetDatum(index_id), UUIDPGetDatum(entity), CharGetDatum(op)};

	memset(&now, 0, sizeof(now));
	now.xid = GetTopFullTransactionId();
	now.subxid = GetCurrentSubTransactionId();
	now.index_id = index_id;
	now.op = op;
	now.entity = *entity;
	if (memcmp(&now, &last, sizeof(now)) == 0)
		return;
	skl_spi_connect();
	skl_spi_exec(&stmt, args, NULL);
	skl_spi_finish();
	skl_wake(SKL_WAKE_INDEXER);
	last = now;
}

/* The id in a column of a row; false when it is NULL. */
static bool
entity_of(HeapTuple row, TupleDesc desc, const char *column, pg_uuid_t *entity)
{
	int attribute = SPI_fnumber(desc, column);
	bool isnull;
	Datum value;

	if (attribute <= 0)
		elog(ERROR, "search_changed: there is no column \"%s\"", column);
	value = heap_getattr(row, attribute, desc, &isnull);
	if (!isnull)
		*entity = *DatumGetUUIDP(value);
	return !isnull;
}

/* search_changed(index_id, column, op) is a row trigger AFTER INSERT, UPDATE or DELETE. */
Datum
skl_fn_search_changed(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	TupleDesc desc;
	int16 index_id;
	const char *column;
	char op;
	pg_uuid_t before;
	pg_uuid_t after;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(data->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(data->tg_event) || data->tg_trigger->tgnargs != 3)
		elog(ERROR, "search_changed is a row trigger with three arguments");
	desc = RelationGetDescr(data->tg_relation);
	index_id = (int16) pg_strtoint16(data->tg_trigger->tgargs[0]);
	column = data->tg_trigger->tgargs[1];
	op = data->tg_trigger->tgargs[2][0];
	if (entity_of(data->tg_trigtuple, desc, column, &before))
		enqueue(index_id, &before, op);
	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event) &&
		entity_of(data->tg_newtuple, desc, column, &after) &&
		memcmp(&before, &after, sizeof(before)) != 0)
		enqueue(index_id, &after, op);
	return PointerGetDatum(NULL);
}
