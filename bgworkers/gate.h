/*
 * bgworkers/gate.h
 *		May a worker work now?
 */
#ifndef SKL_BGWORKERS_GATE_H
#define SKL_BGWORKERS_GATE_H

typedef enum SklGate
{
	SKL_GATE_OPEN,
	SKL_GATE_CLOSED, /* not now: reason says why */
	SKL_GATE_ABSENT	 /* the extension is gone */
} SklGate;

/*
 * Looks at the database in the current transaction. When it is open, the extension stays locked
 * against ALTER and DROP EXTENSION until the transaction ends.
 */
extern SklGate skl_gate(const char **reason);

#endif
