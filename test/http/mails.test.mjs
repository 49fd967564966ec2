// test/http/mails.test.mjs
//	The outbox for staff: what mails say, with secrets and without; reports of mail servers about undelivered mail.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { tag } from './market.mjs';
import { call, env, sql, until } from './support.mjs';

const admin = { token: env.SKL_ADMIN_TOKEN };
const keep = async (on) => {
	sql(`ALTER SYSTEM ${on ? 'SET skillancer.keep_mails = on' : 'RESET skillancer.keep_mails'}`);
	sql('SELECT pg_reload_conf()');
	await until(() => sql('SHOW skillancer.keep_mails')[0][0] === (on ? 'on' : 'off'));
};

// A mail that waits for ever, or one that was sent.
function mail({ type = 'verify_email', state = 'QUEUED', data = { token: 'c4nary-t0ken', user: { name: 'Ann' }, publicUrl: 'http://x' } } = {}) {
	const [[id, address]] = sql(`INSERT INTO skillancer.mail (user_id, address, type, data, state, due_at)
		SELECT id, 'mails-${tag()}@example.org', '${type}', '${JSON.stringify(data)}', '${state}', '2100-01-01'
		FROM skillancer.user_account WHERE email = 'client@world.test' RETURNING id, address`);
	return { id, address };
}

const rows = (text) => Number(sql(text)[0][0]);

before(() => sql(`ALTER SYSTEM SET skillancer.smtp_bounce_to = 'bounces@shop.example'; SELECT pg_reload_conf()`));
after(async () => {
	sql('ALTER SYSTEM RESET skillancer.smtp_bounce_to');
	await keep(false);
});

test('an ADMIN reads what a mail says, without what it would let him do', async () => {
	const { id, address } = mail();
	const shown = await call('GET', `/v1/admin/mails/${id}`, admin);
	assert.equal(shown.status, 200, shown.text);
	assert.equal(shown.json.data.address, address);
	const { content } = shown.json.data;
	assert.equal(content.subject, 'Confirm your e-mail address');
	assert.match(content.text, /^Hello Ann,[^]*verify-email\?token=\*{8}\n/);
	assert.match(content.html, /<html[^]*Hello Ann,/);
	assert.ok(!shown.text.includes('c4nary'), 'the token is not in it');
	assert.equal((await call('GET', '/v1/admin/mails/01a20350-9cba-79f8-909d-10aa0cde1503', admin)).status, 404);
	assert.equal((await call('GET', '/v1/admin/mails/x', admin)).status, 422);
	assert.equal((await call('GET', `/v1/admin/mails/${id}`, { token: env.SKL_CLIENT_TOKEN })).status, 403);
	assert.equal((await call('GET', `/v1/admin/mails/${mail({ type: 'no_such_text' }).id}`, admin)).json.data.content.problem, 'there is no template');
	assert.equal((await call('GET', `/v1/admin/mails/${mail({ state: 'SENT', data: {} }).id}`, admin)).json.data.content, null, 'a mail that is sent says nothing any more');
});

test('links are shown only where mails are kept, and that is written down', async () => {
	const { id } = mail();
	const reveal = (who = admin, of = id) => call('POST', `/v1/admin/mails/${of}/reveal`, { ...who, body: {} });
	assert.equal((await reveal()).status, 403, 'not in production');
	await keep(true);
	const audited = () => rows(`SELECT count(*) FROM skillancer.audit WHERE action = 'mail.reveal' AND object_id = '${id}'`);
	assert.equal(audited(), 0);
	const shown = await until(async () => { const answer = await reveal(); return answer.status === 200 && answer; });
	assert.match(shown.json.data.text, /token=c4nary-t0ken\n/);
	assert.ok(audited() >= 1, 'an audit row says who');
	assert.equal((await reveal({ token: env.SKL_CLIENT_TOKEN })).status, 403);
	assert.equal((await reveal(admin, '01a20350-9cba-79f8-909d-10aa0cde1503')).status, 404);
	// one that is sent meanwhile can still be read
	const [[sent]] = sql(`SELECT skillancer.send_mail(id::uuid, 'password_changed') FROM skillancer.user_account WHERE email = 'client@world.test'`);
	assert.ok(await until(() => rows(`SELECT count(*) FROM skillancer.mail WHERE id = '${sent}' AND state = 'SENT'`) === 1, 15000));
	assert.ok((await call('GET', `/v1/admin/mails/${sent}`, admin)).json.data.content.text.length > 20);
	await keep(false);
	assert.ok(await until(async () => (await reveal()).status === 403));
});

test('a report of a mail server about an undelivered mail counts when it comes to the sender of that mail', async () => {
	const report = (to, { action = 'failed', status = '5.1.1', type = 'multipart/report' } = {}) => [`To: ${to}`, `Content-Type: ${type}; report-type=delivery-status; boundary=b`, '',
		'--b', 'Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; mx', '', 'Final-Recipient: rfc822; somebody@else.example', `Action: ${action}`,
		`Status: ${status}`, 'Diagnostic-Code: smtp; 550 no such user', '', '--b--', ''].join('\r\n');
	const take = async (text) => {
		const answer = await call('POST', '/v1/mail-bounces', { raw: text, headers: { 'content-type': 'message/rfc822' } });
		return answer.json.data?.outcome ?? answer.status;
	};
	const sender = (id) => sql(`SELECT skillancer.bounce_address('${id}')`)[0][0];
	const is = (id) => sql(`SELECT state, last_error, flagged_for FROM skillancer.mail_outbox WHERE id = '${id}'`)[0];
	await until(() => rows(`SELECT count(skillancer.bounce_address(skillancer.new_id()))`) === 1);

	const bad = mail({ state: 'SENT' });
	const to = sender(bad.id);
	assert.match(to, /^bounces\+[0-9a-f]{32}-[0-9a-f]{16}@shop\.example$/);
	assert.ok(to.indexOf('@') <= 64, 'a local part has at most 64 characters');
	for (const forged of [to.replace(/-(.)/, (all, c) => `-${c === '0' ? '1' : '0'}`), to.replace(/[+](.)/, (all, c) => `+${c === '0' ? '1' : '0'}`), 'bounces@shop.example', 'bounces+x@shop.example'])
		assert.equal(await take(report(forged)), 404, forged);
	assert.equal(await take(report(to, { type: 'text/plain' })), 'IGNORED', 'an automatic answer');
	assert.equal(await take(report(to, { action: 'delayed', status: '4.4.7' })), 'NOTED');
	assert.deepEqual(is(bad.id), ['SENT', '4.4.7 550 no such user', '']);
	assert.equal(await take(report(to.toUpperCase())), 'BOUNCED');
	assert.deepEqual(is(bad.id), ['BOUNCED', '5.1.1 550 no such user', '5.1.1 550 no such user']);
	assert.equal(await take(report(to)), 'IGNORED', 'once');

	const full = mail({ state: 'SENT' });
	assert.equal(await take(report(sender(full.id), { status: '5.2.2' })), 'BOUNCED');
	assert.deepEqual(is(full.id), ['BOUNCED', '5.2.2 550 no such user', ''], 'a full mailbox is no bad address');
	assert.equal(await take(report(sender(mail().id))), 'IGNORED', 'nor a mail that was not sent');
	assert.equal(await take(''), 404);
});
