/*
 * search/index_level.h
 *		Levels of segments: each has about eight times the documents of the one below.
 */
#ifndef SKL_SEARCH_INDEX_LEVEL_H
#define SKL_SEARCH_INDEX_LEVEL_H

/* Documents of a segment of level 0, at most. */
#define SKL_LEVEL_DOCS 256

static inline int
skl_index_level(int32 n_docs)
{
	int level = 0;

	for (int64 most = SKL_LEVEL_DOCS; n_docs > most; most *= 8)
		level++;
	return level;
}

#endif
