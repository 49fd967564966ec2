// search.test.mjs
//	Search over HTTP: what the three routes find and say, and what they answer to input that is wrong.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { call, sql, until } from './support.mjs';
import { join, tag, usd } from './market.mjs';

const RUN = tag();
const own = (word) => `${word}${RUN}`;

let clara;
let fred;
const gigs = {};

const get = (kind, query = {}) => call('GET', `/v1/search/${kind}?${new URLSearchParams(query)}`);

async function ok(kind, query) {
	const answer = await get(kind, query);
	assert.equal(answer.status, 200, answer.text);
	return answer.json;
}

const titles = ({ data }) => data.map((hit) => (hit.gig ?? hit.project).title);
const indexed = () => until(() => sql('SELECT coalesce(sum(pending), 0) FROM skillancer.search_status')[0][0] === '0', 20000);

async function gig(name, title, description, price, tags) {
	const made = await fred.post('/v1/gigs', { title, description, tags, category: 'web-development', packages: [{ tier: 'BASIC', title: 'All of it', description: 'Everything that was said.', price: usd(price), deliveryDays: 3, revisions: 1, features: [] }] }, 201);
	gigs[name] = await fred.post(`/v1/gigs/${made.id}/activate`);
}

before(async () => {
	[clara, fred] = await Promise.all([join('clara', 'CLIENT'), join('fred', 'FREELANCER')]);
	await gig('logo', `Drawing a ${own('logotype')} by hand`, `A ${own('logotype')} that is <b>drawn</b> & coloured for a bakery in ${own('lisbon')}.`, '50.00', [own('paper')]);
	await gig('site', `Building a site for a bakery ${own('site')}`, `A site with a ${own('logotype')} and a map of ${own('lisbon')}.`, '150.00', [own('paper'), own('glass')]);
	await gig('song', `Singing a song for a bakery ${own('song')}`, `A song about bread in ${own('lisbon')}, ${own('lisbon')} and again ${own('lisbon')}.`, '500.00', [own('glass')]);
	const project = await clara.post('/v1/projects', { title: `Somebody who paints ${own('facade')}`, description: `The house is in ${own('lisbon')}, near the river.`, budgetKind: 'FIXED', budgetMin: usd('100.00'), budgetMax: usd('900.00'), skills: ['javascript'] }, 201);
	await clara.post(`/v1/projects/${project.id}/publish`);
	const answer = await fred.raw('PUT', '/v1/users/me/profile', { displayName: 'Fred', headline: `Painter of ${own('facade')}`, bio: 'Every wall is another one.', country: 'PT' });
	assert.equal(answer.status, 200, answer.text);
	sql(`UPDATE skillancer.gig SET activated_at = activated_at - interval '2 hours' WHERE title = '${gigs.logo.title}';
		UPDATE skillancer.gig SET activated_at = activated_at - interval '1 hour' WHERE title = '${gigs.site.title}'`);
	assert.ok(await indexed());
});

test('titles weigh more than texts, and every word adds', async () => {
	assert.deepEqual(titles(await ok('gigs', { q: own('logotype') })), [gigs.logo.title, gigs.site.title]);
	assert.equal(titles(await ok('gigs', { q: `${own('site')} ${own('logotype')}` }))[0], gigs.site.title);
	assert.equal(titles(await ok('projects', { q: own('facade') })).length, 1);
	assert.equal((await ok('freelancers', { q: own('facade') })).data[0].freelancer.displayName, 'Fred');
});

test('operators: phrases, without, either, fields, beginnings', async () => {
	const found = async (q) => titles(await ok('gigs', { q, correct: false })).sort();
	const [logo, site, song] = [gigs.logo.title, gigs.site.title, gigs.song.title];
	assert.deepEqual(await found(`"map of ${own('lisbon')}"`), [site]);
	assert.deepEqual(await found(`"${own('lisbon')} map"`), []);
	assert.deepEqual(await found(`${own('lisbon')} -${own('logotype')}`), [song]);
	assert.deepEqual(await found(`(${own('site')} or ${own('song')})`), [site, song].sort());
	assert.deepEqual(await found(`title:${own('logotype')}`), [logo]);
	assert.deepEqual(await found(`skills:${own('glass')}`), [site, song].sort());
	assert.deepEqual(await found(`logotype${RUN.slice(0, 6)}*`), [logo, site].sort());
	assert.deepEqual(titles(await ok('gigs', { q: `${own('site')} ${own('song')}`, match: 'all' })), []);
});

test('filters, facets and orders', async () => {
	const q = own('lisbon');
	const page = await ok('gigs', { q, tag: own('paper'), facets: 'tag,category,price:0..100..1000', priceMax: '400' });
	assert.equal(page.meta.total, 2);
	assert.deepEqual(page.meta.facets.tag.sort((a, b) => (a.value < b.value ? -1 : 1)),
		[{ value: own('glass'), count: 1 }, { value: own('paper'), count: 2 }], 'tags are counted without the filter by tag');
	assert.ok(page.meta.facets.category.some(({ value, count }) => value === 'web-development' && count === 2));
	assert.deepEqual(page.meta.facets.price.buckets.map(({ count }) => count), [1, 1, 0].slice(0, page.meta.facets.price.buckets.length));
	const prices = async (sort) => (await ok('gigs', { q, sort })).data.map((hit) => hit.gig.priceFrom.amount);
	assert.deepEqual(await prices('price'), ['50.00', '150.00', '500.00']);
	assert.deepEqual(await prices('-price'), ['500.00', '150.00', '50.00']);
	assert.deepEqual(titles(await ok('gigs', { q, sort: 'newest' })), [gigs.song.title, gigs.site.title, gigs.logo.title]);
});

