/*
 * sql/search/source.sql
 *		What the documents of search are made of: one function an index, one row a document.
 *
 * The indexer asks for documents by their ids; one that does not come back is not to be found (any more). All
 * functions return the same columns:
 *
 *		class		0: everybody may find it; 1: only those whom policies show it
 *		quality		0 to 1, at		what the prior is made of: see docs/search.md
 *		labels		name=value: filter terms, and the columns of texts
 *		numbers		the columns of numbers, in the order of extension/search/kinds.c; amounts in cents of a US dollar
 */

-- A money amount as a number to compare.
CREATE OR REPLACE FUNCTION skillancer.search_cents(p_amount skillancer.monetary)
RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	IF skillancer.monetary_currency(p_amount) = 'USD' THEN
		RETURN skillancer.monetary_minor(p_amount);
	END IF;
	RETURN skillancer.monetary_minor(skillancer.fx_value(p_amount, 'USD'));
END
$$;
COMMENT ON FUNCTION skillancer.search_cents(skillancer.monetary) IS
	'Worth in cents of a US dollar by the last rate; NULL when there is none.';

-- Labels of a category and those above it.
CREATE OR REPLACE FUNCTION skillancer.search_categories(p_id skillancer.category_id)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_id     skillancer.category_id := p_id;
	v_slug   text;
	v_labels text[] := '{}';
BEGIN
	WHILE v_id IS NOT NULL LOOP
		SELECT c.parent_id, c.slug INTO v_id, v_slug FROM skillancer.category c WHERE c.id = v_id;
		v_labels := v_labels || ('category=' || v_slug);
	END LOOP;
	RETURN v_labels;
END
$$;
COMMENT ON FUNCTION skillancer.search_categories(skillancer.category_id) IS 'category=slug of a category and of its ancestors.';

