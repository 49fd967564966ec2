// test/http/access_matrix.test.mjs
//	Who gets through which route: every route of the catalogue × seven people, against access.tsv. A route without a
//	line fails, and so does a line without a route. "ok" means past the check of who asks (2xx, 402, 409 or 412), 422
//	that a named field belongs to somebody else. Objects belong to the client and the freelancer of one deal.
//	Then mass assignment: every column of every table, sent to every route with a body, is refused by name.
//
//	SKL_ACCESS_WRITE=1 prints the lines as they are now, for review.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { tag, usd } from './market.mjs';
import { call, env, sql } from './support.mjs';

const PASSWORD = 'Quiet-Harbour-42';
const PEOPLE = ['anon', 'stranger', 'client', 'freelancer', 'support', 'analyst', 'admin'];
const ME = {}; // who asks, by name
let hash;

// An active account with these roles, signed in unless told otherwise.
async function person(name, roles, signIn = true) {
	const email = `${name}-${tag()}@access.test`;
	const [[id]] = sql(`SELECT skillancer.create_account('${email}', '${name}', '${hash}', '{${roles}}') AS id \\gset
		SELECT skillancer.email_verified(:'id') \\g /dev/null
		SELECT skillancer.connects_give(:'id', 5000, 'for many proposals') \\g /dev/null
		\\echo :id`);
	if (!signIn) return { id };
	const answer = await call('POST', '/v1/auth/login', { body: { email, password: PASSWORD } });
	assert.equal(answer.status, 200, answer.text);
	return { id, token: answer.json.data.accessToken, email };
}

async function must(who, method, path, body = {}) {
	const answer = await call(method, path, { token: ME[who].token, body: method === 'GET' ? undefined : body });
	assert.ok(answer.status < 300, `${who} ${method} ${path}: ${answer.text}`);
	return answer.json?.data;
}

const PROJECT = { title: 'A project to try', description: 'What has to be done, in enough words.', budgetKind: 'FIXED', budgetMin: usd('10.00'), budgetMax: usd('500.00') };
const PROPOSAL = { coverLetter: 'I have done work of this kind for many years, and I can begin at once.', bid: usd('400.00'), deliveryDays: 10 };
const GIG = { title: 'A gig for trying out', description: 'What you get, in enough words.', packages: [{ tier: 'BASIC', title: 'Basic', description: 'The basic one', price: usd('20.00'), deliveryDays: 3, revisions: 1, features: [] }] };

const REPORT = { reason: 'OTHER', detail: 'It was not all right.' };
const FILE = { purpose: 'ATTACHMENT', fileName: 'a.txt', contentType: 'text/plain', size: 5 };
const ORDER = { revision: 1, package: 'BASIC' };
const CHANGE = { kind: 'PAUSE', reason: 'A holiday' };
const hours = () => ({ date: new Date().toISOString().slice(0, 10), minutes: 1, note: 'Some work' });
const SPLIT = { toClaimant: usd('3.00'), note: 'A part of it.' };
let funded; // the last milestone that was funded
const claim = () => ({ milestoneId: funded, amount: usd('5.00'), reason: 'QUALITY', statement: 'It is not what we agreed on.' });
const offer = () => ({ freelancerId: ME.freelancer.id, title: 'Work to offer', description: 'What has to be done.', price: usd('30.00') });

const EVENT = 'evt_00000000000000000000000001';

// What there is to ask about. Each returns the id of a fresh object.
// Invitations of today count, and here are more than anybody may send: every fourth time they become older.
let invited = 0;
function ageInvitations() {
	if (invited++ % 4 > 0) return;
	for (const table of ['invitation', 'organisation_invitation'])
		sql(`UPDATE skillancer.${table} SET created_at = created_at - interval '2 days' WHERE created_at > skillancer.now() - interval '1 day'`);
}

