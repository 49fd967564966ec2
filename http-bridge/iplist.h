/*
 * iplist.h
 *		Counter of the address lists; the hook of dispatch is declared in bridge.h.
 */
#ifndef SKL_IPLIST_H
#define SKL_IPLIST_H

#include <stdint.h>

uint64_t skl_iplist_denied(void);

#endif
