/*
 * admin.c
 *		The listener of operators: /metrics, /health*, /reload, on loopback or a unix socket.
 *
 * It is a small daemon of libmicrohttpd with a thread of its own, apart from the event loops, so
 * that a scrape never delays a request. It knows no users: whoever can connect may use it, so it
 * listens where only operators are.
 */
#include "bridge.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "config.h"
#include "health.h"
#include "lifecycle.h"
#include "metrics.h"
#include "monitor.h"

#define BACKLOG 16

static struct MHD_Daemon *admin;
static char *socket_path;

static enum MHD_Result
queue_text(struct MHD_Connection *connection, unsigned status, const char *type, char *text,
		   size_t length, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(length, text, mode);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
answer_metrics(struct MHD_Connection *connection)
{
	const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept");
	bool open_metrics = accept != NULL && strstr(accept, "application/openmetrics-text") != NULL;
	size_t length = 0;
	char *text = skl_metrics_text(open_metrics, &length);

	if (text == NULL)
		return MHD_NO;
	return queue_text(connection, 200,
					  open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
								   : "text/plain; version=0.0.4; charset=utf-8",
					  text, length, MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result
answer_static(struct MHD_Connection *connection, unsigned status, const char *text)
{
	return queue_text(connection, status, "application/json", (char *) text, strlen(text),
					  MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result
answer_ready(struct MHD_Connection *connection)
{
	char body[256];
	int status = skl_health_ready(body, sizeof(body));

	return answer_static(connection, (unsigned) status, body);
}

static enum MHD_Result
answer_reload(struct MHD_Connection *connection)
{
	bool good = skl_lifecycle_reload();

	return answer_static(connection, good ? 200 : 500,
						 good ? "{\"status\":\"reloaded\"}\n"
							  : "{\"status\":\"refused\",\"hint\":\"see the log\"}\n");
}

static enum MHD_Result
handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
	   const char *version, const char *upload, size_t *upload_size, void **state)
{
	static char seen;
	bool get = strcmp(method, "GET") == 0;

	(void) context;
	(void) version;
	(void) upload;
	if (*state == NULL)
	{
		*state = &seen;
		return MHD_YES;
	}
	if (*upload_size > 0)
	{
		*upload_size = 0;
		return MHD_YES;
	}
	if (get && strcmp(url, "/metrics") == 0)
		return answer_metrics(connection);
	if (get && strcmp(url, "/health/live") == 0)
		return answer_static(connection, 200, "{\"status\":\"live\"}\n");
	if (get && (strcmp(url, "/health") == 0 || strcmp(url, "/health/ready") == 0))
		return answer_ready(connection);
	if (strcmp(method, "POST") == 0 && strcmp(url, "/reload") == 0)
		return answer_reload(connection);
	return answer_static(connection, 404, "{\"status\":\"not found\"}\n");
}

/* Open a unix socket that only owner and group may use; an old socket in its place goes. */
static int
open_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat status;

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode))
		unlink(path);
	if (bind(fd, (struct sockaddr *) &address, sizeof(address)) != 0 || chmod(path, 0660) != 0 ||
		listen(fd, BACKLOG) != 0)
	{
		close(fd);
		return -1;
	}
	socket_path = strdup(path);
	return fd;
}

/* Split "address:port" or "[address]:port"; both parts are malloc'ed. */
static bool
split_address(const char *text, char **host, char **port)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon != NULL ? (size_t) (colon - text) : 0;

	if (length == 0 || colon[1] == '\0')
		return false;
	if (text[0] == '[' && text[length - 1] == ']')
		*host = strndup(text + 1, length - 2);
	else
		*host = strndup(text, length);
	*port = strdup(colon + 1);
	return *host != NULL && *port != NULL;
}

static int
open_tcp(const char *text)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
							 .ai_socktype = SOCK_STREAM,
							 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *found = NULL;
	char *host = NULL;
	char *port = NULL;
	int fd = -1;
	int on = 1;

	if (split_address(text, &host, &port) && getaddrinfo(host, port, &hints, &found) == 0)
		fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
	{
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
		{
			close(fd);
			fd = -1;
		}
	}
	if (found != NULL)
		freeaddrinfo(found);
	free(host);
	free(port);
	return fd;
}

/* Start the monitor of the database, and the listener if one is configured. */
bool
skl_admin_start(void)
{
	const char *where = skl_config()->admin_listen;
	int fd;

	if (!skl_monitor_start())
		return false;
	if (*where == '\0')
		return true;
	fd = strncmp(where, "unix:", 5) == 0 ? open_unix(where + 5) : open_tcp(where);
	if (fd < 0)
	{
		skl_log(SKL_LOG_ERROR, "admin", "cannot listen on %s: %s", where, strerror(errno));
		return false;
	}
	admin = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL, 0, NULL, NULL, handle,
							 NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, 32u,
							 MHD_OPTION_CONNECTION_TIMEOUT, 30u, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
							 (size_t) 8192, MHD_OPTION_END);
	if (admin == NULL)
		close(fd);
	return admin != NULL;
}

void
skl_admin_stop(void)
{
	if (admin != NULL)
		MHD_stop_daemon(admin);
	admin = NULL;
	if (socket_path != NULL)
		unlink(socket_path);
	free(socket_path);
	socket_path = NULL;
	skl_monitor_stop();
}
