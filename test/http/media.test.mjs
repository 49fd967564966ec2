// test/http/media.test.mjs
//	Files: uploads in forms and to signed addresses, ranges, who may read, what is refused, and that nothing stays behind.

import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fundedMilestone, join, usd } from './market.mjs';
import { call, env, raw, sql, startBridge, until, url } from './support.mjs';

const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452000000100000001008060000001ff3ff61', 'hex'), Buffer.alloc(5000, 7)]);
const PDF = Buffer.from('%PDF-1.7\n% a document\n');
const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');
const store = path.join(env.SKL_DIR, 'media');

let client;
let freelancer;
let stranger;

before(async () => {
	[client, freelancer, stranger] = await Promise.all([join('cleo', 'CLIENT'), join('finn', 'FREELANCER'), join('sven', 'CLIENT')]);
});

// Sends a form; parts are fields, and file is [name, bytes, type].
async function upload(person, fields, file, { base = url, headers = {} } = {}) {
	const form = new FormData();
	for (const [name, value] of Object.entries(fields)) form.append(name, value);
	if (file) form.append('file', new Blob([file[1]], { type: file[2] }), file[0]);
	const response = await fetch(`${base}/v1/media`, { method: 'POST', headers: { ...(person ? { authorization: `Bearer ${person.token}` } : {}), ...headers }, body: form });
	const text = await response.text();
	return { status: response.status, headers: response.headers, text, json: text === '' ? undefined : JSON.parse(text) };
}

async function put(address, bytes, headers = {}) {
	const response = await fetch(new URL(address, url), { method: 'PUT', headers, body: bytes });
	return { status: response.status, json: await response.json() };
}

async function given(person, purpose = 'ATTACHMENT', file = ['cat.png', PNG, 'image/png']) {
	const answer = await upload(person, { purpose }, file);
	assert.equal(answer.status, 201, answer.text);
	return answer.json.data;
}

const announce = (person, body) => person.raw('POST', '/v1/media', { purpose: 'ATTACHMENT', fileName: 'notes.txt', contentType: 'text/plain', size: 11, ...body });

async function read(address, headers = {}, method = 'GET') {
	const response = await fetch(new URL(address, url), { method, headers });
	return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
}

const content = (person, media, headers = {}) => read(`/v1/media/${media.id}/content`, { ...(person ? { authorization: `Bearer ${person.token}` } : {}), ...headers });
const objects = (dir = store) => readdirSync(dir).filter((name) => /^[0-9a-f]{2}$/.test(name)).flatMap((name) => readdirSync(path.join(dir, name)));
const pending = (dir = store) => readdirSync(path.join(dir, 'tmp'));
const rows = (person) => Number(sql(`SELECT count(*) FROM skillancer.media WHERE user_id = '${person.id}'`)[0][0]);
const problems = (answer) => [answer.status, ...(answer.json.error?.details ?? []).map((d) => d.field).sort()];

test('a form brings a file, which comes back as it was', async () => {
	const media = await given(client, 'ATTACHMENT', ['Größe & Maß.png', PNG, 'image/png']);
	assert.deepEqual([media.userId, media.state, media.visibility, media.fileName, media.contentType, media.size, media.sha256],
		[client.id, 'READY', 'PRIVATE', 'Größe & Maß.png', 'image/png', PNG.length, sha(PNG)]);
	const file = await content(client, media);
	assert.deepEqual([file.status, sha(file.bytes)], [200, sha(PNG)]);
	assert.deepEqual(['content-type', 'x-content-type-options', 'content-security-policy', 'cache-control', 'accept-ranges'].map((name) => file.headers.get(name)),
		['image/png', 'nosniff', "default-src 'none'; sandbox; frame-ancestors 'none'", 'private, no-cache', 'bytes']);
	assert.equal(file.headers.get('content-disposition'), "inline; filename=\"Gr____e & Ma__.png\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%26%20Ma%C3%9F.png");
	const shown = await client.get(`/v1/media/${media.id}`);
	assert.equal(shown.sha256, media.sha256);
	const bare = await read(shown.contentUrl);
	assert.deepEqual([bare.status, sha(bare.bytes)], [200, sha(PNG)], 'the address needs no token');
	assert.ok((await client.get('/v1/media?purpose=ATTACHMENT')).some((m) => m.id === media.id));
	const [[data]] = sql(`SELECT data FROM skillancer.event WHERE type = 'media.uploaded' AND aggregate_id = '${media.id}'::skillancer.media_id::uuid`);
	assert.deepEqual(JSON.parse(data), { mediaId: media.id, userId: client.id, from: 'UPLOADING', state: 'READY', purpose: 'ATTACHMENT', contentType: 'image/png', size: PNG.length });
	const saved = await content(client, await given(client, 'ATTACHMENT', ['terms.pdf', PDF, 'application/pdf']));
	assert.match(saved.headers.get('content-disposition'), /^attachment;/);
});

