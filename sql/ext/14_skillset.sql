-- sql/ext/14_skillset.sql
--	Type skillset: the skills of a person or a job with level (1..4) and years; operators in pg_catalog,
--	classes, casts and functions in skillancer.

-- skillset: the type and its I/O
CREATE TYPE skillancer.skillset;
CREATE FUNCTION skillancer.skillset_in(cstring) RETURNS skillancer.skillset
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_in';
CREATE FUNCTION skillancer.skillset_out(skillancer.skillset) RETURNS cstring
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_out';
CREATE FUNCTION skillancer.skillset_recv(internal) RETURNS skillancer.skillset
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_recv';
CREATE FUNCTION skillancer.skillset_send(skillancer.skillset) RETURNS bytea
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_send';
CREATE TYPE skillancer.skillset (
	INPUT = skillancer.skillset_in,
	OUTPUT = skillancer.skillset_out,
	RECEIVE = skillancer.skillset_recv,
	SEND = skillancer.skillset_send,
	INTERNALLENGTH = variable,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE skillancer.skillset IS 'Skills with level 1..4 and years, written {skl_...:level:years, ...}';

-- comparison: equality of everything; the order only serves sorting and indexes
CREATE FUNCTION skillancer.skillset_eq(skillancer.skillset, skillancer.skillset) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_eq';
CREATE FUNCTION skillancer.skillset_ne(skillancer.skillset, skillancer.skillset) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_ne';
CREATE FUNCTION skillancer.skillset_lt(skillancer.skillset, skillancer.skillset) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_lt';
CREATE FUNCTION skillancer.skillset_le(skillancer.skillset, skillancer.skillset) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_le';
CREATE FUNCTION skillancer.skillset_ge(skillancer.skillset, skillancer.skillset) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_ge';
CREATE FUNCTION skillancer.skillset_gt(skillancer.skillset, skillancer.skillset) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_gt';
CREATE FUNCTION skillancer.skillset_cmp(skillancer.skillset, skillancer.skillset) RETURNS integer
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_cmp';
CREATE FUNCTION skillancer.skillset_hash(skillancer.skillset) RETURNS integer
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_hash';
CREATE FUNCTION skillancer.skillset_hash_extended(skillancer.skillset, bigint) RETURNS bigint
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_hash_extended';
CREATE OPERATOR pg_catalog.= (LEFTARG = skillancer.skillset, RIGHTARG = skillancer.skillset,
	FUNCTION = skillancer.skillset_eq, COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = OPERATOR(pg_catalog.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (LEFTARG = skillancer.skillset, RIGHTARG = skillancer.skillset,
	FUNCTION = skillancer.skillset_ne, COMMUTATOR = OPERATOR(pg_catalog.<>), NEGATOR = OPERATOR(pg_catalog.=),
	RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (LEFTARG = skillancer.skillset, RIGHTARG = skillancer.skillset,
	FUNCTION = skillancer.skillset_lt, COMMUTATOR = OPERATOR(pg_catalog.>), NEGATOR = OPERATOR(pg_catalog.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (LEFTARG = skillancer.skillset, RIGHTARG = skillancer.skillset,
	FUNCTION = skillancer.skillset_le, COMMUTATOR = OPERATOR(pg_catalog.>=), NEGATOR = OPERATOR(pg_catalog.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (LEFTARG = skillancer.skillset, RIGHTARG = skillancer.skillset,
	FUNCTION = skillancer.skillset_ge, COMMUTATOR = OPERATOR(pg_catalog.<=), NEGATOR = OPERATOR(pg_catalog.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (LEFTARG = skillancer.skillset, RIGHTARG = skillancer.skillset,
	FUNCTION = skillancer.skillset_gt, COMMUTATOR = OPERATOR(pg_catalog.<), NEGATOR = OPERATOR(pg_catalog.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR CLASS skillancer.skillset_ops DEFAULT FOR TYPE skillancer.skillset USING btree AS
	OPERATOR 1 pg_catalog.<, OPERATOR 2 pg_catalog.<=, OPERATOR 3 pg_catalog.=,
	OPERATOR 4 pg_catalog.>=, OPERATOR 5 pg_catalog.>,
	FUNCTION 1 skillancer.skillset_cmp(skillancer.skillset, skillancer.skillset);
CREATE OPERATOR CLASS skillancer.skillset_ops DEFAULT FOR TYPE skillancer.skillset USING hash AS
	OPERATOR 1 pg_catalog.=,
	FUNCTION 1 skillancer.skillset_hash(skillancer.skillset),
	FUNCTION 2 skillancer.skillset_hash_extended(skillancer.skillset, bigint);

-- set operators: @> holds every skill of the right side at no lower level and with no fewer years, && shares a skill
CREATE FUNCTION skillancer.skillset_contains(skillancer.skillset, skillancer.skillset) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_contains';
CREATE FUNCTION skillancer.skillset_contained(skillancer.skillset, skillancer.skillset) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_contained';
CREATE FUNCTION skillancer.skillset_overlap(skillancer.skillset, skillancer.skillset) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_overlap';
CREATE OPERATOR pg_catalog.@> (LEFTARG = skillancer.skillset, RIGHTARG = skillancer.skillset, FUNCTION = skillancer.skillset_contains,
	COMMUTATOR = OPERATOR(pg_catalog.<@), RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.<@ (LEFTARG = skillancer.skillset, RIGHTARG = skillancer.skillset, FUNCTION = skillancer.skillset_contained,
	COMMUTATOR = OPERATOR(pg_catalog.@>), RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR pg_catalog.&& (LEFTARG = skillancer.skillset, RIGHTARG = skillancer.skillset, FUNCTION = skillancer.skillset_overlap,
	COMMUTATOR = OPERATOR(pg_catalog.&&), RESTRICT = contsel, JOIN = contjoinsel);

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

-- skill_count(): how many
CREATE FUNCTION skillancer.skill_count(skillancer.skillset) RETURNS integer
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_count';
COMMENT ON FUNCTION skillancer.skill_count(skillancer.skillset) IS 'Number of skills in a set';

-- skill_level(): level of one skill
CREATE FUNCTION skillancer.skill_level(skillancer.skillset, skillancer.skill_id) RETURNS integer
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_level';
COMMENT ON FUNCTION skillancer.skill_level(skillancer.skillset, skillancer.skill_id) IS 'Level 1..4 of a skill; NULL when the set does not hold it';

-- skill_years(): years of one skill
CREATE FUNCTION skillancer.skill_years(skillancer.skillset, skillancer.skill_id) RETURNS integer
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_years';
COMMENT ON FUNCTION skillancer.skill_years(skillancer.skillset, skillancer.skill_id) IS 'Years of a skill; NULL when the set does not hold it';

-- skill_ids(): the ids alone, for a GIN index
CREATE FUNCTION skillancer.skill_ids(skillancer.skillset) RETURNS skillancer.skill_id[]
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_ids';
COMMENT ON FUNCTION skillancer.skill_ids(skillancer.skillset) IS 'Ids of the skills, ascending; index this with GIN to search sets';

-- skills(): one row a skill
CREATE FUNCTION skillancer.skills(skillancer.skillset, OUT skill_id skillancer.skill_id, OUT level integer, OUT years integer)
	RETURNS SETOF record
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME', 'skl_skillset_entries';
COMMENT ON FUNCTION skillancer.skills(skillancer.skillset) IS 'The skills of a set as rows, by ascending id';

-- skillset_of(): from three arrays
CREATE FUNCTION skillancer.skillset_of(skills skillancer.skill_id[], levels integer[], years integer[]) RETURNS skillancer.skillset
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_of';
COMMENT ON FUNCTION skillancer.skillset_of(skillancer.skill_id[], integer[], integer[]) IS 'Set from arrays of one length';

-- skillset_put(): with one skill more
CREATE FUNCTION skillancer.skillset_put(skillancer.skillset, skillancer.skill_id, level integer, years integer) RETURNS skillancer.skillset
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_put';
COMMENT ON FUNCTION skillancer.skillset_put(skillancer.skillset, skillancer.skill_id, integer, integer) IS 'The set with this skill added, or its level and years replaced';

-- skillset_remove(): with one skill less
CREATE FUNCTION skillancer.skillset_remove(skillancer.skillset, skillancer.skill_id) RETURNS skillancer.skillset
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_remove';
COMMENT ON FUNCTION skillancer.skillset_remove(skillancer.skillset, skillancer.skill_id) IS 'The set without this skill';

-- casts: JSON [{"skillId": "skl_...", "level": 3, "years": 5}, ...] both ways
CREATE FUNCTION skillancer.skillset_to_json(skillancer.skillset) RETURNS json
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_to_json';
CREATE FUNCTION skillancer.skillset_from_json(json) RETURNS skillancer.skillset
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_from_json';
CREATE FUNCTION skillancer.skillset_to_jsonb(skillancer.skillset) RETURNS jsonb
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_to_jsonb';
CREATE FUNCTION skillancer.skillset_from_jsonb(jsonb) RETURNS skillancer.skillset
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_skillset_from_jsonb';
CREATE CAST (skillancer.skillset AS json) WITH FUNCTION skillancer.skillset_to_json(skillancer.skillset);
CREATE CAST (json AS skillancer.skillset) WITH FUNCTION skillancer.skillset_from_json(json);
CREATE CAST (skillancer.skillset AS jsonb) WITH FUNCTION skillancer.skillset_to_jsonb(skillancer.skillset);
CREATE CAST (jsonb AS skillancer.skillset) WITH FUNCTION skillancer.skillset_from_jsonb(jsonb);
