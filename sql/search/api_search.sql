/*
 * sql/search/api_search.sql
 *		API of search: projects, gigs, freelancers.
 *
 * Each function says which filters there are, in words of its kind; skillancer.search_reply() does the rest. Values of
 * one filter, separated by commas, are alternatives; filters come together.
 */

-- What all searches can be told.
CREATE OR REPLACE FUNCTION skillancer.search_request(p_q text, p_filters jsonb, p_facets text, p_sort text, p_match text,
	p_language text, p_explain boolean, p_fresh boolean, p_correct boolean, p_highlight boolean)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_one_of('match', p_match, '{any,all}', required => false);
	RETURN jsonb_build_object('q', p_q, 'filters', jsonb_strip_nulls(p_filters),
		'facets', to_jsonb(string_to_array(nullif(p_facets, ''), ',')), 'sort', p_sort, 'language', p_language,
		'matchAll', p_match = 'all', 'explain', p_explain, 'fresh', p_fresh, 'correct', p_correct,
		'highlight', p_highlight, 'total', true);
END
$$;
COMMENT ON FUNCTION skillancer.search_request(text, jsonb, text, text, text, text, boolean, boolean, boolean, boolean) IS
	'A request to search_run() out of what every search of the API can be told.';
GRANT EXECUTE ON FUNCTION skillancer.search_request(text, jsonb, text, text, text, text, boolean, boolean, boolean, boolean)
	TO skillancer_bridge;

