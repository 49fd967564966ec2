/*
 * notification_templates.sql
 *		Mustache: variables, escaping, sections, inverted sections, comments, lines of their own, refused templates.
 */
BEGIN;
SELECT no_plan();

-- variables
SELECT is(skillancer.mustache('Hello {{name}}!', '{"name": "Ann"}'), 'Hello Ann!', 'a variable');
SELECT is(skillancer.mustache('{{ name }}', '{"name": "Ann"}'), 'Ann', 'spaces in a tag');
SELECT is(skillancer.mustache('[{{missing}}]', '{}'), '[]', 'a missing variable is nothing');
SELECT is(skillancer.mustache('{{a.b.c}}', '{"a": {"b": {"c": "deep"}}}'), 'deep', 'dotted names');
SELECT is(skillancer.mustache('{{n}} {{m}} {{t}}{{f}}{{z}}', '{"n": 1.50, "m": -3, "t": true, "f": false, "z": null}'),
	'1.50 -3 true', 'numbers and literals');
SELECT is(skillancer.mustache('{{a.b}}', '{"a": "text"}'), '', 'a text has no members');
SELECT is(skillancer.mustache('Käse {{x}} €', '{"x": "日本"}'), 'Käse 日本 €', 'any language');

-- escaping
SELECT is(skillancer.mustache('{{x}}', '{"x": "<a href=\"q\">&''"}', true), '&lt;a href=&quot;q&quot;&gt;&amp;&#39;', 'HTML is escaped');
SELECT is(skillancer.mustache('{{{x}}} {{&x}}', '{"x": "<b>"}', true), '<b> <b>', 'three braces and & are not');
SELECT is(skillancer.mustache('{{x}}', '{"x": "<b>"}', false), '<b>', 'nor is plain text');
SELECT is(skillancer.mustache('{{x}}', '{"x": "{{y}}", "y": "no"}'), '{{y}}', 'data is no template');

-- sections
SELECT is(skillancer.mustache('{{#a}}yes{{/a}}', '{"a": true}'), 'yes', 'a true section');
SELECT is(skillancer.mustache('{{#a}}yes{{/a}}{{^a}}no{{/a}}', '{"a": false}'), 'no', 'false');
SELECT is(skillancer.mustache('{{#a}}yes{{/a}}{{^a}}no{{/a}}', '{}'), 'no', 'missing');
SELECT is(skillancer.mustache('{{#a}}yes{{/a}}{{^a}}no{{/a}}', '{"a": []}'), 'no', 'an empty list');
SELECT is(skillancer.mustache('{{#a}}yes{{/a}}{{^a}}no{{/a}}', '{"a": ""}'), 'no', 'an empty text');
SELECT is(skillancer.mustache('{{#a}}yes{{/a}}{{^a}}no{{/a}}', '{"a": 0}'), 'yes', 'zero is a number to show');
SELECT is(skillancer.mustache('{{#l}}<{{.}}>{{/l}}', '{"l": [1, "b", 3]}'), '<1><b><3>', 'a list of values');
SELECT is(skillancer.mustache('{{#l}}{{n}}{{x}};{{/l}}', '{"l": [{"n": 1}, {"n": 2, "x": "!"}], "x": "?"}'), '1?;2!;',
	'a list of objects, with the outer ones behind');
SELECT is(skillancer.mustache('{{#a}}{{#b}}{{c}}{{d}}{{/b}}{{/a}}', '{"a": {"b": {"c": 1}}, "d": 2}'), '12', 'sections in sections');
SELECT is(skillancer.mustache('{{#a}}{{#a}}{{b}}{{/a}}{{/a}}', '{"a": {"b": 1}}'), '1', 'of the same name');
SELECT is(skillancer.mustache('{{^a}}{{#b}}x{{/b}}{{/a}}', '{"b": [1, 2]}'), 'xx', 'a section in an inverted one');

-- comments and lines
SELECT is(skillancer.mustache('a{{! nothing {{ to see }}b', '{}'), 'ab', 'a comment');
SELECT is(skillancer.mustache(E'a\n  {{! alone }}\nb', '{}'), E'a\nb', 'a comment on a line of its own takes the line');
SELECT is(skillancer.mustache(E'a\n{{#s}}\n- x\n{{/s}}\nb', '{"s": [1, 2]}'), E'a\n- x\n- x\nb', 'and so does a section');
SELECT is(skillancer.mustache(E'a\r\n{{#s}}\r\nx\r\n{{/s}}\r\nb', '{"s": true}'), E'a\r\nx\r\nb', 'with any line ending');
SELECT is(skillancer.mustache(E'{{#s}}\nx\n{{/s}}', '{"s": true}'), E'x\n', 'at the ends of the text');
SELECT is(skillancer.mustache(E' {{x}} \n', '{"x": 1}'), E' 1 \n', 'a variable does not');

