/*
 * bgworkers/transfer.h
 *		Conversations over the network that never block: what mail and calls over HTTP share.
 */
#ifndef SKL_BGWORKERS_TRANSFER_H
#define SKL_BGWORKERS_TRANSFER_H

#include <curl/curl.h>

/*
 * Called when a transfer has ended, before its handle is cleaned up, with what
 * skl_transfer_start() was given. It must not raise errors.
 */
typedef void (*SklTransferDone)(CURL *easy, CURLcode code, void *arg);

/* A handle with the settings that every transfer has; an error when there is no memory. */
extern CURL *skl_transfer_new(void);

/* Starts it. The handle belongs to the transfer from now on. */
extern void skl_transfer_start(CURL *easy, SklTransferDone done, void *arg);

/* Transfers under way. */
extern int skl_transfer_running(void);

/* Memory that outlives errors of PostgreSQL, zeroed; an error when there is none. */
extern void *skl_transfer_alloc(size_t size);

/*
 * Goes on with all transfers until the latch is set (then it returns true), one has ended, or the
 * time is over.
 */
extern bool skl_transfer_wait(long timeout_ms);

#endif
