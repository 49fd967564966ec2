/*
 * bridge.h
 *		What every file of the bridge shares: the context of a request, routes, identity, answers.
 *
 * How a request flows (the order is that of docs/architecture.md):
 *
 *	server.c    libmicrohttpd calls back: URI seen, headers complete, body bytes, completed
 *	guard.c     strict framing and header rules libmicrohttpd does not enforce
 *	iplist.c    allow and deny lists; which address the client really has
 *	limits.c    GCRA per address, later per identity
 *	routes.c    the catalogue: method + path -> route, path parameters
 *	cors.c      preflight and headers
 *	auth.c      bearer token -> identity (jwt.c does the signatures)
 *	args.c      path, query, body -> typed arguments, every problem of every field
 *	pool.c      begin_request + function + Sync on a pipelined connection; the request is parked
 *	reply.c     result or SQLSTATE -> status, headers, envelope
 *	rows.c      an answer of many rows: read by the page while it is sent
 *	upload.c    a body that is a file: to the disk; files.c syncs it, before it is put to the pool
 *	download.c  an answer that is a file: from the disk, whole or in ranges
 *	signature.c addresses that allow one of these without a token
 *	log.c, metrics.c   one line and some counters a request
 *
 * A request belongs to one event-loop thread from its first byte to its last; nothing in
 * SklRequestCtx is ever touched by another thread, so it needs no locks. What threads share is
 * immutable (configuration, catalogue: replaced by swapping a pointer) or atomic (limits, token
 * cache, counters).
 */
#ifndef SKL_BRIDGE_H
#define SKL_BRIDGE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <jansson.h>
#include <microhttpd.h>

/* the Makefile takes it from the extension's control file */
#ifndef SKL_BRIDGE_VERSION
#define SKL_BRIDGE_VERSION "unknown"
#endif

/* ---- errors: the rows of errors.def, in their order ---- */

typedef enum SklErrorCode
{
	SKL_OK = 0,
#define SKL_ERROR(code, sqlstate, status, message) SKL_ERR_##code,
#include "../extension/errors.def"
#undef SKL_ERROR
	SKL_ERR_COUNT
} SklErrorCode;

typedef struct SklErrorRow
{
	const char *code;	  /* what the client reads in error.code */
	const char *sqlstate; /* five characters */
	int status;
	const char *message;
} SklErrorRow;

extern const SklErrorRow skl_errors[SKL_ERR_COUNT];

/* Maps any SQLSTATE, ours or PostgreSQL's, to a row of errors.def. */
SklErrorCode skl_error_of_sqlstate(const char *sqlstate);

/* ---- small shared types ---- */

typedef struct SklUuid
{
	uint8_t bytes[16];
} SklUuid;

/* An address in IPv6 form; IPv4 is kept as ::ffff:a.b.c.d, so that both spellings are one key. */
typedef struct SklAddress
{
	uint8_t bytes[16];
	char text[INET6_ADDRSTRLEN]; /* dotted for IPv4 */
} SklAddress;

typedef enum SklMethod
{
	SKL_GET,
	SKL_HEAD,
	SKL_POST,
	SKL_PUT,
	SKL_PATCH,
	SKL_DELETE,
	SKL_OPTIONS,
	SKL_METHOD_OTHER
} SklMethod;

typedef enum SklClass
{
	SKL_FAST,	/* shares a connection with up to depth-1 others */
	SKL_SLOW,	/* has a connection for itself while it runs */
	SKL_EXPORT, /* the same, and its rows are sent while they are read (rows.h) */
	SKL_CLASS_COUNT
} SklClass;

typedef enum SklRate
{
	SKL_RATE_READ,
	SKL_RATE_WRITE,
	SKL_RATE_AUTH,	  /* sign-in, registration, reset: much tighter */
	SKL_RATE_ADDRESS, /* no limit but the generous one of every address: signed webhooks */
	SKL_RATE_COUNT
} SklRate;

/* Request headers the bridge looks at, found in one walk by guard.c. */
typedef enum SklHeaderSlot
{
	SKL_H_HOST,
	SKL_H_AUTHORIZATION,
	SKL_H_CONTENT_TYPE,
	SKL_H_CONTENT_LENGTH,
	SKL_H_TRANSFER_ENCODING,
	SKL_H_CONTENT_ENCODING,
	SKL_H_ACCEPT,
	SKL_H_ACCEPT_ENCODING,
	SKL_H_COOKIE,
	SKL_H_ORIGIN,
	SKL_H_AC_REQUEST_METHOD,
	SKL_H_AC_REQUEST_HEADERS,
	SKL_H_IDEMPOTENCY_KEY,
	SKL_H_IF_MATCH,
	SKL_H_IF_NONE_MATCH,
	SKL_H_X_REQUEST_ID,
	SKL_H_TRACEPARENT,
	SKL_H_TRACESTATE,
	SKL_H_X_FORWARDED_FOR,
	SKL_H_USER_AGENT,
	SKL_H_COUNT
} SklHeaderSlot;

