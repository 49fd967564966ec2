// test/lib/stripe-stand-in.mjs
//	A stand-in for Stripe, after its published API: PaymentIntents, Refunds, Transfers, Payouts, idempotent requests,
//	errors and signed webhooks, with faults on command. It keeps what it did, so that a test can compare.
//
//	const stripe = await new StripeStandIn({ webhooks: url }).start();
//	stripe.fault(/payment_intents/, 'after', 2);	two times, the work is done and no answer is sent
//
//	Faults: before (no answer, nothing done), after (done, no answer), drop (done, connection closed), cut (done, half an
//	answer), 500 (not done), 500after (done; the error is what the key stands for from then on), 409, 429, html.
//	mute = true: connections are accepted and nothing is ever read.

import { createHmac, randomBytes } from 'node:crypto';
import http from 'node:http';

const now = () => Math.floor(Date.now() / 1000);
const make = (prefix) => `${prefix}_${randomBytes(12).toString('hex')}`;

class StripeError extends Error {
	constructor(status, error) {
		super(error.message);
		this.status = status;
		this.body = { error };
	}
}

const invalid = (message, param, code) => new StripeError(400, { type: 'invalid_request_error', message, param, code });
const missing = (what, id) => new StripeError(404, { type: 'invalid_request_error', code: 'resource_missing', message: `No such ${what}: '${id}'`, param: 'id' });

// a[b]=c, a[0]=c → { a: { b: 'c' } }, { a: ['c'] }
export function parseForm(text) {
	const out = {};
	for (const [name, value] of new URLSearchParams(text)) {
		const match = /^([a-z_]+)((?:\[[A-Za-z0-9_]*\])*)$/.exec(name);
		if (!match) throw invalid(`Invalid parameter name: ${name}`, name);
		const path = [match[1], ...[...match[2].matchAll(/\[([^\]]*)\]/g)].map((m) => m[1])];
		let at = out;
		for (const step of path.slice(0, -1)) at = at[step] ??= {};
		if (path.at(-1) in at) throw invalid(`Duplicate parameter: ${name}`, name);
		at[path.at(-1)] = value;
	}
	const arrays = (value) => typeof value !== 'object' ? value
		: Object.keys(value).length > 0 && Object.keys(value).every((key, i) => key === String(i)) ? Object.values(value).map(arrays)
			: Object.fromEntries(Object.entries(value).map(([key, item]) => [key, arrays(item)]));
	return arrays(out);
}

// Which parameters an operation knows; those with a star are required.
const PARAMETERS = {
	customer: ['metadata', 'description', 'email', 'name', 'expand'],
	charge: ['amount*', 'currency*', 'customer', 'payment_method', 'setup_future_usage', 'payment_method_types', 'confirm', 'return_url', 'metadata', 'transfer_group', 'description', 'expand'],
	confirm: ['payment_method', 'return_url', 'expand'],
	cancel: ['cancellation_reason', 'expand'],
	refund: ['payment_intent*', 'amount', 'reason', 'metadata', 'expand'],
	transfer: ['amount', 'currency*', 'destination*', 'transfer_group', 'metadata', 'description', 'expand'],
	payout: ['amount*', 'currency*', 'destination', 'metadata', 'description', 'method', 'expand'],
};

function check(operation, form) {
	const known = PARAMETERS[operation].map((name) => name.replace('*', ''));
	for (const name of Object.keys(form)) {
		if (!known.includes(name)) throw new StripeError(400, { type: 'invalid_request_error', code: 'parameter_unknown', message: `Received unknown parameter: ${name}`, param: name });
	}
	for (const name of PARAMETERS[operation].filter((n) => n.endsWith('*')).map((n) => n.slice(0, -1))) {
		if (!(name in form)) throw new StripeError(400, { type: 'invalid_request_error', code: 'parameter_missing', message: `Missing required param: ${name}.`, param: name });
	}
	if ('amount' in form && !/^[1-9]\d{0,7}$/.test(form.amount)) throw invalid(`Invalid integer: ${form.amount}`, 'amount', 'parameter_invalid_integer');
	if ('currency' in form && !/^[a-z]{3}$/.test(form.currency)) throw invalid(`Invalid currency: ${form.currency}`, 'currency');
}