test('private files are their owner\'s, public ones everybody\'s, and only he deletes', async () => {
	const own = await given(client);
	for (const who of [stranger, null]) {
		assert.equal((await call('GET', `/v1/media/${own.id}`, { token: who?.token })).status, 404);
		assert.equal((await content(who, own)).status, 404);
	}
	assert.equal((await stranger.raw('DELETE', `/v1/media/${own.id}`)).status, 404);
	const face = await given(client, 'AVATAR');
	const shown = (mediaId) => freelancer.raw('PUT', '/v1/users/me/profile', { displayName: 'Finn', isPublic: true, portfolio: [{ title: 'A cat', mediaId }] });
	assert.deepEqual(problems(await shown(face.id)), [422, 'portfolio']);
	assert.equal((await shown((await given(freelancer, 'PORTFOLIO')).id)).status, 200);
	const seen = await content(null, face);
	assert.deepEqual([face.visibility, seen.status, seen.headers.get('cache-control')], ['PUBLIC', 200, 'public, max-age=3600']);
	assert.equal((await stranger.raw('DELETE', `/v1/media/${face.id}`)).status, 403);
	assert.equal((await stranger.raw('PUT', '/v1/users/me/avatar', { mediaId: face.id })).status, 422);
	assert.equal((await client.raw('PUT', '/v1/users/me/avatar', { mediaId: own.id })).status, 422, 'a picture for everybody');
	assert.equal((await client.raw('PUT', '/v1/users/me/avatar', { mediaId: face.id })).json.data.avatarId, face.id);
	const before_ = objects().length;
	assert.equal((await client.raw('DELETE', `/v1/media/${face.id}`)).status, 204);
	assert.ok(await until(() => objects().length === before_ - 1), 'the bytes are gone');
	assert.equal((await content(null, face)).status, 404);
	assert.equal((await client.raw('DELETE', `/v1/media/${face.id}`)).status, 404);
	assert.equal(sql(`SELECT avatar_id FROM skillancer.profile WHERE user_id = '${client.id}' AND avatar_id IS NOT NULL`).length, 0);
	assert.equal((await upload(null, { purpose: 'AVATAR' }, ['a.png', PNG, 'image/png'])).status, 401);
});

test('messages, evidence and deliveries name files of who sends them, and show them to the other side', async () => {
	const { milestone, booking } = await fundedMilestone(client, freelancer, '60.00');
	const mine = await given(freelancer, 'DELIVERY');
	const theirs = await given(client);
	const deliver = (mediaId) => freelancer.raw('POST', `/v1/milestones/${milestone.id}/deliveries`, { message: 'Here it is', files: [{ name: 'cat.png', mediaId }] });
	assert.deepEqual(problems(await deliver(theirs.id)), [422, 'files[0].mediaId']);
	assert.equal((await content(client, mine)).status, 404);
	assert.equal((await deliver(mine.id)).status, 201);
	assert.equal((await content(client, mine)).status, 200);
	assert.equal((await freelancer.raw('DELETE', `/v1/media/${mine.id}`)).status, 409, 'what was delivered stays');

	const { id } = (await client.raw('POST', '/v1/conversations', { bookingId: booking.id })).json.data;
	const say = (person, mediaId) => person.raw('POST', `/v1/conversations/${id}/messages`, { body: 'Look', attachments: [{ name: 'cat.png', mediaId }] });
	assert.deepEqual(problems(await say(freelancer, theirs.id)), [422, 'attachments']);
	const message = (await say(client, theirs.id)).json.data;
	assert.equal((await content(freelancer, theirs)).status, 200);
	assert.equal((await content(stranger, theirs)).status, 404);
	assert.equal((await client.raw('DELETE', `/v1/messages/${message.id}`)).status, 204);
	assert.equal((await content(freelancer, theirs)).status, 404, 'a deleted message shows nothing');

	const proof = await given(client, 'EVIDENCE', ['proof.pdf', PDF, 'application/pdf']);
	const claim = (mediaIds) => client.raw('POST', `/v1/bookings/${booking.id}/disputes`,
		{ milestoneId: milestone.id, amount: usd('5.00'), reason: 'QUALITY', statement: 'It is not what we agreed on.', mediaIds });
	assert.deepEqual(problems(await claim([mine.id])), [422, 'mediaIds']);
	assert.equal((await claim([proof.id])).status, 201);
	assert.equal((await content(freelancer, proof)).status, 200);
	assert.equal((await content(stranger, proof)).status, 404);
});

