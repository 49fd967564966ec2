/*
 * core/secret_box.c
 *		Secrets in the database, sealed under a key that is not in it.
 *
 * A sealed secret is key id (4 bytes, the first of the key's SHA-256), nonce (12), ciphertext, tag
 * (16); the id of the object that it belongs to is authenticated along. The file of keys is read at
 * each use, so that a new first line is the next key at once; old lines open what they sealed.
 */
#include "skl.h"

#include "core/guc.h"
#include "core/secret_box.h"

#include "common/base64.h"
#include "storage/fd.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <unistd.h>

#define KEY_SIZE 32
#define KEY_ID_SIZE 4
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define OVERHEAD (KEY_ID_SIZE + NONCE_SIZE + TAG_SIZE)
#define KEYS_MAX 32

/* A line: 44 characters of base64 and its end. */
#define KEY_FILE_MAX (KEYS_MAX * 64)

typedef struct Keys
{
	int n;
	uint8 key[KEYS_MAX][KEY_SIZE];
} Keys;

/* Writes a file with one fresh key, unless somebody else does at this moment. */
static void
make_key_file(const char *path)
{
	uint8 key[KEY_SIZE];
	char line[64];
	int length;
	int file;

	if (!pg_strong_random(key, KEY_SIZE))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("there is no randomness")));
	length = pg_b64_encode((char *) key, KEY_SIZE, line, sizeof(line) - 1);
	line[length++] = '\n';
	file = OpenTransientFilePerm(path, O_WRONLY | O_CREAT | O_EXCL | PG_BINARY, S_IRUSR | S_IWUSR);
	if (file < 0 && errno == EEXIST)
		return;
	if (file < 0 || write(file, line, (size_t) length) != length || pg_fsync(file) != 0 ||
		CloseTransientFile(file) != 0)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not write the file of keys: %m")));
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(line, sizeof(line));
}

/* Opens the file of keys, and makes it first when it is missing; -1 when there is no way. */
static int
open_key_file(void)
{
	const char *path = skl_guc.secret_key_file;
	int file = OpenTransientFile(path, O_RDONLY | PG_BINARY);

	if (file < 0 && errno == ENOENT)
	{
		make_key_file(path);
		file = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	}
	return file;
}

/* Reads every key; there may be none. */
static void
read_keys(Keys *keys)
{
	char lines[KEY_FILE_MAX + 1];
	int file = open_key_file();
	ssize_t length = file < 0 ? -1 : read(file, lines, KEY_FILE_MAX);

	if (file >= 0)
		CloseTransientFile(file);
	keys->n = 0;
	lines[Max(length, 0)] = '\0';
	for (char *line = lines; *line != '\0' && keys->n < KEYS_MAX;)
	{
		size_t n = strcspn(line, "\r\n");

		if (pg_b64_decode(line, (int) n, (char *) keys->key[keys->n], KEY_SIZE) == KEY_SIZE)
			keys->n++;
		line += n;
		line += strspn(line, "\r\n");
	}
	OPENSSL_cleanse(lines, sizeof(lines));
}

static void
key_id(const uint8 *key, uint8 id[KEY_ID_SIZE])
{
	uint8 digest[SHA256_DIGEST_LENGTH];

	SHA256(key, KEY_SIZE, digest);
	memcpy(id, digest, KEY_ID_SIZE);
}

static bool
encrypt(const uint8 *key, const uint8 *secret, int length, const pg_uuid_t *object, uint8 *out)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8 *nonce = out + KEY_ID_SIZE;
	uint8 *hidden = nonce + NONCE_SIZE;
	int n;
	bool done = context != NULL &&
				EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
				EVP_EncryptUpdate(context, NULL, &n, object->data, UUID_LEN) == 1 &&
				EVP_EncryptUpdate(context, hidden, &n, secret, length) == 1 &&
				EVP_EncryptFinal_ex(context, hidden + length, &n) == 1 &&
				EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, hidden + length) == 1;

	EVP_CIPHER_CTX_free(context);
	return done;
}

static bool
decrypt(const uint8 *key, const uint8 *in, int length, const pg_uuid_t *object, uint8 *secret)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	const uint8 *nonce = in + KEY_ID_SIZE;
	const uint8 *hidden = nonce + NONCE_SIZE;
	uint8 tag[TAG_SIZE];
	int n;
	bool done;

	memcpy(tag, hidden + length, TAG_SIZE);
	done = context != NULL &&
		   EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
		   EVP_DecryptUpdate(context, NULL, &n, object->data, UUID_LEN) == 1 &&
		   EVP_DecryptUpdate(context, secret, &n, hidden, length) == 1 &&
		   EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) == 1 &&
		   EVP_DecryptFinal_ex(context, secret + length, &n) == 1;
	EVP_CIPHER_CTX_free(context);
	return done;
}

bytea *
skl_secret_seal(const uint8 *secret, size_t length, const pg_uuid_t *object)
{
	bytea *sealed = palloc(VARHDRSZ + length + OVERHEAD);
	uint8 *out = (uint8 *) VARDATA(sealed);
	Keys keys;
	bool done;

	if (length > SKL_SECRET_MAX)
		elog(ERROR, "a secret of %zu bytes is too long", length);
	SET_VARSIZE(sealed, VARHDRSZ + length + OVERHEAD);
	read_keys(&keys);
	if (keys.n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR), errmsg("there is no key to seal secrets with"),
				 errdetail("Each line of skillancer.secret_key_file holds 32 bytes in base64.")));
	key_id(keys.key[0], out);
	done = pg_strong_random(out + KEY_ID_SIZE, NONCE_SIZE) &&
		   encrypt(keys.key[0], secret, (int) length, object, out);
	OPENSSL_cleanse(&keys, sizeof(keys));
	if (!done)
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not seal a secret")));
	return sealed;
}

int
skl_secret_open(const bytea *sealed, const pg_uuid_t *object, uint8 secret[SKL_SECRET_MAX])
{
	const uint8 *in = (const uint8 *) VARDATA_ANY(sealed);
	int length = (int) VARSIZE_ANY_EXHDR(sealed) - OVERHEAD;
	bool done = false;
	Keys keys;

	if (length < 0 || length > SKL_SECRET_MAX)
		return -1;
	read_keys(&keys);
	for (int i = 0; i < keys.n && !done; i++)
	{
		uint8 id[KEY_ID_SIZE];

		key_id(keys.key[i], id);
		done = memcmp(id, in, KEY_ID_SIZE) == 0 && decrypt(keys.key[i], in, length, object, secret);
	}
	OPENSSL_cleanse(&keys, sizeof(keys));
	return done ? length : -1;
}