// What a test payment method does.
const DECLINES = {
	pm_card_chargeDeclined: ['card_declined', 'generic_decline'],
	pm_card_chargeDeclinedInsufficientFunds: ['card_declined', 'insufficient_funds'],
	pm_card_chargeDeclinedExpiredCard: ['expired_card', undefined],
};

export class StripeStandIn {
	key = `sk_test_${randomBytes(16).toString('hex')}`;
	secret = `whsec_${randomBytes(16).toString('hex')}`;
	intents = new Map();
	customers = new Map();
	refunds = new Map();
	transfers = new Map();
	payouts = new Map();
	keys = new Map(); // idempotency key → { params, status, text }
	requests = []; // everything that was asked
	problems = []; // what a client of the real one would be told off for
	events = [];
	faults = [];
	mute = false;
	sending = true; // webhooks are sent by themselves
	#server;
	#sockets = new Set();
	#held = new Set();
	#deliveries = new Set();

	constructor({ webhooks } = {}) { this.webhooks = webhooks; }

	async start(port = 0) {
		this.#server = http.createServer((request, response) => {
			let body = '';
			request.setEncoding('utf8');
			request.on('data', (chunk) => { body += chunk; });
			request.on('end', () => this.#answer(request, response, body));
		});
		this.#server.on('connection', (socket) => {
			this.#sockets.add(socket);
			socket.on('close', () => this.#sockets.delete(socket));
			socket.on('error', () => {});
			if (this.mute) socket.pause();
		});
		await new Promise((resolve) => { this.#server.listen(port, '127.0.0.1', resolve); });
		this.url = `http://127.0.0.1:${this.#server.address().port}`;
		return this;
	}

	async stop() {
		for (const socket of this.#sockets) socket.destroy();
		await new Promise((resolve) => { this.#server.close(resolve); });
		await Promise.allSettled(this.#deliveries);
	}

	fault(where, kind, times = 1) { this.faults.push({ where, kind, times }); }

	// Lets go of everybody who was left without an answer.
	release() {
		for (const response of this.#held) response.destroy();
		this.#held.clear();
	}

	#fault(path) {
		const found = this.faults.find((f) => f.times > 0 && f.where.test(path));
		if (found) found.times--;
		return found?.kind;
	}

	#answer(request, response, body) {
		const url = new URL(request.url, this.url);
		const entry = { method: request.method, path: url.pathname, query: url.search, key: request.headers['idempotency-key'], body, headers: request.headers, at: Date.now() };
		this.requests.push(entry);
		if (this.mute) { this.#held.add(response); return; }
		const kind = this.#fault(`${request.method} ${url.pathname}`);
		if (kind === 'before') { this.#held.add(response); return; }
		if (['500', '409', '429', 'html'].includes(kind)) {
			this.#send(response, kind === 'html' ? 502 : Number(kind), kind === 'html' ? '<html>Bad Gateway</html>' : JSON.stringify({
				error: { 500: { type: 'api_error', message: 'Something went wrong.' }, 409: { type: 'idempotency_error', code: 'idempotency_key_in_use', message: 'Another request with this key is at work.' }, 429: { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests.' } }[kind],
			}));
			return;
		}
		const { status, text } = this.#idempotent(entry, url, kind);
		entry.status = status;
		if (kind === 'after') this.#held.add(response);
		else if (kind === 'drop') response.destroy();
		else if (kind === 'cut') {
			response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length });
			response.write(text.slice(0, text.length / 2), () => setTimeout(() => response.destroy(), 20));
		} else this.#send(response, status, text);
	}

	#send(response, status, text) {
		response.writeHead(status, { 'content-type': 'application/json', 'request-id': make('req') });
		response.end(text);
	}

	// The same key with the same parameters is the same answer; with others it is an error.
	#idempotent(entry, url, kind) {
		try {
			this.#authorise(entry);
			if (entry.method === 'POST' && !/^application\/x-www-form-urlencoded\b/.test(entry.headers['content-type'] ?? '')) throw invalid('Send a form.');
			if (entry.method !== 'POST' || !entry.key) {
				if (entry.method === 'POST') this.problems.push(`${entry.path} without an idempotency key`);
				return { status: 200, text: JSON.stringify(this.#route(entry, url)) };
			}
			const params = `${entry.path} ${entry.body}`;
			const known = this.keys.get(entry.key);
			if (known && known.params !== params) {
				this.problems.push(`key ${entry.key} with other parameters`);
				throw new StripeError(400, { type: 'idempotency_error', message: 'Keys for idempotent requests can only be used with the same parameters they were first used with.' });
			}
			if (known) return known;
			const result = this.#run(entry, url);
			if (kind === '500after') Object.assign(result, { status: 500, text: '{"error":{"type":"api_error","message":"Something went wrong."}}' });
			if (result.status !== 400) this.keys.set(entry.key, { params, ...result });
			return result;
		} catch (error) {
			if (!(error instanceof StripeError)) throw error;
			if (error.status === 400) this.problems.push(`${entry.method} ${entry.path}: ${error.message}`);
			return { status: error.status, text: JSON.stringify(error.body) };
		}
	}

	#run(entry, url) {
		try {
			return { status: 200, text: JSON.stringify(this.#route(entry, url)) };
		} catch (error) {
			if (!(error instanceof StripeError) || error.status === 400) throw error;
			return { status: error.status, text: JSON.stringify(error.body) };
		}
	}

	#authorise(entry) {
		const header = entry.headers.authorization ?? '';
		const basic = header.startsWith('Basic ') ? Buffer.from(header.slice(6), 'base64').toString().split(':')[0] : undefined;
		if (header !== `Bearer ${this.key}` && basic !== this.key) throw new StripeError(401, { type: 'invalid_request_error', message: 'Invalid API Key provided.' });
		if (!/^\d{4}-\d\d-\d\d$/.test(entry.headers['stripe-version'] ?? '')) this.problems.push('no Stripe-Version');
	}

	#route(entry, url) {
		const [, version, collection, id, verb] = url.pathname.split('/');
		const route = `${entry.method} ${[version, collection, id && (id === 'search' ? 'search' : '{id}'), verb].filter(Boolean).join('/')}`;
		const form = entry.method === 'POST' ? parseForm(entry.body) : parseForm(url.searchParams.toString());
		const expanded = JSON.stringify(form.expand ?? []).includes('latest_charge.balance_transaction');
		const show = (intent) => this.#show(intent, expanded);
		const one = (map, what) => { if (!map.has(id)) throw missing(what, id); return map.get(id); };
		const list = (items, kind = 'list') => ({ object: kind, url: url.pathname, has_more: false, data: items.slice(0, Number(form.limit ?? 10)) });
		switch (route) {
			case 'POST v1/customers': return this.#customer(form);
			case 'POST v1/payment_intents': return show(this.#charge(form, expanded));
			case 'GET v1/payment_intents/{id}': return show(one(this.intents, 'payment_intent'));
			case 'POST v1/payment_intents/{id}/confirm': check('confirm', form); return show(this.#confirm(one(this.intents, 'payment_intent'), expanded));
			case 'POST v1/payment_intents/{id}/cancel': check('cancel', form); return show(this.#cancel(one(this.intents, 'payment_intent')));
			case 'GET v1/payment_intents/search': return list(this.#search(form.query).map(show), 'search_result');
			case 'POST v1/refunds': return this.#refund(form);
			case 'GET v1/refunds/{id}': return one(this.refunds, 'refund');
			case 'GET v1/refunds': return list([...this.refunds.values()].filter((r) => !form.payment_intent || r.payment_intent === form.payment_intent));
			case 'POST v1/transfers': return this.#transfer(form);
			case 'GET v1/transfers/{id}': return one(this.transfers, 'transfer');
			case 'GET v1/transfers': return list([...this.transfers.values()].filter((t) => !form.transfer_group || t.transfer_group === form.transfer_group));
			case 'POST v1/payouts': return this.#payout(form);
			case 'GET v1/payouts/{id}': return one(this.payouts, 'payout');
			case 'GET v1/payouts': return list([...this.payouts.values()].filter((p) => !form.destination || p.destination === form.destination));
			default: throw new StripeError(404, { type: 'invalid_request_error', message: `Unrecognized request URL (${route}).` });
		}
	}

	#search(query) {
		const match = /^metadata\["(\w+)"\]:"([^"]*)"$/.exec(query ?? '');
		if (!match) throw invalid('The query is not valid.', 'query');
		return [...this.intents.values()].filter((intent) => intent.metadata[match[1]] === match[2]);
	}

	#show(intent, expanded) {
		const { fee, ...shown } = intent;
		if (shown.latest_charge && expanded) {
			shown.latest_charge = { id: shown.latest_charge, object: 'charge', amount: intent.amount,
				payment_method_details: { type: 'card', card: { brand: 'visa', last4: '4242', exp_month: 8, exp_year: 2031 } }, balance_transaction: { id: make('txn'), object: 'balance_transaction', fee, currency: intent.currency } };
		}
		return shown;
	}

	#customer(form) {
		check('customer', form);
		const customer = { id: make('cus'), object: 'customer', created: now(), metadata: form.metadata ?? {}, cards: new Set() };
		this.customers.set(customer.id, customer);
		return { ...customer, cards: undefined };
	}

	// A card that was used without a customer is used up; one that a customer has is his.
	#own(form) {
		if (form.customer && !form.customer.startsWith('cus_given') && !this.customers.has(form.customer)) throw missing('customer', form.customer);
		if (form.setup_future_usage && !form.customer) throw invalid('setup_future_usage needs a customer.', 'setup_future_usage');
		if (!form.customer && !form.payment_method?.startsWith('pm_once')) this.problems.push(`${form.payment_method} is charged without a customer and cannot be used again`);
		if (form.setup_future_usage === 'off_session') this.customers.get(form.customer)?.cards.add(form.payment_method);
	}

	#charge(form) {
		check('charge', form);
		this.#own(form);
		const intent = {
			id: make('pi'), object: 'payment_intent', amount: Number(form.amount), amount_received: 0, currency: form.currency, created: now(),
			customer: form.customer ?? null, metadata: form.metadata ?? {}, payment_method: form.payment_method ?? null, status: 'requires_confirmation',
			latest_charge: null, last_payment_error: null, next_action: null, transfer_group: form.transfer_group ?? null,
		};
		this.intents.set(intent.id, intent);
		return form.confirm === 'true' && form.payment_method !== 'pm_confirm_later' ? this.#confirm(intent) : intent;
	}

	#confirm(intent) {
		if (!['requires_confirmation', 'requires_payment_method', 'requires_action'].includes(intent.status)) {
			throw new StripeError(400, { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', message: `This PaymentIntent is ${intent.status}.`, payment_intent: { id: intent.id } });
		}
		const decline = DECLINES[intent.payment_method];
		if (decline) this.#decline(intent, ...decline);
		else if (intent.payment_method === 'pm_card_authenticationRequired' && intent.status !== 'requires_action') this.#to(intent, 'requires_action', { next_action: { type: 'redirect_to_url', redirect_to_url: { url: `https://hooks.stripe.test/3ds/${intent.id}`, return_url: null } } });
		else if (intent.payment_method === 'pm_processing') this.#to(intent, 'processing');
		else if (intent.status !== 'requires_action') this.succeed(intent);
		return intent;
	}

	#decline(intent, code, declineCode) {
		const error = { type: 'card_error', code, decline_code: declineCode, message: 'Your card was declined.' };
		this.#to(intent, 'requires_payment_method', { last_payment_error: error });
		throw new StripeError(402, { ...error, payment_intent: this.#show(intent) });
	}

	#cancel(intent) {
		if (['succeeded', 'processing', 'canceled'].includes(intent.status)) {
			throw new StripeError(400, { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', message: `You cannot cancel this PaymentIntent because it has a status of ${intent.status}.` });
		}
		return this.#to(intent, 'canceled');
	}

	#to(intent, status, more = {}) {
		Object.assign(intent, { status, next_action: null, ...more });
		const type = { succeeded: 'succeeded', requires_action: 'requires_action', processing: 'processing', canceled: 'canceled', requires_payment_method: 'payment_failed' }[status];
		this.event(`payment_intent.${type}`, this.#show(intent));
		return intent;
	}

	succeed(intent, amount = intent.amount) {
		return this.#to(intent, 'succeeded', { amount_received: amount, latest_charge: make('ch'), fee: Math.round(amount * 0.029) + 30, last_payment_error: null });
	}

	fail(intent) {
		return this.#to(intent, 'requires_payment_method', { last_payment_error: { type: 'card_error', code: 'card_declined', decline_code: 'do_not_honor' } });
	}

	#refund(form) {
		check('refund', form);
		const intent = this.intents.get(form.payment_intent);
		if (!intent) throw missing('payment_intent', form.payment_intent);
		const amount = Number(form.amount ?? intent.amount);
		const before = [...this.refunds.values()].filter((r) => r.payment_intent === intent.id && r.status !== 'failed').reduce((sum, r) => sum + r.amount, 0);
		if (before + amount > intent.amount_received) throw invalid('Refund amount is greater than unrefunded amount on charge.', 'amount', 'charge_already_refunded');
		const refund = { id: make('re'), object: 'refund', amount, currency: intent.currency, payment_intent: intent.id, metadata: form.metadata ?? {}, status: this.pendingRefunds ? 'pending' : 'succeeded', failure_reason: null, created: now() };
		this.refunds.set(refund.id, refund);
		this.event('refund.created', refund);
		return refund;
	}

	#transfer(form) {
		check('transfer', form);
		if (form.destination === 'acct_closed') throw invalid('No such destination: acct_closed', 'destination', 'resource_missing');
		const transfer = { id: make('tr'), object: 'transfer', amount: Number(form.amount), amount_reversed: 0, currency: form.currency, destination: form.destination, reversed: false, transfer_group: form.transfer_group ?? null, metadata: form.metadata ?? {}, created: now() };
		this.transfers.set(transfer.id, transfer);
		this.event('transfer.created', transfer);
		return transfer;
	}

	reverse(transfer) {
		Object.assign(transfer, { reversed: true, amount_reversed: transfer.amount });
		this.event('transfer.reversed', transfer);
	}

	#payout(form) {
		check('payout', form);
		const payout = { id: make('po'), object: 'payout', amount: Number(form.amount), currency: form.currency, destination: form.destination ?? null, status: 'pending', failure_code: null, metadata: form.metadata ?? {}, created: now() };
		this.payouts.set(payout.id, payout);
		this.event('payout.created', payout);
		return payout;
	}

	settle(object, status, more = {}) {
		Object.assign(object, { status, ...more });
		this.event(`${object.object}.${object.object === 'refund' ? 'updated' : status}`, object);
	}

	// An event, sent unless webhooks are held back.
	event(type, object) {
		const event = { id: make('evt'), object: 'event', api_version: '2024-06-20', created: now(), livemode: false, type, data: { object: structuredClone(object) } };
		this.events.push(event);
		if (this.sending && this.webhooks) this.#deliveries.add(this.deliver(event).catch(() => {}));
		return event;
	}

	// The header of Stripe-Signature over a payload.
	sign(payload, { secret = this.secret, at = now(), scheme = 'v1' } = {}) {
		const mac = (key) => createHmac('sha256', key).update(`${at}.${payload}`).digest('hex');
		return [`t=${at}`, ...[secret].flat().map((key) => `${scheme}=${mac(key)}`)].join(',');
	}

	async deliver(event, options = {}) {
		const payload = JSON.stringify(event, null, 2);
		const response = await fetch(this.webhooks, { method: 'POST', body: payload, headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': this.sign(payload, options) } });
		await response.text();
		return response.status;
	}

	// Money that it took, paid out and gave back, in minor units.
	get captured() { return [...this.intents.values()].reduce((sum, i) => sum + i.amount_received, 0); }
	get paidOut() { return [...this.transfers.values()].filter((t) => !t.reversed).reduce((sum, t) => sum + t.amount, 0) + [...this.payouts.values()].filter((p) => ['pending', 'in_transit', 'paid'].includes(p.status)).reduce((sum, p) => sum + p.amount, 0); }
	get refunded() { return [...this.refunds.values()].filter((r) => r.status !== 'failed').reduce((sum, r) => sum + r.amount, 0); }
	intentOf(name) { return [...this.intents.values()].filter((i) => i.metadata.skillancer_id === name); }
}
