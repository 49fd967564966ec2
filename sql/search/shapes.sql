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
