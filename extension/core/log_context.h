/*
 * core/log_context.h
 *		Request and trace in the lines that the server logs.
 */
#ifndef SKL_CORE_LOG_CONTEXT_H
#define SKL_CORE_LOG_CONTEXT_H

/* Installs the hook; called once by module.c. */
extern void skl_log_context_init(void);

#endif /* SKL_CORE_LOG_CONTEXT_H */