-- what is refused
SELECT throws_ok($$ SELECT skillancer.mustache('{{#a}}', '{}') $$, '22P02', NULL, 'a section that is not closed');
SELECT throws_ok($$ SELECT skillancer.mustache('{{/a}}', '{}') $$, '22P02', NULL, 'one that is not opened');
SELECT throws_ok($$ SELECT skillancer.mustache('{{#a}}{{#b}}{{/a}}{{/b}}', '{"a": 1, "b": 1}') $$, '22P02', NULL, 'crossed sections');
SELECT throws_ok($$ SELECT skillancer.mustache('{{a', '{}') $$, '22P02', NULL, 'an open tag');
SELECT throws_ok($$ SELECT skillancer.mustache('{{}}', '{}') $$, '22P02', NULL, 'an empty tag');
SELECT throws_ok($$ SELECT skillancer.mustache('{{>p}}', '{}') $$, '22P02', NULL, 'partials');
SELECT throws_ok($$ SELECT skillancer.mustache('{{=<%=}}', '{}') $$, '22P02', NULL, 'one delimiter');
SELECT throws_ok($$ SELECT skillancer.mustache('{{<p}}{{/p}}', '{}') $$, '22P02', NULL, 'inheritance');
SELECT throws_ok($$ SELECT skillancer.mustache('{{>p}}', '{}', true, '{"p": "{{>p}}"}') $$, '22P02', NULL, 'a partial within itself without end');
SELECT throws_ok($$ SELECT skillancer.mustache(repeat('{{#l}}', 5) || repeat('{{/l}}', 5),
	jsonb_build_object('l', to_jsonb(array_fill(1, ARRAY[100])))) $$, '22P02', NULL, 'work without end');
SELECT is(skillancer.mustache('{{=<% %>=}}<%x%>{{x}}', '{"x": 1}'), '1{{x}}', 'other delimiters');
SELECT is(skillancer.mustache('{{>p}}.', '{"x": "<"}', true, '{"p": "{{x}}"}'), '&lt;.', 'a partial');
SELECT throws_ok($$ SELECT skillancer.mustache(repeat('{{#a}}', 40) || repeat('{{/a}}', 40), '{"a": 1}') $$, '22P02', NULL,
	'too many sections in sections');
SELECT throws_ok($$ SELECT skillancer.mustache('{{#l}}{{#l}}{{#l}}{{x}}{{/l}}{{/l}}{{/l}}',
	jsonb_build_object('x', repeat('x', 1000), 'l', to_jsonb(array_fill(1, ARRAY[100])))) $$, '22P02', NULL, 'a bomb');

-- every template that is shipped can be rendered, without data and with
SELECT lives_ok(format('SELECT skillancer.render(%L, %L)', t.type, t.channel), t.type || ' ' || t.channel || ' renders')
FROM skillancer.template t;
SELECT is((SELECT title FROM skillancer.render('proposal.received', 'IN_APP', '{"project": {"title": "Logo"}}')),
	'New proposal for Logo', 'render() previews a template');
SELECT ok(EXISTS (SELECT FROM skillancer.event_type e WHERE e.name = r.event_type), r.event_type || ' is an event')
FROM skillancer.notification_rule r;
SELECT ok(EXISTS (SELECT FROM skillancer.template t WHERE t.type = r.type AND t.channel = 'IN_APP'), r.type || ' has a text')
FROM skillancer.notification_rule r;

-- languages
SELECT cmp_ok(count(*), '>=', 130::bigint, 'texts are there in German') FROM skillancer.template WHERE locale = 'de';
INSERT INTO skillancer.template (type, channel, locale, title, body) VALUES
	('payout.paid', 'IN_APP', 'de-AT', 'Ausbezahlt', 'x');
SELECT is((SELECT title FROM skillancer.render('payout.paid', 'IN_APP', '{}', 'de-AT')), 'Ausbezahlt', 'the exact locale');
SELECT is((SELECT title FROM skillancer.render('payout.paid', 'IN_APP', '{}', 'de-CH')), 'Ihre Auszahlung wurde bezahlt', 'its language');
SELECT is((SELECT title FROM skillancer.render('payout.paid', 'IN_APP', '{}', 'fr')), 'Your payout was paid', 'English');

SELECT * FROM finish();
ROLLBACK;
