// test/lib/wait.mjs
//	Waiting for something to become true.

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Asks until the answer is true, and returns the last one; an error counts as not yet.
export async function until(check, ms = 10000) {
	const end = Date.now() + ms;
	for (;;) {
		let value;
		try { value = await check(); } catch { value = undefined; }
		if (value || Date.now() > end) return value;
		await sleep(25);
	}
}
