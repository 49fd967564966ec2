/*
 * test/bench/search/peer.c
 *		The loop over commands: each is a line, and so is its answer.
 *
 *		load FILE							-> loaded SECONDS BYTES
 *		merge								-> merged SECONDS BYTES
 *		pass SET FILE BUDGET [titles]		-> times MICROSECONDS...
 *		hits SET FILE						-> hits N...
 *		clients SET FILE N SECONDS			-> rate PER_SECOND P50 P99
 */
#include "peer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMES_MAX (1 << 20)
#define CLIENTS_MAX 64

typedef struct Client
{
	pthread_t thread;
	const Peer *peer;
	const PeerSet *set;
	int first;
	double end;
	int ntimes;
	float *times;
} Client;

double
peer_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

void
peer_split(char *line, char *cells[PEER_CELLS])
{
	char *next = line;

	line[strcspn(line, "\n")] = '\0';
	for (int i = 0; i < PEER_CELLS; i++)
	{
		cells[i] = next;
		if (next[strcspn(next, "\t")] == '\t')
		{
			next += strcspn(next, "\t");
			*next++ = '\0';
		}
		else
			next += strlen(next);
	}
}

bool
peer_read_set(PeerSet *set, const char *name, const char *file)
{
	FILE *in = fopen(file, "r");
	char *line = NULL;
	size_t size = 0;

	memset(set, 0, sizeof(*set));
	if (in == NULL)
		return false;
	snprintf(set->name, sizeof(set->name), "%s", name);
	set->filters = strcmp(name, "filter") == 0;
	set->facets = strcmp(name, "facets") == 0 || strcmp(name, "empty") == 0;
	while (set->nasks < PEER_ASKS_MAX && getline(&line, &size, in) > 0)
	{
		PeerAsk *ask = &set->asks[set->nasks++];
		char *cells[PEER_CELLS];

		peer_split(line, cells);
		snprintf(ask->words, sizeof(ask->words), "%s", cells[0]);
		snprintf(ask->category, sizeof(ask->category), "%s", cells[1]);
		snprintf(ask->country, sizeof(ask->country), "%s", cells[2]);
		snprintf(ask->price_min, sizeof(ask->price_min), "%s", cells[3]);
		snprintf(ask->price_max, sizeof(ask->price_max), "%s", cells[4]);
	}
	free(line);
	fclose(in);
	return true;
}

static void
run_pass(const Peer *peer, const PeerSet *set, double budget)
{
	void *session = peer->open(set);
	double end = peer_now() + budget * 1e6;

	if (session == NULL)
	{
		puts("unknown set");
		return;
	}
	printf("times");
	for (int i = 0; i < set->nasks && peer_now() < end; i++)
	{
		double start = peer_now();

		peer->answer(session, &set->asks[i]);
		printf(" %.1f", peer_now() - start);
	}
	putchar('\n');
	peer->close(session);
}

static void
run_hits(const Peer *peer, const PeerSet *set)
{
	void *session = peer->open(set);

	if (session == NULL)
	{
		puts("unknown set");
		return;
	}
	printf("hits");
	for (int i = 0; i < set->nasks; i++)
		printf(" %lld", (long long) peer->hits(session, &set->asks[i]));
	putchar('\n');
	peer->close(session);
}

static void *
run_client(void *argument)
{
	Client *client = argument;
	void *session = client->peer->open(client->set);

	for (double start = peer_now();
		 session != NULL && start < client->end && client->ntimes < TIMES_MAX; start = peer_now())
	{
		client->peer->answer(
			session, &client->set->asks[(client->first + client->ntimes) % client->set->nasks]);
		client->times[client->ntimes++] = (float) (peer_now() - start);
	}
	if (session != NULL)
		client->peer->close(session);
	return NULL;
}

static int
compare_times(const void *a, const void *b)
{
	float x = *(const float *) a;
	float y = *(const float *) b;

	return (x > y) - (x < y);
}

static void
run_clients(const Peer *peer, const PeerSet *set, int count, double seconds)
{
	Client clients[CLIENTS_MAX] = {0};
	float *all;
	int n = 0;

	count = count < 1 ? 1 : count > CLIENTS_MAX ? CLIENTS_MAX : count;
	for (int i = 0; i < count; i++)
	{
		clients[i].peer = peer;
		clients[i].set = set;
		clients[i].first = i * set->nasks / count;
		clients[i].end = peer_now() + seconds * 1e6;
		clients[i].times = malloc(TIMES_MAX * sizeof(float));
		pthread_create(&clients[i].thread, NULL, run_client, &clients[i]);
	}
	all = malloc((size_t) count * TIMES_MAX * sizeof(float));
	for (int i = 0; i < count; i++)
	{
		pthread_join(clients[i].thread, NULL);
		memcpy(all + n, clients[i].times, clients[i].ntimes * sizeof(float));
		n += clients[i].ntimes;
		free(clients[i].times);
	}
	qsort(all, n, sizeof(float), compare_times);
	if (n == 0)
		puts("unknown set");
	else
		printf("rate %.1f %.1f %.1f\n", n / seconds, all[n / 2], all[(int) (n * 0.99)]);
	free(all);
}

int
peer_run(const Peer *peer)
{
	static PeerSet set;
	char line[4096];

	while (fgets(line, sizeof(line), stdin) != NULL)
	{
		char command[16] = "", name[16] = "", file[2048] = "", amount[32] = "", more[32] = "";

		sscanf(line, "%15s %15s %2047s %31s %31s", command, name, file, amount, more);
		if (strcmp(command, "merge") == 0)
			peer->merge();
		else if (strcmp(command, "load") == 0 && sscanf(line, "%*s %2047s", file) == 1)
			peer->load(file);
		else if (peer->other != NULL && peer->other(line))
			;
		else if (!peer_read_set(&set, name, file))
			puts("unknown command");
		else if (strcmp(command, "hits") == 0)
			run_hits(peer, &set);
		else if (strcmp(command, "pass") == 0)
		{
			set.titles = more[0] != '\0';
			run_pass(peer, &set, atof(amount));
		}
		else if (strcmp(command, "clients") == 0)
		{
			set.titles = true;
			run_clients(peer, &set, atoi(amount), atof(more));
		}
		else
			puts("unknown command");
		fflush(stdout);
	}
	return 0;
}
