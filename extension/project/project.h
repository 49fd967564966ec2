/*
 * project/project.h
 *		The project area: guards and effects of its machines.
 */
#ifndef SKL_PROJECT_PROJECT_H
#define SKL_PROJECT_PROJECT_H

/* Registers guards and effects with the engine; called once when the library loads. */
extern void skl_project_init(void);

/* Watches for changes of categories and skills; called by skl_project_init(). */
extern void skl_catalogue_init(void);

#endif
