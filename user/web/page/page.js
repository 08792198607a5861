// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Asks the daemon for its document, keeps the last ones, and has the chosen view drawn.
import {make, setText} from "./draw.js";
import * as n from "./numbers.js";
import {SLOTS, pages, viewOf} from "./views.js";

const EVERY_MS = 2000, PATIENCE_MS = 10000;
const ROWS_KEPT = 60000; // of all documents together: what a browser holds with ease

const $ = (id) => document.getElementById(id);
const history = []; // oldest first
let shown, paused = false, over = 10, timer = 0, asking = null, failedSince = 0;

// ---- documents ----

function keep(doc) {
	const newest = n.indexed(doc);

	if (history.length && n.isAnew(newest, history.at(-1)))
		history.length = 0;
	history.push(newest);
	while (history.length > SLOTS + 1 || (history.length > 3 && history.reduce((sum, d) => sum + d.rows, 0) > ROWS_KEPT))
		history.shift();
}

// The newest of those that are old enough; null: count from the start.
function older() {
	const newest = history.at(-1);

	if (!over || history.length < 2)
		return null;
	for (let i = history.length - 2; i >= 0; i--)
		if (n.secondsBetween(newest, history[i]) >= over - 0.5)
			return history[i];
	return history[0];
}

// ---- drawing ----

function vital(name, value, tone, title) {
	return make("div", {"data-tone": tone, title}, make("dt", {}, name), make("dd", {}, value));
}

function drawVitals(newest) {
	const {doc} = newest, s = doc.sonde, {seen, lost, attached} = n.books(doc), was = older()?.doc.sonde;
	const seconds = n.secondsBetween(newest, older()), of = (field) => (s[field] - (was ? was[field] : 0)) / seconds;

	$("vitals").replaceChildren(
		vital("Lost", `${lost ? n.count(lost) : "nothing"} of ${n.count(seen)}`, lost ? "bad" : "good",
			attached ? `${n.count(attached)} had begun before sonde was attached; they are told apart` : null),
		vital("Ring", `${n.share(s.ring_fill)}, max ${n.share(s.ring_fill_max)}`, s.ring_fill_max >= 0.75 ? "bad" : null),
		vital("Own cost", `${n.share(of("cpu_seconds") + of("bpf_run_seconds"))} CPU, ${n.bytes(s.resident_bytes)}`),
		vital("Capture", s.capture ? s.capture.replaceAll("_", " ") : doc.source),
		...(s.sampling_rate < 1 ? [vital("Sampling", `1 connection in ${Math.round(1 / s.sampling_rate)}`, "bad")] : []));
	setText($("version"), String(s.version));
	setText($("since"), `Observed for ${n.age((doc.time_ns - doc.started_ns) / 1e9)}; as of ${doc.wall}.`);
}

function draw() {
	const newest = history.at(-1), title = document.querySelector("#view > h2");

	if (!newest)
		return;
	drawVitals(newest);
	shown.view.update({newest, older: older(), history, filter: $("filter").value.trim().toLowerCase()});
	if (title) {
		setText(title.firstChild, shown.view.title);
		setText(title.lastChild, shown.view.of ?? "");
	}
	document.title = shown.view.title === "sonde" ? "sonde" : `${shown.view.title} – sonde`;
}

function showState(state, words) {
	const element = $("state");

	element.dataset.state = document.body.dataset.state = state;
	setText(element, words);
}

function drawAway(error) {
	failedSince ||= Date.now();
	showState("away", "old numbers");
	$("alarm").hidden = false;
	setText($("alarm"), error === 401 ? "A name and password are needed: load this page again."
		: `sonde does not answer since ${new Date(failedSince).toLocaleTimeString()}. ${history.length ? "These numbers are old." : ""} It is asked again.`);
}

function drawLive() {
	failedSince = 0;
	$("alarm").hidden = true;
	showState(paused ? "paused" : "live", paused ? "paused" : "live");
}

// ---- asking ----

// Without the name and password that may stand in the page's address: fetch() refuses such.
const address = new URL("api/top", `${location.origin}${location.pathname}`);

async function ask() {
	const answer = await fetch(address, {signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store"});

	if (!answer.ok)
		throw answer.status;
	return answer.json();
}

async function turn() {
	asking ??= ask();
	try {
		const doc = await asking;

		if (!paused)
			keep(doc);
		drawLive();
	} catch (error) {
		drawAway(error);
	}
	asking = null;
	if (!paused)
		draw();
	schedule();
}

// Nothing is asked while nobody looks.
function schedule(delay = EVERY_MS) {
	clearTimeout(timer);
	if (!document.hidden && !paused)
		timer = setTimeout(turn, delay);
}

// ---- what people do ----

// On narrow screens the pages' names scroll: the current one is in sight.
function centre() {
	const link = $("pages").querySelector("[aria-current]");

	$("pages").scrollLeft = link.offsetLeft - $("pages").clientWidth / 2 + link.offsetWidth / 2;
}

function show() {
	shown = viewOf(location.hash);
	const heading = make("h2", {class: shown.deep ? "" : "quiet"}, make("span", {}, shown.view.title), make("small", {}));
	const back = make("a", {href: `#/${shown.page}`, class: "back"}, pages[shown.page].title);

	for (const link of $("pages").children)
		if (link.dataset.page === shown.page)
			link.setAttribute("aria-current", "page");
		else
			link.removeAttribute("aria-current");
	centre();
	$("view").replaceChildren(...(shown.deep ? [back] : []), heading, shown.view.element);
	draw();
}

function begin() {
	$("pages").append(...Object.entries(pages).map(([id, page]) => make("a", {href: `#/${id}`, "data-page": id}, page.title)));
	addEventListener("hashchange", () => {
		show();
		$("main").focus({preventScroll: true});
		scrollTo(0, 0);
	});
	addEventListener("resize", centre);
	document.addEventListener("visibilitychange", () => schedule(0));
	$("filter").addEventListener("input", draw);
	$("over").addEventListener("change", (event) => {
		over = Number(event.target.value);
		draw();
	});
	$("pause").addEventListener("click", () => {
		paused = !paused;
		$("pause").setAttribute("aria-pressed", String(paused));
		setText($("pause"), paused ? "Go on" : "Pause");
		drawLive();
		schedule(0);
	});
	show();
	turn();
}

begin();
