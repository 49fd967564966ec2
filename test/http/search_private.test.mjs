// search_private.test.mjs
//	What search must not tell: words that stand only in things that the caller may not see appear nowhere, in no
//	result, count, facet, correction, suggestion or snippet, and asking for them takes no longer than asking for words
//	that stand nowhere. SKL_TIMING_PAIRS=10000 asks as often as a thorough look takes.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { call, env, sql, until } from './support.mjs';
import { join, tag, usd } from './market.mjs';

const PAIRS = Number(process.env.SKL_TIMING_PAIRS ?? 400);
const RUN = tag();
const COMMON = `ordinary${RUN}`;
const canary = (name) => `canary${name}${RUN}`;

let clara;
let fred;
let stranger;
let invited;
const own = {};
const hidden = ['private', 'invite', 'draft', 'paused', 'suspendedgig', 'draftgig', 'pausedgig', 'hiddenprofile', 'suspendedprofile', 'suspendedowner'];

// words of hidden things alone, but of several of them: suggestions need two
const PAIR = `hiddenpair${RUN}`;
const texts = (name) => ({ title: `A thing ${COMMON} ${canary(name)}${name.startsWith('public') ? '' : ` ${PAIR}`}`, description: `Here is said what ${canary(name)} is, and that it is ${COMMON}.` });

async function project(name, visibility) {
	const made = await clara.post('/v1/projects', { ...texts(name), budgetKind: 'FIXED', budgetMin: usd('100.00'), budgetMax: usd('200.00'), visibility, skills: ['javascript'] }, 201);
	return name === 'draft' ? made : clara.post(`/v1/projects/${made.id}/publish`);
}

async function gig(owner, name) {
	const made = await owner.post('/v1/gigs', { ...texts(name), tags: [canary(name)], packages: [{ tier: 'BASIC', title: 'All of it', description: 'Everything that was said.', price: usd('50.00'), deliveryDays: 3, revisions: 1, features: [] }] }, 201);
	if (name === 'draftgig') return made;
	const active = await owner.post(`/v1/gigs/${made.id}/activate`);
	return name === 'pausedgig' ? owner.post(`/v1/gigs/${made.id}/pause`) : active;
}

async function profile(name, more) {
	const person = await join(name, 'FREELANCER');
	const answer = await person.raw('PUT', '/v1/users/me/profile', { displayName: `Person ${canary(name)}`, headline: `Somebody ${COMMON} ${canary(name)}`, bio: `What ${canary(name)} does all day.`, ...more });
	assert.equal(answer.status, 200, answer.text);
	return person;
}

async function suspend(person) {
	const answer = await call('POST', `/v1/users/${person.id}/suspend`, { token: env.SKL_ADMIN_TOKEN, body: { reason: 'A test' } });
	assert.ok(answer.status < 300, answer.text);
}

// Moderators suspend gigs; here one is born so.
const suspendedGig = (owner, name) => sql(`BEGIN; SELECT skillancer.import_begin('canary');
	INSERT INTO skillancer.gig (freelancer_id, state, title, description, tags, packages, price_from, activated_at)
	SELECT '${owner.id}', 'SUSPENDED', '${texts(name).title}', '${texts(name).description}', '{${canary(name)}}', g.packages, g.price_from, g.activated_at
	FROM skillancer.gig g WHERE g.title = '${texts('publicgig').title}'; COMMIT`);

const indexed = () => until(() => sql('SELECT coalesce(sum(pending), 0) FROM skillancer.search_status')[0][0] === '0', 20000);

before(async () => {
	[clara, fred, stranger, invited] = await Promise.all([join('clara', 'CLIENT'), join('fred', 'FREELANCER'), join('sam', 'CLIENT'), join('ivy', 'FREELANCER')]);
	await project('public', 'PUBLIC');
	own.private = await project('private', 'PRIVATE');
	own.invite = await project('invite', 'INVITE_ONLY');
	own.draft = await project('draft', 'PUBLIC');
	const paused = await project('paused', 'PUBLIC');
	await clara.post(`/v1/projects/${paused.id}/pause`);
	await gig(fred, 'publicgig');
	for (const name of ['draftgig', 'pausedgig']) await gig(fred, name);
	suspendedGig(fred, 'suspendedgig');
	await profile('publicprofile', {});
	await profile('hiddenprofile', { isPublic: false });
	await suspend(await profile('suspendedprofile', {}));
	const owner = await join('owner', 'FREELANCER');
	await gig(owner, 'suspendedowner');
	await suspend(owner);
	await clara.post(`/v1/projects/${own.invite.id}/invitations`, { freelancerId: invited.id }, 201);
	assert.ok(await indexed(), 'all is indexed');
});

const KINDS = ['projects', 'gigs', 'freelancers'];
const FACETS = { projects: 'category,skill,budgetKind,currency,budget,date', gigs: 'category,tag,country,price,date', freelancers: 'skill,country,level,date' };

async function ask(kind, q, who, more = '') {
	const answer = await call('GET', `/v1/search/${kind}?q=${encodeURIComponent(q)}&facets=${FACETS[kind]}${more}`, { token: who?.token });
	assert.equal(answer.status, 200, answer.text);
	return answer;
}

