// search_words.test.mjs
//	Suggestions, corrections, synonyms and highlights over HTTP; canary words show that nothing hidden is suggested.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { call, env, sql, until } from './support.mjs';
import { join, tag, usd } from './market.mjs';

let fred;
let carla;
const letters = () => tag().replace(/[0-9]/g, (digit) => 'ghjkmnpqrs'[digit]);
const staff = env.SKL_ADMIN_TOKEN;

const refresh = () => sql('SELECT skillancer.suggest_refresh()');
const ask = (query, token) => call('GET', `/v1/search/suggest?${new URLSearchParams(query)}`, { token });
const texts = async (q, more = {}) => (await ask({ q, ...more })).json.data.map((s) => s.text);
const search = (kind, query, token) => call('GET', `/v1/search/${kind}?${new URLSearchParams(query)}`, { token });
const fields = (answer) => answer.json.error.details.map((d) => d.field);

const gig = async (title, activate = true, description = 'Fast, small and tested.') => {
	const made = await fred.post('/v1/gigs', {
		title, description, packages: [{ tier: 'BASIC', price: usd('50'), deliveryDays: 3, revisions: 1, features: ['One page'] }],
	}, 201);
	return activate ? fred.post(`/v1/gigs/${made.id}/activate`) : made;
};
const project = async (title, visibility) => {
	const made = await carla.post('/v1/projects', {
		title, description: 'What has to be done, in enough words for anybody.', budgetKind: 'FIXED',
		budgetMin: usd('1.00'), budgetMax: usd('1000.00'), openings: 1, visibility,
	}, 201);
	return carla.post(`/v1/projects/${made.id}/publish`);
};
// Waits until the index has so many gigs for a query.
const indexed = (q, n) => until(async () => (await search('gigs', { q, correct: false })).json.meta.total >= n, 15000);

before(async () => {
	[fred, carla] = await Promise.all([join('fred', 'FREELANCER'), join('carla', 'CLIENT')]);
});

test('completions: prefixes, earlier words, typing errors, kinds', async () => {
	refresh();
	const found = (await ask({ q: 'java' })).json.data;
	const skill = found.find((s) => s.text === 'JavaScript');
	assert.ok(skill.id.startsWith('skl_') && skill.kind === 'SKILL' && !skill.corrected, 'a skill with its id');
	assert.ok((await texts('design')).includes('Graphic design'), 'any word of an entry');
	assert.deepEqual(await texts('graphic d'), ['Graphic design']);
	assert.deepEqual((await ask({ q: 'grafhic des' })).json.data.map((s) => [s.text, s.corrected]), [['Graphic design', true]]);
	assert.ok((await texts('js')).includes('JavaScript'), 'by an alias');
	assert.ok((await ask({ q: 'd', kind: 'category' })).json.data.every((s) => s.kind === 'CATEGORY'));
	assert.equal((await ask({ q: 'd', limit: 2 })).json.data.length, 2);
	assert.deepEqual(await texts(''), []);
	assert.deepEqual(await texts(' -"(* '), []);
	assert.ok(Array.isArray(await texts('\u{1F680}\u0301ß"d')), 'any text');
});

test('what is wrong is named', async () => {
	assert.deepEqual(fields(await ask({})), ['q']);
	assert.deepEqual(fields(await ask({ q: 'x'.repeat(161), kind: 'word,person,dog', limit: 21 })).sort(), ['kind', 'limit', 'q']);
	for (const bad of ['%00', '%ff%fe', 'a%00b']) {
		const answer = await call('GET', `/v1/search/suggest?q=${bad}`);
		assert.ok([400, 422].includes(answer.status), `${bad}: ${answer.text}`);
	}
});

