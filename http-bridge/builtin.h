/*
 * builtin.h
 *		Pages that exist without the database; the hook of dispatch is declared in bridge.h.
 */
#ifndef SKL_BUILTIN_H
#define SKL_BUILTIN_H

void skl_builtin_register(void);
int skl_builtin_slot(const char *path);
const char *skl_builtin_path(const char *path);

#endif