const make = {
	project: async (visibility = 'PRIVATE', publish = false) => {
		const { id } = await must('client', 'POST', '/v1/projects', { ...PROJECT, visibility });
		if (publish) await must('client', 'POST', `/v1/projects/${id}/publish`);
		return id;
	},
	proposal: async () => (await must('freelancer', 'POST', `/v1/projects/${await make.project('PUBLIC', true)}/proposals`, PROPOSAL)).id,
	invitation: async () => (ageInvitations(), await must('client', 'POST', `/v1/projects/${await make.project('PRIVATE', true)}/invitations`, { freelancerId: ME.freelancer.id })).id,
	gig: async () => (await must('freelancer', 'POST', '/v1/gigs', GIG)).id,
	activeGig: async (gig = GIG) => {
		const { id } = await must('freelancer', 'POST', '/v1/gigs', gig);
		await must('freelancer', 'POST', `/v1/gigs/${id}/activate`);
		return id;
	},
	order: async () => { // paid, and its form is to be answered
		const id = await make.activeGig({ ...GIG, requirements: ['What is it called?'] });
		const booking = await must('client', 'POST', `/v1/gigs/${id}/orders`, ORDER);
		await must('client', 'POST', `/v1/milestones/${booking.milestones[0].id}/fund`, { paymentMethodId: await make.card() });
		return booking.id;
	},
	change: async () => {
		return (await must('client', 'POST', `/v1/bookings/${await make.running()}/change-requests`, CHANGE)).id;
	},
	dispute: async (state = 'AWAITING_REPLY') => {
		const booking = await make.running();
		const { id } = await must('client', 'POST', `/v1/bookings/${booking}/disputes`, claim());
		if (state !== 'AWAITING_REPLY') await must('freelancer', 'POST', `/v1/disputes/${id}/reply`, { statement: 'I have done what was agreed.' });
		if (['MEDIATION', 'PROPOSAL_OUT'].includes(state)) await must('client', 'POST', `/v1/disputes/${id}/escalate`);
		if (state === 'PROPOSAL_OUT') await must('admin', 'POST', `/v1/disputes/${id}/propose-split`, SPLIT);
		return id;
	},
	running: async () => sql(`SELECT booking_id FROM skillancer.milestone WHERE id = '${await make.milestone('FUNDED')}'`)[0][0],
	hourly: async (pay = true) => {
		const { id } = await must('client', 'POST', '/v1/projects', { ...PROJECT, visibility: 'PUBLIC', budgetKind: 'HOURLY' });
		await must('client', 'POST', `/v1/projects/${id}/publish`);
		const proposal = await must('freelancer', 'POST', `/v1/projects/${id}/proposals`, { ...PROPOSAL, bid: usd('30.00') });
		const booking = await must('client', 'POST', `/v1/proposals/${proposal.id}/accept`, { revision: 1 });
		if (pay) await must('client', 'PUT', `/v1/bookings/${booking.id}/payment-method`, { paymentMethodId: await make.card() });
		return booking.id;
	},
	timeEntry: async () => (await must('freelancer', 'POST', `/v1/bookings/${await make.hourly()}/time-entries`, hours())).id,
	organisation: async () => (await must('client', 'POST', '/v1/organisations', { name: 'Acme' })).id,
	join: async () => (ageInvitations(), await must('client', 'POST', `/v1/organisations/${await make.organisation()}/invitations`, { email: ME.freelancer.email, role: 'MEMBER' })).id,
	offer: async () => (await must('client', 'POST', '/v1/bookings', offer())).id,
	booking: async () => (await must('client', 'POST', `/v1/proposals/${await make.proposal()}/accept`, { revision: 1 })),
	newCard: async () => (await must('client', 'POST', '/v1/payment-methods', { token: 'tok_success' })).id,
	card: async () => { ME.client.card ??= await make.newCard(); return ME.client.card; }, // one may have ten
	milestone: async (state) => {
		const booking = await make.booking();
		const { id } = booking.milestones[0];
		if (state === 'PROPOSED') return (await must('freelancer', 'POST', `/v1/bookings/${booking.id}/milestones`, { title: 'More', amount: usd('5.00') })).id;
		if (state === 'AGREED') return id;
		await must('client', 'POST', `/v1/milestones/${id}/fund`, { paymentMethodId: await make.card() });
		funded = id;
		if (state === 'SUBMITTED') await must('freelancer', 'POST', `/v1/milestones/${id}/submit`, { note: 'Done.' });
		return id;
	},
	review: async () => {
		const { id } = await make.booking();
		return sql(`BEGIN; SELECT skillancer.import_begin('test of access') \\g /dev/null
			INSERT INTO skillancer.review (booking_id, client_id, freelancer_id, author_id, subject_id, rating, comment, would_work_again, state, published_at)
			SELECT id, client_id, freelancer_id, client_id, freelancer_id, 5, 'It was all right.', true, 'PUBLISHED', now()
			FROM skillancer.booking WHERE id = '${id}' RETURNING id; COMMIT;`)[0][0];
	},
	report: async () => {
		const id = await make.review();
		return (await must('freelancer', 'POST', `/v1/reviews/${id}/report`, REPORT)).id;
	},
	charge: async () => {
		const answer = await must('client', 'POST', '/v1/payments/charges', { amount: usd('20.00'), paymentMethodId: await make.card() });
		return (answer.charge ?? answer).id;
	},
	payoutMethod: async () => sql(`INSERT INTO skillancer.payment_method (user_id, kind, provider, token, label)
		VALUES ('${ME.freelancer.id}', 'PAYOUT', 'sandbox', 'tok_success', 'Account') RETURNING id`)[0][0],
	payout: async () => sql(`INSERT INTO skillancer.payout (user_id, payment_method_id, provider, amount, fee)
		VALUES ('${ME.freelancer.id}', '${await make.payoutMethod()}', 'sandbox', '30.00 USD', '1.00 USD') RETURNING id`)[0][0],
	invoice: async () => sql(`SELECT skillancer.issue_invoice('SERVICE', '${ME.freelancer.id}', '${ME.client.id}', skillancer.new_id(), '1 USD', NULL,
		now(), '{"subject": "A test", "lines": []}')`)[0][0],
	notification: async () => sql(`INSERT INTO skillancer.notification (user_id, event_id, type, category, priority, title, body)
		VALUES ('${ME.client.id}', skillancer.new_id()::skillancer.event_id, 'test', 'ACCOUNT', 'NORMAL', 'x', 'x') RETURNING id`)[0][0],
	announcement: async () => sql(`INSERT INTO skillancer.announcement (id, author_id, category, texts)
		VALUES (skillancer.new_id()::skillancer.event_id, '${ME.client.id}', 'SYSTEM', '{"en": {"title": "x", "body": "x"}}') RETURNING id`)[0][0],
	mail: async () => sql(`INSERT INTO skillancer.mail (user_id, address, type, data, state)
		VALUES ('${ME.client.id}', 'parked@access.test', 'password_changed', '{"user": {"name": "x"}}', 'PARKED') RETURNING id`)[0][0],
	session: async () => sql(`INSERT INTO skillancer.session (user_id, expires_at)
		VALUES ('${ME.client.id}', skillancer.now() + interval '1 day') RETURNING id`)[0][0],
	posting: async () => sql(`SELECT skillancer.ledger_post('TEST', skillancer.new_id()::text, NULL, '{bank_operating,bank_trust}',
		'{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}', '{5,-5}', 'USD')`)[0][0],
	call: async () => sql(`INSERT INTO skillancer.provider_call (provider, operation, kind, ref, idempotency_key, method, path, state)
		SELECT 'stripe', 'ASK', 'charge', i, 'test-' || i, 'GET', '/', 'PARKED' FROM skillancer.new_id() i RETURNING id`)[0][0],
	adjustment: async () => sql(`INSERT INTO skillancer.adjustment (kind, reason, legs, proposed_by) VALUES ('ADJUSTMENT', 'A reason',
		'[{"account": "bank_operating", "debit": {"amount": "1.00", "currency": "USD"}}, {"account": "bank_trust", "credit": {"amount": "1.00", "currency": "USD"}}]',
		'${ME.client.id}') RETURNING id`)[0][0],
	refund: async () => sql(`INSERT INTO skillancer.refund (charge_id, user_id, provider, amount)
		VALUES ('${await make.charge()}', '${ME.client.id}', 'sandbox', '1.00 USD') RETURNING id`)[0][0],
	releasedMilestone: async () => {
		const id = await make.milestone('SUBMITTED');
		await must('client', 'POST', `/v1/milestones/${id}/approve`);
		return id;
	},
	savedSearch: async () => sql(`INSERT INTO skillancer.saved_search (user_id, index_id, name, q)
		VALUES ('${ME.client.id}', 1, 'Logos', 'logo') RETURNING id`)[0][0],
	webhook: async (state = 'ACTIVE') => sql(`BEGIN; SELECT skillancer.import_begin('test of access') \\g /dev/null
		DELETE FROM skillancer.webhook WHERE user_id = '${ME.client.id}';
		WITH w AS (INSERT INTO skillancer.webhook (user_id, url, events, state) VALUES ('${ME.client.id}', 'https://hooks.example.com/', '{*}', '${state}') RETURNING id, user_id),
		h AS (INSERT INTO skillancer.webhook_health (webhook_id, user_id) SELECT id, user_id FROM w),
		d AS (INSERT INTO skillancer.webhook_delivery (webhook_id, event_id, user_id, seq, type, aggregate_id, body, state)
			SELECT id, '${EVENT}', user_id, 1, 'test', skillancer.new_id(), '{}', 'FAILED' FROM w)
		SELECT id FROM w; COMMIT;`)[0][0],
	conversation: async () => {
		const { id } = await must('client', 'POST', '/v1/conversations', { subject: 'A question' });
		sql(`INSERT INTO skillancer.conversation_participant (user_id, conversation_id) VALUES ('${ME.freelancer.id}', '${id}')`);
		return id;
	},
	message: async () => (await must('client', 'POST', `/v1/conversations/${await make.conversation()}/messages`, { body: 'Hello' })).id,
	media: async () => (await must('client', 'POST', '/v1/media', FILE)).id,
	other: async () => (await person('other', 'CLIENT', false)).id,
};