test('words of two public titles are suggested, hidden ones never', async () => {
	const [open, draft, secret, invited, lone, paused] = Array.from({ length: 6 }, () => `canary${letters()}`);
	await Promise.all([gig(`I will train your ${open} bird`), gig(`I will feed your ${open} well`), gig(`I will see the ${lone} once`),
		gig(`I will draft a ${draft} song`, false), gig(`I will draft the ${draft} again`, false),
		project(`Project with ${secret} inside`, 'PRIVATE'), project(`Another with ${secret} inside`, 'PRIVATE'),
		project(`Project of ${invited} people`, 'INVITE_ONLY'), project(`Another of ${invited} people`, 'INVITE_ONLY')]);
	for (const made of [await gig(`I will pause the ${paused} soon`), await gig(`I will pause my ${paused} soon`)]) await fred.post(`/v1/gigs/${made.id}/pause`);
	refresh();
	assert.deepEqual(await texts(open.slice(0, 10)), [open]);
	assert.deepEqual(await texts(`${open} bi`), [], 'a pair of one title');
	for (const token of [undefined, fred.token, carla.token, staff]) {
		for (const word of [draft, secret, invited, lone, paused]) {
			for (const typed of [word, word.slice(0, 9), `${word.slice(0, 12)}x`]) {
				const answer = (await ask({ q: typed }, token)).text;
				assert.ok(!answer.includes(word), `${word} is not suggested for ${typed}`);
			}
		}
	}
	const shown = await search('gigs', { q: `${secret.slice(0, -1)}${secret.at(-1) === 'g' ? 'h' : 'g'}` });
	assert.ok(!shown.text.includes(secret), 'nor offered as a correction');
});

test('people are suggested while everybody may see them', async () => {
	const name = `Quentin${letters()}`;
	sql(`UPDATE skillancer.profile SET display_name = '${name} Lee' WHERE user_id = '${fred.id}'`);
	refresh();
	assert.deepEqual((await ask({ q: name.slice(0, 10) })).json.data, [{ kind: 'PERSON', text: `${name} Lee`, id: fred.id, corrected: false }]);
	sql(`UPDATE skillancer.profile SET is_public = false WHERE user_id = '${fred.id}'`);
	const shows = async (typed, token) => (await ask({ q: typed }, token)).json.data.some((s) => s.text.startsWith(name));
	assert.ok(!await shows(name), 'at once, with the old snapshot');
	assert.ok(!await shows(name, fred.token), 'not even to themselves');
	refresh();
	assert.ok(!await shows(name.slice(0, 8)));
	sql(`UPDATE skillancer.profile SET is_public = true WHERE user_id = '${fred.id}'`);
});

test('searches are corrected, say so, and offer what was typed', async () => {
	const word = `zephyr${letters().slice(0, 6)}`;
	await Promise.all([gig(`I will polish the ${word} today`), gig(`I will paint the ${word} tomorrow`), gig(`I will sell the ${word} for you`)]);
	assert.ok(await indexed(word, 3));
	refresh();
	const typed = `${word.slice(0, 3)}${word[4]}${word[3]}${word.slice(5)}`;
	const corrected = (await search('gigs', { q: `${typed} bogusfrobnicator` })).json;
	assert.deepEqual([corrected.meta.correctedFrom, corrected.meta.corrected, corrected.meta.total],
		[`${typed} bogusfrobnicator`, `${word} bogusfrobnicator`, 3]);
	assert.ok(corrected.data[0].highlights.title.includes(`<mark>${word}</mark>`), 'what was found is marked');
	const exact = (await search('gigs', { q: typed, correct: false })).json;
	assert.deepEqual([exact.data.length, exact.meta.correctedFrom, exact.meta.suggestion], [0, undefined, word], 'the original, with an offer');
	assert.equal((await search('gigs', { q: `"${typed}"` })).json.data.length, 0, 'nothing in quotation marks is corrected');
	assert.equal((await search('gigs', { q: word })).json.meta.correctedFrom, undefined);
});

