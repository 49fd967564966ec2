// test/rls/plans.test.mjs
//	The statements of the C code find their rows by an index, whatever the tables grow to: each SKL_STMT is taken out of the
//	sources and planned with unknown parameters while sequential scans are off. What is read from beginning to end then has
//	no index that would help. Tables that stay small are named here. Indexes that hold a part of their table only, such as
//	queues, may be read whole.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const OIDS = { BOOLOID: 'boolean', INT2OID: 'smallint', INT4OID: 'integer', INT8OID: 'bigint', TEXTOID: 'text', UUIDOID: 'uuid', JSONBOID: 'jsonb', BYTEAOID: 'bytea',
	TIMESTAMPTZOID: 'timestamptz', INTERVALOID: 'interval', DATEOID: 'date', FLOAT4OID: 'real', FLOAT8OID: 'double precision', NUMERICOID: 'numeric', XID8OID: 'xid8',
	UUIDARRAYOID: 'uuid[]', TEXTARRAYOID: 'text[]', INT4ARRAYOID: 'integer[]', INT8ARRAYOID: 'bigint[]', FLOAT8ARRAYOID: 'double precision[]', BYTEAARRAYOID: 'bytea[]',
	INT2ARRAYOID: 'smallint[]', BOOLARRAYOID: 'boolean[]', TIMESTAMPTZARRAYOID: 'timestamptz[]', FLOAT4ARRAYOID: 'real[]', JSONBARRAYOID: 'jsonb[]', CHAROID: '"char"',
	PG_SNAPSHOTOID: 'pg_snapshot', REGCLASSOID: 'regclass', OIDOID: 'oid', OIDARRAYOID: 'oid[]', NAMEOID: 'name' };

const SMALL = ['cohort_measure', 'instance', 'measure', 'tax_rate', 'window_measure'];

const TOKEN = /"((?:[^"\\]|\\.)*)"|[A-Za-z_]\w*|[(),]|\S/g;
const unquote = (text) => text.replace(/\\(.)/g, (_, c) => ({ n: '\n', t: '\t' })[c] ?? c);

// Macros of a file that stand for text.
function textMacros(source) {
	const macros = {};
	for (const [, name, body] of source.matchAll(/^#define (\w+)((?:\s*\\?\n?\s*"(?:[^"\\]|\\.)*")+)/gm))
		macros[name] = [...body.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => unquote(text)).join('');
	return macros;
}

// The statements of a file: text and types of parameters.
function statements(file) {
	const source = readFileSync(file, 'utf8').replace(/\/\*[^]*?\*\//g, ' ');
	const macros = textMacros(source);
	const found = [];
	for (const { index, 0: opening } of source.matchAll(/SKL_STMT0?\(/g)) {
		if (/#define [^\n]*$/.test(source.slice(0, index))) continue;
		let depth = 1;
		const args = [[]];
		TOKEN.lastIndex = index + opening.length;
		for (let token; depth > 0 && (token = TOKEN.exec(source));) {
			if (token[0] === '(') depth++;
			else if (token[0] === ')') depth--;
			else if (token[0] === ',' && depth === 1) args.push([]);
			else args.at(-1).push(token[1] !== undefined ? { text: unquote(token[1]) } : { name: token[0] });
		}
		const text = args[0].map((part) => part.text ?? macros[part.name] ?? `<${part.name}>`).join('');
		found.push({ file: path.relative(ROOT, file), text, types: args.slice(1).map(([{ name }]) => OIDS[name] ?? `<${name}>`) });
	}
	return found;
}

function sources(dir) {
	return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
		const name = path.join(dir, entry.name);
		if (entry.isDirectory()) return sources(name);
		return entry.name.endsWith('.c') ? statements(name) : [];
	});
}

function sql(input) {
	const { SKL_PGHOST, SKL_PGPORT, SKL_SUPERUSER, SKL_PGDATABASE } = process.env;
	return execFileSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-h', SKL_PGHOST, '-p', SKL_PGPORT, '-U', SKL_SUPERUSER, '-d', SKL_PGDATABASE],
		{ input, encoding: 'utf8', maxBuffer: 1 << 28 }).trim();
}

// Plans all of them in one session: EXPLAIN's JSON or the error of each.
function plan(list) {
	const quote = (text) => `'${text.replaceAll("'", "''")}'`;
	const script = `CREATE FUNCTION pg_temp.plan(p_text text, p_types text, p_args integer) RETURNS json LANGUAGE plpgsql AS $$
		DECLARE
			v_plan json;
		BEGIN
			EXECUTE 'PREPARE planned' || p_types || ' AS ' || p_text;
			EXECUTE 'EXPLAIN (FORMAT JSON) EXECUTE planned' || CASE WHEN p_args > 0 THEN '(' || repeat('NULL, ', p_args - 1) || 'NULL)' ELSE '' END INTO v_plan;
			DEALLOCATE planned;
			RETURN v_plan;
		EXCEPTION WHEN OTHERS THEN
			RETURN json_build_object('error', SQLERRM);
		END $$;
		SET search_path = pg_catalog, skillancer, pg_temp;
		SET enable_seqscan = off;
		SET enable_hashjoin = off;
		SET enable_mergejoin = off;
		SET plan_cache_mode = force_generic_plan;
		${list.map(({ text, types }) => `SELECT regexp_replace(pg_temp.plan(${quote(text)}, ${quote(types.length ? `(${types.join(', ')})` : '')}, ${types.length})::text, '\\s*\\n\\s*', ' ', 'g');`).join('\n')}`;
	return sql(script).split('\n').map((line) => JSON.parse(line));
}

// Tables that a plan reads whole; below a LIMIT the first rows are enough.
function* readWhole(node, partial, limited = false) {
	const stops = limited || node['Node Type'] === 'Limit';
	const scans = node['Relation Name'] && node['Node Type'].endsWith('Scan') && !node.Plans?.some((child) => child['Node Type'].startsWith('Bitmap'));
	if (scans && !stops && !node['Index Cond'] && !node['TID Cond'] && !partial.includes(node['Index Name']) && !SMALL.includes(node['Relation Name'])) yield node['Relation Name'];
	for (const child of node.Plans ?? []) yield* readWhole(child, partial, stops);
}

test('no statement of the C code reads a whole table', () => {
	const partial = sql('SELECT i.indexrelid::regclass::name FROM pg_index i WHERE i.indpred IS NOT NULL').split('\n').map((name) => name.replace(/^.*\./, ''));
	const list = [...sources(path.join(ROOT, 'extension')), ...sources(path.join(ROOT, 'bgworkers'))];
	assert.ok(list.length > 150, `${list.length} statements`);
	const problems = plan(list).flatMap((result, i) => {
		const tables = result.error ? [] : [...new Set(readWhole(result[0].Plan, partial))];
		return result.error || tables.length > 0 ? [`${list[i].file}: ${result.error ?? `reads all of ${tables.join(', ')}`}: ${list[i].text}`] : [];
	});
	assert.deepEqual(problems, []);
});
