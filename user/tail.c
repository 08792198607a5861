/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tail.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "compiler.h"
#include "exchange_json.h"

struct tail {
	struct engine *engine;
	_Atomic uint64_t wanted_until_ns; /* 0: nobody reads */
	pthread_mutex_t lock;		  /* of what follows */
	uint64_t next;			  /* number of the next line; the first one is 1 */
	uint64_t first;			  /* number of the oldest one that is kept */
	struct buffer line[TAIL_LINES];
};

static struct buffer *slot(struct tail *t, uint64_t number)
{
	return &t->line[number % TAIL_LINES];
}

static void keep(struct tail *t, const struct exchange *exchange)
{
	struct buffer *line = slot(t, t->next);

	line->length = 0;
	exchange__to_json(exchange, t->engine, line);
	t->next++;
	if (t->next - t->first > TAIL_LINES)
		t->first++;
}

static APART void keep_each(struct tail *t, const struct exchange *exchange)
{
	struct exchange one = *exchange;

	one.count = 1;
	pthread_mutex_lock(&t->lock);
	for (uint32_t i = 0; i < exchange->count; i++)
		keep(t, &one);
	pthread_mutex_unlock(&t->lock);
}

static void take(void *context, const struct exchange *exchange)
{
	struct tail *t = context;

	if (atomic_load_explicit(&t->wanted_until_ns, memory_order_relaxed) > t->engine->now_ns)
		keep_each(t, exchange);
}

struct tail *tail__new(struct engine *engine)
{
	struct tail *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->engine = engine;
	t->next = t->first = 1;
	pthread_mutex_init(&t->lock, NULL);
	if (!engine__add_sink(engine,
			      (struct sink){.exchange = take, .context = t, .takes_many = true}))
		return t;
	tail__free(t);
	return NULL;
}

static void drop_lines(struct tail *t)
{
	for (uint32_t i = 0; i < TAIL_LINES; i++)
		buffer__clear(&t->line[i]);
	t->first = t->next;
}

void tail__free(struct tail *t)
{
	if (!t)
		return;
	drop_lines(t);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

void tail__read(struct tail *t, uint64_t after, uint64_t now_ns, struct buffer *out)
{
	uint64_t from, missed = 0;

	pthread_mutex_lock(&t->lock);
	from = after ? after : t->next;
	if (from > t->next) /* of another daemon's life */
		from = t->next;
	if (from < t->first) {
		missed = t->first - from;
		from = t->first;
	}
	buffer__printf(out, "{\"next\":%lu,\"missed\":%lu}\n", (unsigned long)t->next,
		       (unsigned long)missed);
	for (; from < t->next; from++)
		if (!slot(t, from)->failed)
			buffer__append(out, slot(t, from)->data, slot(t, from)->length);
	t->wanted_until_ns = now_ns + TAIL_WANTED_NS;
	pthread_mutex_unlock(&t->lock);
}

void tail__tick(struct tail *t, uint64_t now_ns)
{
	if (!t || !t->wanted_until_ns || t->wanted_until_ns > now_ns)
		return;
	pthread_mutex_lock(&t->lock);
	t->wanted_until_ns = 0;
	drop_lines(t);
	pthread_mutex_unlock(&t->lock);
}
