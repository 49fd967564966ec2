-- sql/ext/16_rating_tally.sql
--	Type rating_tally: how many ratings of 1, 2, 3, 4 and 5 stars; operators in pg_catalog, classes,
--	casts, aggregates and functions in skillancer.

-- rating_tally: the type and its I/O
CREATE TYPE skillancer.rating_tally;
CREATE FUNCTION skillancer.rating_tally_in(cstring) RETURNS skillancer.rating_tally
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_tally_in';
CREATE FUNCTION skillancer.rating_tally_out(skillancer.rating_tally) RETURNS cstring
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_tally_out';
CREATE FUNCTION skillancer.rating_tally_recv(internal) RETURNS skillancer.rating_tally
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_tally_recv';
CREATE FUNCTION skillancer.rating_tally_send(skillancer.rating_tally) RETURNS bytea
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_tally_send';
CREATE TYPE skillancer.rating_tally (
	INPUT = skillancer.rating_tally_in,
	OUTPUT = skillancer.rating_tally_out,
	RECEIVE = skillancer.rating_tally_recv,
	SEND = skillancer.rating_tally_send,
	INTERNALLENGTH = 20,
	ALIGNMENT = int4,
	STORAGE = plain
);
COMMENT ON TYPE skillancer.rating_tally IS 'Counts of ratings of 1 to 5 stars, written 0/1/0/2/5';

