--
-- rating_tally
--		Five counters: literals, adding, merging, mean, aggregates, casts.
--
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS skillancer;
RESET client_min_messages;
SET search_path = pg_catalog, skillancer;

-- literals
SELECT '0/1/0/2/5'::rating_tally, ' 00/01/0/2/5 '::rating_tally, '2147483647/0/0/0/0'::rating_tally;
SELECT ''::rating_tally;
SELECT '1/2/3/4'::rating_tally;
SELECT '1/2/3/4/5/6'::rating_tally;
SELECT '1/2/3/4/-5'::rating_tally;
SELECT '1/2/3/4/x'::rating_tally;
SELECT '1//3/4/5'::rating_tally;
SELECT '2147483648/0/0/0/0'::rating_tally;

-- adding, taking away, merging
SELECT '0/0/0/0/0'::rating_tally + 5 AS added, '0/0/0/0/1'::rating_tally - 5 AS removed, '1/2/3/4/5'::rating_tally + '5/4/3/2/1'::rating_tally AS merged;
SELECT '0/0/0/0/0'::rating_tally + 6;
SELECT '0/0/0/0/0'::rating_tally + 0;
SELECT '0/0/0/0/0'::rating_tally - 5;
SELECT '2147483647/0/0/0/0'::rating_tally + 1;
SELECT '2147483647/0/0/0/0'::rating_tally + '1/0/0/0/0'::rating_tally;

-- number and mean
SELECT t, rating_count(t), rating_count(t, 5) AS five, rating_mean(t), t::json, t::jsonb
FROM unnest(ARRAY['0/0/0/0/0', '0/0/0/0/3', '1/0/0/0/1', '1/1/0/0/1', '0/1/0/2/5', '2147483647/2147483647/2147483647/2147483647/2147483647']::rating_tally[]) t;
SELECT rating_count('0/0/0/0/0'::rating_tally, 9);

-- aggregates: NULLs are passed over, the input is not changed
SELECT rating_tally(x) FROM unnest(ARRAY[5, 5, NULL, 1, 3]) x;
SELECT rating_tally(x) FROM unnest('{}'::integer[]) x;
SELECT rating_tally(x) FROM unnest(ARRAY[5, 6]) x;
SELECT sum(t) FROM unnest(ARRAY['0/0/0/0/1', NULL, '1/0/0/0/0']::rating_tally[]) t;
SELECT g, rating_tally(x) OVER (PARTITION BY g ORDER BY x ROWS UNBOUNDED PRECEDING) FROM (VALUES (1, 5), (1, 4), (2, 1), (2, 1)) v (g, x);
SELECT rating_tally_step('0/0/0/0/0', 4), rating_tally_step('0/0/0/0/0', NULL) AS passed_over;

-- order and hashing
SELECT t FROM unnest(ARRAY['1/0/0/0/0', '0/9/9/9/9', '0/0/0/0/1']::rating_tally[]) t ORDER BY t;
SELECT opcname, amvalidate(oid) FROM pg_opclass WHERE opcname = 'rating_tally_ops';
SELECT '1/0/0/0/0'::rating_tally = '1/0/0/0/0' AS eq, '1/0/0/0/0'::rating_tally <> '1/0/0/0/0' AS ne, '1/0/0/0/0'::rating_tally < '1/0/0/0/1' AS lt;
SELECT rating_tally_hash('1/0/0/0/0') = rating_tally_hash('01/0/0/0/0') AS same_hash;

-- partial tallies of parallel workers come out the same
CREATE TEMP TABLE review (stars integer);
INSERT INTO review SELECT 1 + i % 5 FROM generate_series(1, 1000) i;
SELECT (SELECT rating_tally(stars) FROM review) = (SELECT sum(t) FROM (SELECT rating_tally(stars) AS t FROM review GROUP BY stars % 3) p) AS same;

-- estimates
SELECT round(rating_bayes('0/0/0/0/1')::numeric, 6) AS one_of_five, round(rating_bayes('0/0/0/10/90')::numeric, 6) AS hundred, rating_bayes('0/0/0/0/0') AS none,
	rating_bayes('0/0/0/0/0', 3, 10) AS prior;
SELECT round(rating_wilson('0/0/0/0/1')::numeric, 6) AS one_of_five, round(rating_wilson('0/0/0/10/90')::numeric, 6) AS hundred, rating_wilson('0/0/0/0/0') AS none,
	rating_wilson('9/0/0/0/0') AS worst, rating_wilson('0/0/0/0/7', 0) AS without_doubt;
SELECT round(wilson_lower(0.8, 5)::numeric, 6) AS newcomer, wilson_lower(1, 0) AS nothing, round(wilson_lower(0.5, 1e15)::numeric, 6) AS sure;
SELECT rating_bayes('0/0/0/0/1', 9);
SELECT rating_bayes('0/0/0/0/1', 3, 0);
SELECT rating_wilson('0/0/0/0/1', 'NaN');
SELECT wilson_lower(1.5, 3);
