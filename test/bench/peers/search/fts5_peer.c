/*
 * test/bench/peers/search/fts5_peer.c
 *		SQLite FTS5 as a peer of the search benchmark: fts5_peer DATABASE. peer.h says how it is
 * spoken to.
 *
 * It has no answer to words with a typo. Facets are three statements that group.
 */
#include "../../search/peer.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct Session
{
	sqlite3 *db;
	const PeerSet *set;
	int nstatements;
	sqlite3_stmt *statements[4]; /* the best ten, and one for each facet */
} Session;

static const char *path;

static void
check(sqlite3 *db, int code)
{
	if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
		return;
	fprintf(stderr, "fts5_peer: %s\n", sqlite3_errmsg(db));
	exit(1);
}

static sqlite3 *
open_database(void)
{
	sqlite3 *db;

	check(NULL, sqlite3_open(path, &db));
	sqlite3_busy_timeout(db, 10000);
	check(db,
		  sqlite3_exec(
			  db,
			  "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -512000;"
			  "PRAGMA mmap_size = 4000000000; PRAGMA temp_store = memory",
			  NULL, NULL, NULL));
	return db;
}

static sqlite3_stmt *
prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;

	check(db, sqlite3_prepare_v2(db, sql, -1, &statement, NULL));
	return statement;
}

static void
insert_gig(sqlite3 *db, sqlite3_stmt **statements, char **cells)
{
	sqlite3_bind_text(statements[0], 1, cells[0], -1, SQLITE_STATIC);
	sqlite3_bind_text(statements[0], 2, cells[1], -1, SQLITE_STATIC);
	sqlite3_bind_text(statements[0], 3, cells[2], -1, SQLITE_STATIC);
	for (int i = 0; i < 4; i++)
		sqlite3_bind_text(statements[1], i + 3, cells[i < 2 ? i + 3 : i + 4], -1, SQLITE_STATIC);
	sqlite3_bind_text(statements[1], 1, cells[0], -1, SQLITE_STATIC);
	sqlite3_bind_text(statements[1], 2, cells[1], -1, SQLITE_STATIC);
	for (char *skill = strtok(cells[5], "{,}"); skill != NULL; skill = strtok(NULL, "{,}"))
	{
		sqlite3_bind_text(statements[2], 1, cells[0], -1, SQLITE_STATIC);
		sqlite3_bind_text(statements[2], 2, skill, -1, SQLITE_STATIC);
		check(db, sqlite3_step(statements[2]));
		sqlite3_reset(statements[2]);
	}
	for (int i = 0; i < 2; i++)
	{
		check(db, sqlite3_step(statements[i]));
		sqlite3_reset(statements[i]);
	}
}

static void
load(const char *file)
{
	double start = peer_now();
	struct stat status;
	char *line = NULL;
	size_t size = 0;
	FILE *in = fopen(file, "r");
	sqlite3_stmt *statements[3];
	sqlite3 *db;

	remove(path);
	db = open_database();
	check(db,
		  sqlite3_exec(
			  db,
			  "CREATE VIRTUAL TABLE words USING fts5(title, body, content='', tokenize='ascii');"
			  "CREATE TABLE gig(id INTEGER PRIMARY KEY, title TEXT, category INT, country INT, "
			  "price INT, day INT);"
			  "CREATE TABLE gig_skill(gig INT, skill INT, PRIMARY KEY (gig, skill)) WITHOUT ROWID;"
			  "BEGIN",
			  NULL, NULL, NULL));
	statements[0] = prepare(db, "INSERT INTO words(rowid, title, body) VALUES (?, ?, ?)");
	statements[1] = prepare(
		db, "INSERT INTO gig(id, title, category, country, price, day) VALUES (?, ?, ?, ?, ?, ?)");
	statements[2] = prepare(db, "INSERT OR IGNORE INTO gig_skill VALUES (?, ?)");
	while (in != NULL && getline(&line, &size, in) > 0)
	{
		char *cells[PEER_CELLS];

		peer_split(line, cells);
		insert_gig(db, statements, cells);
	}
	check(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
	for (int i = 0; i < 3; i++)
		sqlite3_finalize(statements[i]);
	check(db, sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL));
	sqlite3_close(db);
	free(line);
	if (in != NULL)
		fclose(in);
	stat(path, &status);
	printf("loaded %.1f %lld\n", (peer_now() - start) / 1e6, (long long) status.st_size);
}

static void
merge(void)
{
	double start = peer_now();
	struct stat status;
	sqlite3 *db = open_database();

	check(db,
		  sqlite3_exec(
			  db, "INSERT INTO words(words) VALUES ('optimize'); PRAGMA wal_checkpoint(TRUNCATE)",
			  NULL, NULL, NULL));
	sqlite3_close(db);
	stat(path, &status);
	printf("merged %.1f %lld\n", (peer_now() - start) / 1e6, (long long) status.st_size);
}

/* The words as an expression of FTS5. */
static void
make_match(const char *name, const char *words, char *match)
{
	if (strcmp(name, "phrase") == 0)
		sprintf(match, "\"%s\"", words);
	else if (strcmp(name, "prefix") == 0)
		sprintf(match, "%s*", words);
	else
		for (*match = '\0'; *words; words++)
		{
			if (*words != ' ')
				*match++ = *words;
			else
				match += sprintf(match, strcmp(name, "and") == 0 ? " AND " : " OR ");
			*match = '\0';
		}
}