-- Projects.
CREATE OR REPLACE FUNCTION skillancer.search_source_project(p_ids uuid[])
RETURNS TABLE (entity_id uuid, class integer, version bigint, language text, title text, skills text, body text,
	quality double precision, at timestamptz, labels text[], numbers bigint[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET enable_seqscan = off
AS $$
BEGIN
	RETURN QUERY
	SELECT p.id::uuid, CASE p.visibility WHEN 'PUBLIC' THEN 0 ELSE 1 END, p.version::bigint, p.language,
		p.title, k.names, p.description,
		least(1, 0.5 * (v.kinds @> '{PAYMENT}')::integer + 0.2 * (v.kinds @> '{IDENTITY}')::integer
			+ 0.3 * coalesce(skillancer.rating_bayes(r.rating) / 5, 0.5))::double precision,
		coalesce(p.published_at, p.created_at),
		k.labels || skillancer.search_categories(p.category_id)
			|| array_remove(ARRAY['budgetKind=' || p.budget_kind, 'experience=' || p.experience, 'duration=' || p.duration,
				'currency=' || skillancer.monetary_currency(p.budget_max)], NULL),
		ARRAY[skillancer.search_cents(p.budget_max), skillancer.search_cents(p.budget_min),
			extract(epoch FROM coalesce(p.published_at, p.created_at))::bigint,
			extract(epoch FROM p.deadline)::bigint]
	FROM skillancer.project p
	LEFT JOIN skillancer.reputation r ON r.user_id = p.client_id AND r.side = 'CLIENT'
	CROSS JOIN LATERAL (
		SELECT coalesce(string_agg(s.name, E'\n' ORDER BY u.n), '') AS names,
			coalesce(array_agg(DISTINCT 'skill=' || s.slug) FILTER (WHERE s.slug IS NOT NULL), '{}') AS labels
		FROM unnest(p.skills) WITH ORDINALITY AS u (id, n)
		JOIN skillancer.skill o ON o.id = u.id
		JOIN skillancer.skill s ON s.id = coalesce(o.merged_into, o.id)) k
	CROSS JOIN LATERAL (
		SELECT coalesce(array_agg(x.kind), '{}') AS kinds
		FROM skillancer.verification x WHERE x.user_id = p.client_id AND x.status = 'VERIFIED') v
	WHERE p.id = ANY (p_ids::skillancer.project_id[]) AND p.state = 'OPEN'
		AND NOT EXISTS (SELECT FROM skillancer.user_account a WHERE a.id = p.client_id AND a.state IN ('SUSPENDED', 'CLOSED'));
END
$$;
COMMENT ON FUNCTION skillancer.search_source_project(uuid[]) IS
	'Documents of open projects of clients who are not suspended. Quality: what is verified of the client, and the client''s rating.';

-- Gigs.
CREATE OR REPLACE FUNCTION skillancer.search_source_gig(p_ids uuid[])
RETURNS TABLE (entity_id uuid, class integer, version bigint, language text, title text, skills text, body text,
	quality double precision, at timestamptz, labels text[], numbers bigint[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET enable_seqscan = off
AS $$
BEGIN
	RETURN QUERY
	SELECT g.id::uuid, 0, g.version::bigint, g.language, g.title, array_to_string(g.tags, E'\n'), g.description,
		least(1, 0.8 * g.rank / 10000.0 + 0.2 * (i.user_id IS NOT NULL)::integer)::double precision,
		coalesce(g.activated_at, g.created_at),
		c.labels
			|| ARRAY(SELECT DISTINCT 'tag=' || lower(t) FROM unnest(g.tags) t)
			|| array_remove(ARRAY['level=' || coalesce(r.level, 'NEW'), 'country=' || p.country,
				'currency=' || skillancer.monetary_currency(g.price_from)], NULL),
		ARRAY[skillancer.search_cents(g.price_from),
			CASE WHEN skillancer.rating_count(r.rating) > 0 THEN (skillancer.rating_mean(r.rating) * 100)::bigint END,
			(SELECT min((x ->> 'deliveryDays')::bigint) FROM jsonb_array_elements(g.packages) x),
			extract(epoch FROM coalesce(g.activated_at, g.created_at))::bigint]
	FROM skillancer.gig g
	LEFT JOIN skillancer.profile p ON p.user_id = g.freelancer_id
	LEFT JOIN skillancer.reputation r ON r.user_id = g.freelancer_id AND r.side = 'FREELANCER'
	LEFT JOIN skillancer.verification i ON i.user_id = g.freelancer_id AND i.kind = 'IDENTITY' AND i.status = 'VERIFIED'
	LEFT JOIN LATERAL (SELECT skillancer.search_categories(g.category_id) AS labels OFFSET 0) c ON true
	WHERE g.id = ANY (p_ids::skillancer.gig_id[]) AND g.state = 'ACTIVE'
		AND NOT EXISTS (SELECT FROM skillancer.user_account a WHERE a.id = g.freelancer_id AND a.state IN ('SUSPENDED', 'CLOSED'));
END
$$;
COMMENT ON FUNCTION skillancer.search_source_gig(uuid[]) IS
	'Documents of active gigs of freelancers who are not suspended. Quality: the rank of the freelancer''s reputation, and a verified identity.';

-- Freelancers.
CREATE OR REPLACE FUNCTION skillancer.search_source_freelancer(p_ids uuid[])
RETURNS TABLE (entity_id uuid, class integer, version bigint, language text, title text, skills text, body text,
	quality double precision, at timestamptz, labels text[], numbers bigint[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET enable_seqscan = off
AS $$
BEGIN
	RETURN QUERY
	SELECT p.user_id::uuid, 0, p.version::bigint, p.language, concat_ws(E'\n', p.headline, p.display_name), k.names,
		coalesce(p.bio, ''),
		least(1, 0.8 * p.rank / 10000.0 + 0.2 * (i.user_id IS NOT NULL)::integer)::double precision, p.created_at,
		k.labels || ARRAY(SELECT DISTINCT 'language=' || lower(l) FROM unnest(p.languages) l)
			|| array_remove(ARRAY['country=' || p.country, 'level=' || coalesce(r.level, 'NEW'),
				'availability=' || p.availability], NULL),
		ARRAY[skillancer.search_cents(p.hourly_rate),
			CASE WHEN skillancer.rating_count(r.rating) > 0 THEN (skillancer.rating_mean(r.rating) * 100)::bigint END,
			(r.score * 10000)::bigint, extract(epoch FROM p.created_at)::bigint]
	FROM skillancer.profile p
	LEFT JOIN skillancer.reputation r ON r.user_id = p.user_id AND r.side = 'FREELANCER'
	LEFT JOIN skillancer.verification i ON i.user_id = p.user_id AND i.kind = 'IDENTITY' AND i.status = 'VERIFIED'
	CROSS JOIN LATERAL (
		SELECT coalesce(string_agg(s.name, E'\n' ORDER BY e.level DESC, s.name), '') AS names,
			coalesce(array_agg(DISTINCT 'skill=' || s.slug) FILTER (WHERE s.slug IS NOT NULL), '{}') AS labels
		FROM skillancer.skills(p.skills) e
		JOIN skillancer.skill o ON o.id = e.skill_id
		JOIN skillancer.skill s ON s.id = coalesce(o.merged_into, o.id)) k
	WHERE p.user_id = ANY (p_ids::skillancer.user_id[]) AND p.is_public AND p.is_listed
		AND EXISTS (SELECT FROM skillancer.user_role u WHERE u.user_id = p.user_id AND u.role = 'FREELANCER');
END
$$;
COMMENT ON FUNCTION skillancer.search_source_freelancer(uuid[]) IS
	'Documents of freelancers with a public profile. Quality: the rank of their reputation, and a verified identity.';
