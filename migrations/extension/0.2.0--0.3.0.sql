/*
 * migrations/extension/0.2.0--0.3.0.sql
 *		What sql/ext has changed since 0.2.0.
 */

ALTER TABLE skillancer.route ADD COLUMN answers text;

-- what is signed by who sends it is limited by its address alone
ALTER TABLE skillancer.route
	DROP CONSTRAINT route_rate_check,
	ADD CONSTRAINT route_rate_check CHECK (rate IN ('read', 'write', 'auth', 'address'));

CREATE TABLE skillancer.shape (
	name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$'),
	shape text NOT NULL
);
COMMENT ON TABLE skillancer.shape IS
	'Shapes of JSON, declared with add_shape(): answers that are no view, columns of JSON (table.column), functions and types that make JSON. The descriptions of answers are made of them.';

-- GIN: the ids of the skills are the keys; && needs nothing else, @> looks at levels and years of what was found
CREATE FUNCTION skillancer.skillset_gin_extract_value(skillancer.skillset, internal, internal) RETURNS internal
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_gin_extract_value';
CREATE FUNCTION skillancer.skillset_gin_extract_query(skillancer.skillset, internal, smallint, internal, internal, internal, internal) RETURNS internal
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_gin_extract_query';
CREATE FUNCTION skillancer.skillset_gin_consistent(internal, smallint, skillancer.skillset, integer, internal, internal, internal, internal) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_gin_consistent';
CREATE FUNCTION skillancer.skillset_gin_triconsistent(internal, smallint, skillancer.skillset, integer, internal, internal, internal) RETURNS "char"
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_gin_triconsistent';
CREATE OPERATOR CLASS skillancer.skillset_ops DEFAULT FOR TYPE skillancer.skillset USING gin AS
	OPERATOR 1 pg_catalog.&& (skillancer.skillset, skillancer.skillset),
	OPERATOR 2 pg_catalog.@> (skillancer.skillset, skillancer.skillset),
	FUNCTION 1 skillancer.skill_id_cmp(skillancer.skill_id, skillancer.skill_id),
	FUNCTION 2 skillancer.skillset_gin_extract_value(skillancer.skillset, internal, internal),
	FUNCTION 3 skillancer.skillset_gin_extract_query(skillancer.skillset, internal, smallint, internal, internal, internal, internal),
	FUNCTION 4 skillancer.skillset_gin_consistent(internal, smallint, skillancer.skillset, integer, internal, internal, internal, internal),
	FUNCTION 6 skillancer.skillset_gin_triconsistent(internal, smallint, skillancer.skillset, integer, internal, internal, internal),
	STORAGE skillancer.skill_id;
