// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is on the page, made of elements alone: no text ever becomes markup.

const SVG = "http://www.w3.org/2000/svg";

export function make(name, attributes = {}, ...children) {
	const element = document.createElement(name);

	for (const [key, value] of Object.entries(attributes))
		if (value !== null && value !== undefined && value !== false)
			element.setAttribute(key, value === true ? "" : value);
	element.append(...children);
	return element;
}

export function shape(name, attributes, ...children) {
	const element = document.createElementNS(SVG, name);

	for (const [key, value] of Object.entries(attributes))
		element.setAttribute(key, value);
	element.append(...children);
	return element;
}

export function setText(element, value) {
	if (element.textContent !== value)
		element.textContent = value;
}

const set = (element, name, value) => element.getAttribute(name) !== value && element.setAttribute(name, value);

// ---- sparklines ----

export function newSpark(width = 96, height = 22) {
	const svg = shape("svg", {class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true"},
		shape("path", {class: "area"}), shape("path", {class: "line", "vector-effect": "non-scaling-stroke"}));

	svg.size = [width, height];
	return svg;
}

export function setSpark(svg, values, slots) {
	const [width, height] = svg.size, top = Math.max(...values, 0) || 1, step = width / Math.max(1, slots - 1);
	const points = values.map((v, i) => [width - (values.length - 1 - i) * step, height - 1.5 - (v / top) * (height - 3)]);
	const line = points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

	set(svg.children[0], "d", points.length > 1 ? `${line}L${width} ${height}L${points[0][0].toFixed(1)} ${height}Z` : "");
	set(svg.children[1], "d", points.length > 1 ? line : "");
}

// ---- where latencies lie, on one logarithmic scale for all rows: 1 µs to 10 s ----

const place = (ms) => (Math.max(0, Math.min(1, (Math.log10(Math.max(ms, 1e-9)) + 3) / 7)) * 100).toFixed(1);

export function newSpread() {
	return shape("svg", {class: "spread", viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true"},
		shape("path", {class: "grid", d: "M42.9 0V12M85.7 0V12", "vector-effect": "non-scaling-stroke"}),
		shape("rect", {class: "wide", y: 4.5, height: 3, width: 0}), shape("rect", {class: "near", y: 2.5, height: 7, width: 0}),
		shape("rect", {class: "middle", y: 1, height: 10, width: 0}));
}

export function setSpread(svg, row) {
	const known = Number.isFinite(row.p50), at = (ms) => Number(place(ms));
	const from = at(row.p50), near = at(row.p95), wide = at(row.max);

	[[1, from, wide - from], [2, from, near - from], [3, from - 0.6, 1.2]].forEach(([child, x, width]) => {
		set(svg.children[child], "x", String(known ? x : 0));
		set(svg.children[child], "width", String(known ? Math.max(width, 0.6) : 0));
	});
}

// ---- a histogram ----

export function histogram(row, bound, say) {
	const {sketch} = row;
	const first = sketch.counts.findIndex((n) => n), last = sketch.counts.findLastIndex((n) => n);
	const used = first < 0 ? [] : sketch.counts.slice(first, last + 1), top = Math.max(...used, 1), wide = 100 / Math.max(used.length, 12);
	const bars = used.map((n, i) => {
		const height = n ? Math.max(0.8, (n / top) * 58) : 0;
		const bar = shape("rect", {x: i * wide + wide * 0.08, width: wide * 0.84, y: 60 - height, height});

		bar.append(shape("title", {}, `${say(bound(sketch.first + first + i - 1))} to ${say(bound(sketch.first + first + i))}: ${n}`));
		return bar;
	});
	const marks = used.length ? [row.p50, row.p95, row.p99].map((ms) => {
		const x = ((Math.log2(ms) * 8 - (sketch.first + first - 1)) * wide).toFixed(2);

		return shape("path", {class: "mark", d: `M${x} 0V60`, "vector-effect": "non-scaling-stroke"});
	}) : [];
	const figure = make("figure", {class: "histogram"}, shape("svg", {viewBox: "0 0 100 60", preserveAspectRatio: "none", role: "img",
		"aria-label": used.length ? `Latencies from ${say(bound(sketch.first + first - 1))} to ${say(bound(sketch.first + last))}` : "No latencies"}, ...bars, ...marks));

	figure.append(make("figcaption", {}, make("span", {}, used.length ? say(bound(sketch.first + first - 1)) : "nothing was answered"),
		...(used.length ? [make("span", {}, "lines at p50, p95, p99")] : []),
		make("span", {}, used.length ? say(bound(sketch.first + last)) : "")));
	return figure;
}

export function facts(pairs) {
	return make("dl", {class: "facts"}, ...pairs.filter(([, value]) => value !== null && value !== undefined)
		.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

// ---- tables ----

const SHOWN = 200;

/*
 * Columns: {title, label (where the title is short), number, value(row), text(row), draw(cell, row), fold: shown from which
 * width on (0: always)}. Rows keep their elements, so that what is focused or marked stays so while numbers change.
 */
export class Table {
	constructor({caption, columns, sort, descending = true, sorted = () => {}}) {
		Object.assign(this, {columns, sort, descending, sorted, elements: new Map(), shown: SHOWN});
		this.caption = make("caption", {}, make("span", {}, caption), make("small", {}));
		this.body = make("tbody");
		this.heads = columns.map((column) => this.head(column));
		this.more = make("button", {type: "button", class: "more", hidden: true}, "");
		this.more.addEventListener("click", () => {
			this.shown *= 4;
			this.render(this.rows);
		});
		this.nothing = make("p", {class: "nothing", hidden: true}, "");
		this.element = make("section", {class: "rows"}, make("table", {}, this.caption, make("thead", {}, make("tr", {}, ...this.heads)), this.body),
			this.nothing, this.more);
		this.show();
	}

	head(column) {
		const button = make("button", {type: "button", title: column.label ? `${column.label}: sort` : `Sort by ${column.title}`}, column.title);
		const head = make("th", {scope: "col", class: `${column.number ? "number" : ""} from${column.fold ?? 0}`}, button);

		button.addEventListener("click", () => {
			this.descending = this.sort === column ? !this.descending : Boolean(column.number);
			this.sort = column;
			this.show();
			this.render(this.rows);
			this.sorted(column, this.descending);
		});
		return head;
	}

	show() {
		this.columns.forEach((column, i) => this.heads[i].setAttribute("aria-sort",
			column === this.sort ? (this.descending ? "descending" : "ascending") : "none"));
	}

	order(rows) {
		const {value, number} = this.sort, way = this.descending ? -1 : 1;
		const compare = (a, b) => {
			const x = value(a), y = value(b);

			if (!number)
				return String(x).localeCompare(String(y), "en") * way;
			// What is not known is at the end, either way.
			return (Number.isFinite(y) - Number.isFinite(x)) || (Number.isFinite(x) ? (x - y) * way : 0);
		};

		return rows.slice().sort((a, b) => compare(a, b) || (a.key < b.key ? -1 : 1));
	}

	row(row) {
		const cells = this.columns.map((column, i) => make(i ? "td" : "th", {scope: i ? null : "row",
			class: `${column.number ? "number" : ""} ${column.kind ?? ""} from${column.fold ?? 0}`}));

		return make("tr", {}, ...cells);
	}

	fill(element, row) {
		this.columns.forEach((column, i) => {
			const cell = element.children[i];

			if (column.draw)
				column.draw(cell, row);
			else
				setText(cell, column.text(row));
			if (column.tone)
				set(cell, "data-tone", column.tone(row));
		});
	}

	render(rows, empty = "Nothing was seen yet.") {
		const ordered = this.order(this.rows = rows).slice(0, this.shown), focused = document.activeElement;
		const keys = new Set(ordered.map((row) => row.key));

		for (const [key, element] of this.elements)
			if (!keys.has(key)) {
				element.remove();
				this.elements.delete(key);
			}
		ordered.forEach((row, i) => {
			let element = this.elements.get(row.key);

			if (!element)
				this.elements.set(row.key, element = this.row(row));
			this.fill(element, row);
			if (this.body.children[i] !== element)
				this.body.insertBefore(element, this.body.children[i] ?? null);
		});
		if (focused !== document.activeElement && this.body.contains(focused))
			focused.focus({preventScroll: true});
		setText(this.caption.children[1], `${rows.length.toLocaleString("en")} ${rows.length === 1 ? "row" : "rows"}`);
		this.nothing.hidden = rows.length > 0;
		setText(this.nothing, rows.length ? "" : empty);
		this.more.hidden = rows.length <= this.shown;
		setText(this.more, `Show more of ${rows.length.toLocaleString("en")}`);
	}
}
