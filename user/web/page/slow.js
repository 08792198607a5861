// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The slowest requests of the last minutes, and where the time of each went (docs/time-shares.md).
import {figure, holds, link, name, table} from "./columns.js";
import {facts, make, shape} from "./draw.js";
import * as n from "./numbers.js";

const places = {queue: "in the queue", self: "itself", postgres: "PostgreSQL", redis: "Redis", http: "HTTP", several: "several at once",
	unattributed: "unattributed"};
const placeOf = (where) => (Object.hasOwn(places, where) ? where : "unattributed");
const whole = (all) => Object.values(all.shares_ms).reduce((sum, ms) => sum + ms, 0);

// Shares side by side; each is told in words as well.
function bar(cell, {all}) {
	const total = whole(all) || 1, svg = shape("svg", {class: "shares", viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img"});
	let at = 0;

	for (const where of Object.keys(places)) {
		const width = ((all.shares_ms[where] ?? 0) / total) * 100;

		if (width > 0)
			svg.append(shape("rect", {class: `at-${where}`, x: at, width, y: 0, height: 10}));
		at += width;
	}
	svg.setAttribute("aria-label", sharesOf(all).map(([where, ms]) => `${where} ${ms}`).join(", "));
	cell.replaceChildren(svg);
}

const sharesOf = (all) => Object.keys(places).filter((where) => all.shares_ms[where] > 0)
	.map((where) => [places[where], `${n.duration(all.shares_ms[where])}, ${n.share(all.shares_ms[where] / whole(all))}`]);

const columns = [
	name("Request", (r) => link("slow", r.key), (r) => `${r.method} ${r.route}`, (r) => [r.service, String(r.status)]),
	figure("Took", (r) => r.all.ms, n.duration, {label: "From the first byte read to the last byte answered"}),
	{title: "Where", number: true, value: (r) => (r.all.shares_ms.self ?? 0) / whole(r.all), label: "Where its time went, by its own share", draw: bar},
	figure("Calls", (r) => r.all.calls, n.count, {fold: 1, label: "What it asked of others"}),
	figure("Ended", (r) => r.ago, n.age, {fold: 1, label: "How long ago"}),
];

// An exchange whose calls are not known, with all that is (docs/exchanges.md).
const told = (x) => ({service: x.service, method: {postgres: "SQL", redis: "Redis"}[x.protocol] ?? (x.rpc_type ? "gRPC" : x.method),
	route: x.statement ?? x.command ?? x.route, status: x.status || x.outcome, end_ns: x.start_ns + x.duration_ns, ms: x.duration_ns / 1e6,
	shares_ms: {}, calls: NaN, spans: [], exchange: x});

const factsOf = (x) => Object.entries(x).filter(([key, value]) => value !== "" && key !== "start_ns")
	.map(([key, value]) => key.endsWith("_ns") ? [key.slice(0, -3), n.duration(value / 1e6)] : [key.replaceAll("_", " "), String(value)]);

const slowRows = (now) => [...(now.newest.doc.slow ?? []), ...(now.newest.doc.slow_exchanges ?? []).map(told)].map((all) =>
	({key: JSON.stringify([all.service, all.route, all.end_ns]), all, ago: (now.newest.doc.time_ns - all.end_ns) / 1e9}));

const legend = () => make("ul", {class: "legend", "aria-label": "Places"}, ...Object.entries(places)
	.map(([where, title]) => make("li", {}, shape("svg", {viewBox: "0 0 10 10", "aria-hidden": "true"},
		shape("rect", {class: `at-${where}`, width: 10, height: 10})), title)));

export function slow() {
	const t = table("slow", "The slowest of the last ten minutes", columns, "Took");

	return {title: "Slow", element: make("div", {}, t.element, legend()), update(now) {
		t.render(slowRows(now).filter(holds(now.filter)), "Nothing took a millisecond yet.");
	}};
}

function waterfall(all) {
	const start = -(all.shares_ms.queue ?? 0), scale = 100 / Math.max(all.ms - start, 1e-6);
	const line = (where, title, from, ms, certain) => make("li", {}, make("span", {}, title), make("small", {}, n.duration(ms)),
		shape("svg", {viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true"},
			shape("rect", {class: `at-${certain ? placeOf(where) : "unattributed"}`, x: (from - start) * scale, width: Math.max(ms * scale, 0.3), y: 1, height: 8})));
	const lines = [line("self", `${all.method} ${all.route}`, 0, all.ms, true)];

	if (all.shares_ms.queue > 0)
		lines.unshift(line("queue", "in the queue", start, -start, true));
	for (const span of all.spans)
		lines.push(line(span.where, `${span.name ?? "?"}${span.certain ? "" : " (not certainly its own)"}`, span.start_ms, span.ms, span.certain));
	return make("ol", {class: "waterfall"}, ...lines);
}

export function oneSlow(key) {
	const top = make("div");
	let shown = "";

	return {title: "", element: make("div", {}, top, legend()), update(now) {
		const row = slowRows(now).find((r) => r.key === key), all = row?.all, state = JSON.stringify(all ?? null);

		this.title = all ? `${all.method} ${all.route}` : "gone";
		this.of = all ? `${all.service}, status ${all.status}` : "";
		if (shown === state)
			return;
		shown = state;
		top.replaceChildren(...(all?.exchange ? [facts(factsOf(all.exchange))] : all ? [facts([["Took", n.duration(all.ms)], ["Calls", n.count(all.calls)], ...sharesOf(all)]),
			make("section", {class: "rows"}, make("h3", {}, "As it went"), waterfall(all),
				...(all.calls > all.spans.length ? [make("p", {class: "nothing"}, `The ${all.spans.length} longest of ${all.calls} calls.`)] : []))]
			: [make("p", {class: "nothing"}, "It is none of the slowest any more.")]));
	}};
}
