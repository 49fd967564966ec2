/*
 * core/columns.h
 *		Parameters of statements that work on many rows at once: one array a column, for unnest().
 */
#ifndef SKL_CORE_COLUMNS_H
#define SKL_CORE_COLUMNS_H

#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

/* Values of one column for many rows, and which of them are NULL. */
typedef struct SklSklColumn
{
	Datum *values;
	bool *nulls;
	int n;
} SklColumn;

static inline SklColumn
column_make(int n)
{
	return (SklColumn){
		.values = palloc0(sizeof(Datum) * (size_t) Max(n, 1)),
		.nulls = palloc0(sizeof(bool) * (size_t) Max(n, 1)),
		.n = n,
	};
}

static inline void
column_set(SklColumn *column, int i, Datum value, bool isnull)
{
	column->values[i] = value;
	column->nulls[i] = isnull;
}

static inline void
column_set_text(SklColumn *column, int i, const char *value)
{
	column_set(column, i, value != NULL ? CStringGetTextDatum(value) : (Datum) 0, value == NULL);
}

static inline void
column_set_uuid(SklColumn *column, int i, const pg_uuid_t *value)
{
	column_set(column, i, value != NULL ? UUIDPGetDatum(value) : (Datum) 0, value == NULL);
}

static inline Datum
column_array(const SklColumn *column, Oid type)
{
	int dims[1] = {column->n};
	int lbs[1] = {1};
	int16 typlen;
	bool byval;
	char align;

	if (column->n == 0)
		return PointerGetDatum(construct_empty_array(type));
	get_typlenbyvalalign(type, &typlen, &byval, &align);
	return PointerGetDatum(construct_md_array(column->values, column->nulls, 1, dims, lbs, type,
											  typlen, byval, align));
}

static inline Datum
int8_array(const int64 *values, int n)
{
	SklColumn column = column_make(n);

	for (int i = 0; i < n; i++)
		column_set(&column, i, Int64GetDatum(values[i]), false);
	return column_array(&column, INT8OID);
}

#endif
