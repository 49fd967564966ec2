/*
 * files.c
 *		The directory of uploaded files.
 *
 * An event loop writes what it receives, which the kernel takes into memory; what waits for the
 * disk is done by one thread here: the sync of a file, the rename that makes it an object, the
 * sync of its directory, and removals. Names are UUIDs of ours and files are opened under the
 * directory's descriptor, so nothing that a client sends is ever a path.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "reqid.h"
#include "server.h"
#include "text.h"

typedef struct Removal
{
	struct Removal *next;
	char object[37];
} Removal;

static int directory = -1;
static unsigned char sign_key[SKL_SIGN_KEY_BYTES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ring = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static bool running;
static bool stopping;
static SklStoring *waiting; /* oldest first */
static SklStoring **waiting_end = &waiting;
static SklStoring *done;
static _Atomic int done_count;
static Removal *removals;

bool
skl_files_enabled(void)
{
	return directory >= 0;
}

const unsigned char *
skl_files_sign_key(void)
{
	return sign_key;
}

/* "3f/<uuid>", 40 bytes with NUL */
static void
object_path(const char *object, char path[40])
{
	snprintf(path, 40, "%.2s/%.36s", object + 34, object);
}

static void
tmp_path(const char *object, char path[41])
{
	snprintf(path, 41, "tmp/%.36s", object);
}

/* ---- what event loops do themselves ---- */

