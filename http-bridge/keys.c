/*
 * keys.c
 *		The keys of tokens: read from a directory, each with one algorithm of its own.
 *
 * <kid>.pem holds a private or public key: EC on P-256 means ES256, RSA of at least 2048 bits means
 * RS256. <kid>.hs256 holds a secret of at least 32 bytes. The name of the file is the key id; a
 * token never decides which file is read. To rotate: add the new key, SIGHUP, make it active,
 * SIGHUP, and remove the old file when its last token has expired.
 *
 * A keyring never changes; a reload builds another one.
 */
#include "keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

#define KEY_FILE_MAX 16384
#define SECRET_MIN 32

static _Atomic uint64_t last_epoch;

static void
clear_key(SklKey *key)
{
	free(key->verify);
	if (key->sign != NULL)
		OPENSSL_cleanse(key->sign, (size_t) key->sign_length);
	free(key->sign);
	json_decref(key->jwk);
}

void
skl_keyring_free(SklKeyring *ring)
{
	if (ring == NULL)
		return;
	for (int i = 0; i < ring->count; i++)
		clear_key(&ring->keys[i]);
	free(ring->keys);
	free(ring);
}

/* Read a whole key file that nobody else may read. Returns its bytes, NUL-terminated. */
static unsigned char *
read_key_file(int directory, const char *name, int *length, char *error, size_t error_size)
{
	int file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	unsigned char *bytes = NULL;
	struct stat status;
	ssize_t used;

	if (file < 0 || fstat(file, &status) != 0)
		snprintf(error, error_size, "%s: %s", name, strerror(errno));
	else if (!S_ISREG(status.st_mode) || status.st_size <= 0 || status.st_size > KEY_FILE_MAX)
		snprintf(error, error_size, "%s: not a key file", name);
	else
		bytes = malloc((size_t) status.st_size + 1);
	if (bytes != NULL)
	{
		used = read(file, bytes, (size_t) status.st_size);
		bytes[used > 0 ? used : 0] = '\0';
		*length = (int) used;
		if ((status.st_mode & S_IRWXO) != 0 && strstr((char *) bytes, "PUBLIC KEY") == NULL)
		{
			snprintf(error, error_size, "%s: others may read it; chmod 600", name);
			OPENSSL_cleanse(bytes, (size_t) status.st_size);
			free(bytes);
			bytes = NULL;
		}
	}
	if (file >= 0)
		close(file);
	return bytes;
}

/* Decide the algorithm by the kind of key. */
static bool
key_algorithm(const EVP_PKEY *pkey, SklJwtAlg *alg)
{
	char group[32] = "";
	size_t length;

	if (EVP_PKEY_is_a(pkey, "RSA") && EVP_PKEY_get_bits(pkey) >= 2048)
	{
		*alg = SKL_ALG_RS256;
		return true;
	}
	*alg = SKL_ALG_ES256;
	return EVP_PKEY_is_a(pkey, "EC") &&
		   EVP_PKEY_get_group_name(pkey, group, sizeof(group), &length) == 1 &&
		   strcmp(group, "prime256v1") == 0;
}

/* Set member name of the JWK to an unsigned number of the key, padded to width bytes (0: none). */
static bool
put_number(json_t *jwk, const char *name, const EVP_PKEY *pkey, const char *parameter, int width)
{
	BIGNUM *number = NULL;
	uint8_t bytes[1024];
	char text[1400];
	int length;
	bool good = false;

	if (EVP_PKEY_get_bn_param(pkey, parameter, &number) != 1)
		return false;
	length = width > 0 ? width : BN_num_bytes(number);
	if (length <= (int) sizeof(bytes) && BN_bn2binpad(number, bytes, length) == length)
	{
		skl_base64url_encode(bytes, (size_t) length, text);
		good = json_object_set_new(jwk, name, json_string(text)) == 0;
	}
	BN_free(number);
	return good;
}

/* The public half as a JSON Web Key (RFC 7517). */
static json_t *
make_jwk(const SklKey *key, const EVP_PKEY *pkey)
{
	bool ec = key->alg == SKL_ALG_ES256;
	json_t *jwk = json_pack("{s:s, s:s, s:s, s:s}", "kty", ec ? "EC" : "RSA", "use", "sig", "alg",
							skl_jwt_alg_name(key->alg), "kid", key->kid);
	bool good;

	if (ec)
		good = json_object_set_new(jwk, "crv", json_string("P-256")) == 0 &&
			   put_number(jwk, "x", pkey, OSSL_PKEY_PARAM_EC_PUB_X, 32) &&
			   put_number(jwk, "y", pkey, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
	else
		good = put_number(jwk, "n", pkey, OSSL_PKEY_PARAM_RSA_N, 0) &&
			   put_number(jwk, "e", pkey, OSSL_PKEY_PARAM_RSA_E, 0);
	if (good)
		return jwk;
	json_decref(jwk);
	return NULL;
}

/* Write the public half as PEM, which is what libjwt verifies with. */
static bool
set_public_pem(SklKey *key, const EVP_PKEY *pkey)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *text;
	long length;

	if (out != NULL && PEM_write_bio_PUBKEY(out, pkey) == 1 &&
		(length = BIO_get_mem_data(out, &text)) > 0)
	{
		key->verify = malloc((size_t) length);
		if (key->verify != NULL)
			memcpy(key->verify, text, (size_t) length);
		key->verify_length = (int) length;
	}
	BIO_free(out);
	return key->verify != NULL;
}

