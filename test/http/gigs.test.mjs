// gigs.test.mjs
//	Gigs over HTTP: every route with success, 401, 403 or 404, 422, idempotent replay and entity tags.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { call, sql } from './support.mjs';
import { join, tag, usd } from './market.mjs';

let fred;
let flo;
let carla;

before(async () => {
	[fred, flo, carla] = await Promise.all([join('fred', 'FREELANCER'), join('flo', 'FREELANCER'), join('carla', 'CLIENT')]);
});

const basic = { tier: 'BASIC', price: usd('50'), deliveryDays: 3, revisions: 1, features: ['One page'] };
const premium = { tier: 'PREMIUM', title: 'All of it', price: usd('200.5'), deliveryDays: 10, revisions: 5 };
const body = (more = {}) => ({ title: `I will build a web site ${tag()}`, description: 'Fast, small and tested.', packages: [basic, premium], ...more });
const fields = (answer) => answer.json.error.details.map((d) => d.field);

test('create, read, edit', async () => {
	assert.equal((await call('POST', '/v1/gigs', { body: body() })).status, 401);
	assert.equal((await carla.raw('POST', '/v1/gigs', body())).status, 403, 'a client offers no gig');
	assert.deepEqual(fields(await fred.raw('POST', '/v1/gigs', {})).sort(), ['description', 'packages', 'title']);
	const bad = await fred.raw('POST', '/v1/gigs', {
		title: 'short', description: 'x', category: 'nope', tags: Array(11).fill('t'), requirements: ['x'.repeat(501)], state: 'ACTIVE',
		packages: [{ tier: 'GOLD', price: usd('100001'), deliveryDays: 0, revisions: 101, features: [''] }, { tier: 'BASIC', price: { amount: '1', currency: 'EUR' } }],
		extras: [{ title: '', price: usd('0.99') }], faq: [{ question: 'Why?' }],
	});
	assert.equal(bad.status, 422);
	for (const field of ['title', 'description', 'category', 'tags', 'requirements[0]', 'state', 'packages[0].tier', 'packages[0].price', 'packages[0].deliveryDays',
		'packages[0].revisions', 'packages[0].features[0]', 'packages[1].deliveryDays', 'packages[1].revisions', 'extras[0].title', 'extras[0].price', 'faq[0].answer']) {
		assert.ok(fields(bad).includes(field), `${field} is named in ${fields(bad)}`);
	}
	assert.ok(fields(await fred.raw('POST', '/v1/gigs', body({ packages: [basic, { ...premium, price: { amount: '9', currency: 'EUR' } }] }))).includes('packages[1].price'),
		'packages are in one currency');
	assert.deepEqual(fields(await fred.raw('POST', '/v1/gigs', body({ packages: [basic, basic] }))), ['packages[1].tier']);

	const key = { 'idempotency-key': `gig-${tag()}` };
	const request = body({ category: 'web-development', tags: ['web'], extras: [{ title: 'Faster', price: usd('20') }], faq: [{ question: 'How?', answer: 'Well.' }], requirements: ['Your logo'] });
	const created = await fred.raw('POST', '/v1/gigs', request, key);
	assert.equal(created.status, 201, created.text);
	const replayed = await fred.raw('POST', '/v1/gigs', request, key);
	assert.deepEqual([replayed.json.data, replayed.headers.get('idempotency-replayed')], [created.json.data, 'true']);
	const gig = created.json.data;
	assert.deepEqual([gig.state, gig.priceFrom, gig.packages[1].price, gig.extras[0].price, gig.category.slug, gig.revision],
		['DRAFT', usd('50.00'), usd('200.50'), usd('20.00'), 'web-development', 1]);

	const path = `/v1/gigs/${gig.id}`;
	assert.deepEqual(await fred.get(path), gig);
	for (const who of [undefined, flo.token, carla.token]) assert.equal((await call('GET', path, { token: who })).status, 404, 'a draft is its freelancer\'s');
	assert.equal((await fred.raw('GET', path, undefined, { 'if-none-match': '"v1"' })).status, 304);
	assert.equal((await call('PATCH', path, { body: { title: 'Something else' } })).status, 401);
	assert.equal((await flo.raw('PATCH', path, { title: 'Something else' })).status, 404);
	const edited = await fred.raw('PATCH', path, { packages: [{ ...basic, price: usd('60') }], faq: [] }, { 'if-match': '"v1"' });
	assert.deepEqual([edited.status, edited.json.data.revision, edited.json.data.priceFrom.amount, edited.json.data.faq, edited.json.data.tags], [200, 2, '60.00', [], ['web']]);
	assert.equal((await fred.raw('PATCH', path, { title: 'Something else' }, { 'if-match': '"v1"' })).status, 412);
	assert.deepEqual(fields(await fred.raw('PATCH', path, { packages: null, priceFrom: usd('1') })).sort(), ['packages', 'priceFrom']);
	assert.deepEqual(sql(`SELECT revision, packages #>> '{0,price,amount}' FROM skillancer.gig_revision WHERE gig_id = '${gig.id}' ORDER BY 1`),
		[['1', '50.00'], ['2', '60.00']], 'every wording is kept');
});

