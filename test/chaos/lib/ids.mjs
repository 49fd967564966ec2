// test/chaos/lib/ids.mjs
//	TypeIDs, as the API and the event log write them, and the uuids behind them.

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

// The uuid behind a TypeID.
export function uuidOf(typeid) {
	let value = 0n;
	for (const digit of typeid.slice(typeid.indexOf('_') + 1)) value = (value << 5n) | BigInt(ALPHABET.indexOf(digit));
	return value.toString(16).padStart(32, '0').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
