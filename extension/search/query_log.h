/*
 * search/query_log.h
 *		Noting what people search for, from transactions that may not write.
 */
#ifndef SKL_SEARCH_QUERY_LOG_H
#define SKL_SEARCH_QUERY_LOG_H

/*
 * Notes a search in shared memory, if there is any: what is longer than 200 letters or has no
 * letters is left out. corrected may be NULL; took_us is how many microseconds it took.
 */
extern void skl_query_log(int16 index_id, const char *q, int64 results, const char *corrected,
						  int took_us);

/* Lets shared memory be set up; called once from _PG_init. */
extern void skl_query_log_init(void);

#endif