test('highlights are HTML that nobody can break out of', async () => {
	const { data: [hit] } = await ok('gigs', { q: own('logotype') });
	assert.match(hit.highlights.title, new RegExp(`<mark>${own('logotype')}</mark>`));
	assert.match(hit.highlights.snippet, /&lt;b&gt;drawn&lt;\/b&gt; &amp; coloured/);
	assert.ok(!/<(?!\/?mark>)/.test(hit.highlights.title + hit.highlights.snippet));
});

test('a typo is corrected and said; who insists is heard', async () => {
	const wrong = own('logotype').replace('otype', 'toype');
	const corrected = await ok('gigs', { q: wrong });
	if (corrected.meta.corrected) assert.equal(corrected.meta.correctedFrom, wrong);
	assert.deepEqual((await ok('gigs', { q: wrong, correct: false })).data, []);
});

test('pages follow each other, and a cursor is good for its own list only', async () => {
	const first = await ok('gigs', { q: own('lisbon'), limit: 1 });
	const cursor = first.meta.pagination.nextCursor;
	const second = await ok('gigs', { q: own('lisbon'), limit: 1, cursor });
	const third = await ok('gigs', { q: own('lisbon'), limit: 1, cursor: second.meta.pagination.nextCursor });
	assert.equal(new Set([first, second, third].flatMap(titles)).size, 3);
	assert.equal(third.meta.pagination.hasNext, false);
	for (const [kind, query] of [['gigs', { q: own('logotype') }], ['projects', { q: own('lisbon') }], ['gigs', { q: own('lisbon'), sort: 'price' }]]) {
		const answer = await get(kind, { ...query, limit: 1, cursor });
		assert.equal(answer.status, 422, answer.text);
		assert.deepEqual(answer.json.error.details.map((d) => d.field), ['cursor']);
	}
});

test('an explanation is there for who asks', async () => {
	const { data: [hit] } = await ok('gigs', { q: own('lisbon'), explain: true });
	const why = hit.explanation;
	assert.match(why.summary, /lisbon/);
	assert.ok(Math.abs(why.text + why.prior.score + why.proximity.score + why.personal.score - why.score) < 1e-6);
	assert.ok(Math.abs(why.score - hit.score) < 1e-4);
});

test('a fresh search sees what has just been written', async () => {
	const title = `Something that is ${own('brandnew')}`;
	await gig('new', title, 'It was written a moment ago, and it can be found.', '20.00', []);
	assert.deepEqual(titles(await ok('gigs', { q: own('brandnew'), fresh: true })), [title]);
	assert.ok(await until(async () => titles(await ok('gigs', { q: own('brandnew') })).length === 1), 'and others soon');
});

test('more like this: things of its kind without itself, or of another kind', async () => {
	const similar = (query) => call('GET', `/v1/search/similar?${new URLSearchParams(query)}`);
	const like = await similar({ gig: gigs.site.id, explain: true });
	assert.equal(like.status, 200, like.text);
	const found = like.json.data.map(({ item }) => item.id);
	assert.ok(found.includes(gigs.logo.id) && found.includes(gigs.song.id) && !found.includes(gigs.site.id), like.text);
	assert.ok(like.json.data.every(({ kind }) => kind === 'gig'));
	assert.match(like.json.data[0].explanation.summary, /it is in \d+ of \d+ documents/);
	const [{ id }] = (await ok('projects', { q: own('facade') })).data.map(({ project }) => project);
	const people = (await similar({ project: id, kind: 'freelancer' })).json.data;
	assert.deepEqual([people[0].kind, people[0].item.userId ?? people[0].item.id], ['freelancer', fred.id], 'freelancers for a project');
	for (const [query, field] of [[{}, 'project'], [{ gig: gigs.site.id, project: id }, 'project'], [{ gig: gigs.site.id, kind: 'dog' }, 'kind'], [{ gig: id }, 'gig']]) {
		const answer = await similar(query);
		assert.equal(answer.status, 422, answer.text);
		assert.equal(answer.json.error.details[0].field, field);
	}
	assert.equal((await similar({ gig: gigs.site.id.replace(/.{10}$/, '0000000000') })).status, 404);
});

