/*
 * core/secret_box.h
 *		Secrets in the database, sealed under a key that is not in it.
 */
#ifndef SKL_CORE_SECRET_BOX_H
#define SKL_CORE_SECRET_BOX_H

/* The longest secret that is sealed. */
#define SKL_SECRET_MAX 256

/*
 * Seals a secret for one object: AES-256-GCM under the newest key of skillancer.secret_key_file
 * (made when there is no file), with a random nonce. It opens for the same object only.
 */
extern bytea *skl_secret_seal(const uint8 *secret, size_t length, const pg_uuid_t *object);

/*
 * Opens what was sealed for the object under any key of the file. Returns the length of the secret,
 * or -1: the key is not there, or the bytes are not what was sealed. The caller wipes the buffer.
 */
extern int skl_secret_open(const bytea *sealed, const pg_uuid_t *object,
						   uint8 secret[SKL_SECRET_MAX]);

#endif
