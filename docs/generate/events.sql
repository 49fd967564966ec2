-- docs/generate/events.sql
--	Prints docs/events.md: the catalogue of events with what their data holds.
\pset format unaligned
\pset tuples_only on
\pset fieldsep ''
SET search_path = pg_catalog;
SELECT $$# Events

Made by `make docs` from the rows of `skillancer.event_type`; a test compares. An event is appended to `skillancer.event` in
the transaction that makes it happen. Outside it looks like this:

```json
{"id": "evt_…", "type": "project.published", "version": "1.0", "timestamp": "…", "source": "…", "correlationId": "…", "data": {…},
 "metadata": {"aggregateType": "…", "causationId": "evt_…"}}
```

*data* lists the members that are always there; the whole JSON schema is in the column `schema`. Members that end in Id are
TypeIDs. Data may have more members than its schema names.
$$;

SELECT format(E'## %s\n\n| type | happens when | data | from the machine |\n| --- | --- | --- | --- |\n', e.area)
	|| string_agg(format('| `%s`%s | %s | %s | %s |', e.name, CASE WHEN e.version <> '1.0' THEN ' ' || e.version ELSE '' END, e.description,
		coalesce((SELECT string_agg(format('%s%s', r, CASE e.schema #>> ARRAY['properties', r, 'type'] WHEN 'string' THEN '' ELSE coalesce(' (' || (e.schema #>> ARRAY['properties', r, 'type']) || ')', '') END),
			', ' ORDER BY n) FROM jsonb_array_elements_text(e.schema -> 'required') WITH ORDINALITY AS x(r, n)), ''),
		coalesce((SELECT string_agg(DISTINCT format('%s: %s', t.machine, t.event), ', ') FROM skillancer.transition t WHERE t.emits = e.name), '')), E'\n' ORDER BY e.name)
	|| E'\n'
FROM (SELECT split_part(t.name, '.', 1) AS area, t.* FROM skillancer.event_type t) e
GROUP BY e.area
ORDER BY e.area;
