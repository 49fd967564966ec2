--
-- literals
--		Random mutations of the literals of every type: each is either refused with a documented
--		SQLSTATE, or accepted and comes back unchanged from its own text.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS skillancer;
RESET client_min_messages;
SET search_path = pg_catalog, skillancer;
SELECT setseed(0.42);

-- changes, drops, doubles or inserts one to three characters
CREATE FUNCTION pg_temp.mutate(p_text text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	c_alphabet CONSTANT text := '0123456789abcdefXYZUSDE_{}:/,.-+ eil' || chr(9) || chr(233) || chr(8364);
	v_text text := p_text;
	v_at   integer;
	v_new  text;
BEGIN
	FOR i IN 1 .. 1 + floor(random() * 3)::integer LOOP
		v_at := 1 + floor(random() * greatest(length(v_text), 1))::integer;
		v_new := substr(c_alphabet, 1 + floor(random() * length(c_alphabet))::integer, 1);
		v_text := CASE floor(random() * 5)::integer
			WHEN 0 THEN overlay(v_text PLACING v_new FROM v_at FOR 1)
			WHEN 1 THEN overlay(v_text PLACING '' FROM v_at FOR 1)
			WHEN 2 THEN overlay(v_text PLACING v_new FROM v_at FOR 0)
			WHEN 3 THEN overlay(v_text PLACING substr(v_text, v_at, 5) FROM v_at FOR 0)
			ELSE left(v_text, v_at) END;
	END LOOP;
	RETURN v_text;
END
$$;

-- tries mutations of one literal and counts what became of them
CREATE FUNCTION pg_temp.try_mutations(p_type text, p_literal text, p_times integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_accepted integer := 0;
	v_refused  integer := 0;
	v_literal  text;
	v_same     boolean;
BEGIN
	FOR i IN 1 .. p_times LOOP
		v_literal := pg_temp.mutate(p_literal);
		BEGIN
			EXECUTE format('SELECT v = v::text::skillancer.%1$I AND v::text = v::text::skillancer.%1$I::text FROM (SELECT %2$L::skillancer.%1$I AS v) x',
				p_type, v_literal) INTO v_same;
			IF NOT v_same THEN
				RETURN format('%L does not come back', v_literal);
			END IF;
			v_accepted := v_accepted + 1;
		EXCEPTION WHEN invalid_text_representation OR numeric_value_out_of_range THEN
			v_refused := v_refused + 1;
		END;
	END LOOP;
	RETURN CASE WHEN v_refused > 0 AND v_accepted + v_refused = p_times THEN 'clean' ELSE 'never refused' END;
EXCEPTION WHEN OTHERS THEN
	RETURN format('%L raised %s: %s', v_literal, SQLSTATE, SQLERRM);
END
$$;

SELECT type_name, pg_temp.try_mutations(type_name, literal, times) FROM (VALUES
	('user_id', 'usr_01h455vb4pex5vsknk084sn02q', 3000),
	('project_id', '01890a5d-ac96-774b-bcce-b302099a8057', 3000),
	('monetary', '1234.50 USD', 3000),
	('monetary', 'JPY -123456', 3000),
	('monetary', '-92233720368547758.08 EUR', 3000),
	('skillset', '{skl_01h455vb4pex5vsknk084sn02q:3:15,skl_00000000000000000000000001:4:0}', 3000),
	('skillset', '{}', 1000),
	('rating_tally', '10/2/0/2147483647/5', 3000)) AS c (type_name, literal, times);