int
skl_files_create(char object[37])
{
	char path[41];
	int fd;

	skl_uuid_v7(object);
	tmp_path(object, path);
	fd = openat(directory, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		skl_log(SKL_LOG_ERROR, "media_create", "%s", strerror(errno));
	return fd;
}

void
skl_files_discard(const char *object)
{
	char path[41];

	tmp_path(object, path);
	if (unlinkat(directory, path, 0) != 0 && errno != ENOENT)
		skl_log(SKL_LOG_WARN, "media_discard", "%s", strerror(errno));
}

int
skl_files_open(const char *object, uint64_t *size)
{
	struct stat info;
	char path[40];
	int fd;

	if (directory < 0 || object == NULL || !skl_is_uuid(object))
		return -1;
	object_path(object, path);
	fd = openat(directory, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
	{
		close(fd);
		return -1;
	}
	*size = (uint64_t) info.st_size;
	return fd;
}

void
skl_files_store(SklStoring *storing)
{
	pthread_mutex_lock(&lock);
	storing->next = NULL;
	*waiting_end = storing;
	waiting_end = &storing->next;
	pthread_cond_signal(&ring);
	pthread_mutex_unlock(&lock);
}

SklStoring *
skl_files_stored(const SklThread *of)
{
	SklStoring **at = &done;
	SklStoring *found;

	if (atomic_load_explicit(&done_count, memory_order_relaxed) == 0)
		return NULL;
	pthread_mutex_lock(&lock);
	while (*at != NULL && (*at)->thread != of)
		at = &(*at)->next;
	found = *at;
	if (found != NULL)
	{
		*at = found->next;
		atomic_fetch_sub(&done_count, 1);
	}
	pthread_mutex_unlock(&lock);
	return found;
}

void
skl_files_remove(const char *object)
{
	Removal *removal;

	if (directory < 0 || object == NULL || !skl_is_uuid(object))
		return;
	removal = calloc(1, sizeof(*removal));
	if (removal == NULL)
		abort();
	memcpy(removal->object, object, sizeof(removal->object) - 1);
	pthread_mutex_lock(&lock);
	removal->next = removals;
	removals = removal;
	pthread_cond_signal(&ring);
	pthread_mutex_unlock(&lock);
}

/* ---- the thread ---- */

static bool
sync_directory(const char *path)
{
	int fd = openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return good;
}

/* The file is whole on the disk before it has its name, and the name before anybody is told. */
static bool
make_object(const SklStoring *storing)
{
	char from[41];
	char to[40];
	char parent[3] = {storing->object[34], storing->object[35], '\0'};

	tmp_path(storing->object, from);
	object_path(storing->object, to);
	return fsync(storing->fd) == 0 && renameat(directory, from, directory, to) == 0 &&
		   sync_directory(parent);
}

static void
store(SklStoring *storing)
{
	uint64_t one = 1;
	int wake_fd = storing->wake_fd;

	storing->good = make_object(storing);
	if (!storing->good)
		skl_log(SKL_LOG_ERROR, "media_store", "%s", strerror(errno));
	close(storing->fd);
	storing->fd = -1;
	pthread_mutex_lock(&lock);
	storing->next = done;
	done = storing;
	atomic_fetch_add(&done_count, 1);
	pthread_mutex_unlock(&lock);
	if (write(wake_fd, &one, sizeof(one)) < 0)
		skl_log(SKL_LOG_WARN, "media_wake", "the event loop could not be woken");
}

static void
remove_object(Removal *removal)
{
	char path[40];

	object_path(removal->object, path);
	if (unlinkat(directory, path, 0) != 0 && errno != ENOENT)
		skl_log(SKL_LOG_WARN, "media_remove", "%s", strerror(errno));
	free(removal);
}

static void *
work(void *arg)
{
	pthread_mutex_lock(&lock);
	while (!stopping || waiting != NULL || removals != NULL)
	{
		SklStoring *storing = waiting;
		Removal *removal = removals;

		if (storing == NULL && removal == NULL)
		{
			pthread_cond_wait(&ring, &lock);
			continue;
		}
		if (storing != NULL)
		{
			waiting = storing->next;
			if (waiting == NULL)
				waiting_end = &waiting;
		}
		else
			removals = removal->next;
		pthread_mutex_unlock(&lock);
		if (storing != NULL)
			store(storing);
		else
			remove_object(removal);
		pthread_mutex_lock(&lock);
	}
	pthread_mutex_unlock(&lock);
	return arg;
}

/* ---- start and stop ---- */

static bool
make_directories(void)
{
	bool good = mkdirat(directory, "tmp", 0700) == 0 || errno == EEXIST;

	for (int i = 0; i < 256 && good; i++)
	{
		char name[3];

		snprintf(name, sizeof(name), "%02x", (unsigned) i);
		good = mkdirat(directory, name, 0700) == 0 || errno == EEXIST;
	}
	return good;
}

/* Reads the key of signed addresses; the bridge that comes first makes it, under another name until
 * it is whole. */
static bool
load_key(void)
{
	char tmp[41];
	char object[37];
	int fd = openat(directory, "sign.key", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool good;

	if (fd < 0 && errno == ENOENT)
	{
		fd = skl_files_create(object);
		tmp_path(object, tmp);
		skl_random_bytes(sign_key, sizeof(sign_key));
		good = fd >= 0 && write(fd, sign_key, sizeof(sign_key)) == sizeof(sign_key) &&
			   fsync(fd) == 0 &&
			   (linkat(directory, tmp, directory, "sign.key", 0) == 0 || errno == EEXIST);
		if (fd >= 0)
			close(fd);
		skl_files_discard(object);
		if (!good)
			return false;
		fd = openat(directory, "sign.key", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	}
	good = fd >= 0 && read(fd, sign_key, sizeof(sign_key)) == sizeof(sign_key);
	if (fd >= 0)
		close(fd);
	return good;
}

bool
skl_files_start(void)
{
	const char *path = skl_config()->media_dir;

	if (*path == '\0')
		return true;
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0 || !make_directories() || !load_key())
	{
		skl_log(SKL_LOG_ERROR, "media_dir", "%s: %s", path, strerror(errno));
		return false;
	}
	running = pthread_create(&thread, NULL, work, NULL) == 0;
	return running && skl_sweep_start(directory);
}

void
skl_files_stop(void)
{
	if (!running)
		return;
	skl_sweep_stop();
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&ring);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	close(directory);
}
