/*
 * sql/ext/30_route.sql
 *		The routes of the REST API: which function of skillancer_api answers which method and path.
 */

-- One route.
CREATE TABLE skillancer.route (
	method text NOT NULL CHECK (method IN ('GET', 'POST', 'PUT', 'PATCH', 'DELETE')),
	path text NOT NULL CHECK (path ~ '^(/([a-z0-9._-]+|\{[a-z][A-Za-z0-9]*\}))+$'),
	function text NOT NULL CHECK (function ~ '^[a-z][a-z0-9_]*$'),
	who text NOT NULL,
	summary text,
	class text NOT NULL CHECK (class IN ('fast', 'slow', 'export')),
	rate text NOT NULL CHECK (rate IN ('read', 'write', 'auth', 'address')),
	idempotent boolean NOT NULL,
	body_limit integer NOT NULL CHECK (body_limit BETWEEN 0 AND 67108864),
	timeout_ms integer NOT NULL CHECK (timeout_ms BETWEEN 1 AND 600000),
	cache_ttl integer NOT NULL CHECK (cache_ttl >= 0),
	answers text,
	PRIMARY KEY (method, path)
);
COMMENT ON TABLE skillancer.route IS
	'Routes of the REST API, declared with add_route() beside each function; the bridge loads them at start and at every NOTIFY skillancer_routes.';

-- What some JSON looks like.
CREATE TABLE skillancer.shape (
	name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$'),
	shape text NOT NULL
);
COMMENT ON TABLE skillancer.shape IS
	'Shapes of JSON, declared with add_shape(): answers that are no view, columns of JSON (table.column), functions and types that make JSON. The descriptions of answers are made of them.';