-- comparison: counter by counter
CREATE FUNCTION skillancer.rating_tally_eq(skillancer.rating_tally, skillancer.rating_tally) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_tally_eq';
CREATE FUNCTION skillancer.rating_tally_ne(skillancer.rating_tally, skillancer.rating_tally) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_tally_ne';
CREATE FUNCTION skillancer.rating_tally_lt(skillancer.rating_tally, skillancer.rating_tally) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_tally_lt';
CREATE FUNCTION skillancer.rating_tally_le(skillancer.rating_tally, skillancer.rating_tally) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_tally_le';
CREATE FUNCTION skillancer.rating_tally_ge(skillancer.rating_tally, skillancer.rating_tally) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_tally_ge';
CREATE FUNCTION skillancer.rating_tally_gt(skillancer.rating_tally, skillancer.rating_tally) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_tally_gt';
CREATE FUNCTION skillancer.rating_tally_cmp(skillancer.rating_tally, skillancer.rating_tally) RETURNS integer
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_tally_cmp';
CREATE FUNCTION skillancer.rating_tally_hash(skillancer.rating_tally) RETURNS integer
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_tally_hash';
CREATE FUNCTION skillancer.rating_tally_hash_extended(skillancer.rating_tally, bigint) RETURNS bigint
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_tally_hash_extended';
CREATE OPERATOR pg_catalog.= (LEFTARG = skillancer.rating_tally, RIGHTARG = skillancer.rating_tally,
	FUNCTION = skillancer.rating_tally_eq, COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = OPERATOR(pg_catalog.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (LEFTARG = skillancer.rating_tally, RIGHTARG = skillancer.rating_tally,
	FUNCTION = skillancer.rating_tally_ne, COMMUTATOR = OPERATOR(pg_catalog.<>), NEGATOR = OPERATOR(pg_catalog.=),
	RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (LEFTARG = skillancer.rating_tally, RIGHTARG = skillancer.rating_tally,
	FUNCTION = skillancer.rating_tally_lt, COMMUTATOR = OPERATOR(pg_catalog.>), NEGATOR = OPERATOR(pg_catalog.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (LEFTARG = skillancer.rating_tally, RIGHTARG = skillancer.rating_tally,
	FUNCTION = skillancer.rating_tally_le, COMMUTATOR = OPERATOR(pg_catalog.>=), NEGATOR = OPERATOR(pg_catalog.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (LEFTARG = skillancer.rating_tally, RIGHTARG = skillancer.rating_tally,
	FUNCTION = skillancer.rating_tally_ge, COMMUTATOR = OPERATOR(pg_catalog.<=), NEGATOR = OPERATOR(pg_catalog.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (LEFTARG = skillancer.rating_tally, RIGHTARG = skillancer.rating_tally,
	FUNCTION = skillancer.rating_tally_gt, COMMUTATOR = OPERATOR(pg_catalog.<), NEGATOR = OPERATOR(pg_catalog.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR CLASS skillancer.rating_tally_ops DEFAULT FOR TYPE skillancer.rating_tally USING btree AS
	OPERATOR 1 pg_catalog.<, OPERATOR 2 pg_catalog.<=, OPERATOR 3 pg_catalog.=,
	OPERATOR 4 pg_catalog.>=, OPERATOR 5 pg_catalog.>,
	FUNCTION 1 skillancer.rating_tally_cmp(skillancer.rating_tally, skillancer.rating_tally);
CREATE OPERATOR CLASS skillancer.rating_tally_ops DEFAULT FOR TYPE skillancer.rating_tally USING hash AS
	OPERATOR 1 pg_catalog.=,
	FUNCTION 1 skillancer.rating_tally_hash(skillancer.rating_tally),
	FUNCTION 2 skillancer.rating_tally_hash_extended(skillancer.rating_tally, bigint);

-- adding: a rating more, a rating less, two tallies together
CREATE FUNCTION skillancer.rating_tally_add(skillancer.rating_tally, stars integer) RETURNS skillancer.rating_tally
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_tally_plus';
CREATE FUNCTION skillancer.rating_tally_remove(skillancer.rating_tally, stars integer) RETURNS skillancer.rating_tally
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_tally_minus';
CREATE FUNCTION skillancer.rating_tally_merge(skillancer.rating_tally, skillancer.rating_tally) RETURNS skillancer.rating_tally
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_tally_merge';
CREATE OPERATOR pg_catalog.+ (LEFTARG = skillancer.rating_tally, RIGHTARG = integer, FUNCTION = skillancer.rating_tally_add);
CREATE OPERATOR pg_catalog.- (LEFTARG = skillancer.rating_tally, RIGHTARG = integer, FUNCTION = skillancer.rating_tally_remove);
CREATE OPERATOR pg_catalog.+ (LEFTARG = skillancer.rating_tally, RIGHTARG = skillancer.rating_tally, FUNCTION = skillancer.rating_tally_merge,
	COMMUTATOR = OPERATOR(pg_catalog.+));

-- aggregates: a tally of ratings, and tallies together
CREATE FUNCTION skillancer.rating_tally_step(skillancer.rating_tally, integer) RETURNS skillancer.rating_tally
	LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_tally_step';
CREATE AGGREGATE skillancer.rating_tally(integer) (
	SFUNC = skillancer.rating_tally_step, STYPE = skillancer.rating_tally, INITCOND = '0/0/0/0/0',
	COMBINEFUNC = skillancer.rating_tally_merge, PARALLEL = SAFE
);
COMMENT ON AGGREGATE skillancer.rating_tally(integer) IS 'Tally of ratings of 1 to 5 stars; NULLs are passed over';
CREATE AGGREGATE skillancer.sum(skillancer.rating_tally) (
	SFUNC = skillancer.rating_tally_merge, STYPE = skillancer.rating_tally, INITCOND = '0/0/0/0/0',
	COMBINEFUNC = skillancer.rating_tally_merge, PARALLEL = SAFE
);
COMMENT ON AGGREGATE skillancer.sum(skillancer.rating_tally) IS 'Tallies added together';

-- rating_count(): how many
CREATE FUNCTION skillancer.rating_count(skillancer.rating_tally) RETURNS bigint
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_tally_count';
COMMENT ON FUNCTION skillancer.rating_count(skillancer.rating_tally) IS 'Number of ratings';

-- rating_count(): how many of so many stars
CREATE FUNCTION skillancer.rating_count(skillancer.rating_tally, stars integer) RETURNS bigint
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_tally_of_star';
COMMENT ON FUNCTION skillancer.rating_count(skillancer.rating_tally, integer) IS 'Number of ratings of so many stars';

-- rating_mean(): the mean
CREATE FUNCTION skillancer.rating_mean(skillancer.rating_tally) RETURNS numeric
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_tally_mean';
COMMENT ON FUNCTION skillancer.rating_mean(skillancer.rating_tally) IS 'Mean number of stars with two decimals; NULL without ratings';

-- casts: JSON {"count": 8, "mean": 4.38, "stars": [0, 1, 0, 2, 5]}
CREATE FUNCTION skillancer.rating_tally_to_json(skillancer.rating_tally) RETURNS json
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_tally_to_json';
CREATE FUNCTION skillancer.rating_tally_to_jsonb(skillancer.rating_tally) RETURNS jsonb
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_tally_to_jsonb';
CREATE CAST (skillancer.rating_tally AS json) WITH FUNCTION skillancer.rating_tally_to_json(skillancer.rating_tally);
CREATE CAST (skillancer.rating_tally AS jsonb) WITH FUNCTION skillancer.rating_tally_to_jsonb(skillancer.rating_tally);
