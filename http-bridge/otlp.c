/*
 * otlp.c
 *		One POST of JSON to a collector of traces, by a thread that may wait.
 *
 * Plain HTTP: a collector runs beside the bridge or in its network, and speaks TLS to the world.
 * Each step has five seconds.
 */
#include "trace.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define STEP_S 5

/* Take http://host[:port][/path] apart; false when it is something else. */
bool
skl_collector_parse(const char *url, SklCollector *collector)
{
	static const char scheme[] = "http://";
	const char *host;
	size_t length, port;

	memset(collector, 0, sizeof(*collector));
	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
		return false;
	host = url + sizeof(scheme) - 1;
	if (host[0] == '[')
	{
		host++;
		length = strcspn(host, "]");
		if (host[length] != ']')
			return false;
		port = length + 1;
	}
	else
		port = length = strcspn(host, ":/");
	if (length == 0 || length >= sizeof(collector->host))
		return false;
	memcpy(collector->host, host, length);
	snprintf(collector->port, sizeof(collector->port), "4318");
	if (host[port] == ':')
	{
		length = strspn(host + port + 1, "0123456789");
		if (length == 0 || length > 5)
			return false;
		memcpy(collector->port, host + port + 1, length);
		collector->port[length] = '\0';
		port += 1 + length;
	}
	if (host[port] != '\0' && host[port] != '/')
		return false;
	snprintf(collector->path, sizeof(collector->path), "%s",
			 host[port] == '/' && host[port + 1] != '\0' ? host + port : "/v1/traces");
	return strlen(host + port) < sizeof(collector->path) &&
		   strcspn(collector->path, " \r\n") == strlen(collector->path);
}

/* A connected socket whose steps have a limit, or -1. */
static int
connect_to(const SklCollector *collector)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct timeval limit = {.tv_sec = STEP_S};
	struct addrinfo *found;
	int fd = -1;

	if (getaddrinfo(collector->host, collector->port, &hints, &found) != 0)
		return -1;
	for (const struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next)
	{
		fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, at->ai_protocol);
		if (fd < 0)
			continue;
		/* the limit of sending is that of connecting, too */
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		if (connect(fd, at->ai_addr, at->ai_addrlen) != 0)
		{
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	return fd;
}

static bool
send_all(int fd, const char *bytes, size_t length)
{
	while (length > 0)
	{
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		bytes += sent;
		length -= (size_t) sent;
	}
	return true;
}

int
skl_collector_post(const SklCollector *collector, const char *body, size_t length)
{
	char head[800];
	char answer[64] = "";
	bool six = strchr(collector->host, ':') != NULL;
	int status = 0;
	int fd = connect_to(collector);
	int head_length = snprintf(
		head, sizeof(head),
		"POST %s HTTP/1.1\r\nHost: %s%s%s:%s\r\nContent-Type: application/json\r\n"
		"User-Agent: skillancer-bridge/" SKL_BRIDGE_VERSION
		"\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		collector->path, six ? "[" : "", collector->host, six ? "]" : "", collector->port, length);

	if (fd < 0)
		return 0;
	if (send_all(fd, head, (size_t) head_length) && send_all(fd, body, length) &&
		recv(fd, answer, sizeof(answer) - 1, MSG_WAITALL) > 12 &&
		strncmp(answer, "HTTP/1.", 7) == 0)
		status = (int) strtol(answer + 9, NULL, 10);
	close(fd);
	return status;
}
