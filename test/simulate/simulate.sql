-- test/simulate/simulate.sql
--	One life of a marketplace, in one session of a superuser: psql -v seed=1 -v size=300 -v days=365 -v until='…' -f this.
--	test/simulate/run calls it; docs/simulation.md says what it does and how to change it.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
SET synchronous_commit = off;
SET timezone = 'UTC';
SET temp_buffers = '64MB';
SELECT set_config('simulation.seed', :'seed', false), set_config('simulation.sign_ins', :'sign_ins', false) \g /dev/null

\ir rates.sql
\ir stage.sql
\ir plan.sql
\ir people.sql
\ir hiring.sql
\ir work.sql
\ir disputes.sql
\ir clock.sql
\ir report.sql

UPDATE rate r SET value = x.value::double precision
FROM (SELECT split_part(p, '=', 1) AS name, split_part(p, '=', 2) AS value FROM regexp_split_to_table(:'rates', ',') p) x WHERE x.name = r.name;
INSERT INTO life (seed, size, starts, ends, next_turn)
SELECT :'seed', :'size', s.starts, :'until', s.starts FROM (SELECT date_trunc('day', :'until'::timestamptz) - :'days' * interval '1 day' AS starts) s;
SELECT pg_temp.begin_life() \g /dev/null
SELECT pg_temp.plan_life() \g /dev/null
SET client_min_messages = :level;
SELECT pg_temp.slices() \gexec
SELECT format('CALL pg_temp.finish(%L)', l.ends) FROM life l \gexec
SELECT pg_temp.end_life() \g /dev/null
SELECT * FROM pg_temp.report();
