/*
 * payment/stripe_signature.c
 *		Is a webhook from Stripe?
 *
 * Source: https://docs.stripe.com/webhooks#verify-manually. The header is "t=<seconds>,v1=<hex>",
 * with a v1 for each secret while one is being replaced; v1 is HMAC-SHA256 of "<t>.<body>". Secrets
 * are lines of the file skillancer.stripe_webhook_secret_file, read at each call and wiped after.
 */
#include "skl.h"

#include "core/guc.h"

#include "lib/stringinfo.h"
#include "storage/fd.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistd.h>

#define MAX_SECRETS_SIZE 4096
#define MAC_SIZE 32

PG_FUNCTION_INFO_V1(skl_fn_stripe_signature_problem);

/* Reads the file of secrets; the number of bytes, or -1. */
static ssize_t
read_secrets(char *buffer)
{
	int file = OpenTransientFile(skl_guc.stripe_webhook_secret_file, O_RDONLY | PG_BINARY);
	ssize_t length;

	if (file < 0)
		return -1;
	length = read(file, buffer, MAX_SECRETS_SIZE);
	CloseTransientFile(file);
	return length;
}

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *found = c == '\0' ? NULL : strchr(digits, c);

	return found == NULL ? -1 : (int) (found - digits);
}

/* Reads 64 hexadecimal digits that end the item. */
static bool
read_mac(const char *digits, size_t length, unsigned char mac[MAC_SIZE])
{
	if (length != 2 * MAC_SIZE)
		return false;
	for (int i = 0; i < MAC_SIZE; i++)
	{
		int high = hex_digit(digits[2 * i]);
		int low = hex_digit(digits[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		mac[i] = (unsigned char) (high << 4 | low);
	}
	return true;
}

/* True when one v1 of the header is the MAC; all of them are compared. */
static bool
header_has(const char *header, const unsigned char expected[MAC_SIZE])
{
	bool found = false;

	for (const char *at = header; *at != '\0';)
	{
		size_t length = strcspn(at, ",");
		unsigned char mac[MAC_SIZE];

		if (strncmp(at, "v1=", 3) == 0 && read_mac(at + 3, length - 3, mac) &&
			CRYPTO_memcmp(mac, expected, MAC_SIZE) == 0)
			found = true;
		at += length + (at[length] == ',');
	}
	return found;
}

/* The time of the header, its text in t; 0 when it has none. */
static int64
header_time(const char *header, char t[16])
{
	for (const char *at = header; *at != '\0';)
	{
		size_t length = strcspn(at, ",");

		if (strncmp(at, "t=", 2) == 0 && length - 2 < 13 && length > 2 &&
			strspn(at + 2, "0123456789") == length - 2)
		{
			memcpy(t, at + 2, length - 2);
			t[length - 2] = '\0';
			return strtoll(t, NULL, 10);
		}
		at += length + (at[length] == ',');
	}
	return 0;
}

/* True when the MAC under one of the secrets (lines) is in the header. */
static bool
signed_by_any(char *secrets, ssize_t length, const char *signed_text, size_t signed_length,
			  const char *header)
{
	bool found = false;

	for (ssize_t at = 0; at < length;)
	{
		size_t line = 0;
		unsigned char mac[EVP_MAX_MD_SIZE];
		unsigned int mac_length = 0;

		while (at + (ssize_t) line < length && secrets[at + line] != '\n')
			line++;
		if (line > 0 &&
			HMAC(EVP_sha256(), secrets + at, (int) line, (const unsigned char *) signed_text,
				 signed_length, mac, &mac_length) != NULL &&
			header_has(header, mac))
			found = true;
		at += (ssize_t) line + 1;
	}
	return found;
}

/*
 * stripe_signature_problem(body, header, tolerance in seconds) returns text: NULL when the body was
 * signed with one of the secrets, not longer ago (nor later) than the tolerance by this server's
 * clock.
 */
Datum
skl_fn_stripe_signature_problem(PG_FUNCTION_ARGS)
{
	bytea *body = PG_GETARG_BYTEA_PP(0);
	char *header = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int64 tolerance = PG_GETARG_INT64(2);
	char secrets[MAX_SECRETS_SIZE];
	char t[16];
	int64 at = header_time(header, t);
	int64 now = (int64) timestamptz_to_time_t(GetCurrentTimestamp());
	StringInfoData message;
	ssize_t length;
	bool ok;

	if (skl_guc.stripe_webhook_secret_file[0] == '\0')
		PG_RETURN_TEXT_P(cstring_to_text("webhooks are not set up"));
	length = read_secrets(secrets);
	if (length < 0)
		ereport(ERROR,
				(errcode_for_file_access(), errmsg("could not read the secrets of webhooks: %m")));
	initStringInfo(&message);
	appendStringInfo(&message, "%s.", at == 0 ? "" : t);
	appendBinaryStringInfo(&message, VARDATA_ANY(body), (int) VARSIZE_ANY_EXHDR(body));
	ok = signed_by_any(secrets, length, message.data, (size_t) message.len, header);
	OPENSSL_cleanse(secrets, sizeof(secrets));
	if (at == 0 || !ok)
		PG_RETURN_TEXT_P(cstring_to_text("the signature is not valid"));
	if (at < now - tolerance || at > now + tolerance)
		PG_RETURN_TEXT_P(cstring_to_text("the signature is too old"));
	PG_RETURN_NULL();
}
