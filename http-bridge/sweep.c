/*
 * sweep.c
 *		Removes uploaded files that nothing refers to.
 *
 * A bridge that dies between a file and its row leaves a file; a row that is deleted by the
 * database alone (erasure, an upload that never came) leaves one, too. A thread looks through the
 * directory now and then and asks the database about what is older than media_grace_s. The first
 * sweep writes down whose directory it is, in the file owner; a copy of the database that was
 * adopted has another name, and its bridges sweep nothing there.
 */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "text.h"

#define BATCH 500
#define OWNER "owner"
#define OWNER_BYTES 200
#define LITERAL (BATCH * 37 + 3)

/* What one look at the directory found. */
typedef struct Sweep
{
	PGconn *conn;
	time_t before;
	int looked_at;
	int unknown; /* no row has ever been there */
	int deleted; /* the row says so */
	int gone_room;
	char (*gone)[37];
} Sweep;

static int directory;
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ring = PTHREAD_COND_INITIALIZER;
static bool stopping;

static void
note_gone(Sweep *sweep, const char *object)
{
	int count = sweep->unknown + sweep->deleted;

	if (count == sweep->gone_room)
	{
		sweep->gone_room = sweep->gone_room * 2 + 64;
		sweep->gone = realloc(sweep->gone, (size_t) sweep->gone_room * sizeof(sweep->gone[0]));
		if (sweep->gone == NULL)
			abort();
	}
	snprintf(sweep->gone[count], sizeof(sweep->gone[0]), "%.36s", object);
}

/* Asks which of the objects in an array literal are nobody's; false: there was no answer. */
static bool
ask(Sweep *sweep, const char *objects)
{
	const char *values[] = {objects};
	PGresult *result =
		PQexecParams(sweep->conn, "SELECT object, was_known FROM skillancer.media_unwanted($1)", 1,
					 NULL, values, NULL, NULL, 0);
	bool good = PQresultStatus(result) == PGRES_TUPLES_OK;

	for (int i = 0; good && i < PQntuples(result); i++)
	{
		note_gone(sweep, PQgetvalue(result, i, 0));
		if (PQgetvalue(result, i, 1)[0] == 't')
			sweep->deleted++;
		else
			sweep->unknown++;
	}
	if (!good)
		skl_log(SKL_LOG_WARN, "media_sweep", "%.200s", PQerrorMessage(sweep->conn));
	PQclear(result);
	return good;
}

static DIR *
open_inner(const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir == NULL && fd >= 0)
		close(fd);
	return dir;
}

/* The next file that has a good name and is old enough; NULL at the end. */
static const char *
next_old(DIR *dir, time_t before)
{
	struct dirent *entry;
	struct stat info;

	while ((entry = readdir(dir)) != NULL)
	{
		if (skl_is_uuid(entry->d_name) &&
			fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
			info.st_mtime < before)
			return entry->d_name;
	}
	return NULL;
}

/* Looks at the objects of one directory. */
static bool
look_at(Sweep *sweep, const char *name)
{
	DIR *dir = open_inner(name);
	char literal[LITERAL];
	size_t length = 0;
	const char *object;
	bool good = dir != NULL;

	while (good && (object = next_old(dir, sweep->before)) != NULL)
	{
		sweep->looked_at++;
		literal[length] = length == 0 ? '{' : ',';
		memcpy(literal + length + 1, object, 37);
		length += 37;
		if (length + 40 > sizeof(literal))
		{
			memcpy(literal + length, "}", 2);
			good = ask(sweep, literal);
			length = 0;
		}
	}
	if (good && length > 0)
	{
		memcpy(literal + length, "}", 2);
		good = ask(sweep, literal);
	}
	if (dir != NULL)
		closedir(dir);
	return good;
}

/* Uploads that ended with their bridge; no upload takes as long as the time of grace. */
static int
remove_old_uploads(time_t before)
{
	DIR *dir = open_inner("tmp");
	const char *name;
	int count = 0;

	if (dir == NULL)
		return 0;
	while ((name = next_old(dir, before)) != NULL)
		count += unlinkat(dirfd(dir), name, 0) == 0;
	closedir(dir);
	return count;
}

static void
remove_gone(const Sweep *sweep)
{
	for (int i = 0; i < sweep->unknown + sweep->deleted; i++)
		skl_files_remove(sweep->gone[i]);
}

/* Whose directory this is; an empty text: nobody's yet. */
static void
read_owner(char text[OWNER_BYTES])
{
	int fd = openat(directory, OWNER, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, text, OWNER_BYTES - 1);

	text[length > 0 ? length : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static void
write_owner(const char *name)
{
	int fd = openat(directory, OWNER, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	if (write(fd, name, strlen(name)) < 0)
		skl_log(SKL_LOG_WARN, "media_sweep", "%s", strerror(errno));
	close(fd);
}

/* The directory belongs to the database of that name; the first one that asks gets it. */
static bool
is_owner(const char *name)
{
	char owner[OWNER_BYTES];

	read_owner(owner);
	if (*owner == '\0')
	{
		write_owner(name);
		read_owner(owner);
	}
	if (strcmp(owner, name) == 0)
		return true;
	skl_log(SKL_LOG_ERROR, "media_foreign", "media_dir belongs to %s, not to %s: not swept", owner,
			name);
	return false;
}

static bool
is_ours(PGconn *conn)
{
	PGresult *result = PQexec(conn, "SELECT skillancer.media_owner()");
	bool ours = PQresultStatus(result) == PGRES_TUPLES_OK && is_owner(PQgetvalue(result, 0, 0));

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		skl_log(SKL_LOG_WARN, "media_sweep", "%.200s", PQerrorMessage(conn));
	PQclear(result);
	return ours;
}

static void
sweep_once(void)
{
	const SklConfig *config = skl_config();
	Sweep sweep = {.before = time(NULL) - config->media_grace_s};
	int uploads = remove_old_uploads(sweep.before);
	bool good;

	sweep.conn = PQconnectdb(config->database);
	good = PQstatus(sweep.conn) == CONNECTION_OK && is_ours(sweep.conn);
	for (int i = 0; i < 256 && good; i++)
	{
		char name[3];

		snprintf(name, sizeof(name), "%02x", (unsigned) i);
		good = look_at(&sweep, name);
	}
	PQfinish(sweep.conn);
	if (good)
		remove_gone(&sweep);
	if (uploads + sweep.unknown + sweep.deleted > 0)
		skl_log(SKL_LOG_INFO, "media_sweep", "%d uploads, %d orphans, %d deleted of %d files",
				uploads, sweep.unknown, sweep.deleted, sweep.looked_at);
	free(sweep.gone);
}

static void *
work(void *arg)
{
	int every = skl_config()->media_sweep_s;
	struct timespec next;

	clock_gettime(CLOCK_REALTIME, &next);
	next.tv_sec += every;
	pthread_mutex_lock(&lock);
	while (!stopping)
	{
		if (pthread_cond_timedwait(&ring, &lock, &next) != ETIMEDOUT)
			continue;
		pthread_mutex_unlock(&lock);
		sweep_once();
		clock_gettime(CLOCK_REALTIME, &next);
		next.tv_sec += every;
		pthread_mutex_lock(&lock);
	}
	pthread_mutex_unlock(&lock);
	return arg;
}

bool
skl_sweep_start(int of)
{
	directory = of;
	return skl_config()->media_sweep_s == 0 || pthread_create(&thread, NULL, work, NULL) == 0;
}

void
skl_sweep_stop(void)
{
	if (skl_config()->media_sweep_s == 0)
		return;
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&ring);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
}
