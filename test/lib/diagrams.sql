-- test/lib/diagrams.sql
--	Prints docs/state-machines.md: a diagram and a table for each state machine, from the rows that the engine reads.
\pset format unaligned
\pset tuples_only on
\pset footer off
SELECT E'# State machines\n\nMade by `test/cluster/diagrams --write` from the rows of `skillancer.machine`, `transition` and `timer`; a test compares. A state changes by `skillancer.fire()` alone.\nIn the diagrams, an event in brackets fires by itself after the period of a policy.';

WITH edge AS (
	SELECT t.machine, t.from_state, t.to_state,
		string_agg(CASE WHEN i.policy_key IS NULL THEN t.event ELSE format('[%s]', t.event) END, ', '
			ORDER BY t.event COLLATE "C") AS label
	FROM skillancer.transition t
	LEFT JOIN skillancer.timer i ON i.machine = t.machine AND i.state = t.from_state AND i.event = t.event
	GROUP BY t.machine, t.from_state, t.to_state
), final AS (
	SELECT DISTINCT t.machine, t.to_state
	FROM skillancer.transition t
	WHERE NOT EXISTS (SELECT FROM skillancer.transition o WHERE o.machine = t.machine AND o.from_state = t.to_state)
)
SELECT format(E'\n## %s\n\nColumn `state` of `%s`.\n\n```mermaid\nstateDiagram-v2\n%s\n%s\n%s\n```\n\n| in | event | then | who | guard | emits | by itself after |\n| --- | --- | --- | --- | --- | --- | --- |\n%s',
	m.name,
	m.relation,
	(SELECT string_agg(format('    [*] --> %s', s), E'\n' ORDER BY s COLLATE "C") FROM unnest(m.initial) s),
	(SELECT string_agg(format('    %s --> %s: %s', e.from_state, e.to_state, e.label), E'\n'
		ORDER BY e.from_state COLLATE "C", e.to_state COLLATE "C") FROM edge e WHERE e.machine = m.name),
	(SELECT string_agg(format('    %s --> [*]', f.to_state), E'\n' ORDER BY f.to_state COLLATE "C")
		FROM final f WHERE f.machine = m.name),
	(SELECT string_agg(format('| %s | %s | %s | %s | %s | %s | %s |', t.from_state, t.event, t.to_state,
			array_to_string(t.actors, ', '), coalesce(t.guard, ''), coalesce(t.emits, ''), coalesce(i.policy_key, '')), E'\n'
		ORDER BY t.from_state COLLATE "C", t.event COLLATE "C")
	 FROM skillancer.transition t
	 LEFT JOIN skillancer.timer i ON i.machine = t.machine AND i.state = t.from_state AND i.event = t.event
	 WHERE t.machine = m.name))
FROM skillancer.machine m
ORDER BY m.name COLLATE "C";