/* ---- routes (routes.c builds them from skillancer.route_catalogue()) ---- */

typedef enum SklArgKind
{
	SKL_ARG_TEXT,
	SKL_ARG_INTEGER, /* 32 bits */
	SKL_ARG_BIGINT,
	SKL_ARG_NUMERIC,
	SKL_ARG_BOOLEAN,
	SKL_ARG_DATE,
	SKL_ARG_TIMESTAMPTZ,
	SKL_ARG_UUID,
	SKL_ARG_JSON,
	SKL_ARG_MONETARY,
	SKL_ARG_BYTES, /* of p_raw_body only */
	SKL_ARG_ID	   /* TypeID text with the prefix id_prefix */
} SklArgKind;

typedef enum SklArgSource
{
	SKL_FROM_CLIENT,   /* path, else query (GET, DELETE), else body */
	SKL_FROM_HEADER,   /* p_header_<name> */
	SKL_FROM_COOKIE,   /* p_cookie_<name> */
	SKL_FROM_PRESENT,  /* p_present: names of the fields the client sent */
	SKL_FROM_RAW_BODY, /* p_raw_body bytea: the body as it was sent, which is then not read */
	SKL_FROM_UPLOAD	   /* p_upload json: the file that was sent (upload.h) */
} SklArgSource;

typedef struct SklArg
{
	char *sql_name;	   /* p_cover_letter */
	char *name;		   /* coverLetter; header or cookie name for those sources */
	char *type;		   /* schema-qualified SQL type, for the cast */
	char id_prefix[8]; /* "prj" */
	SklArgKind kind;   /* of the element when is_array */
	SklArgSource source;
	bool is_array;
	bool required;
	bool in_path;
	int path_segment; /* index of the template's segment when in_path */
} SklArg;

typedef enum SklReturns
{
	SKL_RETURNS_JSON,
	SKL_RETURNS_VOID,
	SKL_RETURNS_REPLY
} SklReturns;

#define SKL_MAX_ARGS 60

typedef struct SklRoute
{
	SklMethod method;
	char *method_text;
	char *path;		/* template: /v1/projects/{id}; also the metrics label */
	char *function; /* unqualified, in skillancer_api */
	char *who;		/* anyone, user, or role names */
	char *summary;	/* may be NULL */
	bool anonymous; /* who = anyone */
	SklClass class;
	SklRate rate;
	bool idempotent; /* accepts Idempotency-Key */
	size_t body_limit;
	int timeout_ms;
	int cache_ttl;
	SklReturns returns;
	int nargs;
	SklArg args[SKL_MAX_ARGS];
	char *sql[2];		   /* statement: plain, with idempotency wrapper */
	char statement[2][24]; /* their names on a connection */
	uint64_t statement_id[2];
	char timeout_text[12];
	int metrics_slot; /* from skl_metrics_route_slot() */
} SklRoute;

typedef struct SklCatalogue SklCatalogue; /* routes.h; reference-counted, immutable */

/* ---- identity (auth.c fills it) ---- */

typedef struct SklIdentity
{
	bool known; /* false: anonymous */
	SklUuid user;
	SklUuid session;
	char user_text[37]; /* canonical uuid text, what begin_request is given */
	char session_text[37];
	char scopes[512]; /* space separated, empty for a plain session */
	char tier;		  /* 'a' authenticated, 'p' premium: which limit applies */
	int64_t expires;  /* of the token, seconds since the epoch */
} SklIdentity;

/* ---- the request ---- */

typedef struct SklThread SklThread;		/* server.h */
typedef struct SklConn SklConn;			/* server.h: one TCP connection */
typedef struct SklJob SklJob;			/* pool.h: the request's work in PostgreSQL */
typedef struct SklStream SklStream;		/* stream.h: a client of the live stream */
typedef struct SklRows SklRows;			/* rows.h: an answer of many rows */
typedef struct SklUpload SklUpload;		/* upload.h: a body that is a file */
typedef struct SklDownload SklDownload; /* download.h: an answer that is one */
typedef struct SklConfig SklConfig;		/* config.h */

typedef struct SklHeader
{
	const char *name;
	const char *value;
} SklHeader;

#define SKL_MAX_HEADERS 32

/* The body of an answer: three pieces sent one behind the other. */
typedef struct SklReply
{
	const char *type; /* NULL: none */
	const char *head;
	const char *body; /* of the database's result, uncopied */
	const char *tail;
	size_t head_length;
	size_t body_length;
	size_t tail_length;
	bool is_secret; /* holds a token: never compressed */
	bool has_etag;
} SklReply;