// Which object the {id} of a path is, by the longest beginning that fits; method and path first.
const OBJECT = {
	'/v1/analytics/schedules/{id}': () => '01a20350-9cba-79f8-909d-10aa0cde1503', // there is none
	'/v1/admin/postings/{id}': make.posting, '/v1/admin/provider-calls/{id}': make.call,
	'/v1/admin/adjustments/{id}': make.adjustment, '/v1/admin/users/{id}': make.other,
	'/v1/payments/refunds/{id}': make.refund, '/v1/milestones/{id}/give-back': make.releasedMilestone, '/v1/bookings/{id}/tips': make.running,
	'/v1/auth/sessions/{id}': make.session, '/v1/bookings/{id}': async () => (await make.booking()).id, '/v1/gigs/{id}': make.gig,
	'/v1/gigs/{id}/orders': () => make.activeGig(), '/v1/bookings/{id}/requirements': make.order,
	'/v1/bookings/{id}/change-requests': make.running, '/v1/change-requests/{id}': make.change,
	'/v1/organisations/{id}': make.organisation, '/v1/organisation-invitations/{id}': make.join,
	'/v1/bookings/{id}/payment-method': () => make.hourly(false), '/v1/bookings/{id}/time-entries': () => make.hourly(),
	'/v1/time-entries/{id}': make.timeEntry, '/v1/bookings/{id}/accept': make.offer, '/v1/bookings/{id}/counter': make.offer, '/v1/bookings/{id}/decline': make.offer, '/v1/bookings/{id}/withdraw': make.offer,
	'/v1/bookings/{id}/disputes': make.running, '/v1/disputes/{id}': () => make.dispute(), '/v1/disputes/{id}/offer': () => make.dispute('NEGOTIATION'),
	'/v1/disputes/{id}/escalate': () => make.dispute('NEGOTIATION'), '/v1/disputes/{id}/take': () => make.dispute('MEDIATION'),
	'/v1/disputes/{id}/propose-split': () => make.dispute('MEDIATION'), '/v1/disputes/{id}/resolve': () => make.dispute('MEDIATION'),
	'/v1/disputes/{id}/accept-split': () => make.dispute('PROPOSAL_OUT'), '/v1/disputes/{id}/reject-split': () => make.dispute('PROPOSAL_OUT'),
	'/v1/invitations/{id}': make.invitation, '/v1/milestones/{id}/': () => make.milestone('FUNDED'),
	'/v1/milestones/{id}/agree': () => make.milestone('PROPOSED'), '/v1/milestones/{id}/decline': () => make.milestone('PROPOSED'),
	'/v1/milestones/{id}/fund': () => make.milestone('AGREED'), '/v1/milestones/{id}/approve': () => make.milestone('SUBMITTED'),
	'/v1/milestones/{id}/request-changes': () => make.milestone('SUBMITTED'), '/v1/notifications/{id}': make.notification,
	'/v1/admin/announcements/{id}': make.announcement, '/v1/admin/mails/{id}': make.mail,
	'/v1/payment-methods/{id}': make.newCard, '/v1/payments/charges/{id}': make.charge, '/v1/payments/invoices/{id}': make.invoice, '/v1/payout-methods/{id}': make.payoutMethod,
	'/v1/payouts/{id}': make.payout, '/v1/projects/{id}': () => make.project(), '/v1/projects/{id}/proposals': () => make.project('PUBLIC', true),
	'/v1/projects/{id}/save': () => make.project('PUBLIC', true), '/v1/projects/{id}/pause': () => make.project('PRIVATE', true),
	'/v1/projects/{id}/close': () => make.project('PRIVATE', true), '/v1/proposals/{id}': make.proposal, '/v1/reviews/{id}': make.review,
	'/v1/review-reports/{id}': make.report,
	'/v1/search/saved/{id}': make.savedSearch, '/v1/users/{id}': make.other, '/v1/webhooks/{id}': make.webhook, '/v1/webhooks/{id}/enable': () => make.webhook('DISABLED'),
	'/v1/conversations/{id}': make.conversation, '/v1/messages/{id}': make.message, '/v1/media/{id}': make.media,
};
OBJECT['GET /v1/users/{id}'] = async () => ME.client.id; // whose profile is not public
const objectOf = (route, path) => OBJECT[route] ?? OBJECT[Object.keys(OBJECT).filter((k) => path.startsWith(k)).sort((a, b) => b.length - a.length)[0]];

