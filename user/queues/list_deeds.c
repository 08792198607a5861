/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What commands do to the lists that jobs wait in: adding, taking, asking how many. */
#include "queues/queue_kind.h"

#define FLAG_KEYED 0x01 /* the reply names the key: [key, value], [key, [values]] */

/* ---- commands ---- */

/* Keys from `first` on, at most `count`; the deed is about those that are the queue's. */
static bool read_keys(struct queue *q, const struct call *call, uint32_t first, uint32_t count,
		      list_finder list_of, struct deed *d)
{
	bool found = false;

	for (uint32_t i = first; i < first + count && i < call->kept; i++) {
		int list = list_of(q, call__argument(call, i));

		if (list < 0)
			continue;
		d->list = found ? d->list : (uint8_t)list;
		d->another |= 1ull << list;
		found = true;
	}
	return found;
}

/* "numkeys key ..." at an argument. */
static bool read_counted(struct queue *q, const struct call *call, uint32_t at, list_finder list_of,
			 struct deed *d)
{
	struct slice digits = call__argument(call, at);
	uint32_t count = 0;

	for (size_t i = 0; i < digits.length && i < 4; i++)
		count = count * 10 + (uint32_t)(digits.data[i] - '0');
	d->flags = FLAG_KEYED;
	return read_keys(q, call, at + 1, count, list_of, d);
}

static bool read_move(struct queue *q, const struct call *call, list_finder list_of, struct deed *d)
{
	int from = list_of(q, call__argument(call, 1)), to = list_of(q, call__argument(call, 2));

	if (from == to)
		return false; /* of other queues, or turned round */
	d->what = from >= 0 ? DEED_MOVE : DEED_MOVED_TO;
	d->list = (uint8_t)(from >= 0 ? from : to);
	d->another = 1ull << d->list;
	return true;
}

static bool read_pop(struct queue *q, const struct call *call, list_finder list_of, struct deed *d)
{
	d->what = DEED_POP;
	switch (call->command) {
	case FOLLOWED_BLPOP:
	case FOLLOWED_BRPOP:
		d->flags = FLAG_KEYED;
		return read_keys(q, call, 1, call->count - 2, list_of, d);
	case FOLLOWED_LMPOP:
		return read_counted(q, call, 1, list_of, d);
	case FOLLOWED_BLMPOP:
		return read_counted(q, call, 2, list_of, d);
	default:
		return read_keys(q, call, 1, 1, list_of, d);
	}
}

static uint8_t what_of(enum followed_command command)
{
	switch (command) {
	case FOLLOWED_LPUSH:
	case FOLLOWED_RPUSH:
	case FOLLOWED_LPUSHX:
	case FOLLOWED_RPUSHX:
		return DEED_ADD;
	case FOLLOWED_LREM:
		return DEED_REMOVE;
	case FOLLOWED_LLEN:
		return DEED_LENGTH;
	case FOLLOWED_LTRIM:
		return DEED_TRIM;
	case FOLLOWED_DEL:
	case FOLLOWED_UNLINK:
		return DEED_EMPTY;
	default:
		return DEED_NONE;
	}
}

static bool is_blocking(enum followed_command command)
{
	return command == FOLLOWED_BLPOP || command == FOLLOWED_BRPOP ||
	       command == FOLLOWED_BLMPOP || command == FOLLOWED_BLMOVE ||
	       command == FOLLOWED_BRPOPLPUSH;
}

bool list_deed__read(struct queue *q, const struct call *call, list_finder list_of, struct deed *d)
{
	if (call->count < 2)
		return false;
	d->blocking = is_blocking(call->command);
	switch (call->command) {
	case FOLLOWED_LPOP:
	case FOLLOWED_RPOP:
	case FOLLOWED_BLPOP:
	case FOLLOWED_BRPOP:
	case FOLLOWED_LMPOP:
	case FOLLOWED_BLMPOP:
		return read_pop(q, call, list_of, d);
	case FOLLOWED_LMOVE:
	case FOLLOWED_BLMOVE:
	case FOLLOWED_RPOPLPUSH:
	case FOLLOWED_BRPOPLPUSH:
		return read_move(q, call, list_of, d);
	default:
		d->what = what_of(call->command);
		d->count = call->count - 2;
		return d->what && read_keys(q, call, 1, d->what == DEED_EMPTY ? call->count - 1 : 1,
					    list_of, d);
	}
}

bool list_deed__same(const struct deed *first, const struct deed *next)
{
	return first->what == DEED_ADD && next->what == DEED_ADD && first->list == next->list;
}

/* ---- replies ---- */

static void for_each_list(struct queue *q, const struct deed *d, const struct scene *s, bool unsure)
{
	for (int i = 0; i < QUEUE_LISTS; i++) {
		if (!(d->another >> i & 1))
			continue;
		if (unsure)
			depth__unsure(&q->list[i]);
		depth__told(&q->list[i], 0, 0, &s->moment);
	}
}

static void take_one(struct queue *q, int list, const struct deed *d, const struct reply *job,
		     const struct scene *s,
		     void (*taken)(struct queue *, const struct deed *, const struct reply *,
				   const struct scene *))
{
	depth__change(&q->list[list], -1, &s->moment);
	taken(q, d, job, s);
}

static void apply_pop(struct queue *q, const struct deed *d, struct reply *reply,
		      const struct scene *s, list_finder list_of,
		      void (*taken)(struct queue *, const struct deed *, const struct reply *,
				    const struct scene *))
{
	struct reply key, values = *reply, job;
	int list = d->list;

	if (!reply->known) {
		queue__unsure(q);
	} else if (reply__is_nil(reply)) {
		for_each_list(q, d, s, false);
	} else if (d->flags & FLAG_KEYED) {
		if (!reply__next(reply, &key) || !reply__next(reply, &values))
			return;
		list = list_of(q, key.bytes);
	}
	if (list < 0)
		return; /* from another queue's list */
	if (reply__is_string(&values))
		take_one(q, list, d, &values, s, taken);
	else if (reply__is_array(&values))
		while (reply__next(&values, &job))
			take_one(q, list, d, &job, s, taken);
}

static void apply_number(struct queue *q, const struct deed *d, const struct reply *reply,
			 const struct scene *s)
{
	struct depth *list = &q->list[d->list];
	int64_t number;

	if (!reply__integer(reply, &number)) {
		if (d->what == DEED_ADD)
			depth__change(list, d->count, &s->moment);
		else if (d->what == DEED_REMOVE)
			depth__unsure(list);
	} else if (d->what == DEED_ADD) {
		depth__told(list, number, number ? d->count : 0, &s->moment);
	} else if (d->what == DEED_LENGTH) {
		depth__told(list, number, 0, &s->moment);
	} else {
		depth__change(list, -number, &s->moment);
	}
}

void list_deed__apply(struct queue *q, const struct deed *d, struct reply *reply,
		      const struct scene *s, list_finder list_of,
		      void (*taken)(struct queue *, const struct deed *, const struct reply *,
				    const struct scene *))
{
	switch (d->what) {
	case DEED_POP:
	case DEED_MOVE:
		apply_pop(q, d, reply, s, list_of, taken);
		break;
	case DEED_MOVED_TO:
		if (reply__is_string(reply))
			depth__change(&q->list[d->list], 1, &s->moment);
		break;
	case DEED_EMPTY:
		for_each_list(q, d, s, true);
		break;
	case DEED_TRIM:
		depth__unsure(&q->list[d->list]);
		break;
	default:
		q->added += d->what == DEED_ADD ? d->count : 0;
		apply_number(q, d, reply, s);
		break;
	}
}
