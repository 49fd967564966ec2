// invoices.test.mjs
//	Invoices, receipts and statements over HTTP: issued by themselves, as JSON, page and PDF, for those whom they concern.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { call, sql, until, url } from './support.mjs';
import { checkBooks, fundedMilestone, join, timePasses, usd } from './market.mjs';

let client;
let freelancer;
let stranger;
let deal;

// A name that has to be escaped in HTML, and letters that a PDF needs a font for.
const NAME = 'Łukasz & <b>Sons</b> Привет';

before(async () => {
	[client, freelancer, stranger] = await Promise.all([join('iris', 'CLIENT'), join('igor', 'FREELANCER'), join('ivan', 'FREELANCER')]);
	sql(`INSERT INTO skillancer.tax_jurisdiction (code, name) VALUES ('QX', 'Testland') ON CONFLICT DO NOTHING;
		INSERT INTO skillancer.tax_rate (jurisdiction, kind, name, bps, valid_from) VALUES ('QX', 'SERVICE', 'VAT', 2000, '2001-01-01') ON CONFLICT DO NOTHING`);
	const saved = await freelancer.raw('PUT', '/v1/payments/billing-profile', { name: NAME, address: 'Street 1\n12345 Town', country: 'QX', taxNumber: 'QX123' });
	assert.equal(saved.status, 200, saved.text);
	deal = await fundedMilestone(client, freelancer, '1000.00');
	await freelancer.post(`/v1/milestones/${deal.milestone.id}/submit`, { note: 'Done.' });
	await client.post(`/v1/milestones/${deal.milestone.id}/release-part`, { amount: usd('400.00') });
	await client.post(`/v1/milestones/${deal.milestone.id}/approve`);
});
after(() => checkBooks());

// The caller's invoices of a kind, once there are so many.
const issued = (person, kind, count = 1) => until(async () => {
	const found = await person.get(`/v1/payments/invoices?kind=${kind}`);
	return found.length >= count && found;
}, 15000);

// The bytes of an answer, and its headers.
async function bytes(person, path, headers = {}) {
	const response = await fetch(url + path, { headers: { authorization: `Bearer ${person.token}`, ...headers } });
	return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
}
const textOfPdf = (body) => execFileSync('pdftotext', ['-layout', '-', '-'], { input: body, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });

test('a release is invoiced by itself: service, both fees, receipt', async () => {
	const services = await issued(client, 'SERVICE', 2);
	assert.deepEqual(services.map((i) => [i.issuerId, i.recipientId, i.total.amount, i.tax.amount]),
		[[freelancer.id, client.id, '600.00', '0.00'], [freelancer.id, client.id, '400.00', '0.00']]);
	assert.deepEqual(services.map((i) => i.number), [2, 1].map((n) => `INV-${new Date().getUTCFullYear()}-00000${n}`), 'a series of one\'s own');
	assert.deepEqual((await issued(freelancer, 'SERVICE', 2)).map((i) => i.id), services.map((i) => i.id), 'both sides see it');
	const fees = await issued(freelancer, 'PLATFORM_FEE', 2);
	assert.deepEqual(fees.map((i) => [i.issuerId, i.net.amount, i.tax.amount, i.total.amount]), [[null, '58.33', '11.67', '70.00'], [null, '66.67', '13.33', '80.00']]);
	assert.deepEqual((await issued(client, 'CLIENT_FEE', 2)).map((i) => i.total.amount), ['18.00', '12.00']);
	const [receipt] = await issued(client, 'CHARGE_RECEIPT');
	assert.equal(receipt.total.amount, '1030.00');
	assert.deepEqual(await freelancer.get('/v1/payments/invoices?kind=CLIENT_FEE'), [], 'the other side\'s fee is not his');
	for (const invoice of [...services, ...fees, receipt]) {
		const [[found]] = sql(`SELECT count(*) FROM skillancer.ledger_txn t WHERE t.id = ${invoice.posting}`);
		assert.equal(found, '1', 'with its posting');
	}
});