test('words of hidden things are found by nobody else', async () => {
	for (const who of [undefined, stranger])
		for (const name of hidden)
			for (const kind of KINDS) {
				const word = canary(name);
				for (const q of [word, `"${word}"`, `${word.slice(0, -1)}`, `${word.slice(0, -3)}*`, `title:${word}`, `skills:${word}`]) {
					const { json, text } = await ask(kind, q, who, '&correct=true');
					assert.deepEqual(json.data, [], `${kind} ${q}`);
					assert.equal(json.meta.total, 0, `${kind} ${q}`);
					assert.ok(!text.replaceAll(JSON.stringify(q), '').includes(word), `${kind} ${q} tells ${word}: ${text}`);
					for (const facet of Object.values(json.meta.facets))
						assert.equal(Array.isArray(facet) ? facet.length : facet.count, 0, `${kind} ${q}: ${JSON.stringify(json.meta.facets)}`);
				}
			}
});

test('counts, facets, frequencies and snippets are those of what may be seen', async () => {
	for (const who of [undefined, stranger])
		for (const [kind, name] of [['projects', 'public'], ['gigs', 'publicgig'], ['freelancers', 'publicprofile']])
			for (const more of ['', '&fresh=true', '&sort=newest', '&explain=true']) {
				const { json, text } = await ask(kind, COMMON, who, more);
				assert.equal(json.data.length, 1, text);
				assert.equal(json.meta.total, 1, text);
				assert.ok(text.includes(canary(name)));
				for (const other of hidden) assert.ok(!text.includes(canary(other)), `${kind}${more} tells ${other}`);
				for (const facet of Object.values(json.meta.facets))
					for (const { count } of Array.isArray(facet) ? facet : facet.buckets ?? []) assert.ok(count <= 1, text);
				if (more.includes('explain')) assert.equal(json.data[0].explanation.terms[0].documents, 1, 'as many documents have the word as may be seen');
			}
});

test('suggestions know nothing of them', async () => {
	sql('SELECT skillancer.suggest_refresh()');
	const suggested = async (q, who) => (await call('GET', `/v1/search/suggest?q=${q}`, { token: who?.token })).json.data;
	assert.ok(await until(async () => (await suggested(`ordinary${RUN.slice(0, 6)}`)).length > 0), 'a word of what may be seen is suggested');
	for (const who of [undefined, stranger])
		for (const q of ['hiddenpair', PAIR.slice(0, -2), PAIR, ...hidden.flatMap((name) => [canary(name).slice(0, -2), canary(name)])]) {
			const found = JSON.stringify(await suggested(q, who));
			for (const word of [PAIR, ...hidden.map(canary)]) assert.ok(!found.includes(word), `${q} suggests ${found}`);
		}
});

test('who may see them finds them', async () => {
	const found = async (who, name) => (await ask('projects', canary(name), who)).json.data.length;
	assert.deepEqual([await found(clara, 'private'), await found(clara, 'invite'), await found(clara, 'draft')], [1, 1, 0]);
	assert.deepEqual([await found(invited, 'private'), await found(invited, 'invite')], [0, 1]);
	const { json } = await ask('projects', COMMON, invited);
	assert.deepEqual([json.data.length, json.meta.total], [2, 2]);
});

test('what becomes hidden is gone with the commit, before the indexer hears of it', async () => {
	const shown = await gig(fred, 'soonhidden');
	assert.ok(await indexed());
	assert.equal((await ask('gigs', canary('soonhidden'))).json.data.length, 1);
	await fred.post(`/v1/gigs/${shown.id}/pause`);
	const { json, text } = await ask('gigs', canary('soonhidden'));
	assert.deepEqual(json.data, [], text);
	assert.ok(await indexed());
	assert.equal((await ask('gigs', canary('soonhidden'))).json.meta.total, 0);
});

test('asking for a hidden word takes as long as asking for one that is nowhere', () => {
	const [[pairs, slower]] = sql(`SET ROLE skillancer_bridge;
		DO $$
		DECLARE
			t0 timestamptz; t1 timestamptz; t2 timestamptz;
			slower integer := 0; pairs integer := 0;
			hidden jsonb := jsonb_build_object('q', '${canary('private')}', 'limit', 10, 'total', true);
			absent jsonb := jsonb_build_object('q', '${canary('absents')}', 'limit', 10, 'total', true);
		BEGIN
			FOR i IN 1..${PAIRS + 50} LOOP
				t0 := clock_timestamp();
				PERFORM skillancer.search_run('project', CASE WHEN i % 2 = 0 THEN hidden ELSE absent END);
				t1 := clock_timestamp();
				PERFORM skillancer.search_run('project', CASE WHEN i % 2 = 0 THEN absent ELSE hidden END);
				t2 := clock_timestamp();
				IF i > 50 AND t1 - t0 <> t2 - t1 THEN
					pairs := pairs + 1;
					slower := slower + ((t1 - t0 > t2 - t1) = (i % 2 = 0))::integer;
				END IF;
			END LOOP;
			PERFORM set_config('bench.pairs', pairs::text, false), set_config('bench.slower', slower::text, false);
		END $$;
		SELECT current_setting('bench.pairs'), current_setting('bench.slower')`).map((row) => row.map(Number));
	// a sign test: 4 standard deviations are one false alarm in 16,000 runs
	const z = (slower - pairs / 2) / Math.sqrt(pairs / 4);
	assert.ok(Math.abs(z) < 4, `the hidden word was slower in ${slower} of ${pairs} pairs`);
});
