// test/bench/relevance/measures.mjs
//	What trec_eval computes of rankings: a run is a list of document ids for each query, best first; judgments are a
//	Map of query -> Map of document -> grade (0 and absent: not relevant).

const gain = (grade, rank) => grade / Math.log2(rank + 2);

function ndcg(ranking, grades, k) {
	const ideal = [...grades.values()].sort((a, b) => b - a).slice(0, k).reduce((sum, grade, rank) => sum + gain(grade, rank), 0);
	return ranking.slice(0, k).reduce((sum, id, rank) => sum + gain(grades.get(id) ?? 0, rank), 0) / ideal;
}

function averagePrecision(ranking, relevant, k) {
	let found = 0;
	return ranking.slice(0, k).reduce((sum, id, rank) => (relevant.has(id) ? sum + ++found / (rank + 1) : sum), 0) / relevant.size;
}

const recall = (ranking, relevant, k) => ranking.slice(0, k).filter((id) => relevant.has(id)).length / relevant.size;

function reciprocalRank(ranking, relevant, k) {
	const rank = ranking.slice(0, k).findIndex((id) => relevant.has(id));
	return rank < 0 ? 0 : 1 / (rank + 1);
}

// Means over the queries that have a relevant document.
export function measure(run, judgments) {
	const queries = [...judgments].filter(([, grades]) => [...grades.values()].some((grade) => grade > 0));
	const mean = (of) => queries.reduce((sum, [query, grades]) => sum + of(run.get(query) ?? [], grades, new Set([...grades].filter(([, grade]) => grade > 0).map(([id]) => id))), 0) / queries.length;
	return {
		ndcg10: mean((ranking, grades) => ndcg(ranking, grades, 10)),
		map: mean((ranking, _, relevant) => averagePrecision(ranking, relevant, 1000)),
		recall100: mean((ranking, _, relevant) => recall(ranking, relevant, 100)),
		mrr10: mean((ranking, _, relevant) => reciprocalRank(ranking, relevant, 10)),
	};
}
