/*
 * files.h
 *		The directory of uploaded files (option media_dir), shared by all bridges of a marketplace.
 *
 *	tmp/<uuid>		being uploaded
 *	3f/<uuid>		an object, in one of 256 directories by the last two letters of its name
 *	owner			whose directory it is (sweep.c)
 *	sign.key		the key of signed addresses (signature.h), made by the bridge that comes first
 *
 * An object is written once, under a name that nobody had before, and never changed. Which objects
 * there are is said by the database; what it does not know is swept away when it is old enough.
 */
#ifndef SKL_FILES_H
#define SKL_FILES_H

#include "bridge.h"

#define SKL_SIGN_KEY_BYTES 32

/* A file that is to become an object; the request waits meanwhile. */
typedef struct SklStoring
{
	struct SklStoring *next;
	SklRequestCtx *ctx;
	SklThread *thread;
	int wake_fd; /* of the thread */
	int fd;
	char object[37];
	bool good; /* it is on the disk, whatever happens */
} SklStoring;

/* Opens the directory; false: a complaint was logged. Without media_dir there are no files. */
bool skl_files_start(void);
void skl_files_stop(void);
bool skl_files_enabled(void);
const unsigned char *skl_files_sign_key(void);

/* A new file in tmp/ and its name; -1: the reason was logged. */
int skl_files_create(char object[37]);

/* Takes a file out of tmp/ again. */
void skl_files_discard(const char *object);

/* Syncs, closes and renames in a thread of its own, then wakes the event loop, which takes it. */
void skl_files_store(SklStoring *storing);

/* The next one of the thread that is done, NULL when there is none. */
SklStoring *skl_files_stored(const SklThread *thread);

/* Removes an object, soon. */
void skl_files_remove(const char *object);

/* Opens an object to be read; -1 when it is not there. The name need not be a good one. */
int skl_files_open(const char *object, uint64_t *size);

/* sweep.c: removes what the database does not know, from now on and every media_sweep_s. */
bool skl_sweep_start(int directory);
void skl_sweep_stop(void);

#endif /* SKL_FILES_H */
