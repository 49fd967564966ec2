/*
 * search/stamps.c
 *		Tables of what a process keeps of segments.
 *
 * A segment never changes, so what was made of it stays right as long as it lasts; segments come
 * and go, so a table forgets what was not asked for in a while. It looks for that at a quarter of
 * the time that entries stay.
 */
#include "skl.h"

#include "search/stamps.h"

#include "access/xact.h"
#include "utils/memutils.h"

static void
make_table(SklStampTable *table)
{
	HASHCTL control = {.keysize = sizeof(int64), .entrysize = table->entry_size};

	table->context =
		AllocSetContextCreate(CacheMemoryContext, "skillancer search kept", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSetIdentifier(table->context, table->name);
	control.hcxt = table->context;
	table->hash = hash_create(table->name, 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
drop(SklStampTable *table, SklStamped *entry)
{
	table->drop(entry);
	hash_search(table->hash, &entry->stamp, HASH_REMOVE, NULL);
}

/* Lets go of what was not used for a while. */
static void
sweep(SklStampTable *table, TimestampTz now)
{
	HASH_SEQ_STATUS scan;
	SklStamped *entry;

	if (now - table->swept < table->keep_seconds * USECS_PER_SEC / 4)
		return;
	table->swept = now;
	hash_seq_init(&scan, table->hash);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (now - entry->used > table->keep_seconds * USECS_PER_SEC)
			drop(table, entry);
}

void *
skl_stamps_find(SklStampTable *table, int64 stamp)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();
	SklStamped *entry;
	bool found;

	if (table->hash == NULL)
		make_table(table);
	sweep(table, now);
	entry = hash_search(table->hash, &stamp, HASH_ENTER, &found);
	if (!found)
		memset((char *) entry + sizeof(int64), 0, table->entry_size - sizeof(int64));
	entry->used = now;
	return entry;
}

void
skl_stamps_drop(SklStampTable *table, int64 stamp)
{
	SklStamped *entry =
		table->hash == NULL ? NULL : hash_search(table->hash, &stamp, HASH_FIND, NULL);

	if (entry != NULL)
		drop(table, entry);
}
