/*
 * matrix.sql
 *		The machine behind test/rls/matrix: it tries every command on every relation as every role and persona,
 *		and compares the rows that were reached with what relations.tsv says.
 *
 * A cell is (relation, role, command). Its expectation is a sum of terms; for each persona they become a
 * predicate over the rows of the relation, which the superuser evaluates: that set must be the one that the role
 * reaches. Roles without a privilege must get "denied", where a trigger or a view stands in the way "refused".
 *
 * Every try runs in a subtransaction that is rolled back. Foreign keys and ordinary triggers are switched off, so
 * that policies are what decides; triggers that are enabled always stay.
 */
CREATE SCHEMA rls;

-- what the files say
CREATE TABLE rls.expectation (relation text, roles text, commands text, expect text);
CREATE TABLE rls.special (relation text PRIMARY KEY, key text, own text, party text);
CREATE TABLE rls.function (name text PRIMARY KEY, runs_as text, who text);

-- who asks: no request at all, an anonymous one, or a user
CREATE TABLE rls.persona (name text PRIMARY KEY, position serial, user_id skillancer.user_id, is_request boolean NOT NULL);

CREATE TABLE rls.role (name text PRIMARY KEY, under_rls boolean NOT NULL);
INSERT INTO rls.role VALUES ('bridge', true), ('owner', true), ('engine', false), ('vault', true), ('worker', true),
	('analyst', true), ('admin', true), ('backup', false), ('outsider', true);
CREATE ROLE skillancer_outsider NOLOGIN;

CREATE TABLE rls.result (cells bigint NOT NULL DEFAULT 0, persona_cells bigint NOT NULL DEFAULT 0);
INSERT INTO rls.result DEFAULT VALUES;
CREATE TABLE rls.mismatch (relation text, role text, command text, persona text, expected text, found text);

-- the relations that need expectations; the partitions of a table are one relation "<parent>/partition"
CREATE VIEW rls.relation AS
SELECT c.oid, CASE WHEN c.relispartition THEN i.inhparent::regclass::text || '/partition' ELSE c.oid::regclass::text END AS name,
	c.relkind AS kind,
	CASE c.relkind WHEN 'S' THEN '{USAGE,SELECT,UPDATE}'::text[]
		WHEN 'v' THEN '{SELECT,WRITE}'::text[]
		WHEN 'm' THEN '{SELECT,WRITE}'::text[]
		ELSE '{SELECT,INSERT,UPDATE,LOCK,DELETE,TRUNCATE}'::text[] END AS commands
FROM pg_class c
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
	AND c.relnamespace IN ('skillancer'::regnamespace, 'skillancer_api'::regnamespace, 'skillancer_analytics'::regnamespace);

CREATE FUNCTION rls.has_column(p_relation oid, p_column text) RETURNS boolean LANGUAGE sql AS $$
	SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = p_relation AND attname = p_column AND NOT attisdropped)
$$;

-- the columns that say whose a row is
CREATE FUNCTION rls.owner_columns(p_relation oid, p_party boolean) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE v_special text;
BEGIN
	SELECT CASE WHEN p_party THEN s.party ELSE s.own END INTO v_special
	FROM rls.special s JOIN rls.relation r ON r.name = s.relation WHERE r.oid = p_relation;
	IF v_special = '-' THEN
		RETURN '{}';
	ELSIF v_special <> '' THEN
		RETURN string_to_array(v_special, ' ');
	END IF;
	RETURN ARRAY(SELECT c FROM unnest(CASE WHEN p_party THEN '{client_id,freelancer_id}'::text[] ELSE '{user_id}'::text[] END) c
		WHERE rls.has_column(p_relation, c));
END $$;

-- the assignments that would give a row to somebody else, or NULL
CREATE FUNCTION rls.move(p_relation oid) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('%1$I = %2$L', c, (SELECT user_id::uuid FROM rls.persona WHERE name = 'thief')), ', ')
	FROM (SELECT unnest(rls.owner_columns(p_relation, false)) UNION SELECT unnest(rls.owner_columns(p_relation, true))) x (c)
	JOIN pg_attribute a ON a.attrelid = p_relation AND a.attname = c AND a.attgenerated = ''