test('synonyms are edited by staff and count in searches', async () => {
	const [one, two, three] = [`aa${letters()}`, `bb${letters()}`, `cc${letters()}`];
	const path = `/v1/admin/search/synonyms/${one}`;
	await gig(`I will tune the ${two} ${three} for you`);
	assert.ok(await indexed(two, 1));
	assert.equal((await search('gigs', { q: one })).json.data.length, 0);
	for (const token of [carla.token, fred.token]) {
		assert.equal((await call('PUT', path, { token, body: { phrases: [one, two] } })).status, 403);
		assert.equal((await call('GET', '/v1/admin/search/synonyms', { token })).status, 403);
		assert.equal((await call('DELETE', path, { token })).status, 403);
	}
	assert.equal((await call('PUT', path, { body: { phrases: [one, two] } })).status, 401);
	assert.deepEqual(fields(await call('PUT', '/v1/admin/search/synonyms/Bad_Key', { token: staff, body: { phrases: [one, one] } })).sort(), ['key', 'phrases']);
	assert.deepEqual(fields(await call('PUT', path, { token: staff, body: { phrases: [one, 'x'.repeat(81)] } })), ['phrases[1]']);
	const put = await call('PUT', path, { token: staff, body: { phrases: [one, `${two} ${three}`] } });
	assert.deepEqual([put.status, put.json.data.phrases, put.json.data.builtin], [200, [one, `${two} ${three}`], false]);
	refresh();
	const found = (await search('gigs', { q: one })).json.data;
	assert.ok(found.length === 1 && found[0].highlights.title.includes(`<mark>${two}</mark>`), 'a phrase stands for a word');
	assert.equal((await search('gigs', { q: `"${one}"` })).json.data.length, 0, 'not in quotation marks');
	const all = await call('GET', '/v1/admin/search/synonyms?limit=100', { token: staff });
	assert.ok(all.json.data.some((s) => s.key === one) && all.json.data.some((s) => s.builtin));
	assert.equal((await call('DELETE', path, { token: staff })).status, 204);
	assert.equal((await call('DELETE', path, { token: staff })).status, 404);
	refresh();
	assert.equal((await search('gigs', { q: one })).json.data.length, 0);
});

test('highlights are safe HTML', async () => {
	const word = `quill${letters()}`;
	await gig(`I will write <b>${word}</b> & "more"`, true, `${'Long before. '.repeat(60)}<em onclick=alert()>'${word}'</em>${' Long after.'.repeat(60)}`);
	assert.ok(await indexed(word, 1));
	const { title, snippet } = (await search('gigs', { q: word })).json.data[0].highlights;
	assert.equal(title, `I will write &lt;b&gt;<mark>${word}</mark>&lt;/b&gt; &amp; &quot;more&quot;`);
	assert.ok(snippet.includes(`&lt;em onclick=alert()&gt;&#39;<mark>${word}</mark>&#39;&lt;/em&gt;`) && !/<(?!\/?mark>)/.test(snippet), snippet);
	assert.ok(snippet.startsWith('…') && snippet.endsWith('…') && snippet.split(' ').length <= 32, snippet);
});

test('past queries are suggested once five people found something, and only in public words', async () => {
	const [one, two] = [`lute${letters()}`, `harp${letters()}`];
	await Promise.all([gig(`I will play the ${one} ${two}`), gig(`I will tune the ${two} ${one}`)]);
	assert.ok(await indexed(one, 2));
	assert.equal((await search('gigs', { q: `${two} ${one}` }, fred.token)).json.meta.total, 2);
	assert.ok(await until(() => sql(`SELECT 1 FROM skillancer.search_log WHERE q = '${two} ${one}' AND results = 2 AND user_id = '${fred.id}'`).length > 0, 15000));
	const told = sql(`SELECT (e.data ->> 'searches')::integer, cardinality(e.audience) FROM skillancer.event e JOIN skillancer.search_log l ON l.xmin = e.xmin
		WHERE e.type = 'search.performed' AND e.data ->> 'kind' = 'gig' AND l.q = '${two} ${one}'`);
	assert.ok(told.length > 0 && told.every(([searches, audience]) => Number(searches) > 0 && audience === '0'), 'an event counts searches, for nobody in particular');
	const people = (q, n, { results = 3, days = 0 } = {}) => sql(`INSERT INTO skillancer.search_log (at, index_id, user_id, q, results)
		SELECT skillancer.now() - interval '${days} days', 2, u.id, '${q}', ${results} FROM (SELECT id FROM skillancer.user_account ORDER BY id LIMIT ${n}) u,
			generate_series(1, 2)`);
	people(`${one} the ${two}`, 4);
	people(`${two} and ${one}`, 5, { results: 0 });
	people(`${two} secret${one}`, 5);
	people(`${two} with ${one}`, 5, { days: 31 });
	people(`${one} for ${two}`, 5);
	sql('SELECT skillancer.count_searches()');
	refresh();
	for (const typed of [one, two]) {
		assert.deepEqual((await ask({ q: typed.slice(0, 8), kind: 'query' })).json.data.map((s) => s.text), [`${one} for ${two}`]);
	}
});
