-- docs/generate/settings.sql
--	Prints docs/settings.md: the settings of the extension, as the server knows them, and the policies as they are shipped.
\pset format unaligned
\pset tuples_only on
\pset fieldsep ''
SET search_path = pg_catalog;
-- defines the settings where no preloading has
LOAD 'skillancer';
SELECT $$# Settings of the server

Made by `make docs` from `pg_settings` and `skillancer.policy`; a test compares. They stand in `postgresql.conf` or are set with
ALTER SYSTEM; those of the bridge are in [configuration.md](configuration.md).

*when* says what makes a new value count: `reload` is `SELECT pg_reload_conf()`, `session` a SET of a superuser; `restart`
is for what has to be so in all of the server's processes.

| setting | default | least | most | when | meaning |
| --- | --- | --- | --- | --- | --- |$$;

-- the password is hidden from pg_settings; what needs a restart does so where the library is preloaded
WITH setting AS (
	SELECT s.name, s.boot_val, s.unit, s.vartype, s.min_val, s.max_val, s.context, s.short_desc FROM pg_settings s WHERE s.name LIKE 'skillancer.%'
	UNION ALL
	SELECT 'skillancer.smtp_password', '', NULL, 'string', NULL, NULL, 'sighup', 'Password at the mail server. Only superusers see it, with SHOW.'
)
SELECT format('| `%s` | %s | %s | %s | %s | %s |', s.name,
	CASE WHEN s.boot_val = '' THEN 'empty' ELSE format('`%s%s`', s.boot_val, CASE WHEN s.boot_val <> '0' THEN s.unit END) END,
	s.min_val, CASE WHEN s.max_val <> '2147483647' THEN s.max_val END, CASE WHEN s.name = 'skillancer.webhook_allow' THEN 'restart' WHEN s.context = 'sighup' THEN 'reload' ELSE 'session' END, s.short_desc)
FROM setting s
ORDER BY s.name COLLATE "C";

SELECT $$
## Policies

Periods, limits and percentages of the marketplace are rows, versioned by the time from which they hold: a change is a new row, such as
`INSERT INTO skillancer.policy (key, value, valid_from) VALUES ('proposalLimit', '20', '2027-01-01 00:00+00')`. Bookings keep the
values of the day they were made. Periods are ISO 8601 durations.

| policy | shipped | meaning |
| --- | --- | --- |$$;
SELECT format('| `%s` | %s | %s |', p.key, CASE jsonb_typeof(p.value) WHEN 'object' THEN format('`%s`', p.value) ELSE p.value #>> '{}' END, p.description)
FROM skillancer.policy p
WHERE p.valid_from = '-infinity'
ORDER BY p.key COLLATE "C";
