// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The pages: which tables with which columns. A view is {title, element, update(now)}; `now` holds the newest document, the
// one that rates are counted from, and the history between.
import {bad, figure, holds, known, link, name, named, number, percent, plain, protocols, records, table} from "./columns.js";
import {facts, histogram, make, newSpark, newSpread, setSpark, setSpread, setText} from "./draw.js";
import * as n from "./numbers.js";
import {oneSlow, slow} from "./slow.js";

export const SLOTS = 60; // of a sparkline

function trend(list) {
	return {title: "Trend", label: "Rate over the last two minutes", number: true, value: (r) => r.rate, fold: 2, draw(cell, row) {
		if (!cell.firstChild)
			cell.append(newSpark());
		setSpark(cell.firstChild, n.ratesOf(list, row.key, row.history), SLOTS);
	}};
}

const rate = figure("Rate", (r) => r.rate, n.rate, {label: "Answered a second"});
const share = figure("Errors", (r) => r.share, n.share, {label: "Share of answers that were errors", tone: (r) => bad(r.share)});
const p95 = figure("p95", (r) => r.p95, n.duration, {label: "95 of 100 were faster"});
const spread = {title: "Spread", number: true, value: (r) => r.p95, fold: 4, label: "p50 to p95, and max; from 1 µs to 10 s, marks at 1 ms and 1 s; by p95",
	draw(cell, row) {
		if (!cell.firstChild)
			cell.append(newSpread());
		setSpread(cell.firstChild, row);
	}};
const measures = [rate, share, figure("p50", (r) => r.p50, n.duration, {fold: 1, label: "Half were faster"}), p95,
	figure("p99", (r) => r.p99, n.duration, {fold: 2, label: "99 of 100 were faster"}),
	figure("Max", (r) => r.max, n.duration, {fold: 3, label: "The slowest"}), spread];
const total = figure("Count", (r) => r.all.count, n.count, {fold: 3, kind: "count", label: "Answered since the start"});
const unanswered = figure("Open end", (r) => r.all.unanswered, n.count, {fold: 4, label: "Ended without an answer since the start",
	tone: (r) => bad(r.all.unanswered)});
const service = plain("Service", (r) => r.service, 2);

const sets = {
	services: [name("Service", (r) => link("service", r.all.service, r.all.protocol, r.all.side), (r) => r.service,
		(r) => [named(r.protocol), r.side]), ...measures, total, unanswered,
		figure("Conn", (r) => r.all.connections, n.count, {fold: 4, label: "Open connections"}), trend("services")],
	routes: [name("Route", (r) => link("routes", r.key), (r) => `${r.method} ${r.route}`, (r) => [r.service, r.side]), ...measures, total,
		unanswered, trend("routes")],
	statements: [name("Statement", (r) => link("statements", r.key), (r) => r.statement, (r) => [r.service, r.side, r.table]), ...measures,
		total, figure("Rows", (r) => r.all.rows, n.count, {fold: 4, label: "Rows since the start"}), trend("statements")],
	commands: [name("Command", (r) => link("commands", r.key), (r) => r.command, (r) => [r.service, r.side, r.blocking ? "blocking" : ""]),
		...measures, total, figure("Hits", (r) => r.all.hits / (r.all.hits + r.all.misses), n.share,
			{fold: 2, label: "Share of keys that were found, since the start"}), trend("commands")],
	keys: [name("Keys", (r) => link("keys", r.key), (r) => r.pattern, (r) => [r.service, r.side]), ...measures, total,
		figure("Hits", (r) => r.all.hits / (r.all.hits + r.all.misses), n.share,
			{fold: 1, label: "Share of keys that were found, since the start"}),
		figure("Bytes", (r) => r.all.request_bytes + r.all.response_bytes, n.bytes, {fold: 4, label: "Asked and answered since the start"}),
		trend("keys")],
};

const poolColumns = [name("Pool", (r) => link("service", r.all.service, "postgres", r.all.side), (r) => r.service, (r) => [r.database, r.side]),
	number("Active", "active"), number("Open", "open"), number("Idle", "idle", n.count, {fold: 1}), number("Peak", "peak", n.count, {fold: 1}),
	number("Max", "max"), {...plain("Max is", (r) => (r.max === null ? "–" : r.configured ? "configured" : "learned"), 2)},
	number("Min", "min", n.count, {fold: 2}), number("Waiting", "waiting", n.count, {fold: 1, label: "A pooler's clients that wait"})];
