/*
 * retire.h
 *		Objects that were replaced and may still be in use for a while.
 */
#ifndef SKL_RETIRE_H
#define SKL_RETIRE_H

void skl_retire(void *object, void (*release)(void *object), unsigned keep_s);

#endif
