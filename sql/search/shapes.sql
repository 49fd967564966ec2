/*
 * sql/search/shapes.sql
 *		What JSON of matches and rates looks like.
 */

SELECT skillancer.add_shape('match_parts',
	'{skills: numeric, text: numeric, quality: numeric, price: numeric, availability: numeric, response: numeric, exploration: numeric}');
SELECT skillancer.add_shape('matched_freelancer',
	'{id: user_id, displayName: text, headline: text|null, country: text|null, hourlyRate: monetary|null, availability: text|null, level: text, successScore: numeric|null, rating: rating_tally|null}');
SELECT skillancer.add_shape('rate_percentiles',
	'{kind: "HOURLY_RATE"|"HOURLY_BID"|"FIXED_BID", samples: integer, p10: monetary, p25: monetary, p50: monetary, p75: monetary, p90: monetary, asOf: timestamptz}');

-- search
SELECT skillancer.add_shape('search_highlights', '{title: text, snippet: text}');
SELECT skillancer.add_shape('search_facets', '{*: any}');
SELECT skillancer.add_shape('search_part', '{factor: numeric, score: numeric}');
SELECT skillancer.add_shape('search_explanation',
	'{score: numeric, text: numeric, terms: [{term: text, documents: bigint, idf: numeric, weight: numeric, frequency: numeric, saturation: numeric, score: numeric}], length: integer, averageLength: numeric, documents: bigint, prior: search_part, proximity: search_part, personal: search_part, summary: text}');
SELECT skillancer.add_shape('saved_search.filters', '{*: any}');
SELECT skillancer.add_shape('p_filters', '{*: any}');