// Bodies that are right, so that only the person decides.
const BODY = {
	'POST /v1/admin/announcements': () => ({ category: 'SYSTEM', texts: { en: { title: 'x', body: 'x' } }, dryRun: true }),
	'POST /v1/admin/mail-addresses/unflag': () => {
		sql(`INSERT INTO skillancer.mail_address (address_key, reason) VALUES ('flagged@access.test', 'x') ON CONFLICT DO NOTHING`);
		return { address: 'flagged@access.test' };
	},
	'PUT /v1/notifications/preferences': () => ({ preferences: [{ category: 'SYSTEM', channel: 'EMAIL', frequency: 'DAILY' }] }),
	'PUT /v1/notifications/quiet-hours': () => ({ start: '22:00', end: '07:00' }),
	'POST /v1/admin/capital': () => ({ amount: usd('1.00'), reason: 'A test' }), 'POST /v1/connects/purchases': () => ({ connects: 10 }),
	'POST /v1/admin/fx-rates': () => ({ base: 'GBP', quote: 'NOK', rate: '13.5', source: 'A test' }),
	'POST /v1/users/{id}/connects': () => ({ connects: 5, reason: 'A test' }), 'POST /v1/wallet/conversions': () => ({ quote: 'x' }),
	'POST /v1/admin/periods': () => ({ through: '2001-01-01' }), 'POST /v1/admin/postings/{id}/reverse': () => ({ reason: 'A test' }),
	'POST /v1/bookings/{id}/milestones': () => ({ title: 'More', amount: usd('5.00') }),
	'POST /v1/bookings/{id}/reviews': () => ({ rating: 5, comment: 'It was all right.', wouldWorkAgain: true }),
	'POST /v1/gigs/{id}/orders': () => ORDER, 'POST /v1/bookings': offer, 'POST /v1/bookings/{id}/requirements': () => ({ answers: ['Blue'] }),
	'POST /v1/bookings/{id}/change-requests': () => CHANGE, 'POST /v1/milestones/{id}/deliveries': () => ({ message: 'Here it is.' }),
	'POST /v1/milestones/{id}/release-part': () => ({ amount: usd('5.00') }), 'POST /v1/milestones/{id}/refund-part': () => ({ amount: usd('5.00') }),
	'PUT /v1/bookings/{id}/payment-method': async () => ({ paymentMethodId: await make.card() }),
	'POST /v1/bookings/{id}/time-entries': hours, 'PATCH /v1/time-entries/{id}': () => ({ note: 'Other work' }),
	'POST /v1/organisations': () => ({ name: 'Acme' }), 'PATCH /v1/organisations/{id}': () => ({ name: 'Acme 2' }),
	'POST /v1/organisations/{id}/invitations': () => (ageInvitations(), { email: `${tag()}@access.test`, role: 'MEMBER' }),
	'POST /v1/bookings/{id}/counter': () => ({ termsHash: '0'.repeat(64), price: usd('31.00') }),
	'POST /v1/bookings/{id}/accept': () => ({ termsHash: '0'.repeat(64) }),
	'POST /v1/admin/adjustments': () => ({ reason: 'A test', legs: [{ account: 'bank_operating', debit: usd('1.00') }, { account: 'bank_trust', credit: usd('1.00') }] }),
	'POST /v1/admin/adjustments/{id}/reject': () => ({ note: 'A test' }), 'POST /v1/admin/users/{id}/write-off': () => ({ amount: usd('1.00'), reason: 'A test' }),
	'POST /v1/payments/charges/{id}/refunds': () => ({ amount: usd('1.00') }), 'POST /v1/milestones/{id}/give-back': () => ({ amount: usd('1.00') }),
	'POST /v1/bookings/{id}/tips': () => ({ amount: usd('1.00') }),
	'POST /v1/bookings/{id}/disputes': claim, 'POST /v1/disputes/{id}/reply': () => ({ statement: 'I have done what was agreed.' }),
	'POST /v1/disputes/{id}/evidence': () => ({ text: 'See the screenshots.' }), 'POST /v1/disputes/{id}/offer': () => ({ amount: usd('4.00') }),
	'POST /v1/disputes/{id}/accept-offer': () => ({ amount: usd('5.00') }), 'POST /v1/disputes/{id}/propose-split': () => SPLIT,
	'POST /v1/disputes/{id}/resolve': () => ({ toClaimant: usd('3.00'), decision: 'A part of it.' }),
	'POST /v1/gigs': () => GIG, 'PATCH /v1/gigs/{id}': () => ({ title: 'Another title for it' }),
	'POST /v1/milestones/{id}/fund': async () => ({ paymentMethodId: await make.card() }),
	'POST /v1/milestones/{id}/submit': () => ({ note: 'Done.' }), 'POST /v1/milestones/{id}/request-changes': () => ({ note: 'More blue.' }),
	'POST /v1/payment-methods': () => ({ token: 'tok_success' }), 'POST /v1/payout-methods': () => ({ token: 'tok_bank_success' }),
	'POST /v1/payments/charges': async () => ({ amount: usd('20.00'), paymentMethodId: await make.card() }),
	'POST /v1/payouts': async () => ({ amount: usd('30.00'), paymentMethodId: await make.payoutMethod() }),
	'POST /v1/projects': () => PROJECT, 'PATCH /v1/projects/{id}': () => ({ title: 'Another title' }),
	'POST /v1/projects/{id}/invitations': () => (ageInvitations(), { freelancerId: ME.freelancer.id }),
	'POST /v1/projects/{id}/proposals': () => PROPOSAL, 'POST /v1/projects/{id}/reject': () => ({ reason: 'A test' }),
	'PATCH /v1/payment-methods/{id}': () => ({ isDefault: true }), 'PATCH /v1/payout-methods/{id}': () => ({ isDefault: true }),
	'PATCH /v1/proposals/{id}': () => ({ deliveryDays: 11 }), 'POST /v1/proposals/{id}/accept': () => ({ revision: 1 }),
	'POST /v1/proposals/{id}/counter': () => ({ bid: usd('350.00') }), 'POST /v1/proposals/{id}/tags': () => ({ tag: 'archived' }),
	'POST /v1/reviews/{id}/report': () => REPORT, 'POST /v1/reviews/{id}/reply': () => ({ reply: 'Thank you.' }), 'PATCH /v1/users/me': () => ({ locale: 'en' }),
	'PUT /v1/payments/billing-profile': () => ({ name: 'A', address: 'B', country: 'DE' }), 'PUT /v1/payout-schedules/{currency}': () => ({ cadence: 'WEEKLY' }), 'PUT /v1/users/me/profile': () => ({ displayName: 'Somebody', isPublic: false }), 'PUT /v1/users/me/skills': () => ({ skills: [] }),
	'POST /v1/users/{id}/roles': () => ({ roles: ['CLIENT'] }), 'POST /v1/users/{id}/suspend': () => ({ reason: 'A test' }),
	'POST /v1/users/{id}/close': () => ({ reason: 'A test' }),
	'POST /v1/users/{id}/restrict': () => ({ reason: 'A test' }), 'POST /v1/users/{id}/reinstate': () => ({ reason: 'A test' }),
	'POST /v1/webhooks': () => ({ url: `${env.SKL_WEBHOOK_URL}/access`, events: ['project.paused'] }), 'PATCH /v1/webhooks/{id}': () => ({ events: ['project.paused'] }),
	'POST /v1/search/saved': () => ({ kind: 'gig', name: 'Logos', q: 'logo' }),
	'POST /v1/conversations': () => ({ subject: 'A question' }), 'POST /v1/conversations/{id}/messages': () => ({ body: 'Hello' }),
	'POST /v1/media': () => FILE, 'PATCH /v1/messages/{id}': () => ({ body: 'Hello again' }),
	'POST /v1/webhooks/{id}/redeliver': () => ({ since: '2026-01-01T00:00:00Z' }),
};
const QUERY = {
	'GET /v1/payments/fee-preview': '?amount=100.00&currency=USD',
	'GET /v1/conversations/search': '?q=hello',
	'GET /v1/wallet/conversions/preview': '?amount=100.00&from=EUR&to=CHF',
};

