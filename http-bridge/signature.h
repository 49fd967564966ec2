/*
 * signature.h
 *		Signed addresses: whoever has one may do one thing with one path for a while.
 *
 *	/v1/media/med_.../content?signed=<claims>.<HMAC-SHA256>		both in base64url
 *
 * A function orders one with the header member "skl-sign"; it is made and verified here, without
 * the database, under the key that lies beside the files. Claims say the method, the path, when
 * it ends, and either what file is to be sent ("file") or who uploads what ("user", "session",
 * "size", "type").
 */
#ifndef SKL_SIGNATURE_H
#define SKL_SIGNATURE_H

#include "bridge.h"

/* Members for the head of a JSON object, without braces: "uploadUrl":"…","expiresAt":"…". The order
 * names them: {"as", "method", "path", "seconds", "claims"}. NULL: files are not kept here. */
const char *skl_signature_make(SklRequestCtx *ctx, const json_t *order);

/*
 * Looks at the query. Without a signature the request goes on as it is. With a good one it gets the
 * identity or the file that was signed, and its query is taken away. False: refused with 403.
 */
bool skl_signature_admit(SklRequestCtx *ctx);

#endif /* SKL_SIGNATURE_H */
