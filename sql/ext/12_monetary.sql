-- sql/ext/12_monetary.sql
--	Type monetary: an amount in minor units and its ISO 4217 currency; operators in pg_catalog, classes,
--	casts, aggregates and functions in skillancer. Comparison never fails, so it is LEAKPROOF.

-- monetary: the type and its I/O
CREATE TYPE skillancer.monetary;
CREATE FUNCTION skillancer.monetary_in(cstring) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_in';
CREATE FUNCTION skillancer.monetary_out(skillancer.monetary) RETURNS cstring
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_out';
CREATE FUNCTION skillancer.monetary_recv(internal) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_recv';
CREATE FUNCTION skillancer.monetary_send(skillancer.monetary) RETURNS bytea
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_send';
CREATE TYPE skillancer.monetary (
	INPUT = skillancer.monetary_in,
	OUTPUT = skillancer.monetary_out,
	RECEIVE = skillancer.monetary_recv,
	SEND = skillancer.monetary_send,
	INTERNALLENGTH = 16,
	ALIGNMENT = double,
	STORAGE = plain
);
COMMENT ON TYPE skillancer.monetary IS 'Exact amount of money: minor units and an ISO 4217 currency, written 1234.50 USD';

-- comparison: by currency, then by amount
CREATE FUNCTION skillancer.monetary_eq(skillancer.monetary, skillancer.monetary) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_monetary_eq';
CREATE FUNCTION skillancer.monetary_ne(skillancer.monetary, skillancer.monetary) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_monetary_ne';
CREATE FUNCTION skillancer.monetary_lt(skillancer.monetary, skillancer.monetary) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_monetary_lt';
CREATE FUNCTION skillancer.monetary_le(skillancer.monetary, skillancer.monetary) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_monetary_le';
CREATE FUNCTION skillancer.monetary_ge(skillancer.monetary, skillancer.monetary) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_monetary_ge';
CREATE FUNCTION skillancer.monetary_gt(skillancer.monetary, skillancer.monetary) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_monetary_gt';
CREATE FUNCTION skillancer.monetary_cmp(skillancer.monetary, skillancer.monetary) RETURNS integer
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_monetary_cmp';
CREATE FUNCTION skillancer.monetary_hash(skillancer.monetary) RETURNS integer
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_monetary_hash';
CREATE FUNCTION skillancer.monetary_hash_extended(skillancer.monetary, bigint) RETURNS bigint
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_monetary_hash_extended';
CREATE OPERATOR pg_catalog.= (LEFTARG = skillancer.monetary, RIGHTARG = skillancer.monetary,
	FUNCTION = skillancer.monetary_eq, COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = OPERATOR(pg_catalog.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (LEFTARG = skillancer.monetary, RIGHTARG = skillancer.monetary,
	FUNCTION = skillancer.monetary_ne, COMMUTATOR = OPERATOR(pg_catalog.<>), NEGATOR = OPERATOR(pg_catalog.=),
	RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (LEFTARG = skillancer.monetary, RIGHTARG = skillancer.monetary,
	FUNCTION = skillancer.monetary_lt, COMMUTATOR = OPERATOR(pg_catalog.>), NEGATOR = OPERATOR(pg_catalog.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (LEFTARG = skillancer.monetary, RIGHTARG = skillancer.monetary,
	FUNCTION = skillancer.monetary_le, COMMUTATOR = OPERATOR(pg_catalog.>=), NEGATOR = OPERATOR(pg_catalog.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.>= (LEFTARG = skillancer.monetary, RIGHTARG = skillancer.monetary,
	FUNCTION = skillancer.monetary_ge, COMMUTATOR = OPERATOR(pg_catalog.<=), NEGATOR = OPERATOR(pg_catalog.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel);
CREATE OPERATOR pg_catalog.> (LEFTARG = skillancer.monetary, RIGHTARG = skillancer.monetary,
	FUNCTION = skillancer.monetary_gt, COMMUTATOR = OPERATOR(pg_catalog.<), NEGATOR = OPERATOR(pg_catalog.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR CLASS skillancer.monetary_ops DEFAULT FOR TYPE skillancer.monetary USING btree AS
	OPERATOR 1 pg_catalog.<, OPERATOR 2 pg_catalog.<=, OPERATOR 3 pg_catalog.=,
	OPERATOR 4 pg_catalog.>=, OPERATOR 5 pg_catalog.>,
	FUNCTION 1 skillancer.monetary_cmp(skillancer.monetary, skillancer.monetary),
	FUNCTION 4 pg_catalog.btequalimage(oid);
CREATE OPERATOR CLASS skillancer.monetary_ops DEFAULT FOR TYPE skillancer.monetary USING hash AS
	OPERATOR 1 pg_catalog.=,
	FUNCTION 1 skillancer.monetary_hash(skillancer.monetary),
	FUNCTION 2 skillancer.monetary_hash_extended(skillancer.monetary, bigint);

-- arithmetic: one currency only, overflow is an error
CREATE FUNCTION skillancer.monetary_add(skillancer.monetary, skillancer.monetary) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_add';
CREATE FUNCTION skillancer.monetary_subtract(skillancer.monetary, skillancer.monetary) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_subtract';
CREATE FUNCTION skillancer.monetary_negate(skillancer.monetary) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_negate';
CREATE FUNCTION skillancer.monetary_identity(skillancer.monetary) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_identity';
CREATE FUNCTION skillancer.monetary_multiply(skillancer.monetary, bigint) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_multiply';
CREATE FUNCTION skillancer.monetary_multiply(bigint, skillancer.monetary) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_multiply_left';
CREATE OPERATOR pg_catalog.+ (LEFTARG = skillancer.monetary, RIGHTARG = skillancer.monetary,
	FUNCTION = skillancer.monetary_add, COMMUTATOR = OPERATOR(pg_catalog.+));
CREATE OPERATOR pg_catalog.- (LEFTARG = skillancer.monetary, RIGHTARG = skillancer.monetary,
	FUNCTION = skillancer.monetary_subtract);
CREATE OPERATOR pg_catalog.- (RIGHTARG = skillancer.monetary, FUNCTION = skillancer.monetary_negate);
CREATE OPERATOR pg_catalog.+ (RIGHTARG = skillancer.monetary, FUNCTION = skillancer.monetary_identity);
CREATE OPERATOR pg_catalog.* (LEFTARG = skillancer.monetary, RIGHTARG = bigint,
	FUNCTION = skillancer.monetary_multiply, COMMUTATOR = OPERATOR(pg_catalog.*));
CREATE OPERATOR pg_catalog.* (LEFTARG = bigint, RIGHTARG = skillancer.monetary,
	FUNCTION = skillancer.monetary_multiply, COMMUTATOR = OPERATOR(pg_catalog.*));

-- aggregates: mixed currencies are an error, so min and max cannot be answered from an index
CREATE FUNCTION skillancer.monetary_smaller(skillancer.monetary, skillancer.monetary) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_smaller';
CREATE FUNCTION skillancer.monetary_larger(skillancer.monetary, skillancer.monetary) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_larger';
CREATE AGGREGATE skillancer.sum(skillancer.monetary) (
	SFUNC = skillancer.monetary_add, STYPE = skillancer.monetary, COMBINEFUNC = skillancer.monetary_add,
	MSFUNC = skillancer.monetary_add, MINVFUNC = skillancer.monetary_subtract, MSTYPE = skillancer.monetary,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE skillancer.sum(skillancer.monetary) IS 'Sum of amounts in one currency; NULL for no rows';
CREATE AGGREGATE skillancer.min(skillancer.monetary) (
	SFUNC = skillancer.monetary_smaller, STYPE = skillancer.monetary, COMBINEFUNC = skillancer.monetary_smaller,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE skillancer.min(skillancer.monetary) IS 'Smallest of amounts in one currency';
CREATE AGGREGATE skillancer.max(skillancer.monetary) (
	SFUNC = skillancer.monetary_larger, STYPE = skillancer.monetary, COMBINEFUNC = skillancer.monetary_larger,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE skillancer.max(skillancer.monetary) IS 'Largest of amounts in one currency';

-- monetary_minor(): the minor units
CREATE FUNCTION skillancer.monetary_minor(skillancer.monetary) RETURNS bigint
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_monetary_minor';
COMMENT ON FUNCTION skillancer.monetary_minor(skillancer.monetary) IS 'Minor units (cents, yen, fils) of an amount';

-- monetary_currency(): the currency's code
CREATE FUNCTION skillancer.monetary_currency(skillancer.monetary) RETURNS text
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', 'skl_monetary_currency';
COMMENT ON FUNCTION skillancer.monetary_currency(skillancer.monetary) IS 'ISO 4217 code of an amount';

-- monetary_of(): from minor units
CREATE FUNCTION skillancer.monetary_of(minor bigint, currency text) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_of';
COMMENT ON FUNCTION skillancer.monetary_of(bigint, text) IS 'Amount of so many minor units in a currency';

-- monetary(): from a decimal number, exactly
CREATE FUNCTION skillancer.monetary(amount numeric, currency text) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_from_numeric';
COMMENT ON FUNCTION skillancer.monetary(numeric, text) IS 'Amount of a decimal number in a currency; never rounds';

-- try_monetary(): from two texts, for files of others
CREATE FUNCTION skillancer.try_monetary(amount text, currency text) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_try';
COMMENT ON FUNCTION skillancer.try_monetary(text, text) IS 'Amount of a decimal number and a currency; NULL when they are not valid';

-- currency_digits(): decimal places of a currency
CREATE FUNCTION skillancer.currency_digits(currency text) RETURNS integer
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_digits';
COMMENT ON FUNCTION skillancer.currency_digits(text) IS 'Decimal places of a currency; NULL when there is no such currency';

-- casts: the bare number; JSON {"amount": "1234.50", "currency": "USD"} both ways
CREATE FUNCTION skillancer.monetary_to_numeric(skillancer.monetary) RETURNS numeric
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_to_numeric';
CREATE FUNCTION skillancer.monetary_to_json(skillancer.monetary) RETURNS json
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_to_json';
CREATE FUNCTION skillancer.monetary_to_jsonb(skillancer.monetary) RETURNS jsonb
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_to_jsonb';
CREATE FUNCTION skillancer.monetary_from_json(json) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_from_json';
CREATE FUNCTION skillancer.monetary_from_jsonb(jsonb) RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_from_jsonb';
CREATE CAST (skillancer.monetary AS numeric) WITH FUNCTION skillancer.monetary_to_numeric(skillancer.monetary);
CREATE CAST (skillancer.monetary AS json) WITH FUNCTION skillancer.monetary_to_json(skillancer.monetary);
CREATE CAST (skillancer.monetary AS jsonb) WITH FUNCTION skillancer.monetary_to_jsonb(skillancer.monetary);
CREATE CAST (json AS skillancer.monetary) WITH FUNCTION skillancer.monetary_from_json(json);
CREATE CAST (jsonb AS skillancer.monetary) WITH FUNCTION skillancer.monetary_from_jsonb(jsonb);

-- allocate(): in proportion to weights
CREATE FUNCTION skillancer.allocate(amount skillancer.monetary, weights integer[]) RETURNS skillancer.monetary[]
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_allocate';
COMMENT ON FUNCTION skillancer.allocate(skillancer.monetary, integer[]) IS
	'Parts in proportion to weights by largest remainders; they add up to the amount exactly';

-- split(): into equal parts
CREATE FUNCTION skillancer.split(amount skillancer.monetary, parts integer) RETURNS skillancer.monetary[]
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_split';
COMMENT ON FUNCTION skillancer.split(skillancer.monetary, integer) IS
	'Equal parts that add up to the amount exactly; the first ones take the units left over';

-- apply_bps(): a share in hundredths of a percent
CREATE FUNCTION skillancer.apply_bps(amount skillancer.monetary, bps integer, rounding text DEFAULT 'half_even')
	RETURNS skillancer.monetary
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'skl_monetary_apply_bps';
COMMENT ON FUNCTION skillancer.apply_bps(skillancer.monetary, integer, text) IS
	'amount × bps / 10,000; rounding half_even, half_up, half_down, up, down, ceiling or floor';