let routes;
const lines = new Map(readFileSync(new URL('access.tsv', import.meta.url), 'utf8').split('\n')
	.filter((line) => line && !line.startsWith('#')).map((line) => { const [route, ...cells] = line.split('\t'); return [route, cells]; }));

async function newDeal() {
	[ME.client, ME.freelancer] = await Promise.all([person('client', 'CLIENT'), person('freelancer', 'FREELANCER')]);
	sql(`UPDATE skillancer.profile SET is_public = false WHERE user_id = '${ME.client.id}'`);
}

before(async () => {
	[[hash]] = sql(`SELECT skillancer.password_hash('${PASSWORD}')`);
	ME.anon = {};
	ME.stranger = await person('stranger', 'CLIENT,FREELANCER');
	ME.support = await person('support', 'SUPPORT');
	ME.analyst = await person('analyst', 'ANALYST');
	ME.admin = { token: env.SKL_ADMIN_TOKEN };
	sql('UPDATE skillancer.session SET confirmed_at = skillancer.now()'); // of the administrator, in an old world
	const { json } = await call('GET', '/openapi.json');
	routes = Object.entries(json.paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), path, operation })));
});
after(() => sql(`DELETE FROM skillancer.mail WHERE address = 'parked@access.test'`));

test('every route has a line, every line a route', () => {
	const names = routes.map((r) => r.route);
	assert.deepEqual(names.filter((r) => !lines.has(r)), [], 'routes without a line');
	assert.deepEqual([...lines.keys()].filter((r) => !names.includes(r)), [], 'lines without a route');
});

