/*
 * api_users.sql
 *		The account and the profile of the caller, and what others see of it.
 */

-- Account and profile of the caller in one object.
CREATE OR REPLACE FUNCTION skillancer.me_doc(OUT etag text, OUT doc json)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	SELECT concat_ws('.', u.etag, p.etag),
		(u.doc::jsonb || jsonb_build_object('profile', p.doc))::json
	INTO etag, doc
	FROM skillancer.user_doc u
	LEFT JOIN skillancer.profile_doc p ON p.user_id = u.id
	WHERE u.id = (SELECT skillancer.current_user_id());
END
$$;
COMMENT ON FUNCTION skillancer.me_doc() IS 'What GET /v1/users/me shows, and its entity tag.';
GRANT EXECUTE ON FUNCTION skillancer.me_doc() TO skillancer_bridge;

--
CREATE OR REPLACE FUNCTION skillancer_api.me_get(p_header_if_none_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me record;
BEGIN
	PERFORM skillancer.require_role('USER');
	SELECT * INTO v_me FROM skillancer.me_doc();
	RETURN skillancer.object_reply(v_me.etag, v_me.doc, p_header_if_none_match);
END
$$;
COMMENT ON FUNCTION skillancer_api.me_get(text) IS 'Account and profile of the caller.';
SELECT skillancer.add_route('GET', '/v1/users/me', 'me_get', summary => 'My account and profile',
	answers => 'user_doc & {profile: profile_doc|null}');

-- Tells that the caller changed something of himself.
CREATE OR REPLACE FUNCTION skillancer.emit_me_updated(p_fields text[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_user skillancer.user_id := skillancer.current_user_id();
BEGIN
	PERFORM skillancer.emit('user.updated', 'user', v_user::uuid,
		jsonb_build_object('userId', v_user::text, 'fields', to_jsonb(p_fields)), ARRAY[v_user::uuid]);
END
$$;
COMMENT ON FUNCTION skillancer.emit_me_updated(text[]) IS 'Appends user.updated for the caller.';

--
CREATE OR REPLACE FUNCTION skillancer_api.me_patch(
	p_present text[], p_name text DEFAULT NULL, p_timezone text DEFAULT NULL, p_locale text DEFAULT NULL,
	p_header_if_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_me record;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_text('name', btrim(p_name), 1, 100, required => 'name' = ANY (p_present));
	PERFORM skillancer.check_that('timezone', CASE WHEN p_timezone IS NULL THEN 'timezone' <> ALL (p_present)
		ELSE skillancer.timezone_is_valid(p_timezone) END, 'must be a time zone, such as Europe/Berlin');
	PERFORM skillancer.check_that('locale', CASE WHEN p_locale IS NULL THEN 'locale' <> ALL (p_present)
		ELSE p_locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$' END, 'must be a language, such as en or de-AT');
	PERFORM skillancer.check_done();
	IF skillancer.hold_account(skillancer.current_user_id()) = 'CLOSED' THEN
		PERFORM skillancer.fail('ACCOUNT_CLOSED');
	END IF;
	SELECT * INTO v_me FROM skillancer.me_doc();
	PERFORM skillancer.check_if_match(p_header_if_match, v_me.etag);
	UPDATE skillancer.user_account
	SET name = coalesce(btrim(p_name), name), timezone = coalesce(p_timezone, timezone),
		locale = coalesce(p_locale, locale), version = version + 1, updated_at = skillancer.now()
	WHERE id = skillancer.current_user_id();
	PERFORM skillancer.emit_me_updated(p_present);
	SELECT * INTO v_me FROM skillancer.me_doc();
	RETURN ROW(200, v_me.etag, NULL, NULL, v_me.doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.me_patch(text[], text, text, text, text) IS
	'Changes name, time zone or locale of the caller.';
SELECT skillancer.add_route('PATCH', '/v1/users/me', 'me_patch', class => 'fast', summary => 'Change my account',
	answers => 'user_doc & {profile: profile_doc|null}');

-- Problems of a profile.
CREATE OR REPLACE FUNCTION skillancer.check_profile_lists(
	p_languages text[], p_work_history jsonb, p_education jsonb, p_portfolio jsonb, p_certifications jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_array('languages', p_languages, 20, 50, required => true);
	PERFORM skillancer.check_entries('workHistory', p_work_history, 30, '{title,company}', '{from,to,description}');
	PERFORM skillancer.check_entries('education', p_education, 20, '{school}', '{degree,field,from,to}');
	PERFORM skillancer.check_entries('portfolio', p_portfolio, 30, '{title}', '{description,url,mediaId}');
	PERFORM skillancer.check_media('portfolio', ARRAY(SELECT e ->> 'mediaId' FROM jsonb_array_elements(
		CASE jsonb_typeof(p_portfolio) WHEN 'array' THEN p_portfolio END) e WHERE e ->> 'mediaId' IS NOT NULL));
	PERFORM skillancer.check_entries('certifications', p_certifications, 30, '{name}', '{issuer,year,url}');
END
$$;
COMMENT ON FUNCTION skillancer.check_profile_lists(text[], jsonb, jsonb, jsonb, jsonb) IS
	'Notes the problems of the lists of a profile.';

-- A language that a text is written in.
CREATE OR REPLACE FUNCTION skillancer.check_language(p_field text, p_language text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_that(p_field, p_language IS NULL OR p_language ~ '^[a-z]{2}$',
		'must be an ISO 639 code of two letters');
END
$$;
COMMENT ON FUNCTION skillancer.check_language(text, text) IS 'Notes a problem unless it is a language code such as de, or NULL.';

--
CREATE OR REPLACE FUNCTION skillancer_api.me_put_profile(
	p_display_name text, p_headline text DEFAULT NULL, p_bio text DEFAULT NULL,
	p_hourly_rate skillancer.monetary DEFAULT NULL, p_languages text[] DEFAULT '{}', p_country text DEFAULT NULL,
	p_availability text DEFAULT NULL, p_work_history jsonb DEFAULT '[]', p_education jsonb DEFAULT '[]',
	p_portfolio jsonb DEFAULT '[]', p_certifications jsonb DEFAULT '[]', p_company_name text DEFAULT NULL,
	p_company_size text DEFAULT NULL, p_company_bio text DEFAULT NULL, p_is_public boolean DEFAULT true,
	p_header_if_match text DEFAULT NULL, p_language text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_doc record;
BEGIN
	PERFORM skillancer.require_role('USER');
	PERFORM skillancer.check_language('language', p_language);
	PERFORM skillancer.check_text('displayName', btrim(p_display_name), 1, 100);
	PERFORM skillancer.check_text('headline', p_headline, 1, 200, required => false);
	PERFORM skillancer.check_text('bio', p_bio, 1, 5000, required => false);
	PERFORM skillancer.check_money('hourlyRate', p_hourly_rate, 1, 1000000, required => false);
	PERFORM skillancer.check_that('country', p_country IS NULL OR p_country ~ '^[A-Z]{2}$',
		'must be an ISO 3166 code of two letters');
	PERFORM skillancer.check_one_of('availability', p_availability,
		'{FULL_TIME,PART_TIME,OCCASIONAL,UNAVAILABLE}', required => false);
	PERFORM skillancer.check_profile_lists(p_languages, p_work_history, p_education, p_portfolio, p_certifications);
	PERFORM skillancer.check_text('companyName', p_company_name, 1, 100, required => false);
	PERFORM skillancer.check_one_of('companySize', p_company_size, '{1,2-10,11-50,51-200,201-1000,1001+}',
		required => false);
	PERFORM skillancer.check_text('companyBio', p_company_bio, 1, 5000, required => false);
	PERFORM skillancer.check_done();
	PERFORM 1 FROM skillancer.profile WHERE user_id = skillancer.current_user_id() FOR UPDATE;
	SELECT d.etag INTO v_doc FROM skillancer.profile_doc d WHERE d.user_id = skillancer.current_user_id();
	PERFORM skillancer.check_if_match(p_header_if_match, v_doc.etag);
	UPDATE skillancer.profile
	SET display_name = btrim(p_display_name), headline = p_headline, bio = p_bio, hourly_rate = p_hourly_rate,
		languages = p_languages, language = p_language, country = p_country, availability = p_availability,
		work_history = p_work_history, education = p_education, portfolio = p_portfolio,
		certifications = p_certifications, company_name = p_company_name, company_size = p_company_size,
		company_bio = p_company_bio, is_public = coalesce(p_is_public, true), version = version + 1,
		updated_at = skillancer.now()
	WHERE user_id = skillancer.current_user_id();
	PERFORM skillancer.emit_me_updated('{profile}');
	SELECT d.etag, d.doc INTO v_doc FROM skillancer.profile_doc d WHERE d.user_id = skillancer.current_user_id();
	RETURN ROW(200, v_doc.etag, NULL, NULL, v_doc.doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.me_put_profile(text, text, text, skillancer.monetary, text[], text, text, jsonb, jsonb, jsonb, jsonb, text, text, text, boolean, text, text) IS
	'Replaces the profile of the caller; what is not sent is emptied. language (ISO 639) is that of headline and bio. Skills have a route of their own.';
SELECT skillancer.add_route('PUT', '/v1/users/me/profile', 'me_put_profile', class => 'fast',
	summary => 'Replace my profile', answers => 'profile_doc');

-- The skill that a client means: its id, its slug, or an alias.
CREATE OR REPLACE FUNCTION skillancer.find_skill(p_name text)
RETURNS skillancer.skill_id
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF p_name ~ '^skl_[0-9a-z]{26}$' THEN
		RETURN (SELECT coalesce(k.merged_into, k.id) FROM skillancer.skill k WHERE k.id = p_name::skillancer.skill_id);
	END IF;
	RETURN (SELECT coalesce(s.merged_into, s.id) FROM skillancer.skill_key k
		JOIN skillancer.skill s ON s.id = k.skill_id
		WHERE k.key = lower(p_name));
EXCEPTION WHEN invalid_text_representation THEN
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION skillancer.find_skill(text) IS 'Id of the skill with that id, slug or alias; NULL when there is none.';
GRANT EXECUTE ON FUNCTION skillancer.find_skill(text) TO skillancer_bridge;

-- Reads [{"skill": "...", "level": 1..4, "years": 0..60}, ...].
CREATE OR REPLACE FUNCTION skillancer.read_skills(p_field text, p_skills jsonb)
RETURNS skillancer.skillset
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_entry record;
	v_ids skillancer.skill_id[] := '{}';
	v_levels integer[] := '{}';
	v_years integer[] := '{}';
	v_id skillancer.skill_id;
BEGIN
	IF p_skills IS NULL OR jsonb_typeof(p_skills) <> 'array' OR jsonb_array_length(p_skills) > 50 THEN
		PERFORM skillancer.check_that(p_field, false, 'must be a list of at most 50 skills');
		RETURN NULL;
	END IF;
	FOR v_entry IN
		SELECT e.value, format('%s[%s]', p_field, e.n - 1) AS path
		FROM jsonb_array_elements(p_skills) WITH ORDINALITY AS e (value, n)
	LOOP
		IF jsonb_typeof(v_entry.value) <> 'object'
			OR v_entry.value - '{skill,level,years}'::text[] <> '{}'::jsonb THEN
			PERFORM skillancer.check_that(v_entry.path, false, 'must have skill, level and years and nothing else');
			CONTINUE;
		END IF;
		v_id := skillancer.find_skill(v_entry.value ->> 'skill');
		PERFORM skillancer.check_that(v_entry.path || '.skill', v_id IS NOT NULL, 'is not a known skill');
		PERFORM skillancer.check_that(v_entry.path || '.skill', v_id IS NULL OR NOT v_id = ANY (v_ids),
			'is in the list twice');
		PERFORM skillancer.check_that(v_entry.path || '.level', v_entry.value ->> 'level' ~ '^[1-4]$',
			'must be a whole number from 1 to 4');
		PERFORM skillancer.check_that(v_entry.path || '.years',
			coalesce(v_entry.value ->> 'years', '0') ~ '^([0-9]|[1-5][0-9]|60)$', 'must be a whole number from 0 to 60');
		IF v_id IS NOT NULL AND v_entry.value ->> 'level' ~ '^[1-4]$'
			AND coalesce(v_entry.value ->> 'years', '0') ~ '^[0-9]{1,2}$' THEN
			v_ids := v_ids || v_id;
			v_levels := v_levels || (v_entry.value ->> 'level')::integer;
			v_years := v_years || coalesce(v_entry.value ->> 'years', '0')::integer;
		END IF;
	END LOOP;
	PERFORM skillancer.check_done();
	RETURN skillancer.skillset_of(v_ids, v_levels, v_years);
END
$$;
COMMENT ON FUNCTION skillancer.read_skills(text, jsonb) IS
	'The skillset of a list of {skill, level, years}; raises VALIDATION_ERROR with everything that is wrong with it.';

--
CREATE OR REPLACE FUNCTION skillancer_api.me_put_skills(p_skills jsonb, p_header_if_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_skills skillancer.skillset;
	v_doc record;
BEGIN
	PERFORM skillancer.require_role('USER');
	v_skills := skillancer.read_skills('skills', p_skills);
	PERFORM skillancer.check_done();
	PERFORM 1 FROM skillancer.profile WHERE user_id = skillancer.current_user_id() FOR UPDATE;
	SELECT d.etag INTO v_doc FROM skillancer.profile_doc d WHERE d.user_id = skillancer.current_user_id();
	PERFORM skillancer.check_if_match(p_header_if_match, v_doc.etag);
	UPDATE skillancer.profile
	SET skills = v_skills, version = version + 1, updated_at = skillancer.now()
	WHERE user_id = skillancer.current_user_id();
	PERFORM skillancer.emit_me_updated('{skills}');
	SELECT d.etag, d.doc INTO v_doc FROM skillancer.profile_doc d WHERE d.user_id = skillancer.current_user_id();
	RETURN ROW(200, v_doc.etag, NULL, NULL, v_doc.doc)::skillancer.reply;
END
$$;
COMMENT ON FUNCTION skillancer_api.me_put_skills(jsonb, text) IS
	'Replaces the skills of the caller: a list of {skill: id, slug or alias, level: 1..4, years: 0..60}.';
SELECT skillancer.add_route('PUT', '/v1/users/me/skills', 'me_put_skills', class => 'fast',
	summary => 'Replace my skills', answers => 'profile_doc');

--
CREATE OR REPLACE FUNCTION skillancer_api.user_get(
	p_id skillancer.user_id, p_header_if_none_match text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_etag text;
	v_doc json;
	v_noted boolean;
BEGIN
	SELECT d.etag, d.doc INTO v_etag, v_doc FROM skillancer.profile_doc d WHERE d.user_id = p_id;
	v_noted := v_doc IS NOT NULL AND p_id IS DISTINCT FROM skillancer.current_user_id() AND skillancer.note_read('profile', p_id::uuid);
	RETURN skillancer.object_reply(v_etag, v_doc, p_header_if_none_match);
END
$$;
COMMENT ON FUNCTION skillancer_api.user_get(skillancer.user_id, text) IS
	'The public profile of a person; one that is not public exists for its owner and for staff only.';
SELECT skillancer.add_route('GET', '/v1/users/{id}', 'user_get', who => 'anyone', summary => 'A public profile',
	answers => 'profile_doc');