test('activate, pause, archive', async () => {
	const gig = await fred.post('/v1/gigs', body(), 201);
	const path = `/v1/gigs/${gig.id}`;
	assert.deepEqual((await fred.post(`${path}/pause`, {}, 409)).details, { state: 'DRAFT', allowed: ['activate'] });
	for (const action of ['activate', 'pause', 'archive']) {
		assert.equal((await call('POST', `${path}/${action}`, { body: {} })).status, 401);
		assert.equal((await flo.raw('POST', `${path}/${action}`, {})).status, 404);
		assert.deepEqual(fields(await fred.raw('POST', `${path}/${action}`, { x: 1 })), ['x']);
	}
	const key = { 'idempotency-key': `activate-${tag()}` };
	assert.equal((await fred.post(`${path}/activate`, {}, 200, key)).state, 'ACTIVE');
	assert.equal((await fred.raw('POST', `${path}/activate`, {}, key)).headers.get('idempotency-replayed'), 'true');
	assert.equal((await call('GET', path)).json.data.state, 'ACTIVE', 'everybody sees it');
	for (const action of ['activate', 'pause', 'archive']) assert.equal((await flo.raw('POST', `${path}/${action}`, {})).status, 403);
	assert.equal((await flo.raw('PATCH', path, { title: 'Something else' })).status, 403);
	assert.equal((await fred.post(`${path}/pause`)).state, 'PAUSED');
	assert.equal((await call('GET', path)).status, 404);
	assert.equal((await fred.post(`${path}/activate`)).state, 'ACTIVE');
	assert.equal((await fred.post(`${path}/archive`)).state, 'ARCHIVED');
	assert.deepEqual((await fred.post(`${path}/activate`, {}, 409)).details, { state: 'ARCHIVED', allowed: [] });
	assert.equal((await fred.raw('PATCH', path, { title: 'Something else' })).json.error.code, 'INVALID_STATE');
});

test('lists and filters', async () => {
	const word = `wvu${tag()}`;
	const make = async (more) => fred.post(`/v1/gigs/${(await fred.post('/v1/gigs', body({ title: `I will find ${word} now`, ...more }), 201)).id}/activate`);
	const cheap = await make({ packages: [{ ...basic, price: usd('5') }], category: 'seo' });
	const dear = await make({ packages: [{ ...basic, price: { amount: '500', currency: 'EUR' } }] });
	await fred.post('/v1/gigs', body({ title: `A draft of ${word} is hidden` }), 201);
	const find = async (query) => (await call('GET', `/v1/gigs?q=${word}&${query}`)).json.data.map((g) => g.id);
	assert.deepEqual(await find(''), [dear.id, cheap.id], 'newest first, active ones only');
	assert.deepEqual(await find('category=marketing'), [cheap.id]);
	assert.deepEqual(await find('priceMax=5'), [cheap.id]);
	assert.deepEqual(await find('priceMin=5.01'), [dear.id]);
	assert.deepEqual(await find('currency=USD'), [cheap.id]);
	assert.deepEqual(fields(await call('GET', '/v1/gigs?limit=0&priceMin=x&priceMax=-1&category=nope&page=1')).sort(), ['category', 'limit', 'page', 'priceMax', 'priceMin']);
	const page = await call('GET', `/v1/gigs?q=${word}&limit=1`);
	assert.deepEqual((await call('GET', `/v1/gigs?q=${word}&limit=1&cursor=${page.json.meta.pagination.nextCursor}`)).json.data.map((g) => g.id), [cheap.id]);
	assert.deepEqual(fields(await call('GET', `/v1/gigs?limit=1&cursor=${page.json.meta.pagination.nextCursor}`)), ['cursor']);
	assert.equal((await call('GET', '/v1/gigs?limit=1')).json.data[0].id, dear.id);
	assert.equal((await call('GET', '/v1/gigs?mine=true')).status, 401);
	assert.ok((await fred.get('/v1/gigs?mine=true')).some((g) => g.state === 'DRAFT'));
	assert.deepEqual(await flo.get('/v1/gigs?mine=true'), []);
});
