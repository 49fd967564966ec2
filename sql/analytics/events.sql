/*
 * sql/analytics/events.sql
 *		Events of analytics with the JSON schema of their data.
 */

INSERT INTO skillancer.event_type (name, description, schema) VALUES
	('search.clicked', 'Somebody went on from a search to one of its results, once a rank. It does not say who, nor to what; firstRank is there at the first click of a search, firstOfTop10 (1) at the first one on its first ten results', '{
		"type": "object",
		"required": ["kind", "rank"],
		"properties": {
			"kind": {"enum": ["project", "gig", "freelancer"]},
			"rank": {"type": "integer", "minimum": 1, "maximum": 100},
			"firstRank": {"type": "integer", "minimum": 1, "maximum": 100},
			"firstOfTop10": {"enum": [1]}}}');