// What one person gets, as the word of the file.
async function ask({ route, method, path }, who, id) {
	const body = method === 'GET' || method === 'DELETE' ? undefined : await (BODY[route] ?? (() => ({})))();
	const answer = await call(method, path.replace('{id}', id).replace('{eventId}', EVENT).replace('{currency}', 'USD').replace('{year}', new Date().getUTCFullYear()).replace('{report}', 'metrics') + (QUERY[route] ?? ''), { token: ME[who].token, body });
	if ([401, 403, 404].includes(answer.status)) return String(answer.status);
	if (answer.status < 300 || [402, 409, 412].includes(answer.status)) return 'ok';
	return answer.status === 422 ? '422' : `${answer.status}: ${answer.text.slice(0, 200)}`;
}

test('every person gets what the file says', { timeout: 240000 }, async () => {
	const wrong = [];
	let cells = 0;
	for (const [n, entry] of routes.entries()) {
		if (n % 5 === 0) await newDeal();
		const expected = lines.get(entry.route) ?? [];
		if (expected[0] === 'elsewhere') continue;
		const found = [];
		let id;
		for (const who of PEOPLE) {
			if (entry.path.includes('{id}')) id ??= await objectOf(entry.route, entry.path)();
			found.push(await ask(entry, who, id));
			cells++;
			if (found.at(-1) === 'ok' && entry.method !== 'GET') id = undefined; // it may have changed: a fresh one for the next
		}
		if (env.SKL_ACCESS_WRITE) console.log(`LINE ${[entry.route, ...found].join('\t')}`);
		PEOPLE.forEach((who, i) => { if (found[i] !== expected[i]) wrong.push(`${entry.route} as ${who}: ${found[i]}, not ${expected[i]}`); });
	}
	assert.deepEqual(wrong, []);
	assert.ok(cells > 500, `${cells} cells`);
});

