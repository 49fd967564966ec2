// adding_an_endpoint.test.mjs
//	Loads the SQL of docs/adding-an-endpoint.md, as finish.sql would, and runs its calls: what they print stands below them.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { routed, sql, url } from '../http/support.mjs';
import { join, openProject, propose } from '../http/market.mjs';

const page = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../docs/adding-an-endpoint.md');
const blocks = [...readFileSync(page, 'utf8').matchAll(/^```(sql|sh|text)\n(.*?)^```$/gms)].map(([, kind, text]) => ({ kind, text }));
const functions = "skillancer_api.project_summary(skillancer.project_id), skillancer_api.project_renew(skillancer.project_id, integer)";
let env;

before(async () => {
	sql(`BEGIN;
		${blocks.filter((b) => b.kind === 'sql').map((b) => b.text).join('\n')}
		ALTER FUNCTION skillancer_api.project_renew(skillancer.project_id, integer) OWNER TO skillancer_owner;
		REVOKE ALL ON FUNCTION ${functions} FROM PUBLIC;
		GRANT EXECUTE ON FUNCTION ${functions} TO skillancer_bridge;
		NOTIFY skillancer_routes;
		COMMIT;`);
	const [client, other, freelancer] = await Promise.all([join('page', 'CLIENT'), join('other', 'CLIENT'), join('bidder', 'FREELANCER')]);
	const project = await openProject(client);
	await propose(freelancer, project, '450');
	assert.ok(await routed('/v1/projects/x/renew'), 'the bridge hears of the routes');
	env = { ...process.env, URL: url, TOKEN: client.token, OTHER: other.token, PROJECT: project.id };
});
after(() => sql(`BEGIN;
	DELETE FROM skillancer.route WHERE function IN ('project_summary', 'project_renew');
	DROP FUNCTION ${functions};
	NOTIFY skillancer_routes;
	COMMIT;`));

const sorted = (text) => text.trim().split('\n').sort();

for (const [index, block] of blocks.entries()) {
	if (block.kind !== 'sh') continue;
	test(block.text.trim().split('\n').at(-1), () => {
		const out = execFileSync('bash', ['-euo', 'pipefail', '-c', block.text], { env, encoding: 'utf8' });
		assert.deepEqual(sorted(out), sorted(blocks[index + 1].text));
	});
}
