// test/chaos/lib/money.mjs
//	Amounts and fees as docs/money.md words them, written anew in JavaScript: the model of the chaos run shares no line
//	with what it checks. Amounts are whole minor units, well below 2^53.

const DIGITS = { USD: 2, EUR: 2, JPY: 0, BHD: 3 };
export const CURRENCIES = Object.keys(DIGITS);

export function text(minor, currency) {
	const digits = DIGITS[currency];
	if (digits === 0) return String(minor);
	const padded = String(minor).padStart(digits + 1, '0');
	return `${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
}

export const amount = (minor, currency) => ({ amount: text(minor, currency), currency });

export function minorOf({ amount: number, currency }) {
	const [whole, fraction = ''] = number.split('.');
	return Number(whole + fraction.padEnd(DIGITS[currency], '0'));
}

// As the event log writes it: "12.50 USD".
export function parse(money) {
	const [number, currency] = money.split(' ');
	return minorOf({ amount: number, currency });
}

// Tiers: [from, hundredths of a percent], thresholds in whole units of the currency.
const SERVICE = [[0, 2000], [500, 1000], [10000, 500]];
const SERVICE_JPY = [[0, 2000], [50000, 1000], [1000000, 500]];
const CLIENT = [[0, 300]];

// Rounds a number of hundredths of a percent of a minor unit, half to even.
function round(scaled) {
	const whole = Math.floor(scaled / 10000);
	const rest = scaled - whole * 10000;
	return whole + (rest > 5000 || (rest === 5000 && whole % 2 === 1) ? 1 : 0);
}

function total(kind, billed, currency) {
	const tiers = kind === 'CLIENT' ? CLIENT : currency === 'JPY' ? SERVICE_JPY : SERVICE;
	const unit = 10 ** DIGITS[currency];
	let sum = 0;
	tiers.forEach(([from, bps], i) => {
		const upper = i + 1 < tiers.length ? Math.min(billed, tiers[i + 1][0] * unit) : billed;
		if (upper > from * unit) sum += (upper - from * unit) * bps;
	});
	return round(sum);
}

// The fee of a step after so much was billed.
export const fee = (kind, before, step, currency) => total(kind, before + step, currency) - total(kind, before, currency);

// A claim is divided into two steps, the client's first: the fees that go back, are kept of
// the client and of the freelancer, and what reaches either.
export function divide({ toClient, toFreelancer, gone, billed, currency }) {
	const back = fee('CLIENT', gone, toClient, currency);
	const kept = fee('CLIENT', gone + toClient, toFreelancer, currency);
	const service = fee('SERVICE', billed, toFreelancer, currency);
	return { back, kept, service, wallet: toClient + back, net: toFreelancer - service };
}

// What so many minutes cost at a rate an hour, rounded once, half to even.
export function priceOfTime(rate, minutes) {
	const whole = Math.floor((rate * minutes) / 60);
	const rest = rate * minutes - whole * 60;
	return whole + (rest > 30 || (rest === 30 && whole % 2 === 1) ? 1 : 0);
}

// What the sandbox keeps of a charge, and what a payout needs and costs.
export const providerCost = (minor) => round(minor * 290) + 30;
export const payoutFee = (currency) => ({ USD: 200, EUR: 200, JPY: 250, BHD: 2000 })[currency];
export const payoutMinimum = (currency) => ({ USD: 2500, EUR: 2500, JPY: 3500, BHD: 25000 })[currency];
