// docs.js: shows /openapi.json and lets one try a request. Text only ever becomes text nodes.
'use strict';

const $ = (id) => document.getElementById(id);

function node(name, attributes, ...children) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(attributes ?? {})) element.setAttribute(key, value);
	element.append(...children);
	return element;
}

function resolve(api, schema) {
	if (!schema?.$ref) return schema ?? {};
	return schema.$ref.split('/').slice(1).reduce((at, key) => at[key], api);
}

function typeOf(api, schema) {
	const found = resolve(api, schema);
	if (found.type === 'array') return `${typeOf(api, found.items)}[]`;
	return [found.type ?? 'any', found.format].flat().filter(Boolean).join(' ');
}

function fieldTable(api, fields) {
	const rows = fields.map(({ name, where, required, schema }) => node('tr', {},
		node('td', {}, node('code', {}, name)), node('td', {}, where),
		node('td', {}, typeOf(api, schema)), node('td', {}, required ? 'required' : ''),
		node('td', {}, resolve(api, schema).description ?? '')));
	return node('table', {}, ...rows);
}

function fieldsOf(api, operation) {
	const parameters = (operation.parameters ?? []).map((p) => resolve(api, p))
		.map((p) => ({ name: p.name, where: p.in, required: p.required, schema: p.schema }));
	const body = resolve(api, operation.requestBody?.content?.['application/json']?.schema);
	const members = Object.entries(body.properties ?? {}).map(([name, schema]) => (
		{ name, where: 'body', required: body.required?.includes(name), schema }));
	return [...parameters, ...members];
}

async function send(method, path, body, output) {
	const headers = {};
	if ($('token').value) headers.Authorization = `Bearer ${$('token').value}`;
	if (body) headers['Content-Type'] = 'application/json';
	try {
		const answer = await fetch(path, { method, headers, body: body || undefined });
		const text = await answer.text();
		let shown = text;
		try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it is */ }
		output.textContent = `${answer.status} ${answer.statusText}\n\n${shown}`;
	} catch (error) {
		output.textContent = String(error);
	}
}

function trial(method, path, operation) {
	const where = node('input', { 'aria-label': 'Path', value: path, spellcheck: 'false' });
	const body = node('textarea', { 'aria-label': 'Body', placeholder: 'JSON body' });
	const output = node('pre', { hidden: '' });
	const button = node('button', { type: 'button' }, 'Send');
	button.addEventListener('click', () => {
		output.hidden = false;
		send(method.toUpperCase(), where.value, body.value, output);
	});
	return node('div', {}, where, ...(operation.requestBody ? [body] : []), button, output);
}

function show(api, method, path, operation) {
	const who = operation['x-skillancer-who'] ?? '';
	const box = node('details', { 'data-text': `${method} ${path} ${operation.summary ?? ''} ${who}`.toLowerCase() },
		node('summary', {}, node('span', { class: 'method' }, method.toUpperCase()),
			node('span', { class: 'path' }, path), ` ${operation.summary ?? ''}`,
			node('span', { class: 'who' }, who)));
	box.addEventListener('toggle', () => {
		if (!box.open || box.childElementCount > 1) return;
		box.append(node('p', {}, operation.description ?? ''), fieldTable(api, fieldsOf(api, operation)),
			trial(method, path, operation));
	});
	return box;
}

function render(api) {
	$('about').textContent = `${api.info.title} ${api.info.version}. ${api.info.description ?? ''}`;
	const groups = new Map();
	for (const [path, methods] of Object.entries(api.paths)) {
		for (const [method, operation] of Object.entries(methods)) {
			const tag = operation.tags?.[0] ?? 'other';
			if (!groups.has(tag)) groups.set(tag, node('section', {}, node('h2', {}, tag)));
			groups.get(tag).append(show(api, method, path, operation));
		}
	}
	$('operations').replaceChildren(...groups.values());
}

$('filter').addEventListener('input', () => {
	const word = $('filter').value.toLowerCase();
	for (const box of document.querySelectorAll('details')) box.hidden = !box.dataset.text.includes(word);
});

fetch('/openapi.json').then((answer) => answer.json()).then(render)
	.catch((error) => { $('about').textContent = `The description cannot be loaded: ${error}`; });