$$;

-- the cells that there must be; MOVE, an update of the columns that say whose a row is, is tried as the owner
CREATE VIEW rls.wanted AS
SELECT r.name AS relation, o.name AS role, c.command
FROM (SELECT DISTINCT name, kind, commands FROM rls.relation) r, rls.role o, unnest(r.commands) AS c (command)
UNION ALL
SELECT DISTINCT r.name, 'owner', 'MOVE' FROM rls.relation r WHERE r.kind IN ('r', 'p') AND rls.move(r.oid) IS NOT NULL;

-- one line of the file for each cell
CREATE VIEW rls.cell AS
SELECT e.relation, r AS role, c AS command, e.expect
FROM rls.expectation e,
	LATERAL regexp_split_to_table(replace(e.roles, 'others', 'vault worker analyst admin outsider'), '\s+') r,
	LATERAL regexp_split_to_table(CASE e.commands
		WHEN 'writes' THEN 'INSERT UPDATE LOCK DELETE TRUNCATE'
		WHEN 'everything' THEN 'SELECT INSERT UPDATE LOCK DELETE TRUNCATE' ELSE e.commands END, '\s+') c;

-- an expression that names a row
CREATE FUNCTION rls.key(p_relation oid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v_key text;
BEGIN
	SELECT s.key INTO v_key FROM rls.special s JOIN rls.relation r ON r.name = s.relation WHERE r.oid = p_relation AND s.key <> '';
	IF v_key IS NULL AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = p_relation AND i.indisprimary) THEN
		v_key := CASE WHEN rls.has_column(p_relation, 'id') THEN 't.id' END;
	ELSIF v_key IS NULL THEN
		SELECT format('concat_ws(''|'', %s)', string_agg(format('t.%I', a.attname), ', ' ORDER BY k.n)) INTO v_key
		FROM pg_index i, unnest(i.indkey::integer[]) WITH ORDINALITY AS k (attnum, n)
		JOIN pg_attribute a ON a.attnum = k.attnum
		WHERE i.indrelid = p_relation AND i.indisprimary AND a.attrelid = i.indrelid;
	END IF;
	IF v_key IS NULL THEN
		RAISE EXCEPTION '% needs a key in special.tsv', p_relation::regclass;
	END IF;
	RETURN v_key;
END $$;

CREATE FUNCTION rls.holds(p_persona rls.persona, p_permission text) RETURNS boolean LANGUAGE sql AS $$
	SELECT EXISTS (SELECT FROM skillancer.user_role r JOIN skillancer.role_permission p USING (role)
		WHERE r.user_id = p_persona.user_id AND p.permission = p_permission)
		OR EXISTS (SELECT FROM skillancer.user_permission u WHERE u.user_id = p_persona.user_id AND u.permission = p_permission)
$$;

CREATE FUNCTION rls.is_staff(p_persona rls.persona) RETURNS boolean LANGUAGE sql AS $$
	SELECT EXISTS (SELECT FROM skillancer.user_role r
		WHERE r.user_id = p_persona.user_id AND r.role IN ('ADMIN', 'SUPPORT', 'MODERATOR', 'FINANCE', 'ANALYST'))
$$;

