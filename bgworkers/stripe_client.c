/*
 * bgworkers/stripe_client.c
 *		How a request gets to Stripe: address, headers and the secret key.
 *
 * The key is in a file, read when calls are about to be sent, so that it can be replaced at any
 * time, and wiped after. It is in no table, no setting and no log.
 */
#include "skl.h"

#include "bgworkers/stripe_client.h"
#include "core/guc.h"

#include "storage/fd.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <unistd.h>

#define KEY_SIZE 512

static char key[KEY_SIZE];

/* Reads the first line of the file; errno tells what went wrong when it is false. */
static bool
read_line(void)
{
	int file = OpenTransientFile(skl_guc.stripe_key_file, O_RDONLY | PG_BINARY);
	ssize_t length;

	if (file < 0)
		return false;
	errno = EINVAL; /* of an empty file */
	length = read(file, key, KEY_SIZE - 1);
	CloseTransientFile(file);
	key[length > 0 ? length : 0] = '\0';
	key[strcspn(key, "\r\n")] = '\0';
	return key[0] != '\0';
}

bool
skl_stripe_read_key(void)
{
	static TimestampTz warned_at = 0;

	if (skl_guc.stripe_key_file[0] == '\0')
		return false;
	if (read_line())
		return true;
	if (TimestampDifferenceExceeds(warned_at, GetCurrentTimestamp(), 60000))
	{
		warned_at = GetCurrentTimestamp();
		ereport(WARNING,
				(errcode_for_file_access(), errmsg("could not read the secret key for Stripe: %m"),
				 errdetail("Calls to Stripe wait.")));
	}
	return false;
}

void
skl_stripe_forget_key(void)
{
	OPENSSL_cleanse(key, sizeof(key));
}

/* http:// is for a stand-in on this machine. */
static bool
is_local(const char *url)
{
	static const char *const prefixes[] = {
		"http://127.0.0.1:", "http://[::1]:", "http://localhost:"};

	for (size_t i = 0; i < lengthof(prefixes); i++)
	{
		if (strncmp(url, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

void
skl_stripe_address(SklHttpCall *call, const char *path, const char *idempotency_key)
{
	int n = 0;

	call->url = psprintf("%s%s", skl_guc.stripe_url, path);
	call->plain = is_local(skl_guc.stripe_url);
	call->ca_file = pstrdup(skl_guc.stripe_ca_file);
	call->headers[n++] = psprintf("Stripe-Version: %s", skl_guc.stripe_version);
	if (call->is_post)
		call->headers[n++] = psprintf("Idempotency-Key: %s", idempotency_key);
	call->headers[n] = NULL;
}

void
skl_stripe_start(SklHttpCall *call)
{
	call->bearer = key;
	skl_http_start(call);
}