/* What matches: parameters are the expression, category, country, lowest and highest price. */
static void
make_condition(const PeerSet *set, char *sql)
{
	if (strcmp(set->name, "empty") == 0)
		strcpy(sql, "FROM gig WHERE category = ?2");
	else if (set->facets)
		strcpy(sql, "FROM words JOIN gig ON gig.id = words.rowid WHERE words MATCH ?1 AND category "
					"= ?2 AND country = ?3");
	else if (set->filters)
		strcpy(sql, "FROM words JOIN gig ON gig.id = words.rowid WHERE words MATCH ?1 AND category "
					"= ?2 AND price BETWEEN ?4 AND ?5");
	else if (set->titles || strcmp(set->name, "newest") == 0)
		strcpy(sql, "FROM words JOIN gig ON gig.id = words.rowid WHERE words MATCH ?1");
	else
		strcpy(sql, "FROM words WHERE words MATCH ?1");
}

static sqlite3_stmt *
prepare_top(sqlite3 *db, const PeerSet *set)
{
	char condition[256];
	char sql[512];

	make_condition(set, condition);
	if (strcmp(set->name, "empty") == 0)
		snprintf(sql, sizeof(sql), "SELECT id, title %s ORDER BY id LIMIT 10", condition);
	else
		snprintf(sql, sizeof(sql), "SELECT words.rowid%s %s ORDER BY %s LIMIT 10%s",
				 set->titles ? ", gig.title" : "", condition,
				 strcmp(set->name, "newest") == 0 ? "day DESC, id" : "rank",
				 strcmp(set->name, "page50") == 0 ? " OFFSET 490" : "");
	return prepare(db, sql);
}

/* Counts of categories without the filter by category, of countries without theirs, and of skills.
 */
static sqlite3_stmt *
prepare_facet(sqlite3 *db, const PeerSet *set, int facet)
{
	static const char *const columns[] = {"category", "country", "skill"};
	static const char *const without[] = {"AND category = ?2", "AND country = ?3", NULL};
	char condition[256];
	char sql[512];
	char *own;

	make_condition(set, condition);
	own = without[facet] != NULL ? strstr(condition, without[facet]) : NULL;
	if (own != NULL)
		memset(own, ' ', strlen(without[facet]));
	else if (facet == 0)
		*strstr(condition, " WHERE category") = '\0';
	if (facet == 2)
		snprintf(sql, sizeof(sql),
				 "SELECT skill, count(*) FROM gig_skill WHERE gig IN (SELECT gig.id %s) GROUP BY 1 "
				 "ORDER BY 2 DESC LIMIT 10",
				 condition);
	else
		snprintf(sql, sizeof(sql), "SELECT %s, count(*) %s GROUP BY 1 ORDER BY 2 DESC LIMIT 10",
				 columns[facet], condition);
	return prepare(db, sql);
}

static void *
open_session(const PeerSet *set)
{
	Session *session;

	if (strcmp(set->name, "typo") == 0)
		return NULL;
	session = calloc(1, sizeof(*session));
	session->db = open_database();
	session->set = set;
	session->statements[session->nstatements++] = prepare_top(session->db, set);
	for (int facet = 0; facet < 3 && set->facets; facet++)
		session->statements[session->nstatements++] = prepare_facet(session->db, set, facet);
	return session;
}

static void
close_session(void *argument)
{
	Session *session = argument;

	for (int i = 0; i < session->nstatements; i++)
		sqlite3_finalize(session->statements[i]);
	sqlite3_close(session->db);
	free(session);
}

static int64_t
run_statement(const Session *session, sqlite3_stmt *statement, const PeerAsk *ask)
{
	const char *cells[] = {ask->category, ask->country, ask->price_min, ask->price_max};
	char match[1024];
	int64_t nrows = 0;

	make_match(session->set->name, ask->words, match);
	sqlite3_bind_text(statement, 1, match, -1, SQLITE_STATIC);
	for (int i = 2; i <= sqlite3_bind_parameter_count(statement); i++)
		sqlite3_bind_int(statement, i, atoi(cells[i - 2]));
	for (int code; (code = sqlite3_step(statement)) != SQLITE_DONE; nrows++)
		check(session->db, code);
	sqlite3_reset(statement);
	return nrows;
}

static void
answer(void *argument, const PeerAsk *ask)
{
	Session *session = argument;

	for (int i = 0; i < session->nstatements; i++)
		run_statement(session, session->statements[i], ask);
}

static int64_t
count_hits(void *argument, const PeerAsk *ask)
{
	Session *session = argument;
	char condition[256];
	char sql[512];
	sqlite3_stmt *statement;
	int64_t n;

	make_condition(session->set, condition);
	snprintf(sql, sizeof(sql), "SELECT 1 %s", condition);
	statement = prepare(session->db, sql);
	n = run_statement(session, statement, ask);
	sqlite3_finalize(statement);
	return n;
}

int
main(int argc, char **argv)
{
	static const Peer peer = {load, merge, open_session, answer, count_hits, close_session, NULL};

	if (argc != 2)
		return 2;
	path = argv[1];
	return peer_run(&peer);
}
