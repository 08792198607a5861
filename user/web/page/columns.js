// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What columns are made of, and tables that remember how they were sorted.
import {Table, make, setText} from "./draw.js";
import * as n from "./numbers.js";

export const link = (...parts) => `#/${parts.map(encodeURIComponent).join("/")}`;
export const protocols = {http: "HTTP", grpc: "gRPC", postgres: "PostgreSQL", redis: "Redis"};
export const named = (protocol) => protocols[protocol] ?? String(protocol);

// ---- columns ----

// The first cell: a name to follow, and beneath it in small what it is.
export function name(title, where, what, how) {
	return {title, kind: "name", value: (r) => what(r.all), draw(cell, row) {
		if (!cell.firstChild)
			cell.append(make("a", {}), make("small", {}));
		cell.firstChild.setAttribute("href", where(row));
		setText(cell.firstChild, String(what(row.all) ?? "?"));
		setText(cell.lastChild, how(row.all).filter(Boolean).join(" · "));
	}};
}

export const plain = (title, value, fold) => ({title, value: (r) => value(r.all) ?? "", text: (r) => String(value(r.all) ?? "–"), fold});
export const figure = (title, value, text, extra) => ({title, number: true, value, text: (r) => text(value(r)), ...extra});
export const bad = (value) => (value > 0 ? "bad" : "");
export const known = (value) => (value === null || value === undefined ? NaN : value);
export const number = (title, field, text = n.count, extra = {}) => figure(title, (r) => known(r.all[field]), text, extra);
export const percent = (value) => (Number.isFinite(value) ? `${value.toFixed(1)} %` : "–");

export const records = (list, ...fields) => (list ?? []).map((all) => ({key: JSON.stringify(fields.map((f) => all[f])), all}));
export const holds = (filter) => (row) => !filter || Object.values(row.all).some((v) => typeof v === "string" && v.toLowerCase().includes(filter));

// How each table was sorted last, while the page is open.
const chosen = new Map();

export function table(id, caption, columns, by) {
	const was = chosen.get(id);

	return new Table({caption, columns, sort: was?.column ?? columns.find((c) => c.title === by) ?? columns[0], descending: was?.descending ?? true,
		sorted: (column, descending) => chosen.set(id, {column, descending})});
}
