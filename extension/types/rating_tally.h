/*
 * types/rating_tally.h
 *		The SQL type rating_tally for other C code of the extension.
 */
#ifndef SKL_TYPES_RATING_TALLY_H
#define SKL_TYPES_RATING_TALLY_H

#include "types/tally.h"

#define DatumGetTallyP(datum) ((SklTally *) DatumGetPointer(datum))
#define PG_GETARG_TALLY_P(n) DatumGetTallyP(PG_GETARG_DATUM(n))
#define PG_RETURN_TALLY_P(tally) return PointerGetDatum(tally)

#endif
