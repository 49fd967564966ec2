/*
 * test/bench/search/peer.h
 *		What peers of the search benchmark that are written in C share: the commands that they read
 *		from standard input, sets of queries, clocks, and clients in threads. LucenePeer.java
 *		speaks the same language.
 */
#ifndef SKL_BENCH_PEER_H
#define SKL_BENCH_PEER_H

#include <stdbool.h>
#include <stdint.h>

#define PEER_ASKS_MAX 2000
#define PEER_CELLS 8

/* One query of a set: words, and cells that are empty where there is no condition. */
typedef struct PeerAsk
{
	char words[256];
	char category[16];
	char country[16];
	char price_min[16];
	char price_max[16];
} PeerAsk;

typedef struct PeerSet
{
	char name[16];
	bool titles;  /* of the ten best are fetched as well */
	bool filters; /* category and price */
	bool facets;  /* three, beside category and country */
	int nasks;
	PeerAsk asks[PEER_ASKS_MAX];
} PeerSet;

/* What a peer can do; a session belongs to one thread. */
typedef struct Peer
{
	void (*load)(const char *file);	   /* prints "loaded SECONDS BYTES" */
	void (*merge)(void);			   /* prints "merged SECONDS BYTES" */
	void *(*open)(const PeerSet *set); /* NULL: it has no answer to such queries */
	void (*answer)(void *session, const PeerAsk *ask);
	int64_t (*hits)(void *session, const PeerAsk *ask); /* all that match */
	void (*close)(void *session);
	bool (*other)(const char *line); /* a command of this peer alone; false: unknown. Or NULL */
} Peer;

/* Microseconds. */
extern double peer_now(void);

/* Cuts a line at its tabs; cells that are not there are empty. */
extern void peer_split(char *line, char *cells[PEER_CELLS]);

extern bool peer_read_set(PeerSet *set, const char *name, const char *file);

/* Reads commands until there are no more. */
extern int peer_run(const Peer *peer);

#endif