test('mass assignment: every column that a route does not declare is refused by name', { timeout: 120000 }, async () => {
	await newDeal();
	const columns = sql(`SELECT DISTINCT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relnamespace = 'skillancer'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped`)
		.map(([name]) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase()));
	const missed = [];
	for (const { route, method, path, operation } of routes) {
		const schema = operation.requestBody?.content?.['application/json']?.schema;
		if (!schema?.properties) continue; // none, or read as it was sent
		const unknown = columns.filter((c) => !(c in schema.properties));
		const target = path.replace('{id}', path.includes('{id}') ? await objectOf(route, path)() : '');
		const right = await (BODY[route] ?? (() => ({})))();
		while (unknown.length > 0) {
			const some = unknown.splice(0, 40);
			const body = { ...right, ...Object.fromEntries(some.map((c) => [c, 'ACTIVE'])) };
			let answer;
			for (const who of ['client', 'freelancer', 'admin']) {
				answer = await call(method, target, { token: ME[who].token, body });
				if (![403, 404].includes(answer.status)) break;
			}
			const named = new Set((answer.json?.error?.details ?? []).map((d) => d.field));
			if (answer.status !== 422) missed.push(`${route}: ${answer.status}`);
			else missed.push(...some.filter((c) => !named.has(c)).map((c) => `${route}: ${c}`));
		}
	}
	assert.deepEqual(missed, []);
	const [[state]] = sql(`SELECT state FROM skillancer.user_account WHERE id = '${ME.client.id}'`);
	assert.equal(state, 'ACTIVE');
});
