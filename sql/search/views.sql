-- What an operator sees of search.

CREATE VIEW skillancer.search_status WITH (security_invoker = true) AS
SELECT s.kind, s.generation, s.building, s.built_share, s.segments, s.documents, s.restricted, s.dead_share, s.bytes,
	s.pending, s.lag_seconds, s.parked, s.ticks, s.ticked_at, s.built_at
FROM skillancer.search_state() s;
COMMENT ON VIEW skillancer.search_status IS
	'Each search index: generation, the one in building and how far it is, segments, documents (and those among them that not everybody may see), share of dead ones, bytes, changes that are not in it yet and how old the oldest is, parked documents.';
