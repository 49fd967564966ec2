-- test/pgtap/shapes.sql
--	Schemas of answers: out of views, out of shapes, and what is refused.
BEGIN;
SELECT plan(24);

CREATE FUNCTION pg_temp.shape(text, text) RETURNS text LANGUAGE sql AS $$
	SELECT is(skillancer.shape_schema($1)::jsonb, $2::jsonb, $1)
$$;
SELECT pg_temp.shape('text', '{"type": "string"}');
SELECT pg_temp.shape('bigint|null', '{"type": ["integer", "null"], "format": "int64"}');
SELECT pg_temp.shape('[date]', '{"type": "array", "items": {"type": "string", "format": "date"}}');
SELECT pg_temp.shape('monetary|null', '{"anyOf": [{"$ref": "#/components/schemas/Money"}, {"type": "null"}]}');
SELECT pg_temp.shape('change_request_doc', '{"$ref": "#/components/schemas/ChangeRequest"}');
SELECT pg_temp.shape('dry_run', '{"$ref": "#/components/schemas/DryRun"}');
SELECT pg_temp.shape('gig_id', '{"type": "string", "pattern": "^gig_[0-7][0-9a-hjkmnp-tv-z]{25}$"}');
SELECT pg_temp.shape('"A" | "B" | null', '{"type": ["string", "null"], "enum": ["A", "B", null]}');
SELECT pg_temp.shape('{a: integer, b?: any}', '{"type": "object", "required": ["a"],
	"properties": {"a": {"type": "integer", "format": "int32"}, "b": {"description": "Any JSON value."}}}');
SELECT pg_temp.shape('{*: boolean}', '{"type": "object", "additionalProperties": {"type": "boolean"}}');
SELECT pg_temp.shape('user_doc & {a: uuid}', '{"allOf": [{"$ref": "#/components/schemas/User"}, {"type": "object",
	"properties": {"a": {"type": "string", "format": "uuid"}}, "required": ["a"]}]}');
SELECT pg_temp.shape('null', '{"type": "null"}');

CREATE FUNCTION pg_temp.bad(text, text) RETURNS text LANGUAGE sql AS $$
	SELECT throws_ok(format('SELECT skillancer.shape_schema(%L)', $1), $2, NULL, format('"%s" is refused', $1))
$$;
SELECT pg_temp.bad('', '42601');
SELECT pg_temp.bad('{a integer}', '42601');
SELECT pg_temp.bad('[text', '42601');
SELECT pg_temp.bad('text text', '42601');
SELECT pg_temp.bad('"A', '42601');
SELECT pg_temp.bad('no_such_type', '42704');
SELECT pg_temp.bad(repeat('[', 100000), '54001');

-- every kind of expression that a view may be made of
CREATE TABLE skillancer.shape_test (
	id skillancer.gig_id PRIMARY KEY, word text NOT NULL CHECK (word IN ('ON', 'OFF')), maybe integer, loose jsonb NOT NULL,
	price skillancer.monetary NOT NULL);
CREATE VIEW skillancer.shape_test_doc AS
SELECT t.id, skillancer.json_doc('id', t.id, 'word', t.word, 'maybe', t.maybe, 'loose', t.loose,
	'first', coalesce(t.maybe, 0), 'case', CASE WHEN t.maybe > 0 THEN 'MORE' ELSE 'LESS' END, 'no', CASE WHEN t.maybe > 0 THEN t.price END,
	'left', o.word, 'sum', t.price + t.price, 'one', (SELECT u.word FROM skillancer.shape_test u WHERE u.id = t.id),
	'count', (SELECT count(*) FROM skillancer.shape_test), 'there', EXISTS (SELECT FROM skillancer.shape_test),
	'inner', skillancer.json_doc('a', t.price IS NULL),
	'all', (SELECT coalesce(json_agg(u.word), '[]') FROM skillancer.shape_test u)) AS doc
FROM skillancer.shape_test t
LEFT JOIN skillancer.shape_test o ON o.id = t.id;
SELECT is(skillancer.doc_schema('skillancer.shape_test_doc')::jsonb -> 'properties', '{
	"id": {"type": "string", "pattern": "^gig_[0-7][0-9a-hjkmnp-tv-z]{25}$"},
	"word": {"type": "string", "enum": ["ON", "OFF"]},
	"maybe": {"type": ["integer", "null"], "format": "int32"},
	"loose": {"description": "Any JSON value."},
	"first": {"type": "integer", "format": "int32"},
	"case": {"type": "string", "enum": ["MORE", "LESS"]},
	"no": {"anyOf": [{"$ref": "#/components/schemas/Money"}, {"type": "null"}]},
	"left": {"type": ["string", "null"], "enum": ["ON", "OFF", null]},
	"sum": {"$ref": "#/components/schemas/Money"},
	"one": {"type": ["string", "null"], "enum": ["ON", "OFF", null]},
	"count": {"type": "integer", "format": "int64"},
	"there": {"type": "boolean"},
	"inner": {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]},
	"all": {"type": "array", "items": {"type": "string", "enum": ["ON", "OFF"]}}}'::jsonb, 'the members of a view');
SELECT is(json_array_length(skillancer.doc_schema('skillancer.shape_test_doc') -> 'required'), 14, 'all of them are always there');
SELECT skillancer.add_shape('shape_test.loose', '{a: text}|null');
SELECT is(skillancer.doc_schema('skillancer.shape_test_doc') #>> '{properties,loose,properties,a,type}', 'string', 'a shape of a column says what is in it');
SELECT is(skillancer.doc_schema('skillancer.shape_test_doc')::jsonb #> '{properties,loose,type}', '["object", "null"]', 'and that it may be null');
SELECT throws_ok('SELECT skillancer.doc_schema(''skillancer.gig'')', '42809', '"gig" is not a view with a column doc', 'a table has no document');

SELECT * FROM finish();
ROLLBACK;
