/*
 * sql/user/demo.sql
 *		A handful of people of a demo marketplace who can sign in with a known password.
 */

-- demo_people(): who they are
CREATE OR REPLACE FUNCTION skillancer.demo_people(OUT role text, OUT email text, OUT name text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 3
SET search_path = pg_catalog, skillancer, pg_temp
AS $$ VALUES
	('CLIENT', 'client@example.com', 'Casey Morgan'),
	('FREELANCER', 'freelancer@example.com', 'Robin Adeyemi'),
	('ADMIN', 'admin@example.com', 'Alex Operator')
$$;
COMMENT ON FUNCTION skillancer.demo_people() IS 'The demo sign-ins: role, e-mail address, name.';

-- demo_stand_in(): the account that plays a role
CREATE OR REPLACE FUNCTION skillancer.demo_stand_in(p_role text)
RETURNS skillancer.user_id
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_role = 'CLIENT' THEN
		-- somebody with several open projects that bids in dollars are taken for, but not with hundreds
		RETURN (SELECT p.client_id FROM skillancer.project p
			WHERE p.state = 'OPEN' AND p.visibility = 'PUBLIC' AND skillancer.monetary_currency(p.budget_min) = 'USD'
				AND NOT EXISTS (SELECT FROM skillancer.user_credential c WHERE c.user_id = p.client_id)
			GROUP BY p.client_id ORDER BY abs(count(*) - 8), p.client_id LIMIT 1);
	END IF;
	RETURN (SELECT f.user_id FROM skillancer.profile f
		JOIN skillancer.user_role r ON r.user_id = f.user_id AND r.role = 'FREELANCER'
		WHERE NOT EXISTS (SELECT FROM skillancer.user_credential c WHERE c.user_id = f.user_id)
		ORDER BY num_nulls(f.skills, f.bio, f.hourly_rate), f.user_id LIMIT 1);
END
$$;
COMMENT ON FUNCTION skillancer.demo_stand_in(text) IS 'An imported or generated account without password that fits a demo role.';

-- make_demo_sign_ins()
CREATE OR REPLACE FUNCTION skillancer.make_demo_sign_ins(p_seed integer DEFAULT 1)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_person record;
	v_user   skillancer.user_id;
BEGIN
	FOR v_person IN SELECT * FROM skillancer.demo_people() d
		WHERE NOT EXISTS (SELECT FROM skillancer.user_account a WHERE a.email_key = lower(d.email)) LOOP
		IF v_person.role = 'ADMIN' THEN
			v_user := skillancer.create_admin(v_person.email, skillancer.demo_password(), v_person.name);
		ELSE
			v_user := coalesce(
				(SELECT a.id FROM skillancer.user_account a
					WHERE a.id = skillancer.draw_id(p_seed, lower(v_person.role), 1)::skillancer.user_id),
				skillancer.demo_stand_in(v_person.role));
			CONTINUE WHEN v_user IS NULL;
			UPDATE skillancer.user_account a SET email = v_person.email, name = v_person.name, updated_at = skillancer.now()
			WHERE a.id = v_user;
			UPDATE skillancer.profile f SET display_name = v_person.name WHERE f.user_id = v_user;
			INSERT INTO skillancer.user_credential (user_id, password_hash)
			VALUES (v_user, skillancer.password_hash(skillancer.demo_password()));
			PERFORM skillancer.email_verified(v_user);
		END IF;
		INSERT INTO skillancer.import_object (kind, key, object_id) VALUES ('demo', v_person.email, v_user::uuid)
		ON CONFLICT ON CONSTRAINT import_object_pkey DO NOTHING;
	END LOOP;
END
$$;
COMMENT ON FUNCTION skillancer.make_demo_sign_ins(integer) IS
	'Lets a client with open projects, a freelancer and an administrator sign in with a known password. For demos only.';

-- demo_password()
CREATE OR REPLACE FUNCTION skillancer.demo_password()
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT 'Bright-Lantern-27'
$$;
COMMENT ON FUNCTION skillancer.demo_password() IS 'The password of the demo sign-ins, known to everybody.';

-- demo_sign_ins()
CREATE OR REPLACE FUNCTION skillancer.demo_sign_ins(OUT role text, OUT email text, OUT password text, OUT name text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT d.role, d.email, skillancer.demo_password(), a.name
	FROM skillancer.demo_people() d
	JOIN skillancer.import_object o ON o.kind = 'demo' AND o.key = d.email
	JOIN skillancer.user_account a ON a.id = o.object_id::skillancer.user_id AND a.state = 'ACTIVE'
	ORDER BY array_position('{CLIENT,FREELANCER,ADMIN}', d.role);
END
$$;
COMMENT ON FUNCTION skillancer.demo_sign_ins() IS 'The sign-ins that make_demo_sign_ins() has made, as make run prints them.';
