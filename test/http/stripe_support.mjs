// test/http/stripe_support.mjs
//	The world with Stripe as its payment provider: a stand-in, settings for it, and policies that make time short.

import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StripeStandIn } from '../lib/stripe-stand-in.mjs';
import { env, sql, url } from './support.mjs';

const POLICIES = { paymentProvider: 'stripe', providerAskDelay: 'PT0.2S', providerUnknownTerm: 'PT1.5S', payoutDelay: 'PT0S' };

export const ATTEMPTS = 3;

export async function openStripe() {
	const stripe = await new StripeStandIn({ webhooks: `${url}/v1/webhooks/stripe` }).start();
	const dir = mkdtempSync(path.join(tmpdir(), 'skl-stripe.'));
	const { uid, gid } = statSync(path.join(env.SKL_DIR, 'data'));
	const settings = {
		stripe_url: stripe.url, stripe_key_file: path.join(dir, 'key'), stripe_webhook_secret_file: path.join(dir, 'secrets'),
		provider_timeout: '300ms', provider_retry_delay: '20ms', provider_max_attempts: ATTEMPTS, courier_naptime: '50ms', timekeeper_naptime: '50ms',
	};

	// The signing secrets of webhooks, one a line.
	const secrets = (...lines) => {
		writeFileSync(path.join(dir, 'secrets'), lines.map((line) => `${line}\n`).join(''));
		writeFileSync(path.join(dir, 'key'), `${stripe.key}\n`);
		for (const file of [dir, path.join(dir, 'secrets'), path.join(dir, 'key')]) chownSync(file, uid, gid);
	};

	secrets(stripe.secret);
	for (const [name, value] of Object.entries(settings)) sql(`ALTER SYSTEM SET skillancer.${name} = '${value}'`);
	sql('SELECT pg_reload_conf()');
	for (const [key, value] of Object.entries(POLICIES)) {
		sql(`INSERT INTO skillancer.policy (key, value, valid_from) VALUES ('${key}', '${JSON.stringify(value)}', skillancer.now() - interval '1 second')`);
	}
	const close = async () => {
		sql(`DELETE FROM skillancer.policy WHERE key IN (${Object.keys(POLICIES).map((key) => `'${key}'`)}) AND valid_from > '-infinity'`);
		for (const name of Object.keys(settings)) sql(`ALTER SYSTEM RESET skillancer.${name}`);
		sql('SELECT pg_reload_conf()');
		stripe.release();
		await stripe.stop();
		rmSync(dir, { recursive: true });
	};
	return { stripe, secrets, close };
}
