/*
 * deadlines.c
 *		Absolute deadlines of connections.
 *
 * libmicrohttpd only knows idle time, which a byte now and then resets. Here the time a
 * connection may stay in its phase is counted from the beginning of the phase: a fixed time for
 * the headers, the same plus what the floor of bytes a second allows for a body and for the
 * reading of an answer. How much of an answer was read is asked of the kernel (tcpi_bytes_acked),
 * since libmicrohttpd does not tell.
 */
#include "server.h"

#include "rows.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>

/* Bytes the client's kernel has confirmed since the connection began. */
static uint64_t
acked_bytes(const SklConn *conn)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);

	if (getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
		return 0;
	return info.tcpi_bytes_acked;
}

/* Microseconds that a number of bytes may take. */
static uint64_t
floor_us(const SklConfig *config, uint64_t bytes)
{
	return config->body_floor > 0 ? bytes * 1000000 / (uint64_t) config->body_floor
								  : UINT64_MAX / 4;
}

static uint64_t
sending_us(SklConn *conn, const SklConfig *config)
{
	uint64_t acked = acked_bytes(conn);

	if (conn->acked == 0)
		conn->acked = acked;
	return 1000ull * (uint64_t) config->write_stall_ms + floor_us(config, acked - conn->acked);
}

/* Microseconds a connection may stay in its phase. */
static uint64_t
allowance_us(SklConn *conn, const SklConfig *config)
{
	uint64_t header_us = 1000ull * (uint64_t) config->header_deadline_ms;

	switch (conn->phase)
	{
		case SKL_CONN_IDLE:
			if (skl_server_quiescing())
				return 1000000;
			return conn->requests == 0 ? header_us : 1000ull * (uint64_t) config->idle_timeout_ms;
		case SKL_CONN_HEADERS:
			return header_us;
		case SKL_CONN_BODY:
			return header_us + floor_us(config, conn->bytes);
		case SKL_CONN_SENDING:
			return sending_us(conn, config);
		case SKL_CONN_FETCHING:
		case SKL_CONN_PARKED:
		case SKL_CONN_STREAMING:
			break;
	}
	return UINT64_MAX / 2;
}

void
skl_deadlines_sweep(SklThread *thread, uint64_t now)
{
	const SklConfig *config = skl_config();

	thread->swept_us = now;
	for (SklConn *conn = thread->conns; conn != NULL; conn = conn->next)
	{
		if (conn->cut || (now < conn->since_us + allowance_us(conn, config) &&
						  !skl_rows_overdue(conn->ctx, now)))
			continue;
		conn->cut = true;
		shutdown(conn->fd, SHUT_RDWR);
		if (conn->phase != SKL_CONN_IDLE)
			atomic_fetch_add_explicit(&thread->stats.connections_cut, 1, memory_order_relaxed);
	}
}