typedef struct SklRequestCtx
{
	SklThread *thread;
	SklConn *conn;
	struct MHD_Connection *mhd;
	const SklConfig *config; /* the one in force when the request began */
	SklCatalogue *catalogue; /* held until the request ends */
	const SklRoute *route;	 /* NULL: none matched, or a built-in page */

	/* what was asked */
	SklMethod method;
	const char *method_text;
	const char *raw_uri; /* as sent, query included */
	const char *path;	 /* raw path, aliases applied, not decoded; NUL-terminated */
	const char *query;	 /* raw, after '?', or NULL */
	const char *header[SKL_H_COUNT];
	char *body; /* NUL-terminated, NULL when none */
	size_t body_len;
	size_t bytes_in;			/* body bytes received */
	const char *path_value[16]; /* decoded path segments, by segment */

	/* who asks */
	SklAddress peer;   /* the socket's other end */
	SklAddress client; /* behind trusted proxies; what limits, lists and logs use */
	bool over_tls;	   /* said by a trusted proxy */
	SklIdentity identity;

	/* tracing */
	char request_id[65];
	char trace_id[33];
	char parent_span[17]; /* empty: we start the trace */
	char span_id[17];
	bool trace_sampled;
	const char *tracestate; /* of the caller, or NULL */

	/* time, microseconds of skl_now_us() and spans of it */
	uint64_t started_us; /* request line seen */
	uint64_t queue_us;	 /* waited for a connection */
	uint64_t db_us;		 /* sent until Sync */
	uint64_t total_us;	 /* set before skl_log_request() */

	/* the answer */
	bool answered; /* status and body are decided */
	int status;	   /* 499: the client went away */
	SklErrorCode error;
	const char *reply_message; /* of an error */
	char sqlstate[6];		   /* of the statement that failed, for log and metrics */
	const char *user_agent;
	int nheaders;
	SklHeader headers[SKL_MAX_HEADERS]; /* names and values live as long as the request */
	size_t bytes_out;					/* body bytes, before the socket */
	int retries;

	SklReply reply;
	bool streams;			 /* the body is the first piece of a live stream, */
	int64_t stream_position; /* and this is where it ends */
	SklStream *stream;		 /* that the answer became */
	SklRows *rows;			 /* the body is rows that are read while it is sent */
	SklUpload *upload;		 /* NULL: the body of the request is no file */
	SklDownload *download;	 /* NULL: that of the answer is none */

	/* private to server.c, dispatch.c, args.c, reply.c */
	SklJob *job;
	int phase;
	bool keep_out_of_log;
	bool catalogue_held;
	size_t body_capacity;
	struct SklArena *arena;
} SklRequestCtx;