-- one term of an expectation as a predicate on t
CREATE FUNCTION rls.term(p_relation oid, p_persona rls.persona, p_term text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v_columns text[];
BEGIN
	IF p_term = 'none' THEN
		RETURN 'false';
	ELSIF p_term = 'all' THEN
		RETURN 'true';
	ELSIF p_term = 'request' THEN
		RETURN p_persona.is_request::text;
	ELSIF p_term = 'staff' THEN
		RETURN rls.is_staff(p_persona)::text;
	ELSIF p_term LIKE 'rows {%' THEN
		RETURN trim(substr(p_term, 6), '{}');
	ELSIF p_term LIKE 'perm % {%' THEN
		RETURN format('(%s AND (%s))', rls.holds(p_persona, split_part(p_term, ' ', 2))::text, trim(substr(p_term, position('{' IN p_term)), '{}'));
	ELSIF p_term LIKE 'perm %' THEN
		RETURN rls.holds(p_persona, split_part(p_term, ' ', 2))::text;
	ELSIF p_term LIKE 'public {%' THEN
		RETURN format('(%s AND (%s))', p_persona.is_request::text, trim(substr(p_term, 8), '{}'));
	ELSIF p_term LIKE 'mine {%' THEN
		RETURN coalesce(replace(trim(substr(p_term, 6), '{}'), '$me', quote_literal(p_persona.user_id) || '::skillancer.user_id'), 'false');
	ELSIF p_term IN ('own', 'party') THEN
		v_columns := rls.owner_columns(p_relation, p_term = 'party');
		IF cardinality(v_columns) = 0 THEN
			RAISE EXCEPTION '% has no column for "%"', p_relation::regclass, p_term;
		ELSIF p_persona.user_id IS NULL THEN
			RETURN 'false';
		END IF;
		RETURN (SELECT format('(%s)', string_agg(format('t.%I::uuid = %L', c, p_persona.user_id::uuid), ' OR ')) FROM unnest(v_columns) c);
	END IF;
	RAISE EXCEPTION 'unknown term "%" for %', p_term, p_relation::regclass;
END $$;

-- the rows that a persona should reach, as sorted keys
CREATE FUNCTION rls.expected(p_relation oid, p_persona rls.persona, p_expect text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_predicate text;
	v_keys text;
BEGIN
	SELECT string_agg(rls.term(p_relation, p_persona, trim(x)), ' OR ') INTO v_predicate
	FROM regexp_split_to_table(p_expect, '\s\+\s') x;
	EXECUTE format('SELECT coalesce(string_agg(%1$s, '' '' ORDER BY %1$s), '''') FROM %2$s t WHERE coalesce(%3$s, false)',
		rls.key(p_relation) || '::text COLLATE "C"', p_relation::regclass, v_predicate) INTO v_keys;
	RETURN v_keys;
END $$;

-- runs a statement that returns one text as a role and rolls it back
CREATE FUNCTION rls.attempt(p_role text, p_statement text, p_row text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_found text;
	v_state text;
	v_message text;
BEGIN
	EXECUTE format('SET LOCAL ROLE skillancer_%s', p_role);
	EXECUTE p_statement INTO v_found USING p_row;
	RAISE EXCEPTION USING ERRCODE = 'ZZ001', MESSAGE = coalesce(v_found, '');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT;
	RETURN CASE
		WHEN v_state = 'ZZ001' THEN v_message
		WHEN v_state = '42501' AND v_message LIKE '%row-level security%' THEN 'hidden'
		WHEN v_state = '42501' THEN 'denied'
		WHEN v_state = '23505' THEN 'twice'
		ELSE 'refused' END;
END $$;

-- the column that updates try: neither key, nor generated, nor one that says whose the row is
CREATE FUNCTION rls.plain_column(p_relation oid, p_role text) RETURNS name LANGUAGE sql AS $$
	SELECT a.attname FROM pg_attribute a
	WHERE a.attrelid = p_relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a'
	ORDER BY has_column_privilege('skillancer_' || p_role, p_relation, a.attnum, 'UPDATE') DESC,
		EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey::integer[])),
		a.attname ~ '(_id|^id|state|owner)$', a.attnum
	LIMIT 1
$$;

-- statements that name the rows they reach; %s is a condition
CREATE FUNCTION rls.statement(p_relation oid, p_role text, p_command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_key text := rls.key(p_relation) || '::text COLLATE "C"';
	v_column name;
	v_move text;
BEGIN
	CASE p_command
	WHEN 'SELECT' THEN
		RETURN format('SELECT coalesce(string_agg(%1$s, '' '' ORDER BY %1$s), '''') FROM %2$s t WHERE %%s', v_key, p_relation::regclass);
	WHEN 'LOCK' THEN
		RETURN format('SELECT coalesce(string_agg(k, '' '' ORDER BY k), '''') FROM (SELECT %s AS k FROM %s t WHERE %%s FOR UPDATE) l',
			v_key, p_relation::regclass);
	WHEN 'UPDATE' THEN
		v_column := rls.plain_column(p_relation, p_role);
		RETURN format('WITH d AS (UPDATE %2$s t SET %3$I = t.%3$I WHERE %%s RETURNING %1$s AS k) SELECT coalesce(string_agg(k, '' '' ORDER BY k), '''') FROM d',
			v_key, p_relation::regclass, v_column);
	WHEN 'MOVE' THEN
		v_move := rls.move(p_relation);
		RETURN format('WITH d AS (UPDATE %2$s t SET %3$s WHERE %%s RETURNING %1$s AS k) SELECT coalesce(string_agg(k, '' '' ORDER BY k), '''') FROM d',
			v_key, p_relation::regclass, v_move);
	WHEN 'DELETE' THEN
		RETURN format('WITH d AS (DELETE FROM %2$s t WHERE %%s RETURNING %1$s AS k) SELECT coalesce(string_agg(k, '' '' ORDER BY k), '''') FROM d',
			v_key, p_relation::regclass);
	END CASE;
END $$;

-- rows one by one, where one statement over all of them fails: what is reached and what stands in the way
CREATE FUNCTION rls.row_by_row(p_relation oid, p_role text, p_statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_row text;
	v_found text;
	v_keys text[] := '{}';
	v_refused boolean := false;
BEGIN
	FOR v_row IN EXECUTE format('SELECT %s FROM %s t ORDER BY 1', rls.key(p_relation), p_relation::regclass) LOOP
		v_found := rls.attempt(p_role, format(p_statement, format('%s::text = %L', rls.key(p_relation), v_row)));
		IF v_found = 'refused' THEN
			v_refused := true;
		ELSIF v_found NOT IN ('hidden', 'denied', 'twice') AND v_found <> '' THEN
			v_keys := v_keys || v_found;
		END IF;
	END LOOP;
	RETURN CASE WHEN v_refused AND v_keys = '{}' THEN 'refused'
		ELSE array_to_string(ARRAY(SELECT k COLLATE "C" FROM unnest(v_keys) k ORDER BY 1), ' ') END;
END $$;

-- INSERT: each row again, as it is. The policy speaks before the unique index does.
CREATE FUNCTION rls.inserted(p_relation oid, p_role text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_columns text;
	v_row record;
	v_found text;
	v_keys text[] := '{}';
	v_refused boolean := false;
BEGIN
	SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO v_columns
	FROM pg_attribute WHERE attrelid = p_relation AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
	FOR v_row IN EXECUTE format('SELECT %s::text AS key, t::text AS whole FROM %s t ORDER BY 1', rls.key(p_relation), p_relation::regclass) LOOP
		v_found := rls.attempt(p_role, format('WITH d AS (INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE
			SELECT %2$s FROM (SELECT ($1::%1$s).*) r RETURNING 1) SELECT ''in'' FROM d', p_relation::regclass, v_columns), v_row.whole);
		IF v_found = 'denied' THEN
			RETURN 'denied';
		ELSIF v_found = 'refused' THEN
			v_refused := true;
		ELSIF v_found IN ('in', 'twice') THEN
			v_keys := v_keys || v_row.key;
		END IF;
	END LOOP;
	RETURN CASE WHEN v_found IS NULL AND NOT has_any_column_privilege('skillancer_' || p_role, p_relation, 'INSERT') THEN 'denied'
		WHEN v_refused AND v_keys = '{}' THEN 'refused'
		ELSE array_to_string(ARRAY(SELECT k COLLATE "C" FROM unnest(v_keys) k ORDER BY 1), ' ') END;
END $$;

-- what a role reaches with a command, as the present persona
CREATE FUNCTION rls.reached(p_relation oid, p_kind "char", p_role text, p_command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v_role text := 'skillancer_' || p_role;
	v_statement text;
	v_found text;
BEGIN
	IF p_kind = 'S' THEN
		RETURN CASE WHEN has_sequence_privilege(v_role, p_relation, p_command) THEN 'all' ELSE 'denied' END;
	ELSIF p_command = 'TRUNCATE' THEN
		RETURN CASE WHEN has_table_privilege(v_role, p_relation, 'TRUNCATE') THEN 'all' ELSE 'denied' END;
	ELSIF p_command = 'WRITE' THEN
		RETURN CASE WHEN has_table_privilege(v_role, p_relation, 'INSERT') OR has_table_privilege(v_role, p_relation, 'UPDATE')
			OR has_table_privilege(v_role, p_relation, 'DELETE') THEN 'all' ELSE 'denied' END;
	ELSIF p_command = 'INSERT' THEN
		RETURN rls.inserted(p_relation, p_role);
	END IF;
	v_statement := rls.statement(p_relation, p_role, p_command);
	v_found := rls.attempt(p_role, format(v_statement, 'true'));
	IF v_found IN ('hidden', 'refused', 'twice') AND p_command <> 'SELECT' THEN
		v_found := rls.row_by_row(p_relation, p_role, v_statement);
	END IF;
	-- whatever keeps a row where it is will do
	RETURN CASE WHEN p_command = 'MOVE' AND v_found = 'refused' THEN '' ELSE v_found END;
END $$;

-- checks one cell for one persona and keeps a mismatch
CREATE FUNCTION rls.check_cell(p_relation rls.relation, p_cell rls.cell, p_persona rls.persona) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	v_expected text;
	v_found text;
BEGIN
	IF p_cell.expect IN ('denied', 'refused') OR (p_cell.expect = 'all' AND p_cell.command IN ('TRUNCATE', 'WRITE'))
		OR p_relation.kind = 'S' THEN
		v_expected := p_cell.expect;
	ELSE
		v_expected := rls.expected(p_relation.oid, p_persona, p_cell.expect);
	END IF;
	v_found := rls.reached(p_relation.oid, p_relation.kind, p_cell.role, p_cell.command);
	UPDATE rls.result SET persona_cells = persona_cells + 1;
	IF v_expected IS DISTINCT FROM v_found THEN
		INSERT INTO rls.mismatch VALUES (p_relation.name, p_cell.role, p_cell.command, p_persona.name, v_expected, v_found);
		RETURN false;
	END IF;
	RETURN true;
END $$;

-- checks the cells of some relations for one persona
CREATE FUNCTION rls.check_persona(p_persona text, p_relations oid[], p_roles text[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	v_persona rls.persona;
	v_cell rls.cell;
	v_relation rls.relation;
	v_wrong integer := 0;
BEGIN
	SELECT * INTO v_persona FROM rls.persona WHERE name = p_persona;
	IF v_persona.is_request THEN
		PERFORM skillancer.set_identity(v_persona.user_id::uuid);
	END IF;
	FOR v_relation IN SELECT * FROM rls.relation r WHERE r.oid = ANY (p_relations) ORDER BY r.name LOOP
		FOR v_cell IN
			SELECT c.* FROM rls.cell c JOIN rls.role r ON r.name = c.role
			WHERE c.relation = v_relation.name AND c.role = ANY (p_roles)
				AND (c.command <> 'MOVE' OR v_persona.name <> 'thief')
				-- roles that bypass policies, and cells that nobody may try, are the same for every persona
				AND (v_persona.name = 'nobody' OR (r.under_rls AND c.expect NOT IN ('denied', 'refused')
					AND v_relation.kind <> 'S' AND c.command NOT IN ('TRUNCATE', 'WRITE')))
		LOOP
			v_wrong := v_wrong + (NOT rls.check_cell(v_relation, v_cell, v_persona))::integer;
		END LOOP;
	END LOOP;
	RETURN v_wrong;
END $$;