const cacheColumns = [name("Cache", (r) => link("service", r.all.service, "redis", r.all.side), (r) => r.service, (r) => [r.address]),
	number("Used", "used", n.bytes), number("Limit", "limit", n.bytes),
	figure("Share", (r) => known(r.all.used) / known(r.all.limit), n.share), plain("Limit is", (r) => r.source, 3),
	number("Evicted", "evicted", n.count, {fold: 1}), number("Evicted a second", "eviction_rate", n.rate, {fold: 2}),
	number("Hits", "hit_rate_percent", percent, {fold: 1, label: "Share of keys that were found, over five minutes"}),
	number("Keys", "keys", n.count, {fold: 2, label: "As INFO told somebody within 15 minutes"}),
	number("Conn", "connections", n.count, {fold: 3, label: "Open connections"})];
const queueColumns = [plain("Queue", (r) => r.queue), plain("Kind", (r) => r.kind, 1), number("Depth", "depth"), number("Workers", "workers"),
	number("Busy", "utilisation_percent", percent, {label: "Busy share of the workers' time"}),
	number("Processed", "processed", n.count, {fold: 1}), number("Failed", "failed", n.count, {tone: (r) => bad(r.all.failed)}),
	number("Failure rate", "failure_rate_percent", percent, {fold: 2}),
	number("Mean", "mean_seconds", (s) => n.duration(s * 1000), {fold: 2}), number("Max", "max_seconds", (s) => n.duration(s * 1000), {fold: 2})];
const protocolOf = plain("Protocol", (r) => (r.protocol === "unknown" ? "not known" : named(r.protocol)));
const bookColumns = [{...plain("Protocol", (r) => `${named(r.protocol)} ${r.side}`), kind: "wide"}, number("Seen", "seen"),
	number("Reported", "reported", n.count, {fold: 1}), number("In flight", "in_flight", n.count, {fold: 1}),
	number("Lost", "lost", n.count, {tone: (r) => bad(r.all.lost)})];
const reasons = {
	ring_full: "the ring buffer had no room", unreadable: "memory of the caller could not be read", cap: "a limit of sonde's own",
	resync: "passed over while finding the next sure boundary", attached: "had begun before sonde was attached: no loss of its running",
	no_buffer: "io_uring and the like: no buffer to read", state: "the kernel had no memory for its state",
	missed: "the kernel did not run the program", parser: "bytes against the protocol",
	sampled: "under way when its connection was left out to keep the CPU budget",
};
const lossColumns = [protocolOf, plain("Reason", (r) => r.reason), number("Exchanges", "exchanges"), number("Bytes", "bytes", n.bytes),
	plain("That is", (r) => reasons[r.reason] ?? "", 2)];

// ---- parts ----

function rows(now, list, keep = () => true) {
	return n.rowsBetween(list, now.newest, now.older).filter((r) => keep(r.all)).map((r) => ({...r, history: now.history}));
}

function tableOf(list, caption, keep) {
	const t = table(list, caption, sets[list], "Rate");

	return {element: t.element, update(now) {
		const all = rows(now, list, keep), some = all.filter(holds(now.filter));

		t.render(some, all.length ? "No row holds what is filtered for." : undefined);
		return all.length;
	}};
}

// ---- the overview ----

function card(protocol) {
	const spark = newSpark(240, 44), big = make("b", {class: "big"}), facts_ = make("p"), element = make("li", {class: "card"},
		make("h3", {}, named(protocol)), make("p", {class: "headline"}, big, " /s"), spark, facts_);

	return {element, update(now) {
		const all = rows(now, "services", (r) => r.protocol === protocol);
		// One side, so that no exchange counts twice.
		const side = all.some((r) => r.all.side === "server" && r.all.count) ? "server" : "client", one = all.filter((r) => r.all.side === side);
		const sum = n.sumOf(one), rates = one.map((r) => n.ratesOf("services", r.key, now.history));

		element.hidden = !one.length;
		setText(big, n.rate(sum.rate));
		setSpark(spark, Array.from({length: Math.max(0, now.history.length - 1)}, (_, i) => rates.reduce((s, r) => s + r[i], 0)), SLOTS);
		setText(facts_, `p50 ${n.duration(sum.p50)}, p95 ${n.duration(sum.p95)}, errors ${n.share(sum.share)}`);
		element.toggleAttribute("data-bad", sum.errors > 0);
	}};
}

