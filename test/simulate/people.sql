-- test/simulate/people.sql
--	Acts of people by themselves: arriving, presenting themselves, looking around, and what the staff does every week.

-- An account. The password is one that nobody knows; the first client and freelancer become the sign-ins of the demo.
CREATE FUNCTION pg_temp.act_join(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_kind text := (SELECT p.kind FROM person p WHERE p.n = p_act.who);
	v_star record;
	v_name text := pg_temp.one_of('given', p_act.who, skillancer.demo_words('given')) || ' ' || pg_temp.one_of('family', p_act.who, skillancer.demo_words('family'));
	v_email text := format('%s-%s-%s@simulated.invalid', lower(v_kind), current_setting('simulation.seed'), p_act.who);
	v_id skillancer.user_id;
BEGIN
	SELECT d.email, d.name INTO v_star FROM skillancer.demo_people() d
	WHERE current_setting('simulation.sign_ins')::boolean AND d.role = v_kind
		AND p_act.who = (SELECT min(p.n) FROM person p WHERE p.kind = v_kind)
		AND NOT EXISTS (SELECT FROM skillancer.user_account a WHERE a.email_key = lower(d.email));
	v_id := skillancer.create_account(coalesce(v_star.email, v_email), coalesce(v_star.name, v_name),
		pg_temp.password(v_star.email IS NOT NULL), ARRAY[v_kind]);
	UPDATE person p SET id = v_id WHERE p.n = p_act.who;
	IF v_star.email IS NOT NULL THEN
		INSERT INTO skillancer.import_object (kind, key, object_id) VALUES ('demo', v_star.email, v_id::uuid);
	END IF;
	IF v_star.email IS NOT NULL OR pg_temp.happens('verified', p_act.who) THEN
		PERFORM pg_temp.plan('verify', pg_temp.today() + make_interval(secs => 40 + round(3000 * pg_temp.luck('verify', p_act.who) ^ 3)), p_act.who);
	END IF;
END
$$;

-- The link of the mail was followed.
CREATE FUNCTION pg_temp.act_verify(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM skillancer.email_verified((SELECT p.id FROM person p WHERE p.n = p_act.who));
	PERFORM pg_temp.plan('present', pg_temp.today() + make_interval(secs => 120 + round(5000 * pg_temp.luck('present', p_act.who) ^ 2)), p_act.who);
END
$$;

-- A client says who it is.
CREATE FUNCTION pg_temp.present_client(p_person person) RETURNS void LANGUAGE sql AS $$
	SELECT skillancer_api.me_put_profile(
		p_display_name => a.name,
		p_country => pg_temp.one_of('client country', p_person.n, c.codes, c.weights),
		p_company_name => pg_temp.one_of('firm', p_person.n, skillancer.demo_words('firm')) || ' ' || pg_temp.one_of('trade', p_person.n, skillancer.demo_words('trade')),
		p_company_size => pg_temp.one_of('size', p_person.n, '{1,2-10,11-50,51-200,201-1000,1001+}', '{30,34,20,10,4,2}'),
		p_company_bio => pg_temp.words('client bio', p_person.n, '{We work with freelancers {all year|when it gets busy|for what we cannot do ourselves}.|We know what we want, and {say it|write it down}.}'))
	FROM skillancer.user_account a, (SELECT array_agg(d.code) AS codes, array_agg(d.clients) AS weights FROM skillancer.demo_countries() d) c
	WHERE a.id = p_person.id
$$;

-- A freelancer says what he can do.
CREATE FUNCTION pg_temp.present_freelancer(p_person person) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_name text := (SELECT a.name FROM skillancer.user_account a WHERE a.id = p_person.id);
	v_field field%ROWTYPE;
	v_codes text[] := (SELECT array_agg(d.code) FROM skillancer.demo_countries() d);
	v_weights integer[] := (SELECT array_agg(d.freelancers) FROM skillancer.demo_countries() d);
	v_years integer := 1 + floor(17 * pg_temp.luck('years', p_person.n));
	v_skills text[];
BEGIN
	SELECT * INTO STRICT v_field FROM field f WHERE f.slug = p_person.slug;
	v_skills := ARRAY(SELECT s FROM unnest(v_field.skills) WITH ORDINALITY k (s, at) ORDER BY pg_temp.luck('skill', p_person.n * 100 + at)
		LIMIT 3 + floor(6 * pg_temp.luck('skills', p_person.n))::integer);
	PERFORM skillancer_api.me_put_profile(
		p_display_name => v_name,
		p_headline => pg_temp.words('headline', p_person.n, regexp_replace(v_field.headline, '\|\}', '|independent }')),
		p_bio => pg_temp.words('bio', p_person.n, format('For %s years I have worked with %s and %s. {My clients are {small firms|agencies|founders}.|I work {alone|with one partner}, and answer {within a day|the same day}.} '
			|| '{Before I start, we agree on what is done when it is done.|You get drafts early and surprises never.}', v_years, v_skills[1], v_skills[2])),
		p_hourly_rate => pg_temp.money(round(pg_temp.amount('freelancer rate', p_person.n)::numeric), 'USD'),
		p_languages => ARRAY['en'],
		p_country => pg_temp.one_of('freelancer country', p_person.n, v_codes, v_weights),
		p_availability => pg_temp.one_of('availability', p_person.n, '{FULL_TIME,PART_TIME,OCCASIONAL}', '{50,38,12}'));
	PERFORM skillancer_api.me_put_skills((
		SELECT jsonb_agg(jsonb_build_object('skill', skillancer.slugify(s), 'level', least(4, 1 + v_years / 4), 'years', v_years)) FROM unnest(v_skills) s));
END
$$;

CREATE FUNCTION pg_temp.act_present(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_person person%ROWTYPE;
BEGIN
	SELECT * INTO v_person FROM person p WHERE p.n = p_act.who;
	PERFORM pg_temp.act_as(p_act.who);
	IF v_person.kind = 'CLIENT' THEN
		PERFORM pg_temp.present_client(v_person);
	ELSE
		PERFORM pg_temp.present_freelancer(v_person);
		IF pg_temp.happens('gig seller', p_act.who) THEN
			PERFORM pg_temp.plan('gig', pg_temp.today() + make_interval(hours => 1 + floor(90 * pg_temp.luck('gig day', p_act.who))::integer), p_act.who);
		END IF;
	END IF;
	UPDATE person p SET ready = true WHERE p.n = p_act.who;
END
$$;

-- A freelancer offers something at a price.
CREATE FUNCTION pg_temp.act_gig(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_field field%ROWTYPE;
	v_title text;
	v_subject text;
	v_id skillancer.gig_id;
BEGIN
	SELECT f.* INTO v_field FROM person p JOIN field f ON f.slug = p.slug WHERE p.n = p_act.who;
	SELECT c.name INTO v_subject FROM skillancer.category c WHERE c.slug = v_field.slug;
	v_title := left('I will ' || pg_temp.words('gig', p_act.who, v_field.offer), 100);
	PERFORM pg_temp.act_as(p_act.who);
	v_id := pg_temp.body(skillancer_api.gig_create(v_title, skillancer.gig_description(v_title, v_subject),
		skillancer.gig_packages(pg_temp.money(greatest(5, skillancer.demo_round(pg_temp.amount('gig price', p_act.who))), 'USD'), v_subject),
		p_category => v_field.slug, p_tags => ARRAY[lower(v_subject)])) ->> 'id';
	PERFORM skillancer_api.gig_activate(v_id);
	INSERT INTO offered_gig (n, freelancer, id) SELECT count(*) + 1, p_act.who, v_id FROM offered_gig;
END
$$;

-- Somebody searches and looks at some of what was found; who signs in reads what there is to tell, too.
CREATE FUNCTION pg_temp.act_visit(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_kind text := (SELECT p.kind FROM person p WHERE p.n = p_act.who);
	v_index bigint := p_act.subject * 2 + (v_kind = 'CLIENT')::integer;
	v_field field%ROWTYPE;
	v_words text;
	v_known boolean;
	v_reply skillancer.reply;
	v_what text;
	v_id text;
	v_clicked integer[] := ARRAY(SELECT r FROM generate_series(1, 10) r WHERE pg_temp.luck('click', v_index * 16 + r) < pg_temp.share('click') / r);
	v_rank integer;
BEGIN
	SELECT f.* INTO v_field FROM field f
	WHERE f.slug = pg_temp.one_of('visit field', v_index, skillancer.demo_field_slugs(), skillancer.demo_field_weights());
	v_words := CASE WHEN p_act.step = 0 AND pg_temp.happens('unknown word', v_index)
		THEN pg_temp.one_of('unknown', v_index, '{falconry lessons,cobol mainframe,stained glass repair,latin poems,taxidermy,fax archive}')
		ELSE lower(v_field.skills[1 + floor(cardinality(v_field.skills) * pg_temp.luck('visit skill', v_index) ^ 2)::integer]) END;
	v_what := CASE WHEN v_kind = 'FREELANCER' THEN 'projects' ELSE pg_temp.one_of('visit what', v_index, '{freelancers,gigs}', '{60,40}') END;
	v_known := NOT pg_temp.happens('anonymous visit', v_index) AND (SELECT p.ready FROM person p WHERE p.n = p_act.who);
	PERFORM pg_temp.act_as(CASE WHEN v_known THEN p_act.who END);
	PERFORM set_config('role', 'skillancer_bridge', true);
	IF v_known THEN
		PERFORM skillancer_api.notification_list(p_unread => true);
		PERFORM skillancer_api.notification_read_all();
	END IF;
	v_reply := CASE v_what
		WHEN 'projects' THEN skillancer_api.search_projects(p_q => v_words, p_limit => 10)
		WHEN 'gigs' THEN skillancer_api.search_gigs(p_q => v_words, p_limit => 10)
		ELSE skillancer_api.search_freelancers(p_q => v_words, p_limit => 10) END;
	FOR v_id, v_rank IN
		SELECT e.item -> left(v_what, -1) ->> 'id', e.rank FROM jsonb_array_elements(v_reply.body::jsonb) WITH ORDINALITY e (item, rank)
		WHERE e.rank = ANY (v_clicked) ORDER BY e.rank
	LOOP
		PERFORM skillancer_api.search_click(v_reply.meta ->> 'searchId', v_rank);
		CASE v_what
			WHEN 'projects' THEN PERFORM skillancer_api.project_get(v_id::skillancer.project_id);
			WHEN 'gigs' THEN PERFORM skillancer_api.gig_get(v_id::skillancer.gig_id);
			ELSE PERFORM skillancer_api.user_get(v_id::skillancer.user_id);
		END CASE;
	END LOOP;
	PERFORM set_config('role', 'none', true);
	IF p_act.step = 0 AND v_reply.body::text = '[]' AND pg_temp.happens('searches again', v_index) THEN
		PERFORM pg_temp.plan('visit', p_act.at + interval '40 seconds', p_act.who, p_act.subject, 1);
	END IF;
END
$$;

-- The first morning: staff, the owners' money, and the words that skills have.
CREATE FUNCTION pg_temp.act_open(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_staff record;
	v_id skillancer.user_id;
BEGIN
	PERFORM skillancer.demo_skills();
	FOR v_staff IN SELECT * FROM (VALUES (-1, 'SUPPORT', 'Sam Mediator'), (-2, 'FINANCE', 'Fran Ledger')) s (n, role, name) LOOP
		v_id := skillancer.create_account(format('%s-%s@simulated.invalid', lower(v_staff.role), current_setting('simulation.seed')), v_staff.name,
			pg_temp.password(false), ARRAY[v_staff.role]);
		PERFORM skillancer.email_verified(v_id);
		UPDATE person p SET id = v_id, ready = true WHERE p.n = v_staff.n;
	END LOOP;
	PERFORM skillancer.contribute_capital(c::skillancer.monetary, 'share capital') FROM unnest('{10000 USD,10000 EUR,10000 GBP}'::text[]) c;
END
$$;

-- Once a week banks decide what was charged back three weeks before, and finance enters rates of exchange, each a little off
-- the one before.
CREATE FUNCTION pg_temp.act_week(p_act agenda) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_pair record;
	v_chargeback record;
BEGIN
	FOR v_chargeback IN SELECT b.reference, row_number() OVER (ORDER BY b.created_at, p.n) AS place FROM skillancer.chargeback b JOIN person p ON p.id = b.user_id
		WHERE b.state = 'OPEN' AND b.created_at < skillancer.now() - interval '20 days' LOOP
		PERFORM skillancer.chargeback_close(v_chargeback.reference, pg_temp.happens('charge-back won', p_act.n * 64 + v_chargeback.place));
	END LOOP;
	PERFORM pg_temp.act_as(p_act.who);
	FOR v_pair IN SELECT * FROM (VALUES ('EUR', 1.08), ('GBP', 1.27)) r (base, rate) LOOP
		PERFORM skillancer_api.fx_rate_create(v_pair.base, 'USD',
			round((v_pair.rate * (1 + 0.04 * sin(extract(epoch FROM skillancer.now()) / 4e6) + 0.01 * pg_temp.luck('rate ' || v_pair.base, p_act.n)))::numeric, 4), 'weekly', NULL, true);
	END LOOP;
END
$$;