test('ranges: one, several, too many; conditions', async () => {
	const bytes = randomBytes(100000);
	const media = await given(client, 'ATTACHMENT', ['noise.gz', Buffer.concat([Buffer.from('1f8b08', 'hex'), bytes]), 'application/gzip']);
	const whole = (await content(client, media)).bytes;
	const ask = (range, more = {}) => content(client, media, { range, ...more });
	const one = await ask('bytes=10-19');
	assert.deepEqual([one.status, one.headers.get('content-range'), one.bytes.equals(whole.subarray(10, 20))], [206, `bytes 10-19/${whole.length}`, true]);
	assert.ok((await ask('bytes=-7')).bytes.equals(whole.subarray(-7)));
	assert.ok((await ask('bytes=99990-')).bytes.equals(whole.subarray(99990)));
	assert.equal((await ask('bytes=0-0,1-1,2-2')).headers.get('content-range'), `bytes 0-2/${whole.length}`, 'neighbours are one');
	const several = await ask('bytes=50-59, 0-9, 55-64');
	const boundary = /boundary=(\S+)/.exec(several.headers.get('content-type'))[1];
	const parts = several.bytes.toString('latin1').split(`\r\n--${boundary}`);
	assert.deepEqual([several.status, Number(several.headers.get('content-length')), parts.length, parts[3]], [206, several.bytes.length, 4, '--\r\n']);
	assert.deepEqual(parts.slice(1, 3).map((p) => [/content-range: (.*)\r/i.exec(p)[1], p.split('\r\n\r\n').slice(1).join('\r\n\r\n')]),
		[[0, 9], [50, 64]].map(([a, b]) => [`bytes ${a}-${b}/${whole.length}`, whole.subarray(a, b + 1).toString('latin1')]));
	for (const range of ['bytes=200000-', 'bytes=-0', `bytes=${'0-0,'.repeat(16)}5-5`, `bytes=${'0-,'.repeat(1000)}0-`]) {
		const refused = await ask(range);
		assert.deepEqual([refused.status, refused.headers.get('content-range')], [416, `bytes */${whole.length}`], range.slice(0, 40));
	}
	assert.ok([416, 431].includes((await raw(`GET /v1/media/${media.id}/content HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${client.token}\r\nRange: bytes=${'0-,'.repeat(10000)}0-\r\n\r\n`)).statuses[0]));
	for (const range of ['bytes=9-1', 'bytes=x', 'lines=1-2', 'bytes=1-2;3']) assert.equal((await ask(range)).status, 200, range);
	const tag = one.headers.get('etag');
	assert.equal((await ask('bytes=0-9', { 'if-range': tag })).status, 206);
	assert.equal((await ask('bytes=0-9', { 'if-range': '"other"' })).status, 200);
	const known = await content(client, media, { 'if-none-match': `"x", ${tag}` });
	assert.deepEqual([known.status, known.bytes.length], [304, 0]);
	const head = await read(`/v1/media/${media.id}/content`, { authorization: `Bearer ${client.token}` }, 'HEAD');
	assert.deepEqual([head.status, head.bytes.length, Number(head.headers.get('content-length'))], [200, 0, whole.length]);
});

