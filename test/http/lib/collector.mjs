// test/http/lib/collector.mjs
//	A stand-in for a collector of traces: takes OTLP/HTTP JSON as the published schema has it (otlp.schema.json), and nothing else.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import Ajv from 'ajv/dist/2020.js';

const validate = new Ajv({ allErrors: true }).compile(JSON.parse(readFileSync(new URL('otlp.schema.json', import.meta.url), 'utf8')));

// spans: those taken, each with the service of its resource; problems: what broke the schema; status: what it answers, 0 hangs up,
// -1 never answers. tls: {key, cert} for one that speaks TLS.
export async function startCollector(tls) {
	const collector = { spans: [], problems: [], requests: 0, status: 200 };
	const take = (request, body) => {
		collector.requests++;
		if (request.method !== 'POST' || request.url !== '/v1/traces') collector.problems.push(`${request.method} ${request.url}`);
		if (request.headers['content-type'] !== 'application/json') collector.problems.push(`content type ${request.headers['content-type']}`);
		const data = JSON.parse(body);
		if (!validate(data)) collector.problems.push(...validate.errors.map((e) => `${e.instancePath} ${e.message}`));
		for (const { resource, scopeSpans } of data.resourceSpans) {
			const service = resource.attributes.find((a) => a.key === 'service.name').value.stringValue;
			for (const { spans } of scopeSpans) collector.spans.push(...spans.map((span) => ({ service, ...span })));
		}
	};
	const listener = (request, response) => {
		let body = '';
		request.on('data', (chunk) => { body += chunk; });
		request.on('end', () => {
			if (collector.status === 0) { collector.requests++; response.socket.destroy(); return; }
			if (collector.status === -1) { collector.requests++; return; }
			if (collector.status === 200) {
				try { take(request, body); } catch (error) { collector.problems.push(String(error)); }
			} else collector.requests++;
			response.writeHead(collector.status, { 'Content-Type': 'application/json' }).end('{}');
		});
	};
	const server = tls ? createTlsServer(tls, listener) : createServer(listener);
	await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
	collector.url = `${tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;
	collector.of = (traceId) => collector.spans.filter((span) => span.traceId === traceId);
	collector.stop = () => new Promise((resolve) => { server.closeAllConnections?.(); server.close(resolve); });
	return collector;
}

// The value of an attribute of a span.
export const attribute = (span, key) => Object.values(span.attributes.find((a) => a.key === key)?.value ?? {})[0];
