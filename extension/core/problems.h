/*
 * core/problems.h
 *		Collecting everything that is wrong with a request before refusing it once.
 */
#ifndef SKL_CORE_PROBLEMS_H
#define SKL_CORE_PROBLEMS_H

/* Notes that a field is not valid; the message reads after the field's name. */
extern void skl_problem(const char *field, const char *fmt, ...) pg_attribute_printf(2, 3);

/* Raises VALIDATION_ERROR with all that was noted in this transaction; returns when nothing was. */
extern void skl_problems_check(void);

extern void skl_problems_init(void);

#endif