/* Make a key of the text of a .pem file. */
static bool
fill_pem(SklKey *key, unsigned char *bytes, int length)
{
	BIO *in = BIO_new_mem_buf(bytes, length);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(in, NULL, NULL, (void *) "");
	bool private = pkey != NULL;
	bool good;

	BIO_free(in);
	if (!private)
	{
		in = BIO_new_mem_buf(bytes, length);
		pkey = PEM_read_bio_PUBKEY(in, NULL, NULL, (void *) "");
		BIO_free(in);
	}
	good = pkey != NULL && key_algorithm(pkey, &key->alg) && set_public_pem(key, pkey) &&
		   (key->jwk = make_jwk(key, pkey)) != NULL;
	EVP_PKEY_free(pkey);
	if (good && private)
	{
		key->sign = bytes;
		key->sign_length = length;
	}
	else
		free(bytes);
	return good;
}

/* Make a key of the bytes of a .hs256 file, without a line end. */
static bool
fill_secret(SklKey *key, unsigned char *bytes, int length)
{
	if (length > 0 && bytes[length - 1] == '\n')
		length--;
	key->alg = SKL_ALG_HS256;
	key->sign = bytes;
	key->sign_length = length;
	key->verify = malloc((size_t) length + 1);
	if (key->verify == NULL || length < SECRET_MIN)
		return false;
	memcpy(key->verify, bytes, (size_t) length);
	key->verify_length = length;
	return true;
}

/* Read the file called name into a key; false and why when it is no good. */
static bool
load_key(int directory, const char *name, const char *suffix, SklKey *key, char *error,
		 size_t error_size)
{
	size_t length = (size_t) (suffix - name);
	unsigned char *bytes;
	int size = 0;
	bool good;

	memset(key, 0, sizeof(*key));
	if (!skl_kid_is_good(name, length))
	{
		snprintf(error, error_size, "%s: not the name of a key", name);
		return false;
	}
	memcpy(key->kid, name, length);
	bytes = read_key_file(directory, name, &size, error, error_size);
	if (bytes == NULL)
		return false;
	good = strcmp(suffix, ".pem") == 0 ? fill_pem(key, bytes, size) : fill_secret(key, bytes, size);
	if (good)
		return true;
	clear_key(key);
	snprintf(error, error_size, "%s: neither EC P-256 nor RSA of 2048 bits nor 32 secret bytes",
			 name);
	return false;
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(((const SklKey *) a)->kid, ((const SklKey *) b)->kid);
}

/* The suffix that makes a file name a key's, or NULL. */
static const char *
key_suffix(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (dot == NULL || dot == name || (strcmp(dot, ".pem") != 0 && strcmp(dot, ".hs256") != 0))
		return NULL;
	return dot;
}

/* Add every key of the directory. */
static bool
load_all(SklKeyring *ring, DIR *entries, char *error, size_t error_size)
{
	struct dirent *entry;

	while ((entry = readdir(entries)) != NULL)
	{
		const char *suffix = key_suffix(entry->d_name);
		SklKey *grown;

		if (suffix == NULL)
			continue;
		grown = realloc(ring->keys, ((size_t) ring->count + 1) * sizeof(SklKey));
		if (grown == NULL)
			return false;
		ring->keys = grown;
		if (!load_key(dirfd(entries), entry->d_name, suffix, &grown[ring->count], error,
					  error_size))
			return false;
		ring->count++;
	}
	return true;
}

/* Choose the key that signs: the named one, else the last by name that can. */
static bool
choose_active(SklKeyring *ring, const char *active, char *error, size_t error_size)
{
	ring->active = -1;
	for (int i = 0; i < ring->count; i++)
	{
		const SklKey *key = &ring->keys[i];

		if (i > 0 && strcmp(key->kid, ring->keys[i - 1].kid) == 0)
		{
			snprintf(error, error_size, "two keys are called %s", key->kid);
			return false;
		}
		if (key->sign != NULL && (*active == '\0' || strcmp(active, key->kid) == 0))
			ring->active = i;
	}
	if (ring->active >= 0)
		return true;
	snprintf(error, error_size, "no private key%s%s; skillancer-bridge --make-key makes one",
			 *active ? " is called " : "", active);
	return false;
}

/*
 * Load every key of the directory. NULL and why when one of them is no good, two have one id, or
 * none can sign.
 */
SklKeyring *
skl_keyring_load(const char *directory, const char *active, char *error, size_t error_size)
{
	SklKeyring *ring = calloc(1, sizeof(SklKeyring));
	DIR *entries = opendir(directory);
	bool good = false;

	snprintf(error, error_size, "out of memory");
	if (entries == NULL)
		snprintf(error, error_size, "%s: %s", directory, strerror(errno));
	else if (ring != NULL)
		good = load_all(ring, entries, error, error_size);
	if (entries != NULL)
		closedir(entries);
	if (good && ring->count > 0)
		qsort(ring->keys, (size_t) ring->count, sizeof(SklKey), compare_keys);
	if (good && choose_active(ring, active, error, error_size))
	{
		ring->epoch = atomic_fetch_add(&last_epoch, 1) + 1;
		return ring;
	}
	skl_keyring_free(ring);
	return NULL;
}

/* The key with this id, or NULL. */
const SklKey *
skl_keyring_find(const SklKeyring *ring, const char *kid)
{
	for (int i = 0; i < ring->count; i++)
		if (strcmp(ring->keys[i].kid, kid) == 0)
			return &ring->keys[i];
	return NULL;
}

/* The public keys as a JSON Web Key Set; malloc'ed, NULL without memory. */
char *
skl_keyring_jwks(const SklKeyring *ring)
{
	json_t *set = json_pack("{s:[]}", "keys");
	char *text;

	for (int i = 0; i < ring->count; i++)
		if (ring->keys[i].jwk != NULL)
			json_array_append(json_object_get(set, "keys"), ring->keys[i].jwk);
	text = json_dumps(set, JSON_COMPACT);
	json_decref(set);
	return text;
}
