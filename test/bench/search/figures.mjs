// test/bench/search/figures.mjs
//	Percentiles, medians of passes, and tables of Markdown.

import { readFileSync } from 'node:fs';

export const percentile = (times, p) => times.length === 0 ? undefined : [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * p))];

// Of a pass: its times in microseconds -> p50, p95, p99 and the greatest in milliseconds.
export function summary(times) {
	const sorted = [...times].sort((a, b) => a - b);
	const at = (p) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] / 1000;
	return { n: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) / 1000 };
}

// The pass whose p50 is the middle one.
export const medianPass = (passes) => [...passes].sort((a, b) => a.p50 - b.p50)[Math.floor(passes.length / 2)];

export const ms = (value) => value === undefined ? '–' : value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value >= 1 ? value.toFixed(2) : value.toFixed(3);

export const load = () => Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);

export function table(head, rows) {
	const line = (cells) => `| ${cells.join(' | ')} |`;
	console.log([line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'));
}
