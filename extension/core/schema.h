/*
 * core/schema.h
 *		JSON schemas of answers: built up from types, words and other schemas, then written as text.
 */
#ifndef SKL_CORE_SCHEMA_H
#define SKL_CORE_SCHEMA_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

/* What a value may be. */
typedef struct SklSchema
{
	bool any;	   /* everything fits */
	bool nullable; /* null fits */
	List *options; /* of SklOption: one of them fits */
	List *words;   /* of char *: or it is one of these strings */
} SklSchema;

extern SklSchema *skl_schema_new(void);

/*
 * One more kind of value: a type of JSON and further members of its schema, as text without braces.
 * Without a type, the members are a whole schema, such as a reference.
 */
extern void skl_schema_add(SklSchema *schema, const char *type, const char *members);

/* One more string. */
extern void skl_schema_add_word(SklSchema *schema, const char *word);

/* A reference to a schema of the description: that of a view (project_doc is Project) or of a
 * shape. */
extern void skl_schema_add_reference(SklSchema *schema, const char *name);

/* A list whose elements fit the other schema. */
extern void skl_schema_add_list(SklSchema *schema, const SklSchema *element);

/* Whatever fits the other one, fits as well; both may be the same kind of value. */
extern void skl_schema_join(SklSchema *schema, const SklSchema *other);

/* What json_doc() makes of a value of an SQL type that is not NULL. */
extern SklSchema *skl_schema_of_type(Oid type);

extern void skl_schema_write(StringInfo out, const SklSchema *schema);

/* core/shape.c: the schema that a shape describes; SQLSTATE 42601 or 42704 when it is none. */
extern SklSchema *skl_schema_of_shape(const char *shape);

/* The schema of the shape that is declared under a name, or NULL. */
extern SklSchema *skl_schema_declared(const char *name);

/* A view of a document: one of ours whose name ends in _doc. */
extern bool skl_schema_is_doc(const char *name);

#endif