/* Memory that lives as long as the request. Never NULL: out of memory ends the process. */
void *skl_alloc(SklRequestCtx *ctx, size_t size);
char *skl_strdup(SklRequestCtx *ctx, const char *text);
char *skl_strndup(SklRequestCtx *ctx, const char *text, size_t length);
char *skl_sprintf(SklRequestCtx *ctx, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds a response header; the strings must live as long as the request (skl_strdup, literals). */
void skl_header(SklRequestCtx *ctx, const char *name, const char *value);

/* Decides the answer: an error envelope. message NULL = the default of errors.def; details_json
 * NULL = []. Headers added before stay (Retry-After, rate limits, CORS). */
void skl_refuse(SklRequestCtx *ctx, SklErrorCode error, const char *message,
				const char *details_json);

/* Decides the answer: these bytes, outside the envelope. body must live as long as the request,
 * or be immortal. */
void skl_answer(SklRequestCtx *ctx, int status, const char *content_type, const char *body,
				size_t length);

/* Monotonic microseconds, and the wall clock of a request line. */
uint64_t skl_now_us(void);

/* ---- what "edge" provides: every hook returns true when the request may go on; false means that
 * the answer is decided (skl_refuse or skl_answer was called) ---- */

/* iplist.c: sets ctx->client and ctx->over_tls from ctx->peer and X-Forwarded-For through trusted
 * proxies, then applies the allow and deny lists. */
bool skl_iplist_admit(SklRequestCtx *ctx);

/* limits.c: before routing, per address (IPv6 per /64), a generous flood limit; after
 * authentication, per route->rate and identity (else address). Both add their headers; the second
 * one's replace the first's. */
bool skl_limits_address(SklRequestCtx *ctx);
bool skl_limits_identity(SklRequestCtx *ctx);

/* cors.c: adds the headers of an allowed origin (and Vary: Origin always when an allow-list is
 * configured); answers a preflight (204) itself. allow = the methods of the path, "GET, HEAD,
 * POST". */
bool skl_cors_admit(SklRequestCtx *ctx, const char *allow);

/* auth.c + jwt.c: the Authorization header -> ctx->identity. Without a header the request goes on
 * as anonymous. An unusable token is 401 with WWW-Authenticate. */
bool skl_authenticate(SklRequestCtx *ctx);

/* jwt.c: mints an access token for {"sub","sid","roles",…}; returns malloc'ed text, NULL on failure
 * (logged); *expires_in in seconds. */
char *skl_jwt_mint(const json_t *directive, int *expires_in);

/* builtin.c: answers paths that exist without the database (/health…, /version, /openapi.json,
 * /docs,
 * /.well-known/jwks.json); returns false when it has answered, true when the path is not one. */
bool skl_builtin_route(SklRequestCtx *ctx);

/* openapi.c: OpenAPI 3.1 text of a catalogue as the database gave it; malloc'ed. Called once per
 * load by the catalogue thread; served from SklCatalogue.openapi. */
char *skl_openapi_build(const json_t *catalogue, size_t *length);

/* log.c: one JSON line on stderr or the log file through the ring; never blocks. */
void skl_log_request(const SklRequestCtx *ctx);

typedef enum SklLogLevel
{
	SKL_LOG_DEBUG,
	SKL_LOG_INFO,
	SKL_LOG_WARN,
	SKL_LOG_ERROR
} SklLogLevel;

/* Same ring; event is a short fixed name ("pool_reconnect"), the rest free text without secrets. */
void skl_log(SklLogLevel level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* metrics.c: a stable small number for a route template across reloads; counters of a finished
 * request (all histograms and totals) for the calling thread. */
int skl_metrics_route_slot(const char *method, const char *path);
void skl_metrics_request(const SklRequestCtx *ctx);

/* Counters that the pool and the server keep per thread and metrics.c renders. Plain 64-bit words
 * written by one thread with relaxed atomics and read by the scraper. */
typedef struct SklThreadStats
{
	_Atomic uint64_t pool_size[SKL_CLASS_COUNT]; /* usable connections */
	_Atomic uint64_t pool_busy[SKL_CLASS_COUNT]; /* jobs sent, not finished */
	_Atomic uint64_t pool_queued[SKL_CLASS_COUNT];
	_Atomic uint64_t pool_oldest_us[SKL_CLASS_COUNT]; /* skl_now_us() of the oldest queued job, 0 */
	_Atomic uint64_t pool_refused[SKL_CLASS_COUNT];	  /* queue full or waited too long */
	_Atomic uint64_t pool_reconnects;
	_Atomic uint64_t pool_retries;	  /* 40001, 40P01, lost connection */
	_Atomic uint64_t cancelled;		  /* client went away */
	_Atomic uint64_t connections;	  /* open TCP connections */
	_Atomic uint64_t connections_cut; /* by a deadline */
	_Atomic uint64_t inflight;		  /* requests begun and not completed */
	_Atomic uint64_t route_reloads;
	_Atomic uint64_t route_reload_failures;
} SklThreadStats;

/* The threads' counters, 0 <= i < skl_server_threads(). */
int skl_server_threads(void);
SklThreadStats *skl_server_stats(int thread);

/* ---- process life: lifecycle.c (edge) calls these of server.c and catalogue.c ---- */

bool skl_server_start(void);   /* opens the sockets, starts the threads */
void skl_server_quiesce(void); /* stops accepting; answers carry Connection: close */
uint64_t skl_server_inflight(void);
uint64_t skl_server_connections(void);
void skl_server_stop(void); /* after quiesce and waiting: joins the threads */

bool skl_catalogue_start(void); /* the thread that loads routes and listens for changes */
void skl_catalogue_stop(void);
void skl_catalogue_reload(void); /* SIGHUP: load again now */

typedef enum SklReadiness
{
	SKL_READY,
	SKL_NO_ROUTES,	 /* never loaded */
	SKL_NO_DATABASE, /* no usable connection in any thread */
	SKL_DRAINING
} SklReadiness;

SklReadiness skl_server_readiness(void);
/* The OpenAPI text of the current catalogue, copied into the request's memory; NULL when none. */
const char *skl_server_openapi(SklRequestCtx *ctx, size_t *length);

/* lifecycle.c: runs the main thread: waits for SIGHUP (reload), SIGTERM, SIGINT (drain), returns
 * the exit status. Signals are blocked in all threads before any starts. */
void skl_lifecycle_block_signals(void);
int skl_lifecycle_run(void);

/* admin.c: the listener of /metrics, /health* and reload on loopback or a unix socket. */
bool skl_admin_start(void);
void skl_admin_stop(void);

/* Start-up of modules, in this order, after the configuration; false = message logged, exit 1. */
bool skl_log_start(void);
void skl_log_stop(void); /* flushes */
bool skl_metrics_start(void);
bool skl_limits_start(void);
bool skl_auth_start(void); /* keys, token cache */

#endif /* SKL_BRIDGE_H */
