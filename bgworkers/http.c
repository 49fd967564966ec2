/*
 * bgworkers/http.c
 *		Calls over HTTP, without ever blocking (transfer.c).
 *
 * No redirect is followed, nothing is decompressed, an answer has a size limit, and certificates
 * are always checked. An answer that breaks off is none.
 */
#include "skl.h"

#include "bgworkers/http.h"
#include "bgworkers/transfer.h"

#include "mb/pg_wchar.h"

typedef struct Attempt
{
	pg_uuid_t id;
	int attempt;
	int status;
	struct curl_slist *headers;
	char *answer;
	size_t length;
	char message[200];
	char error[CURL_ERROR_SIZE];
	struct Attempt *next; /* among the results */
} Attempt;

static int running = 0;
static Attempt *results = NULL;

/* CURLOPT_WRITEFUNCTION: keeps the answer; one that is too long ends the transfer. */
static size_t
on_write(char *data, size_t size, size_t nitems, void *arg)
{
	Attempt *attempt = arg;
	size_t n = size * nitems;
	char *longer;

	if (attempt->length + n > SKL_HTTP_BODY_MAX)
		return 0;
	longer = realloc(attempt->answer, attempt->length + n + 1);
	if (longer == NULL)
		return 0;
	memcpy(longer + attempt->length, data, n);
	attempt->answer = longer;
	attempt->length += n;
	attempt->answer[attempt->length] = '\0';
	return n;
}

/* SklTransferDone: puts the attempt among the results. */
static void
finish(CURL *easy, CURLcode code, void *arg)
{
	Attempt *attempt = arg;
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK)
		attempt->status = (int) status;
	else
		strlcpy(attempt->message, attempt->error[0] ? attempt->error : curl_easy_strerror(code),
				sizeof(attempt->message));
	curl_slist_free_all(attempt->headers);
	attempt->next = results;
	results = attempt;
	running--;
}

static void
set_headers(Attempt *attempt, const SklHttpCall *call)
{
	for (int i = 0; call->headers[i] != NULL; i++)
	{
		struct curl_slist *longer = curl_slist_append(attempt->headers, call->headers[i]);

		if (longer == NULL)
			ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory for a call")));
		attempt->headers = longer;
	}
}

static void
set_options(CURL *easy, const SklHttpCall *call, Attempt *attempt)
{
	curl_easy_setopt(easy, CURLOPT_URL, call->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, call->plain ? "http,https" : "https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (call->ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, call->ca_file);
	if (call->bearer != NULL)
	{
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long) CURLAUTH_BEARER);
		curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, call->bearer);
	}
	if (call->is_post)
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, call->body != NULL ? call->body : "");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, attempt->headers);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long) call->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) call->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, attempt);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, attempt->error);
}

void
skl_http_start(const SklHttpCall *call)
{
	CURL *easy = skl_transfer_new();
	Attempt *attempt = skl_transfer_alloc(sizeof(Attempt));

	attempt->id = call->id;
	attempt->attempt = call->attempt;
	set_headers(attempt, call);
	set_options(easy, call, attempt);
	skl_transfer_start(easy, finish, attempt);
	running++;
}

int
skl_http_running(void)
{
	return running;
}

bool
skl_http_has_results(void)
{
	return results != NULL;
}

bool
skl_http_next_result(SklHttpResult *result)
{
	Attempt *attempt = results;

	if (attempt == NULL)
		return false;
	results = attempt->next;
	result->id = attempt->id;
	result->attempt = attempt->attempt;
	result->status = attempt->status;
	result->body = NULL;
	strlcpy(result->message, attempt->message, sizeof(result->message));
	/* text that this database cannot hold is no answer */
	if (attempt->answer != NULL && strlen(attempt->answer) == attempt->length &&
		pg_verify_mbstr(GetDatabaseEncoding(), attempt->answer, (int) attempt->length, true))
		result->body = pstrdup(attempt->answer);
	free(attempt->answer);
	free(attempt);
	return true;
}