-- GET /v1/search/projects
CREATE OR REPLACE FUNCTION skillancer_api.search_projects(p_q text DEFAULT NULL, p_category text DEFAULT NULL,
	p_skill text DEFAULT NULL, p_budget_kind text DEFAULT NULL, p_experience text DEFAULT NULL,
	p_duration text DEFAULT NULL, p_currency text DEFAULT NULL, p_budget_min numeric DEFAULT NULL,
	p_budget_max numeric DEFAULT NULL, p_posted_after timestamptz DEFAULT NULL, p_deadline_from date DEFAULT NULL,
	p_deadline_to date DEFAULT NULL, p_facets text DEFAULT NULL, p_sort text DEFAULT NULL, p_match text DEFAULT NULL,
	p_language text DEFAULT NULL, p_explain boolean DEFAULT false, p_fresh boolean DEFAULT false,
	p_correct boolean DEFAULT true, p_highlight boolean DEFAULT true, p_limit integer DEFAULT NULL,
	p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
SET timezone = 'UTC'
AS $$
BEGIN
	PERFORM skillancer.check_number('budgetMin', p_budget_min, 0, 1000000000, required => false);
	PERFORM skillancer.check_number('budgetMax', p_budget_max, 0, 1000000000, required => false);
	RETURN skillancer.search_reply('project', skillancer.search_request(p_q, jsonb_build_object(
			'category', skillancer.search_category('category', p_category),
			'skill', skillancer.search_skills('skill', p_skill),
			'budgetKind', skillancer.search_values(p_budget_kind),
			'experience', skillancer.search_values(p_experience),
			'duration', skillancer.search_values(p_duration),
			'currency', skillancer.search_values(p_currency),
			'budget', skillancer.search_range(p_budget_min, NULL),
			'budgetMin', skillancer.search_range(NULL, p_budget_max),
			'date', skillancer.search_range(p_posted_after, NULL),
			'deadline', skillancer.search_range(p_deadline_from, p_deadline_to)),
		p_facets, p_sort, p_match, p_language, p_explain, p_fresh, p_correct, p_highlight), p_limit, p_cursor);
END
$$;
COMMENT ON FUNCTION skillancer_api.search_projects(text, text, text, text, text, text, text, numeric, numeric, timestamptz,
		date, date, text, text, text, text, boolean, boolean, boolean, boolean, integer, text) IS
	'Open projects by words (with "phrases", -not, (one or other), title:word, word*) and filters, best first. Budgets are compared in US dollars. facets: any of category, skill, budgetKind, experience, duration, currency, budget, budgetMin, date, deadline; a number with edges as budget:0..500..1000. sort: relevance, newest, price, -price, deadline.';
SELECT skillancer.add_route('GET', '/v1/search/projects', 'search_projects', who => 'anyone',
	summary => 'Search open projects',
	answers => '[{project: project_doc, score: numeric, highlights: search_highlights|null, explanation: search_explanation|null}] meta {total?: bigint, facets?: search_facets, correctedFrom?: text, corrected?: text, suggestion?: text, searchId?: text}');

-- GET /v1/search/gigs
CREATE OR REPLACE FUNCTION skillancer_api.search_gigs(p_q text DEFAULT NULL, p_category text DEFAULT NULL,
	p_tag text DEFAULT NULL, p_level text DEFAULT NULL, p_country text DEFAULT NULL, p_currency text DEFAULT NULL,
	p_price_min numeric DEFAULT NULL, p_price_max numeric DEFAULT NULL, p_rating_min numeric DEFAULT NULL,
	p_delivery_days_max integer DEFAULT NULL, p_facets text DEFAULT NULL, p_sort text DEFAULT NULL,
	p_match text DEFAULT NULL, p_language text DEFAULT NULL, p_explain boolean DEFAULT false,
	p_fresh boolean DEFAULT false, p_correct boolean DEFAULT true, p_highlight boolean DEFAULT true,
	p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_number('priceMin', p_price_min, 0, 1000000000, required => false);
	PERFORM skillancer.check_number('priceMax', p_price_max, 0, 1000000000, required => false);
	PERFORM skillancer.check_number('ratingMin', p_rating_min, 1, 5, required => false);
	RETURN skillancer.search_reply('gig', skillancer.search_request(p_q, jsonb_build_object(
			'category', skillancer.search_category('category', p_category),
			'tag', skillancer.search_values(lower(p_tag)),
			'level', skillancer.search_values(p_level),
			'country', skillancer.search_values(p_country),
			'currency', skillancer.search_values(p_currency),
			'price', skillancer.search_range(p_price_min, p_price_max),
			'rating', skillancer.search_range(p_rating_min, NULL),
			'deliveryDays', skillancer.search_range(NULL, p_delivery_days_max)),
		p_facets, p_sort, p_match, p_language, p_explain, p_fresh, p_correct, p_highlight), p_limit, p_cursor);
END
$$;
COMMENT ON FUNCTION skillancer_api.search_gigs(text, text, text, text, text, text, numeric, numeric, numeric, integer, text,
		text, text, text, boolean, boolean, boolean, boolean, integer, text) IS
	'Active gigs by words (with "phrases", -not, (one or other), title:word, word*) and filters, best first. Prices are compared in US dollars. facets: any of category, tag, level, country, currency, price, rating, deliveryDays, date; a number with edges as price:0..50..100. sort: relevance, newest, price, -price, rating.';
SELECT skillancer.add_route('GET', '/v1/search/gigs', 'search_gigs', who => 'anyone',
	summary => 'Search gigs',
	answers => '[{gig: gig_doc, score: numeric, highlights: search_highlights|null, explanation: search_explanation|null}] meta {total?: bigint, facets?: search_facets, correctedFrom?: text, corrected?: text, suggestion?: text, searchId?: text}');

-- GET /v1/search/freelancers
CREATE OR REPLACE FUNCTION skillancer_api.search_freelancers(p_q text DEFAULT NULL, p_skill text DEFAULT NULL,
	p_country text DEFAULT NULL, p_level text DEFAULT NULL, p_availability text DEFAULT NULL,
	p_speaks text DEFAULT NULL, p_rate_min numeric DEFAULT NULL, p_rate_max numeric DEFAULT NULL,
	p_rating_min numeric DEFAULT NULL, p_success_min numeric DEFAULT NULL, p_facets text DEFAULT NULL,
	p_sort text DEFAULT NULL, p_match text DEFAULT NULL, p_language text DEFAULT NULL, p_explain boolean DEFAULT false,
	p_fresh boolean DEFAULT false, p_correct boolean DEFAULT true, p_highlight boolean DEFAULT true,
	p_limit integer DEFAULT NULL, p_cursor text DEFAULT NULL)
RETURNS skillancer.reply
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
BEGIN
	PERFORM skillancer.check_number('rateMin', p_rate_min, 0, 1000000000, required => false);
	PERFORM skillancer.check_number('rateMax', p_rate_max, 0, 1000000000, required => false);
	PERFORM skillancer.check_number('ratingMin', p_rating_min, 1, 5, required => false);
	PERFORM skillancer.check_number('successMin', p_success_min, 0, 1, required => false);
	RETURN skillancer.search_reply('freelancer', skillancer.search_request(p_q, jsonb_build_object(
			'skill', skillancer.search_skills('skill', p_skill),
			'country', skillancer.search_values(p_country),
			'level', skillancer.search_values(p_level),
			'availability', skillancer.search_values(p_availability),
			'language', skillancer.search_values(lower(p_speaks)),
			'rate', skillancer.search_range(p_rate_min, p_rate_max),
			'rating', skillancer.search_range(p_rating_min, NULL),
			'success', skillancer.search_range(p_success_min, NULL)),
		p_facets, p_sort, p_match, p_language, p_explain, p_fresh, p_correct, p_highlight), p_limit, p_cursor);
END
$$;
COMMENT ON FUNCTION skillancer_api.search_freelancers(text, text, text, text, text, text, numeric, numeric, numeric, numeric,
		text, text, text, text, boolean, boolean, boolean, boolean, integer, text) IS
	'Freelancers with a public profile by words (with "phrases", -not, (one or other), title:word, word*) and filters, best first. Rates are compared in US dollars. facets: any of skill, language, country, level, availability, rate, rating, success, date; a number with edges as rate:0..25..50. sort: relevance, newest, price, -price, rating.';
SELECT skillancer.add_route('GET', '/v1/search/freelancers', 'search_freelancers', who => 'anyone',
	summary => 'Search freelancers',
	answers => '[{freelancer: profile_doc, score: numeric, highlights: search_highlights|null, explanation: search_explanation|null}] meta {total?: bigint, facets?: search_facets, correctedFrom?: text, corrected?: text, suggestion?: text, searchId?: text}');

-- For psql.
CREATE OR REPLACE FUNCTION skillancer_api.search(p_kind text, p_q text DEFAULT NULL, p_filters jsonb DEFAULT '{}',
	p_sort text DEFAULT NULL, p_limit integer DEFAULT 10, p_explain boolean DEFAULT false, p_fresh boolean DEFAULT false,
	p_prior boolean DEFAULT true)
RETURNS TABLE (rank bigint, id uuid, score double precision, title text, snippet text, explanation text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
DECLARE
	v_page record;
BEGIN
	SELECT * INTO v_page
	FROM skillancer.search_run(p_kind, jsonb_strip_nulls(jsonb_build_object('q', p_q, 'filters', p_filters, 'sort', p_sort,
		'limit', p_limit, 'explain', p_explain, 'fresh', p_fresh, 'prior', p_prior)));
	RETURN QUERY
	SELECT d.n, d.id, v_page.scores[d.n], d.title, skillancer.search_snippet(d.body, v_page.marks::jsonb, d.language, 30),
		v_page.explanations[d.n]::json ->> 'summary'
	FROM skillancer.search_docs(p_kind, v_page.ids) d;
END
$$;
COMMENT ON FUNCTION skillancer_api.search(text, text, jsonb, text, integer, boolean, boolean, boolean) IS
	'Search in psql: SELECT * FROM skillancer_api.search(''gig'', ''logo design'', ''{"price": {"max": 100}}'', p_explain => true). Kinds are project, gig and freelancer; without p_prior only words count.';
