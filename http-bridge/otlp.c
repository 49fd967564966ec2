/*
 * otlp.c
 *		One POST of JSON to a collector of traces, by a thread that may wait.
 *
 * By http or https (libcurl). A certificate has to be signed by those of the system, or of
 * otlp_ca_file, and to name the host. No redirect is followed and no proxy used. An attempt ends
 * after five seconds, or when its owner says so.
 */
#include "trace.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 5000

/* Complete http[s]://host[:port][/path] with the usual port and path; false when it is something
 * else. */
bool
skl_collector_address(const char *given, char url[SKL_COLLECTOR_URL_MAX + 1])
{
	CURLU *parts = curl_url();
	char *scheme = NULL;
	char *port = NULL;
	char *path = NULL;
	char *whole = NULL;
	bool good = parts != NULL && curl_url_set(parts, CURLUPART_URL, given, 0) == CURLUE_OK &&
				curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
				(strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);

	if (good && curl_url_get(parts, CURLUPART_PORT, &port, 0) == CURLUE_NO_PORT)
		good = curl_url_set(parts, CURLUPART_PORT, "4318", 0) == CURLUE_OK;
	if (good && curl_url_get(parts, CURLUPART_PATH, &path, 0) == CURLUE_OK &&
		strcmp(path, "/") == 0)
		good = curl_url_set(parts, CURLUPART_PATH, "/v1/traces", 0) == CURLUE_OK;
	good = good && curl_url_get(parts, CURLUPART_URL, &whole, 0) == CURLUE_OK &&
		   strlen(whole) <= SKL_COLLECTOR_URL_MAX;
	if (good)
		memcpy(url, whole, strlen(whole) + 1);
	curl_free(scheme);
	curl_free(port);
	curl_free(path);
	curl_free(whole);
	curl_url_cleanup(parts);
	return good;
}

/* CURLOPT_WRITEFUNCTION: the answer says nothing that we need. */
static size_t
on_write(char *data, size_t size, size_t nitems, void *arg)
{
	(void) data;
	(void) arg;
	return size * nitems;
}

/* CURLOPT_XFERINFOFUNCTION, about once a second: ends an attempt that nobody waits for any more. */
static int
on_progress(void *arg, curl_off_t to_come, curl_off_t came, curl_off_t to_go, curl_off_t went)
{
	const SklCollector *collector = arg;

	(void) to_come;
	(void) came;
	(void) to_go;
	(void) went;
	return collector->give_up();
}

bool
skl_collector_open(SklCollector *collector, const char *ca_file)
{
	CURL *easy = curl_easy_init();

	collector->easy = easy;
	collector->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (easy == NULL || collector->headers == NULL ||
		curl_slist_append(collector->headers, "Expect:") == NULL)
		return false;
	curl_easy_setopt(easy, CURLOPT_URL, collector->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long) TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "skillancer-bridge/" SKL_BRIDGE_VERSION);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, collector->headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, collector);
	return true;
}

void
skl_collector_close(SklCollector *collector)
{
	curl_easy_cleanup(collector->easy);
	curl_slist_free_all(collector->headers);
}

int
skl_collector_post(const SklCollector *collector, const char *body, size_t length)
{
	long status = 0;

	curl_easy_setopt(collector->easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(collector->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) length);
	if (curl_easy_perform(collector->easy) != CURLE_OK)
		return 0;
	curl_easy_getinfo(collector->easy, CURLINFO_RESPONSE_CODE, &status);
	return (int) status;
}
