/*
 * test/fuzz/edge_fuzz.c
 *		Fuzzes what reads headers and options before anyone is known: addresses, lists of networks,
 *		chains of proxies, limits, request ids, traces, TypeIDs, ranges.
 */
#include "gcra.h"
#include "network.h"
#include "range.h"
#include "reqid.h"
#include "typeid.h"

#include <stdio.h>
#include <string.h>

#include "fuzz.h"

static void
read_networks(const char *text)
{
	char error[100];
	SklNetworks *list = skl_networks_parse(text, error, sizeof(error));
	SklNetworks *trusted = skl_networks_parse("::/0", error, sizeof(error));
	SklAddress peer = {.bytes = {0}};
	SklAddress client;
	SklAddress again;

	skl_forwarded_client(trusted, &peer, text, &client);
	if (client.text[0] != '\0')
	{
		must(skl_address_parse(client.text, strlen(client.text), &again));
		must(memcmp(client.bytes, again.bytes, 16) == 0);
	}
	skl_networks_contains(list, &client);
	skl_networks_free(list);
	skl_networks_free(trusted);
}

static void
read_names(const char *text)
{
	char id[SKL_REQUEST_ID_MAX + 1];
	char written[SKL_TYPEID_MAX + 1];
	char state[SKL_TRACESTATE_MAX + 1];
	char again[SKL_TRACESTATE_MAX + 1];
	SklTrace trace;
	SklQuota quota;
	SklUuid uuid;

	skl_request_id(text, id);
	must(strlen(id) > 0 && strpbrk(id, "\r\n\"\\ ") == NULL);
	skl_trace_start(text, &trace);
	must(strlen(trace.trace_id) == 32 && strlen(trace.span_id) == 16);
	if (skl_tracestate_read(text, state))
		must(skl_tracestate_read(state, again) && strcmp(state, again) == 0);
	if (skl_quota_parse(text, &quota))
		must(quota.burst == 0 || (quota.count > 0 && quota.period_s > 0));
	if (skl_typeid_read(text, "usr", &uuid))
	{
		skl_typeid_write("usr", &uuid, written);
		must(strcmp(written, text) == 0);
	}
}

/* Ranges are in the file, in its order, and never more than the file. */
static void
read_ranges(const char *text, uint64_t size)
{
	SklRange ranges[SKL_MAX_RANGES];
	char header[2100];
	int count;

	snprintf(header, sizeof(header), "bytes=%.2000s", text);
	count = skl_ranges_read(header, size, ranges);
	must(count >= SKL_RANGE_NONE && count <= SKL_MAX_RANGES);
	for (int i = 0; i < count; i++)
	{
		must(ranges[i].first <= ranges[i].last && ranges[i].last < size);
		must(i == 0 || ranges[i].first > ranges[i - 1].last + 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	read_networks(text);
	read_names(text);
	read_ranges(text, size);
	read_ranges(text, UINT64_MAX);
	free(text);
	return 0;
}
