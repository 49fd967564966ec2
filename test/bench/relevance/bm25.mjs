// test/bench/relevance/bm25.mjs
//	The formula of docs/search.md, computed from nothing but the words of each document: the reference that the scores of
//	search are compared with. It knows no index, no segments, no bounds and no rounding.
//
//		score = sum over the words of the query of idf * wtf / (wtf + k1 * (1 - b + b * length / average))
//		idf   = ln(1 + (N - df + 0.5) / (df + 0.5))
//
//	wtf is the sum over the fields of weight * occurrences, length the same sum over all words of the document.

const K1 = 1.2;
const B = 0.75;

export class Bm25 {
	// documents: [{ id, fields: [{ weight, words: [word, ...] }] }]
	constructor(documents) {
		this.documents = documents.map(({ id, fields }) => {
			const counts = new Map();
			let length = 0;
			for (const { weight, words } of fields)
				for (const word of words) {
					counts.set(word, (counts.get(word) ?? 0) + weight);
					length += weight;
				}
			return { id, counts, length };
		});
		this.average = this.documents.reduce((sum, { length }) => sum + length, 0) / this.documents.length;
		this.df = new Map();
		for (const { counts } of this.documents)
			for (const word of counts.keys()) this.df.set(word, (this.df.get(word) ?? 0) + 1);
	}

	idf(word) {
		const df = this.df.get(word) ?? 0;
		return Math.log(1 + (this.documents.length - df + 0.5) / (df + 0.5));
	}

	score(document, words) {
		let sum = 0;
		for (const word of words) {
			const wtf = document.counts.get(word);
			if (wtf) sum += this.idf(word) * wtf / (wtf + K1 * (1 - B + B * document.length / this.average));
		}
		return sum;
	}

	// Everything that has one of the words: [{ id, score }], best first, ties by id. Who types a word twice means it twice.
	rank(words, k = Infinity) {
		return this.documents.filter(({ counts }) => words.some((word) => counts.has(word)))
			.map((document) => ({ id: document.id, score: this.score(document, words) }))
			.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)).slice(0, k);
	}
}
