/*
 * bgworkers/indexer.h
 *		The workers that keep the search indexes: one follows changes, one merges and builds.
 */
#ifndef SKL_BGWORKERS_INDEXER_H
#define SKL_BGWORKERS_INDEXER_H

extern int64 skl_indexer_turn(int limit);
extern int64 skl_merger_turn(int limit);

#endif
