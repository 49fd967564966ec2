/*
 * types/monetary.h
 *		The SQL type monetary for other C code of the extension.
 */
#ifndef SKL_TYPES_MONETARY_H
#define SKL_TYPES_MONETARY_H

#include "types/money.h"

#define DatumGetMonetaryP(datum) ((SklMonetary *) DatumGetPointer(datum))
#define MonetaryPGetDatum(money) PointerGetDatum(money)
#define PG_GETARG_MONETARY_P(n) DatumGetMonetaryP(PG_GETARG_DATUM(n))
#define PG_RETURN_MONETARY_P(money) return MonetaryPGetDatum(money)

/* A new amount; code is a row of currencies.def, else 22023. */
extern SklMonetary *skl_monetary_make(int64 minor, const char *code);

/* Reads a literal; 22P02 or 22003 with a hint when it is not valid. */
extern SklMonetary *skl_monetary_from_text(const char *str);

/* Raises 22023 unless both are in one currency; verb names the attempt ("add"). */
extern void skl_monetary_same_currency(const SklMonetary *a, const SklMonetary *b,
									   const char *verb);

#endif
