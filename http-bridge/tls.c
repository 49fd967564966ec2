/*
 * tls.c
 *		TLS of the listener: certificate and key as libmicrohttpd wants them.
 *
 * libmicrohttpd speaks TLS through GnuTLS and would offer versions 1.0 and 1.1 by itself, so a
 * priority string is always given. It reads certificate and key from memory, and they stay there
 * for the life of the process: a new certificate takes a restart, which loses no request. For many
 * new connections a second a proxy in front is cheaper, since libmicrohttpd resumes no sessions.
 */
#include "tls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define FILE_MAX 65536

static char *certificate;
static char *key;

/* The options of a daemon: none for plain HTTP. */
static struct MHD_OptionItem options[] = {{MHD_OPTION_END, 0, NULL},
										  {MHD_OPTION_END, 0, NULL},
										  {MHD_OPTION_END, 0, NULL},
										  {MHD_OPTION_END, 0, NULL}};

/* Read a whole text file; malloc'ed, NULL and why when it cannot be. */
static char *
read_text(const char *path, char *error, size_t error_size)
{
	FILE *file = fopen(path, "re");
	char *text = file != NULL ? calloc(1, FILE_MAX) : NULL;
	size_t length;

	if (text == NULL)
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
	else if ((length = fread(text, 1, FILE_MAX, file)) == 0 || length == FILE_MAX)
	{
		snprintf(error, error_size, "%s: empty or too large", path);
		free(text);
		text = NULL;
	}
	if (file != NULL)
		fclose(file);
	return text;
}

/* Do certificate and key belong together? */
static bool
is_pair(const char *certificate_text, const char *key_text)
{
	BIO *certificate_in = BIO_new_mem_buf(certificate_text, -1);
	BIO *key_in = BIO_new_mem_buf(key_text, -1);
	X509 *x509 = PEM_read_bio_X509(certificate_in, NULL, NULL, (void *) "");
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key_in, NULL, NULL, (void *) "");
	bool good = x509 != NULL && pkey != NULL && X509_check_private_key(x509, pkey) == 1;

	X509_free(x509);
	EVP_PKEY_free(pkey);
	BIO_free(certificate_in);
	BIO_free(key_in);
	return good;
}

/* Read both files into malloc'ed texts that belong together. */
static bool
load(const SklConfig *config, char **certificate_text, char **key_text, char *error,
	 size_t error_size)
{
	bool good = false;

	*key_text = NULL;
	*certificate_text = read_text(config->tls_certificate, error, error_size);
	if (*certificate_text != NULL)
		*key_text = read_text(config->tls_key, error, error_size);
	if (*key_text != NULL)
	{
		good = is_pair(*certificate_text, *key_text);
		if (!good)
			snprintf(error, error_size, "%s is not the key of %s", config->tls_key,
					 config->tls_certificate);
	}
	if (good)
		return true;
	free(*certificate_text);
	free(*key_text);
	return false;
}

/* Can the files be used? Also true when there is no TLS. */
bool
skl_tls_check(const SklConfig *config, char *error, size_t error_size)
{
	char *certificate_text;
	char *key_text;

	error[0] = '\0';
	if (*config->tls_certificate == '\0')
		return true;
	if (!load(config, &certificate_text, &key_text, error, error_size))
		return false;
	free(certificate_text);
	free(key_text);
	return true;
}

/* Load certificate and key, if there are any. */
bool
skl_tls_start(void)
{
	const SklConfig *config = skl_config();
	char error[512];

	if (*config->tls_certificate == '\0')
		return true;
	if (!load(config, &certificate, &key, error, sizeof(error)))
	{
		skl_log(SKL_LOG_ERROR, "tls", "%s", error);
		return false;
	}
	options[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, certificate};
	options[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, key};
	options[2] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, config->tls_priorities};
	return true;
}

/* Flags that a daemon needs besides its own. */
unsigned int
skl_tls_flags(void)
{
	return certificate != NULL ? MHD_USE_TLS : 0;
}

/* For MHD_OPTION_ARRAY. */
struct MHD_OptionItem *
skl_tls_options(void)
{
	return options;
}
