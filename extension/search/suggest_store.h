/*
 * search/suggest_store.h
 *		The snapshot of suggestions of this database: built by a worker, shared by all processes.
 */
#ifndef SKL_SEARCH_SUGGEST_STORE_H
#define SKL_SEARCH_SUGGEST_STORE_H

/* Makes room in shared memory; only while shared_preload_libraries load. */
extern void skl_suggest_init(void);

/*
 * The newest snapshot (engine/suggest.h), or NULL when there is none yet. It stays in place until
 * the next call.
 */
extern const void *skl_suggest_open(void);

/*
 * The table of engine/synonym.h of the snapshot that is open, for a text search configuration, or
 * NULL. It stays in place until the next call with another snapshot.
 */
extern const void *skl_suggest_synonyms(Oid config);

/*
 * Builds a new snapshot when force, or when it is time and something has changed; true when it did.
 */
extern bool skl_suggest_refresh(bool force);

#endif
