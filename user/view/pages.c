/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The pages without a table, and the details of one row. */
#include "view/pages.h"

#include <math.h>
#include <string.h>
#include "view/callers.h"
#include "view/cells.h"
#include "view/columns.h"

/* ---- losses ---- */

static void put_total(struct frame *f, int y, const struct model_total *t)
{
	cells__put(f, 0, y, t->lost ? STYLE_BAD : STYLE_PLAIN, "%-10s %-7s %12lu %12lu %10lu %10lu",
		   t->protocol, t->side, (unsigned long)t->seen, (unsigned long)t->reported,
		   (unsigned long)t->in_flight, (unsigned long)t->lost);
}

static void put_reasons_head(const struct model *m, struct frame *f, int y)
{
	cells__style_line(f, y, STYLE_TITLE);
	cells__put(f, 0, y, STYLE_TITLE, "%-10s %-12s %12s %14s", "PROTOCOL", "REASON", "EXCHANGES",
		   "BYTES");
	if (!m->loss_count)
		cells__put(f, 0, y + 1, STYLE_GOOD, "nothing was lost");
}

/* Line by line, so that any part of it may be shown: totals, a blank, a head, reasons. */
static void put_losses_line(const struct model *m, struct frame *f, int y, size_t line)
{
	const struct model_loss *loss;

	if (line < m->total_count) {
		put_total(f, y, &m->totals[line]);
	} else if (line == m->total_count + 1) {
		put_reasons_head(m, f, y);
	} else if (line > m->total_count + 1 && line - m->total_count - 2 < m->loss_count) {
		loss = &m->losses[line - m->total_count - 2];
		cells__put(f, 0, y, STYLE_BAD, "%-10s %-12s %12lu %14lu", loss->protocol,
			   loss->reason, (unsigned long)loss->exchanges,
			   (unsigned long)loss->bytes);
	}
}

/* The view's choice is the first line that is shown. */
void page__losses(struct view *v, struct frame *f)
{
	const struct model *m = v->model;
	size_t lines = m ? m->total_count + m->loss_count + 3 : 0;
	int bottom = f->height - FOOTER_LINES;

	v->room = bottom > HEADER_LINES ? (size_t)(bottom - HEADER_LINES) : 0;
	v->shown = lines > v->room ? lines - v->room : 1;
	if (v->selected >= v->shown)
		v->selected = v->still ? 0 : v->shown - 1;
	cells__style_line(f, HEADER_LINES - 1, STYLE_TITLE);
	cells__put(f, 0, HEADER_LINES - 1, STYLE_TITLE, "%-10s %-7s %12s %12s %10s %10s",
		   "PROTOCOL", "SIDE", "SEEN", "REPORTED", "IN FLIGHT", "LOST");
	for (size_t i = v->selected; i < lines && i - v->selected < v->room; i++)
		put_losses_line(m, f, HEADER_LINES + (int)(i - v->selected), i);
}

/* ---- sonde itself ---- */

void page__sonde(const struct view *v, struct frame *f)
{
	const struct model *m = v->model;
	int y = HEADER_LINES;

	cells__style_line(f, HEADER_LINES - 1, STYLE_TITLE);
	cells__put(f, 0, HEADER_LINES - 1, STYLE_TITLE, "sonde itself");
	if (!m)
		return;
	if (m->recording)
		cells__put(f, 0, y++, STYLE_WARN,
			   "cpu and memory are the replay's, not a daemon's");
	cells__put(f, 0, y++, STYLE_PLAIN, "capture        %s",
		   m->recording ? "a recording" : m->capture);
	cells__put(f, 0, y++, STYLE_PLAIN, "cpu            %.2f%% of one core", m->cpu_share * 100);
	if (m->call_cost > 0)
		cells__put(f, 0, y++, STYLE_PLAIN, "a bpf run      %.0f%% of a socket call's time",
			   m->call_cost * 100);
	cells__put(f, 0, y++, STYLE_PLAIN, "bpf            %.2f%% of one core", m->bpf_share * 100);
	cells__put(f, 0, y++, STYLE_PLAIN, "resident       %.1f MiB",
		   (double)m->resident_bytes / 1048576);
	cells__put(f, 0, y++, STYLE_PLAIN, "ring           %.1f%% now, %.1f%% at most",
		   m->ring_fill * 100, m->ring_fill_max * 100);
	cells__put(f, 0, y++, STYLE_PLAIN, "drain delay    %.2f ms", m->drain_delay_ms);
	cells__put(f, 0, y++, STYLE_PLAIN, "events         %lu, %.0f/s", (unsigned long)m->events,
		   m->events_rate);
	cells__put(f, 0, y++, STYLE_PLAIN, "bytes          %lu, %.0f/s", (unsigned long)m->bytes,
		   m->bytes_rate);
	cells__put(f, 0, y++, STYLE_PLAIN, "connections    %lu", (unsigned long)m->connections);
	cells__put(f, 0, y++, STYLE_PLAIN, "series         %lu", (unsigned long)m->series);
	if (m->left_out)
		cells__put(f, 0, y, STYLE_WARN, "rows left out  %lu", (unsigned long)m->left_out);
}

/* ---- one row ---- */

#define BAR_ROOM 30

static int put_latency(const struct view *v, struct frame *f, int x, int y, const char *name,
		       double ms)
{
	wchar_t text[32];

	format__ms(ms, v->plain, text, sizeof(text) / sizeof(*text));
	x = cells__put(f, x, y, STYLE_DIM, "%s ", name);
	return cells__put(f, x, y, STYLE_PLAIN, "%ls", text) + 3;
}