test('saved searches tell of what is new and matches, once', async () => {
	const save = (query) => clara.post('/v1/search/saved', { kind: 'gig', alert: true, ...query }, 201);
	const saved = await Promise.all([save({ name: 'words', q: `${own('carillon')} tune` }), save({ name: 'price', q: own('carillon'), filters: { price: { max: 30 } } }), save({ name: 'none', filters: { tag: [own('bells')] } })]);
	const matched = () => sql(`SELECT e.data ->> 'name', (e.data ->> 'count')::integer, e.data -> 'items' ->> 0 = g.id::uuid::text FROM skillancer.event e
		JOIN skillancer.gig g ON g.title LIKE '%${own('carillon')}%' WHERE e.type = 'search.matched' AND e.aggregate_id IN (${saved.map(({ id }) => `'${id}'`).join(', ')}) ORDER BY 1`);
	await gig('bells', `I tune every ${own('carillon')}`, 'Bells that sound as they should, each for itself.', '40.00', [own('bells')]);
	assert.ok(await until(() => matched().length === 2, 15000));
	assert.deepEqual(matched(), [['none', '1', 't'], ['words', '1', 't']], 'by words, by a filter alone; the other one is too dear');
	assert.ok(await until(async () => (await clara.get('/v1/notifications')).some(({ type }) => type === 'search.matched'), 15000), 'and their owner is told');
	sql(`UPDATE skillancer.gig SET price_from = skillancer.monetary_of(2000, 'USD') WHERE id = '${gigs.bells.id}'; UPDATE skillancer.gig SET description = description || ' Again.' WHERE id = '${gigs.bells.id}'`);
	assert.ok(await indexed());
	assert.equal(matched().length, 2, 'not of what changed');
});

test('what is wrong is named', async () => {
	for (const [kind, query, field] of [
		['gigs', { facets: 'colour' }, 'facets'], ['gigs', { facets: 'tag:1..2' }, 'facets'], ['projects', { facets: 'budget:a..b' }, 'facets'],
		['gigs', { sort: 'colour' }, 'sort'], ['projects', { sort: 'rating' }, 'sort'], ['gigs', { cursor: 'forged' }, 'cursor'], ['gigs', { cursor: '' }, 'cursor'],
		['gigs', { limit: 0 }, 'limit'], ['gigs', { limit: 1000 }, 'limit'], ['gigs', { match: 'some' }, 'match'], ['gigs', { language: 'english' }, 'language'],
		['gigs', { priceMin: -1 }, 'priceMin'], ['gigs', { ratingMin: 9 }, 'ratingMin'], ['gigs', { explain: 'perhaps' }, 'explain'], ['gigs', { colour: 'red' }, 'colour'],
		['projects', { category: 'no-such-category' }, 'category'], ['projects', { skill: 'no-such-skill' }, 'skill[0]'], ['freelancers', { successMin: 2 }, 'successMin'],
	]) {
		const answer = await get(kind, query);
		assert.equal(answer.status, 422, `${kind} ${JSON.stringify(query)}: ${answer.text}`);
		assert.deepEqual(answer.json.error.details.map((d) => d.field), [field], JSON.stringify(query));
	}
	for (const bytes of ['%00', 'a%00b', '%ff', '%c3%28', '%ed%a0%80']) {
		const answer = await call('GET', `/v1/search/gigs?q=${bytes}`);
		assert.ok([400, 422].includes(answer.status), `${bytes}: ${answer.status}`);
	}
});

test('no text is an error', async () => {
	const pieces = ['"', '(', ')', '-', '+', '*', '~', ':', 'or', 'OR', 'title:', 'title:"', '~3', '"a b"~', '"a b"~999999999', '--', '""', '()', '((', '))', '-(', '-"', 'a*b', '**', '\\', '\u0301', '日本語', '🙂', '<b>', '&amp;', '%'];
	for (const q of [...pieces, ...pieces.map((piece) => `${piece} ${own('lisbon')}`), ...pieces.map((piece) => `${own('lisbon')}${piece}`), pieces.join(' '), pieces.join(''), '('.repeat(500), '"a '.repeat(300), '-'.repeat(1000), `${'a'.repeat(3000)}`])
		await ok('gigs', { q });
	assert.deepEqual((await ok('gigs', { q: 'the of and' })).data, [], 'stop words alone find nothing');
	assert.ok((await ok('gigs', {})).data.length > 0, 'no words find everything');
	assert.ok((await ok('gigs', { q: '   ' })).data.length > 0);
	assert.deepEqual((await ok('gigs', { q: own('nowhere') })).meta.total, 0);
});

test('the largest queries end', () => {
	const run = (request) => sql(`SELECT cardinality(ids) FROM skillancer.search_run('gig', ${request})`);
	assert.equal(run(`jsonb_build_object('q', repeat('word ', 200000), 'limit', 10)`).length, 1);
	assert.equal(run(`jsonb_build_object('q', repeat('(', 1000000), 'limit', 10)`).length, 1);
	assert.equal(run(`jsonb_build_object('q', (SELECT string_agg('w' || n, ' or ') FROM generate_series(1, 10000) n), 'limit', 10)`).length, 1);
	assert.equal(run(`jsonb_build_object('q', (SELECT string_agg('w' || n || '*', ' ') FROM generate_series(1, 10000) n), 'limit', 10)`).length, 1);
	assert.throws(() => sql(`SELECT cardinality(ids) FROM skillancer.search_run('pigs', '{}')`), /no search index/);
});
