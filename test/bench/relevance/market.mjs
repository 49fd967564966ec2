// test/bench/relevance/market.mjs
//	Known things and what people type to find them: titles of the generated marketplace with a word dropped, in another
//	order, with a typo, with a synonym; and queries about real postings whose first hit is obvious.

// Repeatable numbers (mulberry32).
export function random(seed) {
	let state = seed;
	return (n) => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) % n;
	};
}

const words = (title) => title.split(/[^\p{L}\p{N}+#.-]+/u).filter(Boolean);

const without = (list, index) => list.filter((_, i) => i !== index);

function dropped(title, below) {
	const list = words(title);
	return list.length < 4 ? undefined : without(list, below(list.length)).join(' ');
}

function reordered(title, below) {
	const list = words(title);
	for (let i = list.length - 1; i > 0; i--) {
		const j = below(i + 1);
		[list[i], list[j]] = [list[j], list[i]];
	}
	return list.length < 3 ? undefined : list.join(' ');
}

// One letter after the first of the longest word: left out, doubled, another, or changed with the next.
function misspelt(title, below) {
	const list = words(title);
	const longest = list.filter((word) => /^[a-z]+$/i.test(word)).sort((a, b) => b.length - a.length)[0];
	if (!longest || longest.length < 5 || list.length < 3) return undefined;
	const at = 1 + below(longest.length - 2);
	const head = longest.slice(0, at);
	const typo = [head + longest.slice(at + 1), head + longest[at] + longest.slice(at), head + String.fromCharCode(97 + below(26)) + longest.slice(at + 1),
		head + longest[at + 1] + longest[at] + longest.slice(at + 2)][below(4)];
	return list.map((word) => (word === longest ? typo : word)).join(' ');
}

// The first skill that the title names, by one of its aliases.
function synonymous(title, below, skills) {
	for (const { name, aliases } of skills) {
		const place = new RegExp(`(^|[^\\p{L}\\p{N}])${name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}($|[^\\p{L}\\p{N}+#])`, 'iu');
		if (place.test(title)) return title.replace(place, `$1${aliases[below(aliases.length)]}$2`);
	}
	return undefined;
}

export const VARIANTS = [
	{ name: 'a word dropped', make: dropped, reach: 0.98 },
	{ name: 'reordered', make: reordered, reach: 0.98 },
	{ name: 'one typo', make: misspelt, reach: 0.9 },
	{ name: 'a synonym', make: synonymous, reach: 0.9 },
];

// What is asked, of which kind, and what the title of the first hit must look like.
export const HAND_WRITTEN = [
	['project', 'petroleum engineer', /petroleum/i], ['project', 'thoughtspot', /thoughtspot/i],
	['project', 'javascript de-obfuscation', /obfuscat/i], ['project', 'stripe terminal android', /stripe terminal/i],
	['project', 'virtual jewelry try on', /jewelry/i], ['project', 'camtasia presets', /camtasia/i],
	['project', 'fishbowl report', /fishbowl/i], ['project', 'motion capture', /motion capture/i],
	['project', 'physiotherapy clinic', /physiotherap/i], ['project', 'hotel check-in', /hotel/i],
	['project', 'school bus tracking for parents', /bus/i], ['project', 'metatrader forex expert', /forex|metatrader|mt[45]/i],
	['project', 'retell ai n8n', /retell/i], ['project', 'qlik sense pipeline', /qlik/i],
	['project', 'woocommerce checkout slow', /woocommerce|checkout/i], ['project', 'amember plugin', /amember/i],
	['project', 'dna data', /dna/i], ['project', 'political journalism', /political|journalis/i],
	['project', 'skin diagnostics app', /skin/i], ['project', 'fleet management', /fleet/i],
	['gig', 'tinder coach', /tinder/i], ['gig', 'doo wop acapella', /doo wop/i],
	['gig', 'expired domains', /expired domain/i], ['gig', 'pay stubs', /pay ?stub/i],
	['gig', 'squarespace', /squarespace/i], ['gig', 'face recognition', /face recognition/i],
	['gig', 'reading a book aloud', /book|aloud/i], ['gig', 'udemy course', /udemy|course/i],
	['gig', 'unboxing video', /unboxing/i], ['gig', 'tune vocals', /tun(e|ing)|vocal/i],
];
