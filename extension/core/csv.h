/*
 * core/csv.h
 *		Lines of comma-separated values (RFC 4180) that a spreadsheet takes for data. Knows nothing
 *		of PostgreSQL.
 */
#ifndef SKL_CORE_CSV_H
#define SKL_CORE_CSV_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that a cell needs at most when it is written: quotes around it, each quote doubled, and an
 * apostrophe. */
#define SKL_CSV_ROOM(length) (2 * (length) + 3)

/*
 * Writes a cell and returns its length. Spreadsheets take a cell that begins with = + - @, a tab or
 * a line break for a formula, so it gets an apostrophe in front; a number stays one. A cell with
 * quotes, commas or line breaks is quoted.
 */
extern size_t skl_csv_cell(const char *cell, size_t length, char *out);

/* True when the whole text is a decimal number, such as -12.50 or 1.5e-07. */
extern bool skl_csv_is_number(const char *text, size_t length);

#endif
