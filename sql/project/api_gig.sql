/*
 * api_gig.sql
 *		Gigs: create, read, list, edit, and their life.
 */

-- Checks the fields of a gig.
CREATE OR REPLACE FUNCTION skillancer.check_gig(
	p_title text, p_description text, p_packages jsonb, p_tags text[], p_extras jsonb, p_faq jsonb,
	p_requirements text[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_text('title', p_title, 10, 100);
	PERFORM skillancer.check_text('description', p_description, 10, 10000);
	PERFORM skillancer.check_packages('packages', p_packages);
	PERFORM skillancer.check_gig_lists(p_extras, p_faq, skillancer.monetary_currency(skillancer.lowest_price(p_packages)));
	PERFORM skillancer.check_items('tags', p_tags, 10, 40);
	PERFORM skillancer.check_items('requirements', p_requirements, 10, 500);
END
$$;
COMMENT ON FUNCTION skillancer.check_gig(text, text, jsonb, text[], jsonb, jsonb, text[]) IS
	'Notes every problem in the fields of a gig; check_done() raises them.';

-- Keeps what a gig says now and tells of it.
CREATE OR REPLACE FUNCTION skillancer.keep_gig_revision(p_id skillancer.gig_id, p_event text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	INSERT INTO skillancer.gig_revision (gig_id, revision, freelancer_id, title, description, packages, extras, faq,
		requirements, files_after)
	SELECT g.id, g.revision, g.freelancer_id, g.title, g.description, g.packages, g.extras, g.faq, g.requirements, g.files_after
	FROM skillancer.gig g
	WHERE g.id = p_id;
	PERFORM skillancer.emit(p_event, 'gig', g.id::uuid, jsonb_build_object('gigId', g.id,
		'freelancerId', g.freelancer_id, 'state', g.state, 'revision', g.revision), ARRAY[g.freelancer_id::uuid]),
		skillancer.note_risk('gig', g.id::uuid, g.title || E'\n' || g.description)
	FROM skillancer.gig g
	WHERE g.id = p_id;
END
$$;
COMMENT ON FUNCTION skillancer.keep_gig_revision(skillancer.gig_id, text) IS
	'Copies the wording of a gig into gig_revision, appends the event and notes risk signals.';

-- The answer of a command: the gig as it is now.
CREATE OR REPLACE FUNCTION skillancer.gig_reply(p_id skillancer.gig_id, p_status integer DEFAULT 200)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc  json;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.gig_doc d WHERE d.id = p_id;
	RETURN ROW(p_status, v_etag, NULL, NULL, v_doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer.gig_reply(skillancer.gig_id, integer) IS 'Reply with the JSON of a gig.';

-- The caller's own gig, locked.
CREATE OR REPLACE FUNCTION skillancer.own_gig(p_id skillancer.gig_id)
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_freelancer skillancer.user_id;
	v_state      text;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT g.freelancer_id INTO v_freelancer FROM skillancer.gig g WHERE g.id = p_id;
	IF NOT FOUND THEN
		PERFORM skillancer.fail('RESOURCE_NOT_FOUND');
	ELSIF v_freelancer <> skillancer.current_user_id() THEN
		PERFORM skillancer.fail('PERMISSION_DENIED');
	END IF;
	SELECT g.state INTO v_state FROM skillancer.gig g WHERE g.id = p_id FOR UPDATE;
	RETURN v_state;
END
$$;
COMMENT ON FUNCTION skillancer.own_gig(skillancer.gig_id) IS
	'Locks a gig of the caller and returns its state; RESOURCE_NOT_FOUND or PERMISSION_DENIED for others.';

-- POST /v1/gigs
CREATE OR REPLACE FUNCTION skillancer_api.gig_create(
	p_title text, p_description text, p_packages jsonb, p_category text DEFAULT NULL, p_tags text[] DEFAULT NULL,
	p_extras jsonb DEFAULT NULL, p_faq jsonb DEFAULT NULL, p_requirements text[] DEFAULT NULL,
	p_files_after text DEFAULT 'DELIVERY', p_language text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_id       skillancer.gig_id := skillancer.new_id()::skillancer.gig_id;
	v_category skillancer.category_id;
BEGIN
	PERFORM skillancer.require_role('FREELANCER', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	p_title := skillancer.trimmed(p_title);
	p_description := skillancer.trimmed(p_description);
	PERFORM skillancer.check_gig(p_title, p_description, p_packages, p_tags, p_extras, p_faq, p_requirements);
	PERFORM skillancer.check_one_of('filesAfter', p_files_after, '{DELIVERY,RELEASE}');
	PERFORM skillancer.check_language('language', p_language);
	v_category := skillancer.resolve_category('category', p_category);
	PERFORM skillancer.check_done();
	INSERT INTO skillancer.gig (id, freelancer_id, title, description, category_id, tags, packages, extras, faq,
		requirements, files_after, price_from, language)
	VALUES (v_id, skillancer.current_user_id(), p_title, p_description, v_category, coalesce(p_tags, '{}'),
		skillancer.tidy_terms(p_packages, 'price'), skillancer.tidy_terms(p_extras, 'price'), coalesce(p_faq, '[]'), coalesce(p_requirements, '{}'),
		p_files_after, skillancer.lowest_price(p_packages), p_language);
	PERFORM skillancer.keep_gig_revision(v_id, 'gig.created');
	RETURN skillancer.gig_reply(v_id, 201);
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_create(text, text, jsonb, text, text[], jsonb, jsonb, text[], text, text) IS
	'Creates a draft with one to three packages [{"tier","title","description","price","deliveryDays","revisions","features"}] in one currency, extras [{"title","price","extraDays"}] and faq [{"question","answer"}]. filesAfter RELEASE: clients read final files after the release only. language (ISO 639) is that of title and description.';
SELECT skillancer.add_route('POST', '/v1/gigs', 'gig_create', who => 'FREELANCER',
	summary => 'Create a draft gig', answers => '201 gig_doc');

-- GET /v1/gigs/{id}
CREATE OR REPLACE FUNCTION skillancer_api.gig_get(
	p_id skillancer.gig_id, p_header_if_none_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag  text;
	v_doc   json;
	v_noted boolean;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.gig_doc d WHERE d.id = p_id;
	v_noted := v_doc IS NOT NULL AND skillancer.note_read('gig', p_id::uuid);
	RETURN skillancer.object_reply(v_etag, v_doc, p_header_if_none_match);
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_get(skillancer.gig_id, text) IS
	'One gig: active ones for everybody, others for their freelancer and staff.';
SELECT skillancer.add_route('GET', '/v1/gigs/{id}', 'gig_get', who => 'anyone', summary => 'Get a gig',
	answers => 'gig_doc');

-- The caller's gigs, newest first.
CREATE OR REPLACE FUNCTION skillancer.gig_list_mine(p_limit integer, p_cursor text)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_scope text := concat_ws('|', 'gigs-mine', skillancer.current_user_id());
	v_after skillancer.gig_id := coalesce(skillancer.cursor_decode(v_scope, p_cursor),
		'ffffffff-ffff-ffff-ffff-ffffffffffff')::skillancer.gig_id;
	v_items json[];
	v_keys  text[];
BEGIN
	SELECT array_agg(l.doc), array_agg(l.id::text) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.id
		FROM skillancer.gig_doc d
		WHERE d.freelancer_id = (SELECT skillancer.current_user_id()) AND d.id < v_after
		ORDER BY d.id DESC
		LIMIT p_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, p_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer.gig_list_mine(integer, text) IS 'A page of the gigs of the caller, in every state.';
GRANT EXECUTE ON FUNCTION skillancer.gig_list_mine(integer, text) TO skillancer_bridge;

-- Active gigs that match filters.
CREATE OR REPLACE FUNCTION skillancer.gig_list_found(
	p_q text, p_category text, p_min numeric, p_max numeric, p_currency text, p_limit integer, p_cursor text)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_scope    text := jsonb_build_array('gigs', p_q, p_category, p_min, p_max, p_currency)::text;
	v_after    text;
	v_category skillancer.category_id;
	v_ids      skillancer.gig_id[];
	v_items    json[];
	v_keys     text[];
BEGIN
	PERFORM skillancer.check_text('q', p_q, 1, 200, required => false);
	PERFORM skillancer.check_that('q', coalesce(nullif(p_q, ''), 'x') ~ '[^[:punct:][:space:]]', 'must have a word');
	PERFORM skillancer.check_number('priceMin', p_min, 0, 1000000, required => false);
	PERFORM skillancer.check_number('priceMax', p_max, 0, 1000000, required => false);
	PERFORM skillancer.check_that('currency', coalesce(p_currency, 'USD') ~ '^[A-Z]{3}$', 'must be a currency code such as USD');
	v_category := skillancer.resolve_category('category', p_category);
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode(v_scope, p_cursor), 'infinity|ffffffff-ffff-ffff-ffff-ffffffffffff');
	v_ids := skillancer.find_gigs(skillancer.search_query(p_q),
		CASE WHEN v_category IS NOT NULL THEN skillancer.category_subtree(v_category) END,
		p_min, p_max, p_currency, split_part(v_after, '|', 1)::timestamptz,
		split_part(v_after, '|', 2)::skillancer.gig_id, p_limit + 1);
	SELECT array_agg(d.doc ORDER BY f.n), array_agg(d.activated_at || '|' || d.id ORDER BY f.n) INTO v_items, v_keys
	FROM unnest(v_ids) WITH ORDINALITY AS f(id, n)
	JOIN skillancer.gig_doc d ON d.id = f.id;
	RETURN skillancer.list_reply(v_items, v_keys, p_limit, v_scope);
END
$$;
COMMENT ON FUNCTION skillancer.gig_list_found(text, text, numeric, numeric, text, integer, text) IS
	'A page of the active gigs that match, newest first.';
GRANT EXECUTE ON FUNCTION skillancer.gig_list_found(text, text, numeric, numeric, text, integer, text)
	TO skillancer_bridge;

-- Active gigs in the order of their freelancers' outcomes.
CREATE OR REPLACE FUNCTION skillancer.gig_list_best(p_limit integer, p_cursor text)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_after text := coalesce(skillancer.cursor_decode('gigs-best', p_cursor), '10001|ffffffff-ffff-ffff-ffff-ffffffffffff');
	v_items json[];
	v_keys  text[];
BEGIN
	SELECT array_agg(l.doc), array_agg(l.rank || '|' || l.id) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.rank, d.id
		FROM skillancer.gig_doc d
		WHERE d.state = 'ACTIVE' AND (d.rank, d.id) <
			(split_part(v_after, '|', 1)::integer, split_part(v_after, '|', 2)::skillancer.gig_id)
		ORDER BY d.rank DESC, d.id DESC
		LIMIT p_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, p_limit, 'gigs-best');
END
$$;
COMMENT ON FUNCTION skillancer.gig_list_best(integer, text) IS
	'A page of the active gigs, those of freelancers with the best outcomes first.';
GRANT EXECUTE ON FUNCTION skillancer.gig_list_best(integer, text) TO skillancer_bridge;

-- GET /v1/gigs
CREATE OR REPLACE FUNCTION skillancer_api.gig_list(
	p_q text DEFAULT NULL, p_category text DEFAULT NULL, p_price_min numeric DEFAULT NULL,
	p_price_max numeric DEFAULT NULL, p_currency text DEFAULT NULL, p_mine boolean DEFAULT false,
	p_sort text DEFAULT NULL, p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	v_limit integer := skillancer.check_limit(p_limit);
	v_after text;
	v_items json[];
	v_keys  text[];
	v_is_filtered boolean := coalesce(p_q, p_category, p_currency, p_price_min::text, p_price_max::text) IS NOT NULL;
BEGIN
	PERFORM skillancer.check_one_of('sort', p_sort, '{newest,outcomes}', required => false);
	PERFORM skillancer.check_that('sort', p_sort IS DISTINCT FROM 'outcomes' OR NOT (v_is_filtered OR p_mine),
		'outcomes is for lists without other filters');
	IF p_mine THEN
		PERFORM skillancer.require_role('USER');
		PERFORM skillancer.check_done();
		RETURN skillancer.gig_list_mine(v_limit, p_cursor);
	ELSIF p_sort = 'outcomes' THEN
		PERFORM skillancer.check_done();
		RETURN skillancer.gig_list_best(v_limit, p_cursor);
	ELSIF v_is_filtered THEN
		RETURN skillancer.gig_list_found(p_q, p_category, p_price_min, p_price_max, p_currency, v_limit, p_cursor);
	END IF;
	PERFORM skillancer.check_done();
	v_after := coalesce(skillancer.cursor_decode('gigs', p_cursor), 'infinity|ffffffff-ffff-ffff-ffff-ffffffffffff');
	SELECT array_agg(l.doc), array_agg(l.activated_at || '|' || l.id) INTO v_items, v_keys
	FROM (
		SELECT d.doc, d.activated_at, d.id
		FROM skillancer.gig_doc d
		WHERE d.state = 'ACTIVE' AND (d.activated_at, d.id) <
			(split_part(v_after, '|', 1)::timestamptz, split_part(v_after, '|', 2)::skillancer.gig_id)
		ORDER BY d.activated_at DESC, d.id DESC
		LIMIT v_limit + 1) l;
	RETURN skillancer.list_reply(v_items, v_keys, v_limit, 'gigs');
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_list(text, text, numeric, numeric, text, boolean, text, integer, text) IS
	'Active gigs, newest first, filtered by words (q), category with what lies below it, and the lowest price; or all of them by the outcomes of their freelancers (sort=outcomes). mine=true lists your own in every state.';
SELECT skillancer.add_route('GET', '/v1/gigs', 'gig_list', who => 'anyone',
	summary => 'List active gigs, or your own', answers => '[gig_doc]');

-- PATCH /v1/gigs/{id}
CREATE OR REPLACE FUNCTION skillancer_api.gig_update(
	p_id skillancer.gig_id, p_present text[], p_title text DEFAULT NULL, p_description text DEFAULT NULL,
	p_packages jsonb DEFAULT NULL, p_category text DEFAULT NULL, p_tags text[] DEFAULT NULL,
	p_extras jsonb DEFAULT NULL, p_faq jsonb DEFAULT NULL, p_requirements text[] DEFAULT NULL,
	p_files_after text DEFAULT NULL, p_header_if_match text DEFAULT NULL, p_language text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_state text := skillancer.own_gig(p_id);
	v_row   skillancer.gig%ROWTYPE;
BEGIN
	SELECT * INTO v_row FROM skillancer.gig g WHERE g.id = p_id;
	PERFORM skillancer.check_if_match(p_header_if_match, 'v' || v_row.version);
	IF v_state NOT IN ('DRAFT', 'ACTIVE', 'PAUSED') THEN
		PERFORM skillancer.fail('INVALID_STATE', 'a gig cannot be edited while it is ' || v_state,
			jsonb_build_object('state', v_state, 'allowed', '[]'::jsonb));
	END IF;
	v_row.title := CASE WHEN 'title' = ANY (p_present) THEN skillancer.trimmed(p_title) ELSE v_row.title END;
	v_row.description := CASE WHEN 'description' = ANY (p_present) THEN skillancer.trimmed(p_description)
		ELSE v_row.description END;
	v_row.packages := CASE WHEN 'packages' = ANY (p_present) THEN p_packages ELSE v_row.packages END;
	v_row.tags := CASE WHEN 'tags' = ANY (p_present) THEN coalesce(p_tags, '{}') ELSE v_row.tags END;
	v_row.extras := CASE WHEN 'extras' = ANY (p_present) THEN coalesce(p_extras, '[]') ELSE v_row.extras END;
	v_row.faq := CASE WHEN 'faq' = ANY (p_present) THEN coalesce(p_faq, '[]') ELSE v_row.faq END;
	v_row.requirements := CASE WHEN 'requirements' = ANY (p_present) THEN coalesce(p_requirements, '{}')
		ELSE v_row.requirements END;
	PERFORM skillancer.check_gig(v_row.title, v_row.description, v_row.packages, v_row.tags, v_row.extras, v_row.faq,
		v_row.requirements);
	v_row.files_after := CASE WHEN 'filesAfter' = ANY (p_present) THEN p_files_after ELSE v_row.files_after END;
	PERFORM skillancer.check_one_of('filesAfter', v_row.files_after, '{DELIVERY,RELEASE}');
	v_row.language := CASE WHEN 'language' = ANY (p_present) THEN p_language ELSE v_row.language END;
	PERFORM skillancer.check_language('language', v_row.language);
	IF 'category' = ANY (p_present) THEN
		v_row.category_id := skillancer.resolve_category('category', p_category);
	END IF;
	PERFORM skillancer.check_done();
	UPDATE skillancer.gig g
	SET title = v_row.title, description = v_row.description, packages = skillancer.tidy_terms(v_row.packages, 'price'),
		tags = v_row.tags, extras = skillancer.tidy_terms(v_row.extras, 'price'), faq = v_row.faq, requirements = v_row.requirements, files_after = v_row.files_after, language = v_row.language, category_id = v_row.category_id,
		price_from = skillancer.lowest_price(v_row.packages), revision = g.revision + 1, version = g.version + 1,
		updated_at = skillancer.now()
	WHERE g.id = p_id;
	PERFORM skillancer.keep_gig_revision(p_id, 'gig.updated');
	RETURN skillancer.gig_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_update(skillancer.gig_id, text[], text, text, jsonb, text, text[], jsonb, jsonb,
		text[], text, text, text) IS
	'Changes the fields that are sent and keeps the old wording under its revision: orders that were made on it stay as they are.';
SELECT skillancer.add_route('PATCH', '/v1/gigs/{id}', 'gig_update', who => 'FREELANCER',
	summary => 'Edit a gig of yours', answers => 'gig_doc');

-- POST /v1/gigs/{id}/activate
CREATE OR REPLACE FUNCTION skillancer_api.gig_activate(p_id skillancer.gig_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.own_gig(p_id);
	PERFORM skillancer.require_role('FREELANCER', 'ADMIN');
	PERFORM skillancer.require_unrestricted();
	UPDATE skillancer.gig g SET activated_at = coalesce(g.activated_at, skillancer.now()) WHERE g.id = p_id;
	PERFORM skillancer.fire('gig', p_id::uuid, 'activate');
	RETURN skillancer.gig_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_activate(skillancer.gig_id) IS 'Offers a draft or paused gig to clients.';
SELECT skillancer.add_route('POST', '/v1/gigs/{id}/activate', 'gig_activate', who => 'FREELANCER',
	summary => 'Activate a gig of yours', answers => 'gig_doc');

-- POST /v1/gigs/{id}/pause
CREATE OR REPLACE FUNCTION skillancer_api.gig_pause(p_id skillancer.gig_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.own_gig(p_id);
	PERFORM skillancer.fire('gig', p_id::uuid, 'pause');
	RETURN skillancer.gig_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_pause(skillancer.gig_id) IS 'Takes an active gig out of the lists for a while.';
SELECT skillancer.add_route('POST', '/v1/gigs/{id}/pause', 'gig_pause', who => 'FREELANCER',
	summary => 'Pause a gig of yours', answers => 'gig_doc');

-- POST /v1/gigs/{id}/archive
CREATE OR REPLACE FUNCTION skillancer_api.gig_archive(p_id skillancer.gig_id)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.own_gig(p_id);
	PERFORM skillancer.fire('gig', p_id::uuid, 'archive');
	RETURN skillancer.gig_reply(p_id);
END
$$;
COMMENT ON FUNCTION skillancer_api.gig_archive(skillancer.gig_id) IS 'Ends an active or paused gig for good.';
SELECT skillancer.add_route('POST', '/v1/gigs/{id}/archive', 'gig_archive', who => 'FREELANCER',
	summary => 'Archive a gig of yours', answers => 'gig_doc');