test('an announced file comes by its address, once, and as announced', async () => {
	const text = Buffer.from('hello world');
	assert.deepEqual(problems(await announce(client, { purpose: 'X', fileName: '', contentType: 'nonsense', size: 0, sha256: 'z' })), [422, 'contentType', 'fileName', 'purpose', 'sha256', 'size']);
	const told = (await announce(client, { sha256: sha(text) })).json.data;
	assert.deepEqual([told.state, told.sha256], ['UPLOADING', sha(text)]);
	assert.equal((await content(client, told)).status, 404);
	assert.equal((await put(told.uploadUrl, Buffer.from('hello there'))).json.error.details[0].field, 'sha256');
	assert.equal((await put(told.uploadUrl, text.subarray(1))).json.error.details[0].field, 'size');
	assert.equal((await put(told.uploadUrl, text, { 'content-type': 'text/html' })).status, 415);
	const done = await put(told.uploadUrl, text, { 'content-type': 'text/plain' });
	assert.deepEqual([done.status, done.json.data.state, done.json.data.contentType], [200, 'READY', 'text/plain']);
	assert.equal((await put(told.uploadUrl, text)).status, 409);
	const other = (await announce(client)).json.data;
	assert.equal((await fetch(`${url}/v1/media/${other.id}/content`, { method: 'PUT', body: text, headers: { authorization: `Bearer ${stranger.token}` } })).status, 404);
	assert.equal((await fetch(`${url}/v1/media/${other.id}/content`, { method: 'PUT', body: text })).status, 401);
	assert.equal((await client.raw('DELETE', `/v1/media/${(await announce(client)).json.data.id}`)).status, 204, 'announced and taken back');
	const leaver = await join('lea', 'CLIENT');
	const late = (await announce(leaver)).json.data;
	assert.ok((await leaver.raw('POST', '/v1/auth/logout', {})).status < 300);
	assert.equal((await put(late.uploadUrl, text)).status, 401, 'the address ends with the session');
	sql(`SELECT skillancer.fire_system('media', '${other.id}'::skillancer.media_id::uuid, 'expire')`);
	assert.equal((await put(other.uploadUrl, text)).status, 404, 'and the announcement by time');
});

test('forged and expired signatures', async () => {
	const media = await given(client);
	const { contentUrl } = await client.get(`/v1/media/${media.id}`);
	const [base, token] = contentUrl.split('?signed=');
	const [claims, mac] = token.split('.');
	const key = readFileSync(path.join(store, 'sign.key'));
	const sign = (change) => {
		const text = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url')), ...change })).toString('base64url');
		return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
	};
	assert.equal((await read(`${base}?signed=${sign({})}`)).status, 200, 'the test can sign');
	const bad = [sign({ end: 1 }), sign({ method: 'PUT' }), sign({ path: '/v1/media/x/content' }), sign({ file: undefined }), `${claims}.${'A'.repeat(43)}`, `${claims}.`, claims, '.',
		`${claims}.${mac}=`, `${Buffer.from('{}').toString('base64url')}.${mac}`, 'x'.repeat(5000)];
	for (const forged of bad) assert.equal((await read(`${base}?signed=${forged}`)).status, 403, forged.slice(0, 60));
	assert.equal((await read(`${base}?signed=${sign({ file: { object: '../../sign.key', type: 'text/plain' } })}`)).status, 404, 'no path, even signed');
	assert.equal((await put(contentUrl, PNG)).status, 403, 'an address to read is not one to write');
	assert.equal((await read(contentUrl, {}, 'DELETE')).status, 405);
});

test('what is not what it says, or runs in browsers, is refused', async () => {
	const html = '<!DOCTYPE html><script>alert(1)</script>';
	const svg = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
	const huge = Buffer.from(PNG);
	huge.writeUInt32BE(60000, 16);
	huge.writeUInt32BE(60000, 20);
	const list = [
		['evil.svg', svg, 'image/svg+xml', 'file'], ['evil.png', svg, 'image/png', 'file'], ['page.html', html, 'text/html', 'file'], ['page.png', html, 'image/png', 'file'],
		['page.txt', `\ufeff \n${html}`, 'text/plain', 'file'], ['a.exe', Buffer.from('MZ\x90\0\x03'), 'application/octet-stream', 'file'], ['empty.txt', '', 'text/plain', 'size'],
		['pixels.png', huge, 'image/png', 'file'], ['cat.png.html', PNG, 'image/png', 'fileName'], ['cat.png.exe', PNG, 'image/png', 'fileName'], ['cat', PNG, 'image/png', 'fileName'],
		['cat.png', PNG, 'text/html', 'contentType'], ['cat.jpg', PNG, 'image/jpeg', 'contentType'], ['x.docx', 'PK\x03\x04', 'text/plain', 'contentType'],
	];
	const had = [objects().length, rows(stranger)];
	for (const [name, bytes, type, field] of list)
		assert.ok(problems(await upload(stranger, { purpose: 'ATTACHMENT' }, [name, bytes, type])).includes(field), `${name} ${type}`);
	assert.deepEqual(problems(await upload(stranger, { purpose: 'AVATAR' }, ['terms.pdf', PDF, 'application/pdf'])), [422, 'file']);
	assert.ok(await until(() => objects().length === had[0]), 'nothing is kept');
	assert.deepEqual([rows(stranger), pending()], [had[1], []]);
	// two things at once: what it was recognised as, and nothing else
	const polyglot = await given(stranger, 'ATTACHMENT', ['both.gif', `GIF89a/*${html}*/`, 'image/gif']);
	const served = await content(stranger, polyglot);
	assert.deepEqual([served.headers.get('content-type'), served.headers.get('x-content-type-options'), served.headers.get('content-security-policy').includes('sandbox')], ['image/gif', 'nosniff', true]);
	const named = await given(stranger, 'ATTACHMENT', ['..\\..\\a\u202egnp.php.png', PNG, 'image/png']);
	assert.equal(named.fileName, 'agnp_php.png');
});

