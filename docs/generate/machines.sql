-- docs/generate/machines.sql
--	Prints docs/machines.md: every state machine as the engine reads it, one diagram and one table each.
\pset format unaligned
\pset tuples_only on
\pset fieldsep ''
SET search_path = pg_catalog;
SELECT $$# State machines

Made by `make docs` from the rows of `skillancer.machine`, `transition` and `timer`; a test compares. Everything that has a
state has one of these machines, and `skillancer.fire(machine, id, event)` is the only way from one state to the next: it
locks the row, checks who asks and the guard, sets the state, appends the event and resets the timers. An event that a
state does not know is refused with what is allowed now (409 INVALID_STATE).

*who* is the part that the caller plays towards the row: client, freelancer, owner (its user), staff, or system (timers and
what follows from a command). A guard decides under the row lock.

$$ || string_agg(format('- [%1$s](#%1$s)', name), E'\n' ORDER BY name) || E'\n'
FROM skillancer.machine;

WITH edges AS (
	SELECT t.machine, t.from_state, t.to_state, string_agg(t.event, ', ' ORDER BY t.event) AS events
	FROM skillancer.transition t
	GROUP BY 1, 2, 3
), reach AS (
	-- states in the order of a walk from the initial ones
	SELECT m.name AS machine, s.state, min(s.depth) AS depth
	FROM skillancer.machine m
	CROSS JOIN LATERAL (
		WITH RECURSIVE walk AS (
			SELECT i AS state, 0 AS depth FROM unnest(m.initial) i
			UNION
			SELECT t.to_state, w.depth + 1 FROM walk w JOIN skillancer.transition t ON t.machine = m.name AND t.from_state = w.state
			WHERE w.depth < 12
		) SELECT state, depth FROM walk) s
	GROUP BY 1, 2
)
SELECT format(E'## %s\n\nTable `%s`, aggregate `%s` in events.\n\n```mermaid\nstateDiagram-v2\n%s\n%s%s\n```\n\n', m.name, m.relation, m.aggregate,
	(SELECT string_agg(format('    [*] --> %s', i), E'\n' ORDER BY i) FROM unnest(m.initial) i),
	(SELECT string_agg(format('    %s --> %s: %s', e.from_state, e.to_state, e.events), E'\n' ORDER BY r.depth, e.from_state, e.to_state)
		FROM edges e JOIN reach r ON r.machine = e.machine AND r.state = e.from_state WHERE e.machine = m.name),
	(SELECT coalesce(E'\n' || string_agg(format('    %s --> [*]', r.state), E'\n' ORDER BY r.state), '')
		FROM reach r WHERE r.machine = m.name
			AND NOT EXISTS (SELECT FROM edges e WHERE e.machine = m.name AND e.from_state = r.state)))
	|| E'| in state | event | becomes | who | guard | appends |\n| --- | --- | --- | --- | --- | --- |\n'
	|| (SELECT string_agg(format('| %s | %s | %s | %s | %s | %s |', t.from_state, t.event, t.to_state,
			(SELECT string_agg(a, ', ' ORDER BY a) FROM unnest(t.actors) a), coalesce(t.guard, ''), coalesce('`' || t.emits || '`', '')), E'\n'
			ORDER BY r.depth, t.from_state, t.event)
		FROM skillancer.transition t LEFT JOIN reach r ON r.machine = t.machine AND r.state = t.from_state WHERE t.machine = m.name)
	|| coalesce(E'\n\nBy time: ' || (SELECT string_agg(format('%s fires `%s` after `%s`', i.state, i.event, i.policy_key), '; ' ORDER BY i.state, i.event)
		FROM skillancer.timer i WHERE i.machine = m.name) || '.', '')
	|| E'\n'
FROM skillancer.machine m
ORDER BY m.name;