static int put_latencies(const struct view *v, struct frame *f, int y, const struct model_row *r)
{
	int x = cells__put(f, 0, y, STYLE_DIM, "%-12s", "latency");

	x = put_latency(v, f, x, y, "p50", r->p50);
	x = put_latency(v, f, x, y, "p95", r->p95);
	x = put_latency(v, f, x, y, "p99", r->p99);
	x = put_latency(v, f, x, y, "max", r->max);
	put_latency(v, f, x, y, "mean", r->mean);
	return y + 1;
}

static int put_traffic(const struct view *v, struct frame *f, int y, const struct model_row *r)
{
	int x = cells__put(f, 0, y, STYLE_DIM, "%-12s", "exchanges");

	x = cells__put(f, x, y, STYLE_PLAIN, "%lu in %.1f s, %.2f/s", (unsigned long)r->count,
		       v->model->interval, r->rate);
	x = cells__put(f, x, y, r->errors ? STYLE_BAD : STYLE_PLAIN, ", %lu errors (%.2f%%)",
		       (unsigned long)r->errors, r->error_share * 100);
	cells__put(f, x, y, r->unanswered ? STYLE_WARN : STYLE_PLAIN, ", %lu unanswered",
		   (unsigned long)r->unanswered);
	return y + 1;
}

static int put_status(const struct view *v, struct frame *f, int y, const struct model_row *r)
{
	for (size_t i = 0; i < r->status_count; i++) {
		const struct model_status *s = &r->status[i];
		double share = r->count ? (double)s->count / (double)r->count : 0;
		enum cell_style style = s->code >= 500	 ? STYLE_BAD
					: s->code >= 400 ? STYLE_WARN
							 : STYLE_GOOD;
		int x = cells__put(f, 0, y, STYLE_DIM, "%-12s",
				   i	     ? ""
				   : s->code ? "status"
					     : "commands");

		if (s->code)
			x = cells__put(f, x, y, style, "%3u ", s->code);
		else
			x = cells__put(f, x, y, STYLE_PLAIN, "%-16s ", s->command);
		x = cells__put(f, x, y, STYLE_PLAIN, "%10lu %5.1f%% ", (unsigned long)s->count,
			       share * 100);
		for (int bar = 0; bar < (int)ceil(fmin(share, 1) * BAR_ROOM); bar++)
			x += cells__put_wide(f, x, y, 1, style, v->plain ? L"#" : L"\u2588");
		y++;
	}
	return y;
}

static int put_pair(struct frame *f, int y, const char *name, const char *value)
{
	int x;

	if (!value[0])
		return y;
	x = cells__put(f, 0, y, STYLE_DIM, "%-12s", name);
	cells__put(f, x, y, STYLE_PLAIN, "%s", value);
	return y + 1;
}

static int put_bytes(struct frame *f, int y, const struct model_row *r)
{
	wchar_t asked[32], answered[32];
	int x = cells__put(f, 0, y, STYLE_DIM, "%-12s", "bytes");

	format__bytes((double)r->request_bytes, asked, sizeof(asked) / sizeof(*asked));
	format__bytes((double)r->response_bytes, answered, sizeof(answered) / sizeof(*answered));
	cells__put(f, x, y, STYLE_PLAIN, "%ls asked, %ls answered", asked, answered);
	return y + 1;
}

static int put_protocol(const struct view *v, struct frame *f, int y, const struct model_row *r)
{
	int x;

	if (v->page == PAGE_STATEMENTS) {
		y = put_pair(f, y, "fingerprint", r->fingerprint);
		y = put_pair(f, y, "table", r->table);
		x = cells__put(f, 0, y, STYLE_DIM, "%-12s", "rows");
		cells__put(f, x, y++, STYLE_PLAIN, "%lu, %.2f per statement", (unsigned long)r->aux,
			   r->count ? (double)r->aux / (double)r->count : 0);
	} else if (r->aux + r->aux2) {
		x = cells__put(f, 0, y, STYLE_DIM, "%-12s", "keys");
		cells__put(f, x, y++, STYLE_PLAIN, "%lu found, %lu not (%.1f%% hits)",
			   (unsigned long)r->aux, (unsigned long)r->aux2,
			   100.0 * (double)r->aux / (double)(r->aux + r->aux2));
	}
	return v->page == PAGE_KEYS ? put_bytes(f, y, r) : y;
}

/* A service has no name but its own, which the title tells. */
static int put_name(const struct view *v, struct frame *f, int y, const struct model_row *r)
{
	if (v->page == PAGE_SERVICES) {
		int x = cells__put(f, 0, ++y, STYLE_DIM, "%-12s", "connections");

		cells__put(f, x, y, STYLE_PLAIN, "%lu open", (unsigned long)r->connections);
		return y + 1;
	}
	return cells__put_wrapped(f, 0, y, STYLE_BOLD, r->name) + 1;
}

void page__details(const struct view *v, struct frame *f, const struct model_row *r)
{
	static const char *const thing[PAGE_LOSSES] = {"all", "route", "statement", "command",
						       "keys"};
	int y = HEADER_LINES - 1;

	cells__style_line(f, y, STYLE_TITLE);
	cells__put(f, 0, y++, STYLE_TITLE, "%s of %s (%s%s%s)", thing[v->page], r->service,
		   r->protocol, r->protocol[0] ? " " : "", r->side);
	y = put_name(v, f, y, r);
	if (v->page == PAGE_ROUTES)
		y = put_pair(f, y, "method", r->kind);
	y = put_traffic(v, f, y, r);
	y = put_latencies(v, f, y, r);
	y = put_protocol(v, f, y, r);
	if (v->page == PAGE_STATEMENTS)
		y = callers__draw(v, f, y, r);
	y = put_status(v, f, y, r);
	if (!v->still)
		heat__draw(v, f, y, r);
}
