/*
 * sql/search/events.sql
 *		Events of search with the JSON schema of their data.
 */

INSERT INTO skillancer.event_type (name, description, schema) VALUES
	('search.matched', 'New documents match a saved search; items are up to 20 of them', '{
		"type": "object",
		"required": ["savedSearchId", "userId", "name", "kind", "count", "items"],
		"properties": {
			"savedSearchId": {"type": "string"},
			"userId": {"type": "string"},
			"name": {"type": "string"},
			"kind": {"enum": ["project", "gig", "freelancer"]},
			"count": {"type": "integer"},
			"items": {"type": "array", "items": {"type": "string"}}}}'),
	('search.performed', 'People searched one kind of thing: how often in the last seconds, how often in vain, and how often with words that were corrected. For nobody in particular', '{
		"type": "object",
		"required": ["kind", "searches", "withoutResult", "corrected"],
		"properties": {
			"kind": {"enum": ["project", "gig", "freelancer"]},
			"searches": {"type": "integer", "minimum": 1},
			"withoutResult": {"type": "integer"},
			"corrected": {"type": "integer"}}}');
