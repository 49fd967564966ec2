/*
 * download.h
 *		Answers that are files: sent from the disk, whole or in ranges.
 *
 * A function answers with the header member "skl-file", or a signed address carries the same:
 *
 *	{"object": uuid, "type": "image/png", "name": "cat.png", "etag": hex, "inline": true,
 *	 "public": true}
 *
 * Only what says inline is shown by browsers; everything else they offer to save. Either way the
 * type is the one that was recognised, nothing is sniffed, and a policy keeps scripts from
 * running.
 */
#ifndef SKL_DOWNLOAD_H
#define SKL_DOWNLOAD_H

#include "bridge.h"

#include <jansson.h>

/* What is to be sent; lives as long as the request. */
SklDownload *skl_download_of(SklRequestCtx *ctx, const json_t *file);

/* Decides the answer to a request that has a download: 200, 206, 304, 404, 416. */
void skl_download_answer(SklRequestCtx *ctx);

/* True when the body of the answer is of a file. */
bool skl_download_has_body(const SklRequestCtx *ctx);

/* The body of the answer; *length: how many bytes it has. */
struct MHD_Response *skl_download_response(SklRequestCtx *ctx, size_t *length);

void skl_download_free(SklRequestCtx *ctx);

#endif /* SKL_DOWNLOAD_H */
