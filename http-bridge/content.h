/*
 * content.h
 *		Answers whose body is no JSON.
 */
#ifndef SKL_CONTENT_H
#define SKL_CONTENT_H

#include "bridge.h"

#include <jansson.h>

/*
 * Takes over the body of a reply whose headers name a Content-Type: the JSON string in
 * ctx->reply.body becomes the bytes that the client gets, without an envelope. With the member
 * "skl-encoding": "base64" the string holds bytes in base64. False: the body is not such a string.
 */
bool skl_content_take(SklRequestCtx *ctx, const json_t *headers);

/* True for the members of a reply's headers that skl_content_take() has used. */
bool skl_content_owns(const char *header);

#endif /* SKL_CONTENT_H */