function overview() {
	const cards = Object.keys(protocols).map(card), list = tableOf("services", "Services");
	const health = make("p", {class: "health", hidden: true});

	return {title: "Services", element: make("div", {}, make("ul", {class: "cards", "aria-label": "By protocol"}, ...cards.map((c) => c.element)),
		health, list.element), update(now) {
		const ill = (now.newest.doc.health ?? []).filter((h) => h.status && h.status !== "healthy");

		cards.forEach((c) => c.update(now));
		list.update(now);
		health.hidden = !ill.length;
		setText(health, ill.map((h) => `${h.service} is ${h.status}: ${h.reasons.join("; ")}`).join(". "));
	}};
}

// ---- one service, one row ----

function healthFacts(now, name_) {
	const h = (now.newest.doc.health ?? []).find((e) => e.service === name_);

	return !h ? [] : [["Health", h.status ?? "not known"], ["Because", h.reasons.length ? h.reasons.join("; ") : null],
		["Processes", n.count(known(h.processes))], ["CPU", percent(known(h.cpu_percent))], ["Memory", n.bytes(known(h.memory_bytes))],
		["Running for", n.age(known(h.uptime_seconds))]];
}

function measuresOf(row) {
	return [["Rate", `${n.rate(row.rate)} /s`], ["Errors", n.share(row.share)], ["p50", n.duration(row.p50)], ["p95", n.duration(row.p95)],
		["p99", n.duration(row.p99)], ["Max", n.duration(row.max)], ["Answered since the start", n.count(row.all.count)],
		["Errors since the start", n.count(row.all.errors)], ["Without an answer", n.count(row.all.unanswered)],
		["Mean since the start", n.duration(row.all.count ? row.all.sum_ms / row.all.count : NaN)],
		["Slowest since the start", n.duration(row.all.count ? row.all.max_ms : NaN)]];
}

const parts = {http: ["routes", "Routes"], grpc: ["routes", "Methods"], postgres: ["statements", "Statements"], redis: ["commands", "Commands"]};

function head(row, list, more = []) {
	const spark = newSpark(480, 60), rates = n.ratesOf(list, row.key, row.history);

	setSpark(spark, rates, SLOTS);
	return make("div", {class: "detail"}, facts([...measuresOf(row), ...more]), make("div", {class: "plots"},
		make("section", {}, make("h3", {}, "Latency"), histogram(row, n.bound, n.duration)),
		make("section", {}, make("h3", {}, "Rate"), make("figure", {}, spark, make("figcaption", {},
			make("span", {}, `at most ${n.rate(Math.max(0, ...rates))} /s`), make("span", {}, `now ${n.rate(rates.at(-1) ?? 0)} /s`))))));
}

function oneService(name_, protocol, side) {
	const top = make("div"), key = JSON.stringify([name_, protocol, side]), [list, caption] = parts[protocol] ?? parts.http;
	const own = (r) => r.service === name_ && r.side === side && (list !== "routes" || (r.method === "gRPC") === (protocol === "grpc"));
	const inner = tableOf(list, caption, own), pools = table("pools", "Pools", poolColumns, "Active");
	const keys = tableOf("keys", "Keys by pattern", own);

	return {title: name_, of: `${named(protocol)} ${side}`, element: make("div", {}, top, inner.element, keys.element, pools.element), update(now) {
		const row = rows(now, "services").find((r) => r.key === key), held = records(now.newest.doc.pools, "service", "side", "database")
			.filter((r) => protocol === "postgres" && r.all.service === name_ && r.all.side === side);

		top.replaceChildren(row ? head(row, "services", [["Connections", n.count(row.all.connections)], ...healthFacts(now, name_)])
			: make("p", {class: "nothing"}, "There is no such service now."));
		inner.update(now);
		keys.element.hidden = !(protocol === "redis" && keys.update(now));
		pools.element.hidden = !held.length;
		pools.render(held);
	}};
}

function statusFacts(row) {
	return [...Object.entries(row.all.status ?? {}).map(([code, count]) => [`Status ${code}`, n.count(count)]),
		...Object.entries(row.all.commands ?? {}).sort((a, b) => b[1] - a[1]).map(([command, count]) => [command, n.count(count)])];
}

function oneRow(list, key) {
	const top = make("div"), said = make("pre", {hidden: true}), titles = {routes: (r) => `${r.method} ${r.route}`,
		statements: (r) => `${r.verb} ${r.table}`, commands: (r) => r.command, keys: (r) => r.pattern};

	return {title: "", element: make("div", {}, said, top), update(now) {
		const row = rows(now, list).find((r) => r.key === key), all = row?.all;

		top.replaceChildren(row ? head(row, list, [...statusFacts(row), ["Rows", all.rows === undefined ? null : n.count(all.rows)],
			["Hits", all.hits === undefined ? null : n.count(all.hits)], ["Misses", all.misses === undefined ? null : n.count(all.misses)],
			["Asked", list === "keys" ? n.bytes(all.request_bytes) : null],
			["Answered", list === "keys" ? n.bytes(all.response_bytes) : null],
			["Fingerprint", all.fingerprint]]) : make("p", {class: "nothing"}, "There is no such row now."));
		said.hidden = !all?.statement;
		setText(said, all?.statement ?? "");
		this.title = row ? titles[list](all) : "gone";
		this.of = row ? `${all.service}, ${all.side}` : "";
	}};
}

