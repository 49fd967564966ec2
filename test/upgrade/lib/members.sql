/*
 * test/upgrade/lib/members.sql
 *		Prints everything that belongs to the extension, one fact a line, in an order that does not depend on how it
 *		came about: members, functions with owner, privileges and comment, member tables with their rows.
 */
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET search_path = pg_catalog;

SELECT 'member ' || i.type || ' ' || i.identity
FROM pg_depend d
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'skillancer',
	pg_identify_object(d.classid, d.objid, d.objsubid) i
WHERE d.deptype = 'e'
ORDER BY 1;

SELECT 'function ' || p.oid::regprocedure || ' of ' || p.proowner::regrole || E'\n  privileges '
	|| coalesce((SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(p.proacl) a), 'default')
	|| E'\n  comment ' || coalesce(obj_description(p.oid, 'pg_proc'), 'none')
	|| CASE WHEN p.prokind IN ('f', 'p') THEN E'\n' || pg_get_functiondef(p.oid) ELSE '' END
FROM pg_depend d
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'skillancer'
JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
WHERE d.deptype = 'e'
ORDER BY p.oid::regprocedure::text;

SELECT 'relation ' || c.oid::regclass || ' of ' || c.relowner::regrole || ' privileges '
	|| coalesce((SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(c.relacl) a), 'default')
	|| coalesce((SELECT string_agg(E'\n  ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
			|| CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
			|| coalesce(' default ' || pg_get_expr(f.adbin, f.adrelid), ''), '' ORDER BY a.attnum)
		FROM pg_attribute a LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
		WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '')
	|| coalesce((SELECT string_agg(E'\n  ' || pg_get_constraintdef(k.oid), '' ORDER BY k.conname)
		FROM pg_constraint k WHERE k.conrelid = c.oid), '')
FROM pg_depend d
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'skillancer'
JOIN pg_class c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
WHERE d.deptype = 'e' AND c.relkind IN ('r', 'v', 'S')
ORDER BY c.oid::regclass::text;

SELECT 'schema ' || n.nspname || ' of ' || n.nspowner::regrole || ' '
	|| coalesce((SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(n.nspacl) a), 'default')
FROM pg_namespace n
WHERE n.nspname LIKE 'skillancer%'
ORDER BY 1;

SELECT format('SELECT %L || t::text FROM %s t ORDER BY t::text', 'row of ' || c.oid::regclass || ' ', c.oid::regclass)
FROM pg_depend d
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'skillancer'
JOIN pg_class c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
WHERE d.deptype = 'e' AND c.relkind = 'r'
ORDER BY c.oid::regclass::text
\gexec
