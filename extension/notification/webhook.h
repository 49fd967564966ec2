/*
 * notification/webhook.h
 *		Signatures of webhooks, as the Standard Webhooks specification has them.
 */
#ifndef SKL_NOTIFICATION_WEBHOOK_H
#define SKL_NOTIFICATION_WEBHOOK_H

/* "v1," and a SHA-256 MAC in base64, with its NUL. */
#define SKL_WEBHOOK_SIGNATURE_LEN 48

/* Bytes of a signing secret. */
#define SKL_WEBHOOK_SECRET_LEN 32

/*
 * Signs "<id>.<timestamp>.<body>" with HMAC-SHA256. Source: standardwebhooks/spec, "Signature
 * scheme". Returns false when OpenSSL has no memory.
 */
extern bool skl_webhook_sign(const uint8 *secret, size_t secret_length, const char *id,
							 int64 timestamp, const char *body,
							 char signature[SKL_WEBHOOK_SIGNATURE_LEN]);

#endif
