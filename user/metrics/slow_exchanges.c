/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/slow_exchanges.h"

#include <stdlib.h>
#include <string.h>
#include "connection.h"
#include "exchange_json.h"
#include "metrics/internal.h"

struct slow_copy {
	const char *text;
	uint64_t length_ns;
};

void slow_exchanges__init(struct slow_exchanges *s)
{
	s->slowest.max = SLOWEST_MAX;
}

void slow_exchanges__clear(struct slow_exchanges *s)
{
	for (uint32_t i = 0; i < SLOWEST_MAX; i++)
		buffer__clear(&s->exchange[i].text);
}

/* ---- what passes ---- */

static bool is_http(const struct exchange *e)
{
	return e->protocol == PROTOCOL_HTTP1 || e->protocol == PROTOCOL_HTTP2;
}

/* Labels of all protocols are of one table, so the protocol need not be in it. */
static uint64_t kind_of(const struct exchange *e)
{
	uint64_t method = is_http(e) ? e->http.method : 0;

	return (uint64_t)e->connection->service << 40 ^ (uint64_t)e->label << 8 ^ method << 1 ^
	       e->side ^ 1ull << 63;
}

/* How long a lost one took nobody knows; who blocks in Redis wants to wait. */
static bool has_time(const struct exchange *e)
{
	if (e->outcome == OUTCOME_LOST)
		return false;
	return e->protocol != PROTOCOL_REDIS || !(e->redis.blocking || e->redis.unmeasured);
}

void slow_exchanges__take(struct metrics *m, const struct exchange *e)
{
	struct slow_exchanges *s = &m->slow_exchanges;
	uint64_t length_ns = exchange__latency_ns(e) + e->queue_ns;
	struct slow_exchange *kept;
	int place;

	if (!has_time(e))
		return;
	place = slowest__place(&s->slowest,
			       &(struct slowest_one){kind_of(e), e->end_ns, length_ns});
	if (place < 0)
		return;
	kept = &s->exchange[place];
	kept->connection = e->connection->id;
	kept->start_ns = e->start_ns;
	if (kept->text.failed)
		buffer__clear(&kept->text);
	kept->text.length = 0;
	exchange__to_json(e, m->engine, &kept->text);
}

/* ---- for other threads ---- */

static bool is_told(const struct snapshot *snapshot, const struct slow_exchange *kept)
{
	for (uint32_t i = 0; i < snapshot->slow_count; i++)
		if (snapshot->slow[i].end.connection == kept->connection &&
		    snapshot->slow[i].end.start_ns == kept->start_ns)
			return true;
	return false;
}

static bool copy_one(struct snapshot *snapshot, struct slow_copy *to,
		     const struct slow_exchange *kept, uint64_t length_ns)
{
	char *text = snapshot__take(snapshot, kept->text.length + 1);

	if (!text)
		return false;
	memcpy(text, kept->text.data, kept->text.length);
	text[kept->text.length] = '\0';
	*to = (struct slow_copy){text, length_ns};
	return true;
}

static int by_length(const void *a, const void *b)
{
	uint64_t x = ((const struct slow_copy *)a)->length_ns;
	uint64_t y = ((const struct slow_copy *)b)->length_ns;

	return x > y ? -1 : x < y;
}

bool slow_exchanges__copy(struct snapshot *snapshot, const struct metrics *m)
{
	const struct slow_exchanges *s = &m->slow_exchanges;
	struct slow_copy *to = snapshot__take(snapshot, (s->slowest.count + 1) * sizeof(*to));
	uint32_t count = 0;

	if (!to)
		return false;
	for (uint32_t i = 0; i < s->slowest.count; i++) {
		const struct slow_exchange *kept = &s->exchange[i];

		if (slowest__is_over(&s->slowest, i, m->engine->now_ns) || kept->text.failed ||
		    !kept->text.data || is_told(snapshot, kept))
			continue;
		if (!copy_one(snapshot, &to[count], kept, s->slowest.one[i].length_ns))
			return false;
		count++;
	}
	qsort(to, count, sizeof(*to), by_length);
	snapshot->slow_exchanges = to;
	snapshot->slow_exchange_count = count;
	return true;
}

json_t *slow_exchanges__json(const struct snapshot *snapshot)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < snapshot->slow_exchange_count; i++) {
		json_t *one = json_loads(snapshot->slow_exchanges[i].text, 0, NULL);

		if (one)
			json_array_append_new(list, one);
	}
	return list;
}
