/*
 * bgworkers/launcher.h
 *		The launcher: finds the databases, starts and watches their workers.
 */
#ifndef SKL_BGWORKERS_LAUNCHER_H
#define SKL_BGWORKERS_LAUNCHER_H

/* Registers the launcher; only while shared_preload_libraries load. */
extern void skl_launcher_init(void);

/* Entry of the launcher. */
extern PGDLLEXPORT void skl_launcher_main(Datum arg);

/* Entry of a probe: looks into one database and leaves. */
extern PGDLLEXPORT void skl_probe_main(Datum arg);

/* Installs the hook on statements that need a database without anyone connected to it. */
extern void skl_database_hook_init(void);

/* Drops the blocks of backends that are gone. The lock must be held exclusively. */
extern void skl_clear_dead_blocks(void);

/* All of the above and the shared memory; called from _PG_init. */
extern void skl_bgworkers_init(void);

#endif