// ---- the other pages ----

const list = (id, title) => () => ({title, ...tableOf(id, title)});

function recordsPage(title, ...sections) {
	const tables = sections.map(([id, caption, columns, by, field, keys, empty]) => ({field, keys, empty, table: table(id, caption, columns, by)}));

	return {title, element: make("div", {}, ...tables.map((t) => t.table.element)), update(now) {
		for (const t of tables)
			t.table.render(records(now.newest.doc[t.field], ...t.keys).filter(holds(now.filter)), t.empty);
	}};
}

const pools = () => recordsPage("Pools", ["pools", "Database pools", poolColumns, "Active", "pools", ["service", "side", "database"],
	"No database pool was seen."], ["caches", "Caches", cacheColumns, "Used", "caches", ["service", "address"], "No cache was seen."]);
const queues = () => recordsPage("Queues", ["queues", "Job queues", queueColumns, "Depth", "queues", ["queue"],
	"No queue is declared in the configuration."]);

function losses() {
	const page = recordsPage("Losses", ["books", "Seen = reported + lost + in flight", bookColumns, "Seen", "totals", ["protocol", "side"]],
		["losses", "Losses by reason", lossColumns, "Exchanges", "losses", ["protocol", "reason"], "Nothing was lost."]);

	return page;
}

function itself() {
	const top = make("div");

	return {title: "sonde", element: make("section", {}, top), update(now) {
		const {doc} = now.newest, s = doc.sonde, old = now.older?.doc.sonde, seconds = n.secondsBetween(now.newest, now.older);
		const a = (field) => (s[field] - (old ? old[field] : 0)) / seconds;

		top.replaceChildren(facts([["Version", s.version], ["Capture", (s.capture || doc.source).replaceAll("_", " ")], ["Connections observed", n.share(s.sampling_rate ?? 1)],
			["CPU budget", s.cpu_budget ? n.share(s.cpu_budget) : "none"],
			["Running for", n.age((doc.time_ns - doc.started_ns) / 1e9)],
			["Events", `${n.rate(a("events"))} /s`], ["Bytes seen", `${n.bytes(a("bytes"))}/s`],
			["Bytes captured", `${n.bytes(a("captured_bytes"))}/s`], ["CPU of the daemon", n.share(a("cpu_seconds"))],
			["CPU of its programs in the kernel", n.share(a("bpf_run_seconds"))], ["Memory", n.bytes(s.resident_bytes)],
			["Ring in use", n.share(s.ring_fill)], ["Ring at its fullest", n.share(s.ring_fill_max)],
			["Age of an event when taken", n.duration(s.drain_delay_ms)], ["Connections followed", n.count(s.connections)],
			["Series", n.count(s.series)]]));
	}};
}

export const pages = {
	services: {title: "Services", make: overview},
	routes: {title: "Routes", make: list("routes", "Routes")},
	statements: {title: "Statements", make: list("statements", "Statements")},
	commands: {title: "Commands", make: list("commands", "Commands")},
	keys: {title: "Keys", make: list("keys", "Keys by pattern")},
	slow: {title: "Slow", make: slow},
	queues: {title: "Queues", make: queues},
	pools: {title: "Pools", make: pools},
	losses: {title: "Losses", make: losses},
	sonde: {title: "sonde", make: itself},
};

// "#/service/nginx/http/server" and the like; what is no page is the first one.
export function viewOf(hash) {
	let path;

	try {
		path = hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
	} catch {
		path = [];
	}
	if (path[0] === "service" && path.length === 4)
		return {page: "services", view: oneService(...path.slice(1)), deep: true};
	if (["routes", "statements", "commands", "keys"].includes(path[0]) && path.length === 2)
		return {page: path[0], view: oneRow(path[0], path[1]), deep: true};
	if (path[0] === "slow" && path.length === 2)
		return {page: "slow", view: oneSlow(path[1]), deep: true};
	const page = Object.hasOwn(pages, path[0]) ? path[0] : "services";

	return {page, view: pages[page].make(), deep: false};
}
