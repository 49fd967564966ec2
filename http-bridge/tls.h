/*
 * tls.h
 *		TLS of the listener.
 */
#ifndef SKL_TLS_H
#define SKL_TLS_H

#include "bridge.h"

bool skl_tls_check(const SklConfig *config, char *error, size_t error_size);
bool skl_tls_start(void);
unsigned int skl_tls_flags(void);
struct MHD_OptionItem *skl_tls_options(void);

#endif
