// test/http/lib/described.mjs
//	Holds answers against /openapi.json: the status is one of the route's, the body fits its schema, and no member is
//	there that the description does not name. The description leaves objects open, for clients of later versions; here
//	they are closed. What a route took, its description takes as well.
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

// Objects of a schema take no other members; whole: the schema stands for a value, and is no part of another schema.
function close(schema, whole) {
	const closed = { ...schema };
	for (const [name, value] of Object.entries(schema.properties ?? {})) {
		closed.properties = { ...closed.properties, [name]: close(value, true) };
	}
	if (schema.items) closed.items = close(schema.items, true);
	if (typeof schema.additionalProperties === 'object') closed.additionalProperties = close(schema.additionalProperties, true);
	for (const word of ['allOf', 'anyOf', 'oneOf']) {
		if (schema[word]) closed[word] = schema[word].map((part) => close(part, false));
	}
	const names = ['$ref', 'properties', 'allOf', 'anyOf', 'oneOf'].some((word) => word in schema);
	if (whole && names && !('additionalProperties' in schema)) closed.unevaluatedProperties = false;
	return closed;
}

const pointer = (...parts) => parts.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');

// What a description says of answers.
export class Description {
	constructor(api) {
		this.api = structuredClone(api);
		const { schemas } = this.api.components;
		for (const name of Object.keys(schemas)) schemas[name] = close(schemas[name], false);
		for (const { content } of this.#answers()) {
			for (const media of Object.values(content ?? {})) media.schema = close(media.schema, true);
		}
		this.ajv = new Ajv({ strict: false, validateSchema: false, allErrors: true });
		formats(this.ajv);
		this.ajv.addSchema(this.api, 'api');
		this.templates = Object.keys(api.paths).map((path) => ({
			path, literal: !path.includes('{'), match: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
		})).sort((a, b) => b.literal - a.literal);
	}

	* #answers() {
		yield* Object.values(this.api.components.responses);
		for (const item of Object.values(this.api.paths)) {
			for (const { responses } of Object.values(item)) yield* Object.values(responses);
		}
	}

	// The template of a path, or undefined.
	template(pathname) {
		return this.templates.find(({ match }) => match.test(pathname.split('?')[0]))?.path;
	}

	// What is wrong with the description of a request that was taken: it must not be narrower than the route.
	requestFault(method, pathname, body) {
		const path = this.template(pathname);
		const operation = this.api.paths[path]?.[method.toLowerCase()];
		if (body === undefined || operation?.requestBody === undefined) return '';
		const check = this.ajv.getSchema(`api#/${pointer('paths', path, method.toLowerCase(), 'requestBody', 'content', 'application/json', 'schema')}`);
		return check(body) ? '' : `it took ${JSON.stringify(body)}: ${this.ajv.errorsText(check.errors)}`;
	}

	// What is wrong with an answer; '' when it is as described.
	fault(method, pathname, { status, type, body }) {
		const path = this.template(pathname);
		const verb = (method === 'HEAD' ? 'GET' : method).toLowerCase();
		const responses = this.api.paths[path]?.[verb]?.responses;
		if (responses === undefined) return status < 400 ? 'there is no such route' : '';
		const key = String(status) in responses ? String(status) : 'default';
		if (key === 'default' && status < 400) return `has no answer ${status}`;
		const reference = responses[key].$ref;
		const response = reference ? this.api.components.responses[reference.split('/').at(-1)] : responses[key];
		if (method === 'HEAD' || status === 304) return '';
		if (response.content === undefined) return body === undefined ? '' : `${status} has a body`;
		const media = type?.split(';')[0];
		if (!(media in response.content)) return `${status} has no content of type ${media}`;
		const place = reference?.slice(2) ?? pointer('paths', path, verb, 'responses', key);
		const check = this.ajv.getSchema(`api#/${place}/${pointer('content', media, 'schema')}`);
		if (check(body)) return '';
		return check.errors.map(({ instancePath, message, params }) =>
			`${instancePath || '/'} ${message} ${JSON.stringify(params)}`).join('\n');
	}
}

let current;

async function load(base) {
	return new Description(await (await fetch(`${base}/openapi.json`)).json());
}

// Throws when an answer of a route is not as the bridge describes it. Routes of tests (/v1/t/…) answer what they like.
export async function checkAnswer(base, method, pathname, sent, answer) {
	if (!pathname.startsWith('/v1/') || pathname.startsWith('/v1/t/') || method === 'OPTIONS') return;
	current ??= await load(base);
	if (answer.status < 400 && current.template(pathname) === undefined) current = await load(base);
	const fault = current.fault(method, pathname, answer) || (answer.status < 300 ? current.requestFault(method, pathname, sent) : '');
	if (fault !== '') throw new Error(`${method} ${pathname} answers otherwise than described: ${fault}\n${JSON.stringify(answer.body)}`);
}
