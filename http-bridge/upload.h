/*
 * upload.h
 *		Bodies that are files: received to the disk, then put to the database as p_upload.
 *
 * A route whose function has the argument p_upload json takes one. POST takes it as
 * multipart/form-data (part "file"; other parts are arguments), or an ordinary JSON body without
 * a file; PUT takes the bytes alone. The function gets
 *
 *	{"object": uuid, "size": bytes, "sha256": hex, "head": hex of the first bytes}
 *
 * when the file is on the disk for good. It keeps it by answering with the header member
 * "skl-keep" and the same object; else it is removed. Where nobody knows what became of the call,
 * it stays until the sweep has asked (sweep.c).
 */
#ifndef SKL_UPLOAD_H
#define SKL_UPLOAD_H

#include "args.h"
#include "bridge.h"
#include "dispatch.h"

/* The headers are there: prepares for a file if the request brings one. False: refused. */
bool skl_upload_begin(SklRequestCtx *ctx);

/* What a signed address allows: the size and type of the body. False: refused. */
bool skl_upload_expect(SklRequestCtx *ctx, const json_t *claims);

/* How large the body of this request may be. */
size_t skl_upload_limit(const SklRequestCtx *ctx);

/* A piece of the body. False: refused. */
bool skl_upload_data(SklRequestCtx *ctx, const char *data, size_t size);

/* Nothing more comes: the file goes to the disk, or the request is refused. */
SklNext skl_upload_end(SklRequestCtx *ctx);

/* Fields of a form, and what the part says about its file, as arguments. */
void skl_upload_args(SklArgs *args);

/* The value of p_upload. */
const char *skl_upload_json(SklRequestCtx *ctx);

/* What makes two uploads the same, for idempotency. */
const char *skl_upload_digest(SklRequestCtx *ctx);

/* The function keeps an object. */
void skl_upload_keep(SklRequestCtx *ctx, const char *object);

/* The request is answered; unsure: perhaps the function has run. */
void skl_upload_settle(SklRequestCtx *ctx, bool unsure);

/* The file is on the disk. */
bool skl_upload_is_stored(const SklRequestCtx *ctx);

/* The client is gone while the disk works. */
void skl_upload_abandon(SklRequestCtx *ctx);
bool skl_upload_abandoned(const SklRequestCtx *ctx);

void skl_upload_free(SklRequestCtx *ctx);

#endif /* SKL_UPLOAD_H */
