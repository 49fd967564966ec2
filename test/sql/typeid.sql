--
-- typeid
--		Cases made from the rules of the TypeID specification 0.3.0, for TypeIDs of any kind.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS skillancer;
RESET client_min_messages;
SET search_path = pg_catalog;

CREATE FUNCTION pg_temp.try_parse(p_text text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_prefix text;
	v_id     uuid;
BEGIN
	SELECT prefix, id INTO v_prefix, v_id FROM skillancer.typeid_parse(p_text);
	IF skillancer.typeid_format(v_prefix, v_id) <> p_text THEN
		RAISE EXCEPTION 'does not come back: %', p_text;
	END IF;
	RETURN format('[%s] %s', v_prefix, v_id);
EXCEPTION WHEN invalid_text_representation THEN
	RETURN 'refused';
END
$$;

-- valid: bounds of the number, bounds of the prefix, every digit of the alphabet
SELECT what, pg_temp.try_parse(typeid) FROM (VALUES
	(1, 'nil without prefix', '00000000000000000000000000'),
	(2, 'one', '00000000000000000000000001'),
	(3, 'ten', '0000000000000000000000000a'),
	(4, 'sixteen', '0000000000000000000000000g'),
	(5, 'thirty-two', '00000000000000000000000010'),
	(6, 'all 128 bits', '7zzzzzzzzzzzzzzzzzzzzzzzzz'),
	(7, 'whole alphabet', 'prefix_0123456789abcdefghjkmnpqrs'),
	(8, 'rest of the alphabet', 'prefix_7tvwxyz0000000000000000000'),
	(9, 'one letter', 'a_00000000000000000000000000'),
	(10, 'underscore inside', 'pre_fix_00000000000000000000000000'),
	(11, 'underscores in a row', 'a__b_00000000000000000000000000'),
	(12, 'longest prefix', repeat('a', 63) || '_00000000000000000000000000'),
	(13, 'a version 7 uuid', 'prefix_01h455vb4pex5vsknk084sn02q')) AS c (n, what, typeid) ORDER BY n;

-- invalid prefixes
SELECT what, pg_temp.try_parse(typeid) FROM (VALUES
	(1, 'upper case', 'PREFIX_00000000000000000000000000'),
	(2, 'digits', '12345_00000000000000000000000000'),
	(3, 'a dot', 'pre.fix_00000000000000000000000000'),
	(4, 'a hyphen', 'pre-fix_00000000000000000000000000'),
	(5, 'not ASCII', U&'pr\00e9fix_00000000000000000000000000'),
	(6, 'spaces around', '  prefix_00000000000000000000000000'),
	(7, 'space at the end', 'prefix_00000000000000000000000000 '),
	(8, '64 letters', repeat('a', 64) || '_00000000000000000000000000'),
	(9, 'empty before the separator', '_00000000000000000000000000'),
	(10, 'underscore first', '_prefix_00000000000000000000000000'),
	(11, 'underscore last', 'prefix__00000000000000000000000000'),
	(12, 'only a separator', '_'),
	(13, 'empty', ''),
	(14, 'a prefix alone', 'prefix'),
	(15, 'a prefix and a separator', 'prefix_')) AS c (n, what, typeid) ORDER BY n;

-- invalid suffixes
SELECT what, pg_temp.try_parse(typeid) FROM (VALUES
	(1, '25 digits', 'prefix_0000000000000000000000000'),
	(2, '27 digits', 'prefix_000000000000000000000000000'),
	(3, 'space inside', 'prefix_0000000000000 000000000000'),
	(4, 'upper case', 'prefix_0123456789ABCDEFGHJKMNPQRS'),
	(5, 'hyphens', 'prefix_123456789-123456789-123456'),
	(6, 'hyphens as Crockford allows', 'prefix_0123-4567-89ab-cdef-ghjk-m'),
	(7, 'i', 'prefix_0000000000000000000000000i'),
	(8, 'l', 'prefix_0000000000000000000000000l'),
	(9, 'o', 'prefix_0000000000000000000000000o'),
	(10, 'u', 'prefix_0000000000000000000000000u'),
	(11, '129 bits', 'prefix_80000000000000000000000000'),
	(12, '130 bits', 'prefix_zzzzzzzzzzzzzzzzzzzzzzzzzz'),
	(13, 'a uuid', 'prefix_01890a5d-ac96-774b-bcce-b302099a8057')) AS c (n, what, typeid) ORDER BY n;

-- prefixes that are refused when writing
SELECT skillancer.typeid_format('', '01890a5d-ac96-774b-bcce-b302099a8057');
SELECT skillancer.typeid_format('Prefix', '01890a5d-ac96-774b-bcce-b302099a8057');
SELECT skillancer.typeid_format('prefix_', '01890a5d-ac96-774b-bcce-b302099a8057');
SELECT skillancer.typeid_parse('prefix_0000000000000000000000000u');

-- 10,000 random uuids come back
SELECT bool_and((skillancer.typeid_parse(skillancer.typeid_format('tst', id))).id = id) AS come_back
FROM (SELECT md5(i::text)::uuid AS id FROM generate_series(1, 10000) i) s;

-- the order of the texts is the order of the ids
SELECT bool_and(skillancer.typeid_format('tst', id) COLLATE "C" > previous IS NOT FALSE) AS same_order
FROM (SELECT id, lag(skillancer.typeid_format('tst', id)) OVER (ORDER BY id) AS previous
	FROM (SELECT md5(i::text)::uuid AS id FROM generate_series(1, 10000) i) a) b;
