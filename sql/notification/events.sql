/*
 * events.sql
 *		What staff announce to many people.
 */

INSERT INTO skillancer.event_type (name, version, description, schema)
SELECT e.name, '1.0', e.description, '{"type": "object", "properties": {"category": {"enum": ["SYSTEM", "MARKETING"]}}, "required": ["category"]}'::jsonb
FROM (VALUES
	('system.announcement', 'Staff tell a segment of the users something about the marketplace'),
	('marketing.announcement', 'Staff tell those of a segment who want to hear of it about an offer')
) AS e (name, description);