test('in the form that is asked for', async () => {
	const [fee] = await issued(freelancer, 'PLATFORM_FEE', 2);
	const path = `/v1/payments/invoices/${fee.id}`;
	const json = await call('GET', path, { token: freelancer.token });
	assert.deepEqual([json.json.data.document.recipient.name, json.json.data.number], [NAME, fee.number]);
	const html = await bytes(freelancer, path, { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' });
	assert.deepEqual([html.status, html.headers.get('content-type'), html.headers.get('vary')?.includes('Accept')], [200, 'text/html; charset=utf-8', true]);
	const page = html.body.toString('utf8');
	assert.ok(page.includes('Łukasz &amp; &lt;b&gt;Sons&lt;/b&gt; Привет') && !page.includes('<b>Sons'), 'escaped');
	assert.match(page, /VAT 20\.00 %, Testland<\/td><td class="right">11\.67 USD/);
	assert.match(html.headers.get('content-security-policy'), /style-src 'unsafe-inline'/);
	assert.ok(!html.headers.get('content-security-policy').includes('script-src'), 'no scripts');
	const pdf = await bytes(freelancer, `${path}?format=pdf`);
	assert.deepEqual([pdf.status, pdf.headers.get('content-type'), pdf.body.subarray(0, 5).toString()], [200, 'application/pdf', '%PDF-']);
	assert.equal(pdf.headers.get('content-disposition'), `inline; filename="${fee.number}.pdf"`);
	const words = textOfPdf(pdf.body);
	for (const part of [fee.number, NAME, '12345 Town', 'Tax number QX123', '58.33 USD', '11.67 USD', '70.00 USD', 'Skillancer']) {
		assert.ok(words.includes(part), `${part} in ${words}`);
	}
	assert.deepEqual((await bytes(freelancer, path, { accept: 'application/pdf' })).body, pdf.body, 'the same bytes');
	const again = await bytes(freelancer, path, { accept: 'application/pdf', 'if-none-match': pdf.headers.get('etag') });
	assert.equal(again.status, 304);
	assert.equal((await bytes(freelancer, path, { accept: 'text/html', 'if-none-match': pdf.headers.get('etag') })).status, 200, 'each form has a tag of its own');
	assert.equal((await freelancer.raw('GET', `${path}?format=docx`)).status, 422);
});

test('for those whom it concerns', async () => {
	const [fee] = await issued(freelancer, 'PLATFORM_FEE', 2);
	for (const format of ['json', 'html', 'pdf']) {
		for (const person of [client, stranger]) assert.equal((await person.raw('GET', `/v1/payments/invoices/${fee.id}?format=${format}`)).status, 404);
	}
	assert.deepEqual(await stranger.get('/v1/payments/invoices'), []);
	assert.equal((await call('GET', `/v1/payments/invoices/${fee.id}`)).status, 401);
	const staff = await call('GET', `/v1/payments/invoices/${fee.id}`, { token: process.env.SKL_ADMIN_TOKEN });
	assert.equal(staff.status, 200, 'finance reads it');
});

test('what was issued stays as it was', async () => {
	const [fee] = await issued(freelancer, 'PLATFORM_FEE', 2);
	await freelancer.raw('PUT', '/v1/payments/billing-profile', { name: 'Another name', address: 'Elsewhere', country: 'QX' });
	const { json } = await call('GET', `/v1/payments/invoices/${fee.id}`, { token: freelancer.token });
	assert.equal(json.data.document.recipient.name, NAME);
	for (const statement of [`UPDATE skillancer.invoice SET number = 'x' WHERE id = '${fee.id}'`, `DELETE FROM skillancer.invoice WHERE id = '${fee.id}'`, 'TRUNCATE skillancer.invoice CASCADE']) {
		assert.throws(() => sql(statement), /never changed/);
	}
});

test('a payout has a statement, a year adds up', async () => {
	const bank = await freelancer.post('/v1/payout-methods', { token: 'tok_bank_success' }, 201);
	await timePasses(freelancer.id);
	assert.ok(await until(async () => (await freelancer.get('/v1/payments/wallet'))[0]?.available.amount === '850.00', 15000));
	const payout = await freelancer.post('/v1/payouts', { amount: usd('500.00'), paymentMethodId: bank.id }, 201);
	assert.ok(await until(async () => {
		await timePasses(freelancer.id);
		return (await freelancer.get(`/v1/payouts/${payout.id}`)).state === 'PAID';
	}, 15000));
	const [statement] = await issued(freelancer, 'PAYOUT_STATEMENT');
	assert.equal(statement.total.amount, '498.00');
	const year = new Date().getUTCFullYear();
	const { months } = await freelancer.get(`/v1/payments/statements/${year}`);
	assert.deepEqual(months.map((m) => [m.currency, m.gross.amount, m.fees.amount, m.tax.amount, m.net.amount, m.paidOut.amount]),
		[['USD', '1000.00', '150.00', '25.00', '850.00', '498.00']]);
	assert.deepEqual((await client.get(`/v1/payments/statements/${year}`)).months.map((m) => m.spent.amount), ['1030.00']);
	const pdf = await bytes(freelancer, `/v1/payments/statements/${year}?format=pdf`);
	assert.match(textOfPdf(pdf.body), new RegExp(`Statement of ${year}[\\s\\S]*850\\.00[\\s\\S]*Earned, net`));
	assert.equal((await freelancer.raw('GET', '/v1/payments/statements/1999')).status, 422);
	assert.deepEqual((await stranger.get(`/v1/payments/statements/${year}`)).months, []);
});

test('no number is missing, and none was given twice: sixteen releases at once, while many issue and some give up', async () => {
	const deals = [];
	for (let i = 0; i < 16; i++) deals.push(await fundedMilestone(client, freelancer, '20.00'));
	await Promise.all(deals.map(({ milestone }) => freelancer.post(`/v1/milestones/${milestone.id}/submit`, { note: 'Done.' })));
	const { SKL_PGHOST, SKL_PGPORT, SKL_PGDATABASE, SKL_SUPERUSER } = process.env;
	const issue = (end) => new Promise((resolve) => {
		execFile('psql', ['-XAtq', '-h', SKL_PGHOST, '-p', SKL_PGPORT, '-U', SKL_SUPERUSER, '-d', SKL_PGDATABASE,
			...Array(5).fill(['-c', 'BEGIN', '-c', 'SELECT skillancer.issue_invoices()', '-c', end]).flat()], resolve);
	});
	await Promise.all([...deals.map(({ milestone }) => client.post(`/v1/milestones/${milestone.id}/approve`)),
		...['COMMIT', 'ROLLBACK', 'COMMIT', 'ROLLBACK', 'ROLLBACK'].map(issue)]);
	await issue('COMMIT');
	assert.deepEqual(sql('SELECT * FROM skillancer.invoice_gaps()'), []);
	const numbers = (await freelancer.get('/v1/payments/invoices?kind=SERVICE&limit=100')).map((i) => i.number);
	assert.deepEqual([numbers.length, new Set(numbers).size], [18, 18]);
	const year = new Date().getUTCFullYear();
	assert.deepEqual(numbers.sort(), Array.from({ length: 18 }, (_, i) => `INV-${year}-${String(i + 1).padStart(6, '0')}`));
	assert.deepEqual(sql('SELECT count(*) FROM skillancer.earning e WHERE NOT e.invoiced'), [['0']]);
});

test('the billing profile', async () => {
	assert.equal((await client.raw('GET', '/v1/payments/billing-profile')).json.data, null);
	assert.equal((await client.raw('PUT', '/v1/payments/billing-profile', { name: '', address: '', country: 'Germany' })).json.error.details.length, 3);
	const saved = await client.raw('PUT', '/v1/payments/billing-profile', { name: 'Iris GmbH', address: 'Weg 1', country: 'DE' });
	assert.equal(saved.headers.get('etag'), '"v1"');
	assert.equal((await client.raw('PUT', '/v1/payments/billing-profile', { name: 'X', address: 'Y', country: 'DE' }, { 'if-match': '"v9"' })).status, 412);
});
