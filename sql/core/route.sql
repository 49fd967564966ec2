/*
 * sql/core/route.sql
 *		Declaring routes, and telling the bridge about them.
 *
 * A route names a function; everything else about its arguments comes from pg_proc, so that the
 * router, the argument checks and the OpenAPI description cannot disagree with the function.
 */

-- Declares a route.
CREATE OR REPLACE FUNCTION skillancer.add_route(
	method text, path text, function text, who text DEFAULT 'user', summary text DEFAULT NULL,
	class text DEFAULT NULL, rate text DEFAULT NULL, idempotent boolean DEFAULT NULL,
	body_limit integer DEFAULT 1048576, timeout_ms integer DEFAULT NULL, cache_ttl integer DEFAULT 0,
	answers text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_class text := coalesce(class, CASE WHEN method = 'GET' THEN 'fast' ELSE 'slow' END);
	v_count integer;
BEGIN
	SELECT count(*) INTO v_count
	FROM pg_proc p
	WHERE p.pronamespace = 'skillancer_api'::regnamespace AND p.proname = add_route.function;
	IF v_count <> 1 THEN
		RAISE EXCEPTION 'route % %: there are % functions skillancer_api.%', method, path, v_count, function;
	END IF;
	INSERT INTO skillancer.route (method, path, function, who, summary, class, rate, idempotent,
		body_limit, timeout_ms, cache_ttl, answers)
	VALUES (add_route.method, add_route.path, add_route.function, add_route.who, add_route.summary, v_class,
		coalesce(add_route.rate, CASE WHEN add_route.method = 'GET' THEN 'read' ELSE 'write' END),
		coalesce(add_route.idempotent, add_route.method = 'POST' AND add_route.who <> 'anyone'),
		add_route.body_limit,
		coalesce(add_route.timeout_ms, CASE v_class WHEN 'fast' THEN 2000 WHEN 'slow' THEN 10000 ELSE 60000 END),
		add_route.cache_ttl, add_route.answers);
END
$$;
COMMENT ON FUNCTION skillancer.add_route(text, text, text, text, text, text, text, boolean, integer, integer, integer, text) IS
	'Declares a route beside its function of skillancer_api. class: fast (shares a connection), slow, or export (its rows are read from a cursor while they are sent); rate: read, write, auth, or address (only the limit of every address); idempotent: accepts Idempotency-Key; answers: statuses other than 200 and the shape of data ("201 project_doc", "[gig_doc]", "text/html").';

-- Declares a shape.
CREATE OR REPLACE FUNCTION skillancer.add_shape(name text, shape text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.shape (name, shape) VALUES (add_shape.name, add_shape.shape);
END
$$;
COMMENT ON FUNCTION skillancer.add_shape(text, text) IS
	'Declares what JSON looks like: an answer that routes name, a column (table.column), what a function or type makes, or an argument of JSON (p_name, or function.p_name). See extension/core/shape.c for how it is written.';

-- The JSON schema of a shape.
CREATE OR REPLACE FUNCTION skillancer.shape_schema(p_shape text)
RETURNS json
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_shape_schema';
COMMENT ON FUNCTION skillancer.shape_schema(text) IS
	'The JSON schema of a shape; raises when it is not well formed or names what does not exist.';

-- The JSON schema of what a view shows.
CREATE OR REPLACE FUNCTION skillancer.doc_schema(p_view regclass)
RETURNS json
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'skl_fn_doc_schema';
COMMENT ON FUNCTION skillancer.doc_schema(regclass) IS
	'The JSON schema of the column doc of a view, found out from the expressions and columns that it is made of.';

-- What is declared in route.answers.
CREATE OR REPLACE FUNCTION skillancer.route_answers(p_answers text)
RETURNS json
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_parts text[] := regexp_match(p_answers, '^((?:[0-9]{3}, *)*[0-9]{3})? *(.*?)(?: meta (\{.*\}))?$');
	v_statuses integer[] := coalesce(string_to_array(v_parts[1], ',')::integer[], '{200}');
	v_forms text[] := regexp_match(v_parts[2], '^(?:(.*) or )?([a-z]+/.*)$');
BEGIN
	IF v_parts[2] = '' THEN
		RETURN json_build_object('statuses', v_statuses);
	END IF;
	RETURN json_strip_nulls(json_build_object('statuses', v_statuses,
		'schema', skillancer.shape_schema(CASE WHEN v_forms IS NULL THEN v_parts[2] ELSE v_forms[1] END),
		'meta', skillancer.shape_schema(v_parts[3]), 'media', regexp_split_to_array(v_forms[2], ' *\| *')));
END
$$;
COMMENT ON FUNCTION skillancer.route_answers(text) IS
	'Statuses, schema and media types of the answers that a route declares ("project_doc", "text/csv", "invoice or text/html|application/pdf"); behind "meta", members of meta that only this route has.';

-- The schemas that answers refer to.
CREATE OR REPLACE FUNCTION skillancer.route_schemas()
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN (
		WITH RECURSIVE named AS MATERIALIZED (
			SELECT c.relname::text COLLATE "default" AS name, skillancer.doc_schema(c.oid)::text AS schema
			FROM pg_class c
			JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'doc'
			WHERE c.relnamespace = 'skillancer'::regnamespace AND c.relkind = 'v' AND c.relname LIKE '%\_doc'
			UNION ALL
			SELECT s.name, skillancer.shape_schema(s.shape)::text FROM skillancer.shape s
		), component AS MATERIALIZED (
			SELECT replace(initcap(replace(regexp_replace(n.name, '_doc$', ''), '_', ' ')), ' ', '') AS name, n.schema
			FROM named n
		), used AS (
			SELECT skillancer.route_answers(r.answers)::text AS schema, NULL::text AS name FROM skillancer.route r
			UNION
			SELECT skillancer.shape_schema(s.shape)::text, NULL FROM skillancer.shape s WHERE s.name ~ '(^|\.)p_'
			UNION
			SELECT c.schema, c.name
			FROM used u
			CROSS JOIN LATERAL regexp_matches(u.schema, '"#/components/schemas/([A-Za-z0-9]+)"', 'g') AS m
			JOIN component c ON c.name = m[1]
		)
		SELECT coalesce(json_object_agg(u.name, u.schema::json ORDER BY u.name), '{}') FROM used u WHERE u.name IS NOT NULL);
END
$$;
COMMENT ON FUNCTION skillancer.route_schemas() IS
	'The JSON schemas that the answers of routes refer to, by their names in the description of the API.';

-- What the bridge must know of an argument's type.
CREATE OR REPLACE FUNCTION skillancer.route_argument_type(p_type oid,
	OUT type text, OUT kind text, OUT prefix text, OUT is_array boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_type record;
BEGIN
	SELECT t.typcategory = 'A' AND t.typelem <> 0 INTO is_array FROM pg_type t WHERE t.oid = p_type;
	SELECT t.oid, n.nspname, t.typname INTO v_type
	FROM pg_type t
	JOIN pg_namespace n ON n.oid = t.typnamespace
	WHERE t.oid = CASE WHEN is_array THEN (SELECT a.typelem FROM pg_type a WHERE a.oid = p_type) ELSE p_type END;
	kind := CASE
		WHEN v_type.nspname = 'pg_catalog' THEN
			CASE v_type.typname
				WHEN 'text' THEN 'text' WHEN 'int4' THEN 'integer' WHEN 'int8' THEN 'bigint'
				WHEN 'bool' THEN 'boolean' WHEN 'numeric' THEN 'numeric' WHEN 'date' THEN 'date'
				WHEN 'timestamptz' THEN 'timestamptz' WHEN 'uuid' THEN 'uuid'
				WHEN 'json' THEN 'json' WHEN 'jsonb' THEN 'json' WHEN 'bytea' THEN 'bytes'
			END
		WHEN v_type.nspname = 'skillancer' AND v_type.typname = 'monetary' THEN 'monetary'
		WHEN v_type.nspname = 'skillancer' AND EXISTS (
			SELECT FROM pg_cast c WHERE c.castsource = 'uuid'::regtype AND c.casttarget = v_type.oid) THEN 'id'
	END;
	IF kind IS NULL THEN
		RAISE EXCEPTION 'type % cannot be the argument of a route', format_type(p_type, NULL);
	END IF;
	prefix := '';
	IF kind = 'id' THEN
		EXECUTE format('SELECT split_part((%L::uuid::%I.%I)::text, ''_'', 1)',
			'00000000-0000-0000-0000-000000000000', v_type.nspname, v_type.typname) INTO prefix;
	END IF;
	type := format('%I.%I%s', v_type.nspname, v_type.typname, CASE WHEN is_array THEN '[]' END);
END
$$;
COMMENT ON FUNCTION skillancer.route_argument_type(oid) IS
	'Name, kind, id prefix and arrayness of a type that an argument of a route may have; raises for any other type.';

-- Everything the bridge needs to route requests.
CREATE OR REPLACE FUNCTION skillancer.route_catalogue()
RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_routes json;
BEGIN
	-- defaults come back with every name qualified
	PERFORM set_config('search_path', 'pg_catalog', true);
	WITH called AS (
		SELECT r.*, p.oid, p.proargnames AS names, p.proargtypes::oid[] AS types, p.prorettype,
			p.pronargs::integer AS args, p.pronargs - p.pronargdefaults AS required
		FROM skillancer.route r
		JOIN pg_proc p ON p.pronamespace = 'skillancer_api'::regnamespace AND p.proname = r.function
	), known AS MATERIALIZED (
		SELECT d.oid, k.*
		FROM (SELECT DISTINCT unnest(c.types) AS oid FROM called c) AS d
		CROSS JOIN LATERAL skillancer.route_argument_type(d.oid) AS k
	), taken AS (
		SELECT c.method, c.path, json_agg(json_build_object('name', c.names[n], 'type', k.type, 'kind', k.kind,
			'prefix', k.prefix, 'array', k.is_array, 'required', n <= c.required,
			'default', coalesce(pg_get_function_arg_default(c.oid, n), ''),
			'schema', CASE k.kind WHEN 'json' THEN (
				SELECT skillancer.shape_schema(s.shape) FROM skillancer.shape s
				WHERE s.name IN (c.names[n], c.function || '.' || c.names[n])
				ORDER BY s.name <> c.names[n] DESC LIMIT 1) END) ORDER BY n) AS args
		FROM called c
		CROSS JOIN LATERAL generate_series(1, c.args) AS n
		JOIN known k ON k.oid = c.types[n - 1]
		GROUP BY c.method, c.path
	)
	SELECT json_agg(json_build_object('method', c.method, 'path', c.path, 'function', c.function, 'who', c.who,
			'summary', c.summary, 'description', obj_description(c.oid, 'pg_proc'), 'class', c.class, 'rate', c.rate,
			'idempotent', c.idempotent, 'bodyLimit', c.body_limit, 'timeoutMs', c.timeout_ms, 'cacheTtl', c.cache_ttl,
			'returns', CASE c.prorettype
				WHEN 'void'::regtype THEN 'void'
				WHEN 'skillancer.reply'::regtype THEN 'reply'
				ELSE 'json' END,
			'answers', skillancer.route_answers(c.answers),
			'args', coalesce(t.args, '[]')) ORDER BY c.path, c.method)
		INTO v_routes
	FROM called c
	LEFT JOIN taken t USING (method, path);
	RETURN json_build_object('routes', coalesce(v_routes, '[]'), 'schemas', skillancer.route_schemas());
END
$$;
COMMENT ON FUNCTION skillancer.route_catalogue() IS
	'All routes with the arguments of their functions: what the bridge routes by and what the OpenAPI description is made of.';
ALTER FUNCTION skillancer.route_catalogue() OWNER TO skillancer_engine;
GRANT EXECUTE ON FUNCTION skillancer.route_catalogue() TO skillancer_bridge;

-- at commit, running bridges load the routes that the rest of this script declares
SELECT pg_catalog.pg_notify('skillancer_routes', '');
