// test/bench/search/line_peer.mjs
//	A peer that is a program: it reads commands from its standard input and answers each with a line (peer.h).

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const numbers = (line, word) => {
	const [first, ...rest] = line.split(' ');
	if (first === 'unknown') return undefined;
	if (first !== word) throw new Error(`expected ${word}: ${line.slice(0, 200)}`);
	return rest.filter(Boolean).map(Number);
};

export class LinePeer {
	constructor(name, command, args) {
		this.name = name;
		this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
		this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
	}

	async ask(...words) {
		this.child.stdin.write(`${words.filter((word) => word !== undefined).join(' ')}\n`);
		const { value, done } = await this.lines.next();
		if (done) throw new Error(`${this.name} ended`);
		return value;
	}

	async load(corpus) {
		const [seconds] = numbers(await this.ask('load', corpus), 'loaded');
		const [merge, bytes] = numbers(await this.ask('merge'), 'merged');
		return { seconds, merge, bytes };
	}

	// Microseconds of each query; undefined when the peer has no answer to such queries.
	async pass(set, budget, titles) {
		return numbers(await this.ask('pass', set.name, set.file, budget, titles ? 'titles' : undefined), 'times');
	}

	async hits(set) {
		return numbers(await this.ask('hits', set.name, set.file), 'hits');
	}

	async clients(set, count, seconds) {
		const [rate, p50, p99] = numbers(await this.ask('clients', set.name, set.file, count, seconds), 'rate') ?? [];
		return rate === undefined ? undefined : { rate, p50: p50 / 1000, p99: p99 / 1000 };
	}

	async close() {
		this.child.stdin.end();
		if (this.child.exitCode === null) await new Promise((resolve) => this.child.once('exit', resolve));
	}
}
