// test/lib/link.mjs
//	A link between two programs that can be clogged: a proxy at a port or socket that passes bytes on, holds them
//	back (connections stay, nothing arrives), or cuts (connections are closed, new ones too).

import net from 'node:net';

export class Link {
	// to: options of net.connect()
	constructor(name, to) {
		Object.assign(this, { name, to, mode: 'open', pairs: new Set() });
		this.server = net.createServer({ pauseOnConnect: true }, (near) => this.#join(near));
	}

	// at: nothing for a free port of loopback, or the path of a socket
	listen(at) {
		return new Promise((resolve) => {
			this.server.listen(...(at ? [at] : [0, '127.0.0.1']), () => resolve(this.server.address().port ?? at));
		});
	}

	#join(near) {
		if (this.mode === 'cut') { near.destroy(); return; }
		const far = net.connect(this.to);
		const pair = { near, far };
		this.pairs.add(pair);
		const end = () => { near.destroy(); far.destroy(); this.pairs.delete(pair); };
		for (const socket of [near, far]) socket.on('error', end).on('close', end);
		near.on('data', (chunk) => far.write(chunk));
		far.on('data', (chunk) => near.write(chunk));
		if (this.mode === 'hold') far.pause(); else near.resume();
	}

	clog(mode) {
		this.mode = mode;
		for (const { near, far } of this.pairs) {
			if (mode === 'hold') { near.pause(); far.pause(); } else { near.destroy(); far.destroy(); }
		}
	}

	heal() {
		this.mode = 'open';
		for (const { near, far } of this.pairs) { near.resume(); far.resume(); }
	}

	async close() {
		this.clog('cut');
		await new Promise((resolve) => this.server.close(resolve));
	}
}
