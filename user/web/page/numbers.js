// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// From two of the daemon's documents (docs/model.md) to rows: rates, shares and percentiles of what
// lies between them. Pure: nothing of the page is known here.

const text = (value) => String(value ?? "?");

export const lists = {
	services: (r) => [r.service, r.protocol, r.side],
	routes: (r) => [r.service, r.side, r.method, r.route],
	statements: (r) => [r.service, r.side, r.fingerprint, r.verb, r.table],
	commands: (r) => [r.service, r.side, r.command, r.blocking ? "blocking" : ""],
	keys: (r) => [r.service, r.side, r.pattern],
};

export const keyOf = (list, row) => JSON.stringify(lists[list](row).map(text));

// A document with its rows by key.
export function indexed(doc) {
	const by = {};

	for (const list of Object.keys(lists)) {
		by[list] = new Map();
		for (const row of doc[list] ?? [])
			by[list].set(keyOf(list, row), row);
	}
	return {doc, by, rows: Object.values(by).reduce((n, m) => n + m.size, 0)};
}

// The daemon was started anew between the two.
export const isAnew = (newer, older) =>
	newer.doc.started_ns !== older.doc.started_ns || newer.doc.time_ns < older.doc.time_ns;

export const secondsBetween = (newer, older) =>
	(newer.doc.time_ns - (older ? older.doc.time_ns : newer.doc.started_ns)) / 1e9;

// Upper bound of a sketch's bucket: eight a power of two (user/metrics/histogram.h).
export const bound = (index) => 2 ** (index / 8);

export function sketchBetween(newer, older) {
	const first = newer.sketch?.first ?? 0, counts = (newer.sketch?.counts ?? []).slice();
	const from = older?.sketch?.first ?? 0;

	(older?.sketch?.counts ?? []).forEach((n, i) => {
		const at = from + i - first;

		if (at >= 0 && at < counts.length)
			counts[at] = Math.max(0, counts[at] - n);
	});
	return {first, counts};
}

// As sketch__quantile() does it; NaN where nothing was counted.
export function quantile({first, counts}, q) {
	const total = counts.reduce((a, b) => a + b, 0);
	let below = 0;

	for (let i = 0; i < counts.length; i++) {
		if (counts[i] && below + counts[i] >= total * q) {
			const low = bound(first + i - 1);

			return low * (bound(first + i) / low) ** ((total * q - below) / counts[i]);
		}
		below += counts[i];
	}
	return NaN;
}

function highest({first, counts}) {
	for (let i = counts.length - 1; i >= 0; i--)
		if (counts[i])
			return bound(first + i);
	return NaN;
}

export function addSketch(to, from) {
	from.counts.forEach((n, i) => n && to.set(from.first + i, (to.get(from.first + i) ?? 0) + n));
}

export function sketchOf(map) {
	if (!map.size)
		return {first: 0, counts: []};
	const first = Math.min(...map.keys()), last = Math.max(...map.keys());

	return {first, counts: Array.from({length: last - first + 1}, (_, i) => map.get(first + i) ?? 0)};
}

function percentiles(sketch) {
	return {sketch, p50: quantile(sketch, 0.5), p95: quantile(sketch, 0.95), p99: quantile(sketch, 0.99)};
}

// What happened to one row; `all` is the row as it is since the start.
export function between(key, all, old, seconds) {
	const before = old && old.count <= all.count ? old : null;
	const count = all.count - (before?.count ?? 0), errors = all.errors - (before?.errors ?? 0);
	const sketch = sketchBetween(all, before);
	// Exact where it was the slowest of all, else its bucket's upper end.
	const max = !before || all.max_ms > before.max_ms ? all.max_ms : highest(sketch);

	return {key, all, rate: seconds > 0 ? count / seconds : 0, count, errors, share: count ? errors / count : NaN,
		unanswered: all.unanswered - (before?.unanswered ?? 0),
		max: count ? Math.min(max, all.max_ms) : NaN, ...percentiles(sketch)};
}

export function rowsBetween(list, newer, older) {
	const seconds = secondsBetween(newer, older);

	return [...newer.by[list]].map(([key, all]) => between(key, all, older?.by[list].get(key), seconds));
}

// Rates of one row from document to document, oldest first.
export function ratesOf(list, key, history) {
	const out = [];

	for (let i = 1; i < history.length; i++) {
		const seconds = secondsBetween(history[i], history[i - 1]);
		const now = history[i].by[list].get(key)?.count ?? 0, was = history[i - 1].by[list].get(key)?.count ?? 0;

		out.push(seconds > 0 ? Math.max(0, now - was) / seconds : 0);
	}
	return out;
}

// Several rows as one: sums, and the percentiles of all of their exchanges.
export function sumOf(rows) {
	const sketch = new Map(), out = {rate: 0, count: 0, errors: 0, unanswered: 0, total: 0};

	for (const row of rows) {
		for (const name of ["rate", "count", "errors", "unanswered"])
			out[name] += row[name];
		out.total += row.all.count;
		addSketch(sketch, row.sketch);
	}
	return {...out, share: out.count ? out.errors / out.count : NaN, ...percentiles(sketchOf(sketch))};
}

// What was lost. What had begun before sonde was attached is told apart: it is no loss of its running.
export function books(doc) {
	const sum = (list, field) => (list ?? []).reduce((n, e) => n + e[field], 0);
	const attached = sum((doc.losses ?? []).filter((l) => l.reason === "attached"), "exchanges");

	return {seen: sum(doc.totals, "seen"), attached, lost: Math.max(0, sum(doc.totals, "lost") - attached)};
}

// ---- as people read them ----

const significant = (value, unit) =>
	`${value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2)}${unit}`;

export function duration(ms) {
	if (!Number.isFinite(ms))
		return "–";
	if (ms < 0.9995)
		return `${(ms * 1000).toFixed(ms < 0.00995 ? 1 : 0)} µs`;
	return ms < 999.5 ? significant(ms, " ms") : significant(ms / 1000, " s");
}

export function rate(value) {
	if (!Number.isFinite(value))
		return "–";
	if (value === 0)
		return "0";
	if (value >= 9999.5)
		return significant(value / 1000, "k");
	return significant(value, "");
}

export const count = (value) => (Number.isFinite(value) ? Math.round(value).toLocaleString("en") : "–");

export function share(value) {
	if (!Number.isFinite(value))
		return "–";
	if (value === 0)
		return "0 %";
	return value < 0.0001 ? "< 0.01 %" : `${significant(value * 100, "")} %`;
}

export function bytes(value) {
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	let at = 0;

	if (!Number.isFinite(value))
		return "–";
	for (; value >= 1000 && at < units.length - 1; at++)
		value /= 1024;
	return at ? significant(value, ` ${units[at]}`) : `${Math.round(value)} B`;
}

export function age(seconds) {
	if (!Number.isFinite(seconds))
		return "–";
	const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
	const at = Math.max(0, parts.findIndex(([size]) => seconds >= size));
	const [size, unit] = seconds < 1 ? parts[3] : parts[at], next = parts[at + 1];
	const rest = next && seconds >= 1 ? Math.floor((seconds % size) / next[0]) : 0;

	return `${Math.floor(seconds / size)} ${unit}${rest ? ` ${rest} ${next[1]}` : ""}`;
}
