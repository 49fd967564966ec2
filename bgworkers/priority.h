/*
 * bgworkers/priority.h
 *		How much of the processor a worker takes when others want it too.
 */
#ifndef SKL_BGWORKERS_PRIORITY_H
#define SKL_BGWORKERS_PRIORITY_H

/*
 * Lets this process step back by nice_value (0 to 19) behind others. To be called again and again:
 * the system may refuse for a moment. Returns false when the process has stepped back further than
 * that: it may not come forward again, only its successor can.
 */
extern bool skl_priority_set(int nice_value);

#endif