test('forms that are wrong, and lengths that lie', async () => {
	const file = ['a.png', PNG, 'image/png'];
	assert.deepEqual(problems(await upload(stranger, { purpose: 'ATTACHMENT' })), [422, 'file']);
	assert.deepEqual(problems(await upload(stranger, { more: '1', size: '7', sha256: 'x' }, file)), [422, 'more', 'purpose', 'sha256']);
	assert.deepEqual(problems(await upload(stranger, { purpose: 'ATTACHMENT', size: '7' }, file)), [422, 'size']);
	assert.deepEqual(problems(await upload(stranger, { purpose: 'ATTACHMENT', sha256: 'a'.repeat(64) }, file)), [422, 'sha256']);
	assert.deepEqual(problems(await upload(stranger, { purpose: 'ATTACHMENT', more: 'x'.repeat(20000) }, file)), [400]);
	const post = (type, body) => raw(`POST /v1/media HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${stranger.token}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
	const part = (name, more = '') => `--frontier\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\nx\r\n`;
	const statuses = async (...cases) => (await Promise.all(cases.map(([type, body]) => post(type, body)))).map((answer) => answer.statuses[0]);
	assert.deepEqual(await statuses(['multipart/form-data', 'x'], ['multipart/form-data; boundary=frontier', 'x'], ['multipart/form-data; boundary=frontier', part('file', '; filename="a"')],
		['multipart/form-data; boundary=frontier', `${part('file', '; filename="a"').repeat(2)}--frontier--\r\n`], ['multipart/form-data; boundary=frontier', `${part('other', '; filename="a"')}--frontier--\r\n`], ['text/plain', 'x']),
	[400, 422, 400, 422, 422, 415]);
	const again = { 'idempotency-key': `media-${client.id}` };
	const [first, second] = [await upload(client, { purpose: 'ATTACHMENT' }, file, { headers: again }), await upload(client, { purpose: 'ATTACHMENT' }, file, { headers: again })];
	assert.deepEqual([second.status, second.json.data.id, second.headers.get('idempotency-replayed')], [201, first.json.data.id, 'true']);
	assert.equal((await upload(client, { purpose: 'ATTACHMENT' }, ['b.png', Buffer.concat([PNG, PNG]), 'image/png'], { headers: again })).json.error.code, 'IDEMPOTENCY_MISMATCH');
	assert.equal((await content(client, first.json.data)).status, 200, 'and the first file is there still');
});

test('room is limited', async () => {
	const full = await join('fay', 'CLIENT');
	sql(`INSERT INTO skillancer.media (user_id, purpose, visibility, file_name, declared_type, size)
		SELECT '${full.id}', 'ATTACHMENT', 'PRIVATE', 'a', 'a/b', (skillancer.policy_int('mediaQuotaBytes') - 100)`);
	const refused = await upload(full, { purpose: 'ATTACHMENT' }, ['a.png', PNG, 'image/png']);
	assert.deepEqual([refused.status, refused.json.error.code, (await announce(full)).status, (await announce(full, { size: 101 })).status], [409, 'LIMIT_REACHED', 201, 409]);
	assert.equal((await announce(client, { size: 1e12 })).status, 422);
});

// ---- a bridge and a directory of one's own ----

let dir;
let own;

async function ownBridge(settings = {}) {
	own = await startBridge({ media_dir: dir, media_sweep_s: 1, media_grace_s: 1, media_max_bytes: 200000, jwt_key_dir: path.join(env.SKL_DIR, 'keys'), ...settings });
	return own;
}

before(() => {
	dir = mkdtempSync(path.join(tmpdir(), 'skl-media-'));
	const { uid, gid } = statSync(path.join(env.SKL_DIR, 'data'));
	if (process.getuid() === 0) chownSync(dir, uid, gid);
});

after(async () => {
	await own?.stop('SIGKILL');
	rmSync(dir, { recursive: true, force: true });
});

// Sends the head of an upload and a part of its body.
async function begin(base, length) {
	const { hostname, port } = new URL(base);
	const socket = net.connect(Number(port), hostname);
	socket.on('error', () => {});
	const head = '--frontier\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n';
	socket.write(`POST /v1/media HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${client.token}\r\nContent-Type: multipart/form-data; boundary=frontier\r\nContent-Length: ${length}\r\n\r\n${head}`);
	socket.write(PNG);
	assert.ok(await until(() => pending(dir).some((name) => statSync(path.join(dir, 'tmp', name)).size > 0)), 'the upload has begun');
	return socket;
}

test('who hangs up leaves nothing, and neither does a bridge that is killed', async () => {
	await ownBridge({ media_sweep_s: 0, media_max_uploads: 1 });
	const had = rows(client);
	const socket = await begin(own.base, 100000);
	assert.equal((await upload(client, { purpose: 'ATTACHMENT' }, ['a.png', PNG, 'image/png'], { base: own.base })).status, 503, 'one upload at once');
	socket.destroy();
	assert.ok(await until(() => pending(dir).length === 0), 'the file of a client that is gone');
	const large = await upload(client, { purpose: 'ATTACHMENT' }, ['a.png', Buffer.concat([PNG, Buffer.alloc(300000)]), 'image/png'], { base: own.base });
	assert.deepEqual([large.status, pending(dir), objects(dir)], [413, [], []]);
	const kept = (await upload(client, { purpose: 'ATTACHMENT' }, ['a.png', PNG, 'image/png'], { base: own.base })).json.data;
	const doomed = (await upload(client, { purpose: 'ATTACHMENT' }, ['a.png', PNG, 'image/png'], { base: own.base })).json.data;
	assert.equal(objects(dir).length, 2);
	const last = await begin(own.base, 100000);
	await own.stop('SIGKILL');
	last.destroy();
	assert.equal(pending(dir).length, 1, 'a killed bridge leaves its upload');
	const orphan = '01900000-0000-7000-8000-0000000000ab';
	writeFileSync(path.join(dir, 'ab', orphan), 'nobody knows me');
	sql(`SELECT skillancer.fire_system('media', '${doomed.id}'::skillancer.media_id::uuid, 'erase')`);
	await ownBridge();
	assert.ok(await until(() => pending(dir).length === 0 && objects(dir).length === 1, 20000), `${pending(dir)} ${objects(dir)}`);
	assert.equal(existsSync(path.join(dir, 'ab', orphan)), false);
	// the directory of another database is left alone
	assert.equal(readFileSync(path.join(dir, 'owner'), 'utf8'), sql('SELECT skillancer.media_owner()')[0][0]);
	writeFileSync(path.join(dir, 'owner'), 'somebody else');
	writeFileSync(path.join(dir, 'ab', orphan), 'nobody knows me');
	assert.ok(await until(() => own.log().includes('media_foreign'), 20000));
	assert.equal(existsSync(path.join(dir, 'ab', orphan)), true);
	assert.equal(sha((await read(`${own.base}/v1/media/${kept.id}/content`, { authorization: `Bearer ${client.token}` })).bytes), sha(PNG));
	assert.equal(rows(client), had + 2);
	const [[manifest]] = sql(`SELECT path || ' ' || sha256 FROM skillancer.media_manifest WHERE id = '${kept.id}'`);
	const [place, digest] = manifest.split(' ');
	assert.equal(sha(readFileSync(path.join(dir, place))), digest, 'the manifest tells where it is');
});

test('a bridge without a directory takes no files', async () => {
	const bare = await startBridge({ jwt_key_dir: path.join(env.SKL_DIR, 'keys') });
	try {
		assert.equal((await upload(client, { purpose: 'ATTACHMENT' }, ['a.png', PNG, 'image/png'], { base: bare.base })).status, 503);
		assert.equal((await call('GET', '/v1/media', { token: client.token, base: bare.base })).status, 200);
	} finally {
		await bare.stop();
	}
});
