/*
 * core/spi.h
 *		Statements that C runs inside the server: kept plans over SPI.
 *
 * A statement is a static SklStmt whose text qualifies every name. Its plan is made at the first
 * use in a backend and kept. Ids travel as uuid and are cast in the text.
 */
#ifndef SKL_CORE_SPI_H
#define SKL_CORE_SPI_H

#include "catalog/pg_type_d.h"
#include "executor/spi.h"

#define SKL_STMT_MAX_ARGS 18

typedef struct SklStmt
{
	const char *sql;
	int nargs;
	Oid argtypes[SKL_STMT_MAX_ARGS];
	SPIPlanPtr plan;
} SklStmt;

#define SKL_STMT_COUNT(...) ((int) (sizeof((Oid[]){__VA_ARGS__}) / sizeof(Oid)))

/* A statement with parameters: SKL_STMT("SELECT ... $1 ...", UUIDOID, TEXTOID). */
#define SKL_STMT(text, ...)                                                              \
	{                                                                                    \
		.sql = (text), .nargs = SKL_STMT_COUNT(__VA_ARGS__), .argtypes = { __VA_ARGS__ } \
	}

/* A statement without parameters. */
#define SKL_STMT0(text) \
	{                   \
		.sql = (text)   \
	}

extern void skl_spi_connect(void);
extern void skl_spi_finish(void);

/*
 * Runs a statement and returns how many rows it touched or returned. nulls has one character an
 * argument, 'n' for NULL; NULL means that no argument is NULL. Results stay readable until the
 * next statement or skl_spi_finish().
 */
extern uint64 skl_spi_exec(SklStmt *stmt, const Datum *values, const char *nulls);

/* The same, seeing what one given snapshot sees. Read only. */
extern uint64 skl_spi_exec_snapshot(SklStmt *stmt, const Datum *values, Snapshot snapshot);

/* Runs a text that is built at run time; used where a relation's name is data of ours. */
extern uint64 skl_spi_exec_text(const char *sql, int nargs, Oid *argtypes, Datum *values,
								const char *nulls);

/*
 * Reads the rows of a text in pieces, with the snapshot that is active when it is opened: opens it,
 * fetches the next rows (0: there are no more; skl_spi_value() reads them until the next fetch),
 * closes it.
 */
extern Portal skl_spi_open(const char *sql);
extern uint64 skl_spi_fetch(Portal portal, long rows);
extern void skl_spi_close(Portal portal);

/* Frees the plan of a statement that is going away. */
extern void skl_spi_forget(SklStmt *stmt);

/* A value of the last result: row from 0, column from 1. */
extern Datum skl_spi_value(uint64 row, int column, bool *isnull);

/* The same as text, or NULL; memory of the calling context of SPI. */
extern char *skl_spi_text(uint64 row, int column);

/* Copies a value of the last result out of SPI's memory into the given context. */
extern Datum skl_spi_value_in(MemoryContext context, uint64 row, int column, bool *isnull);

#endif
