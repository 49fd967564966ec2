-- What an operator sees of search, and saved searches.

CREATE VIEW skillancer.search_status WITH (security_invoker = true) AS
SELECT s.kind, s.generation, s.building, s.built_share, s.segments, s.documents, s.restricted, s.dead_share, s.bytes,
	s.pending, s.lag_seconds, s.parked, s.ticks, s.ticked_at, s.built_at
FROM skillancer.search_state() s;
COMMENT ON VIEW skillancer.search_status IS
	'Each search index: generation, the one in building and how far it is, segments, documents (and those among them that not everybody may see), share of dead ones, bytes, changes that are not in it yet and how old the oldest is, parked documents.';

CREATE VIEW skillancer.saved_search_doc WITH (security_invoker = true) AS
SELECT s.id, s.user_id, 'v' || s.version AS etag,
	skillancer.json_doc(
		'id', s.id,
		'kind', CASE s.index_id WHEN 1 THEN 'project' WHEN 2 THEN 'gig' ELSE 'freelancer' END,
		'name', s.name,
		'q', s.q,
		'filters', s.filters,
		'alert', s.alert,
		'matchedAt', s.matched_at,
		'createdAt', s.created_at) AS doc
FROM skillancer.saved_search s;
COMMENT ON VIEW skillancer.saved_search_doc IS 'JSON of a saved search.';

-- Words that search takes for the same, as staff see them.
CREATE VIEW skillancer.search_synonym_doc WITH (security_invoker = true) AS
SELECT y.key, skillancer.json_doc(
		'key', y.key,
		'phrases', y.phrases,
		'builtin', y.builtin_hash IS NOT NULL,
		'createdAt', y.created_at,
		'updatedAt', y.updated_at
	) AS doc
FROM skillancer.search_synonym y;
COMMENT ON VIEW skillancer.search_synonym_doc IS 'A group of synonyms as JSON.';
