/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "queues/queues.h"

#include <stdlib.h>
#include "connection.h"
#include "details.h"
#include "process.h"
#include "protocol/redis_commands.h"
#include "queues/queues_internal.h"

/* Who waited was answered as soon as there was something: the server did it just before that. */
#define SERVED_WITHIN_NS 100000000ull
#define SILENT_NS	 (5 * 60 * 1000000000ull)

static const char *const names[FOLLOWED_COUNT] = {
#define X(name) [FOLLOWED_##name] = #name,
	FOLLOWED_COMMANDS(X)
#undef X
};

/* ---- one command ---- */

static struct scene scene_of(const struct exchange *e)
{
	struct scene s = {
		.moment = {e->start_ns, e->end_ns, e->connection->id},
		.asked_ns = e->start_ns,
		.now_ns = e->end_ns,
		.connection = e->connection->id,
		.identity = e->connection->id << 1 | 1,
	};

	if (e->side == SIDE_CLIENT) {
		s.tgid = e->tgid;
		s.identity = (uint64_t)e->tgid << 32 | e->tid;
	}
	return s;
}

static void carry_out(struct queue *q, const struct deed *deed, struct reply *reply,
		      const struct scene *scene)
{
	struct scene s = *scene;

	s.blocking = deed->blocking;
	if (s.blocking && s.moment.end_ns > s.moment.start_ns + SERVED_WITHIN_NS)
		s.moment.start_ns = s.moment.end_ns - SERVED_WITHIN_NS;
	q->setting->kind->apply(q, deed, reply, &s);
}

static bool is_answered(const struct exchange *e)
{
	return e->outcome == OUTCOME_OK || e->outcome == OUTCOME_ERROR;
}

/* Carried out, refused, or nobody knows: then how many wait is not known either. */
static void decide(struct queues *qs, struct queue *q, const struct deed *deed,
		   const struct exchange *e)
{
	struct scene s = scene_of(e);
	struct queued_deed queued = {*deed, q, q->setting->kind, e->redis.queued};
	struct reply reply;

	if (e->outcome == OUTCOME_ERROR)
		return;
	if (!is_answered(e)) {
		if (e->outcome == OUTCOME_LOST || !deed->blocking)
			queue__unsure(q);
		return;
	}
	if (e->redis.queued) {
		transactions__queue(&qs->transactions, s.connection, e->end_ns, &queued);
		return;
	}
	reply__read(&reply, e);
	carry_out(q, deed, &reply, &s);
}

static void take_command(struct queues *qs, enum followed_command command, const struct exchange *e)
{
	struct call call;
	int counts = -1; /* not asked yet */

	call__read(&call, command, e, &qs->key);
	for (uint32_t i = 0; i < qs->count && counts; i++) {
		struct queue *q = &qs->queue[i];
		struct deed deed = {0};

		if (!(q->setting->kind->commands >> command & 1) ||
		    !q->setting->kind->read(q, &call, &deed))
			continue;
		if (counts < 0)
			counts = ends__count(&qs->ends, qs->engine->connections, e->connection);
		if (counts)
			decide(qs, q, &deed, e);
	}
}

/* ---- transactions ---- */

/* The reply of EXEC holds those of its commands. */
static void carry_out_all(struct transaction *t, struct reply *all, const struct scene *s)
{
	struct reply none = {0}, one = {0};
	uint32_t at = 0;
	bool more = true;

	for (uint32_t i = 0; i < t->count; i++) {
		struct queued_deed *d = &t->deed[i];

		while (more && at < d->place) {
			more = reply__next(all, &one);
			at += more;
		}
		if (more && one.value.type == '-')
			continue;
		carry_out(d->queue, &d->deed, more ? &one : &none, s);
	}
	for (uint32_t i = 0; t->cut && i < t->count; i++)
		queue__unsure(t->deed[i].queue);
}

static void take_exec(struct queues *qs, const struct exchange *e)
{
	struct transaction *t = transactions__find(&qs->transactions, e->connection->id);
	struct scene s = scene_of(e);
	struct reply reply;

	if (!t)
		return;
	reply__read(&reply, e);
	if (e->outcome == OUTCOME_OK && !reply__is_nil(&reply))
		carry_out_all(t, &reply, &s);
	else if (!is_answered(e))
		for (uint32_t i = 0; i < t->count; i++)
			queue__unsure(t->deed[i].queue);
	transactions__end(&qs->transactions, t);
}

static void drop_transaction(struct queues *qs, uint64_t connection)
{
	struct transaction *t = transactions__find(&qs->transactions, connection);

	if (t)
		transactions__end(&qs->transactions, t);
}

static void take(void *context, const struct exchange *e)
{
	struct queues *qs = context;
	const struct redis_command *command;
	uint8_t followed;

	if (e->protocol != PROTOCOL_REDIS)
		return;
	followed = qs->command[e->redis.command];
	if (followed == FOLLOWED_EXEC) {
		take_exec(qs, e);
		return;
	}
	if (followed && !e->details)
		qs->unread++;
	else if (followed)
		take_command(qs, followed, e);
	if (!qs->transactions.open)
		return;
	command = redis_command__get(e->redis.command);
	if (command->kind == COMMAND_MULTI || command->kind == COMMAND_DISCARD ||
	    command->kind == COMMAND_RESET)
		drop_transaction(qs, e->connection->id);
}

/* ---- life ---- */

static void follow(struct queues *qs, uint64_t commands)
{
	for (int i = 1; i < FOLLOWED_COUNT; i++) {
		struct slice name = slice__text(names[i]);
		uint32_t index = redis_command__find(name);

		if (!(commands >> i & 1) || index == REDIS_COMMAND_UNKNOWN)
			continue;
		qs->command[index] = (uint8_t)i;
		qs->followed[index / 64] |= 1ull << index % 64;
	}
}

static int begin(struct queues *qs)
{
	uint64_t commands = FOLLOW(EXEC);

	for (uint32_t i = 0; i < qs->settings->count; i++) {
		const struct queue_setting *setting = qs->settings->setting[i];
		struct queue *q = &qs->queue[i];

		if (queue__init(q, setting, &qs->key))
			return -1;
		qs->count++;
		q->own = setting->kind->own_size ? calloc(1, setting->kind->own_size) : NULL;
		if (setting->kind->own_size && !q->own)
			return -1;
		if (setting->kind->begin)
			setting->kind->begin(q);
		commands |= setting->kind->commands;
	}
	follow(qs, commands);
	return 0;
}

struct queues *queues__new(struct queue_settings *settings, struct engine *engine)
{
	struct queues *qs = calloc(1, sizeof(*qs) + settings->count * sizeof(struct queue));

	if (!qs)
		return NULL;
	qs->settings = queue_settings__hold(settings);
	qs->engine = engine;
	if (redis_command__count() > COMMAND_WORDS * 64 || siphash__new_key(&qs->key) ||
	    begin(qs) || engine__add_sink(engine, (struct sink){.exchange = take, .context = qs})) {
		queues__free(qs);
		return NULL;
	}
	engine->followed = qs->followed;
	engine__change_meaning(engine);
	return qs;
}

void queues__free(struct queues *qs)
{
	if (!qs)
		return;
	for (uint32_t i = 0; i < qs->count; i++)
		queue__clear(&qs->queue[i]);
	ends__clear(&qs->ends);
	transactions__clear(&qs->transactions);
	queue_settings__free(qs->settings);
	free(qs);
}

void queues__retire(struct queues *qs)
{
	if (!qs)
		return;
	engine__remove_sink(qs->engine, qs);
	if (qs->engine->followed == qs->followed)
		qs->engine->followed = NULL;
}

uint64_t queues__fingerprint(const struct queues *qs)
{
	return qs ? qs->settings->fingerprint : 0;
}

/* ---- time ---- */

/*
 * Gone with its process or its connection; idle is who waits for an answer, or asked lately. Since
 * when; 0: it is there.
 */
static uint64_t gone_since(const struct engine *engine, const struct worker *worker)
{
	const struct connection *c = connections__find(engine->connections, worker->connection);
	const struct process *process =
		worker->tgid ? processes__find(engine->processes, worker->tgid) : NULL;

	if (process && process->exited)
		return process->exited_ns;
	if (process && (worker->running || (uint32_t)worker->identity == worker->tgid))
		return 0; /* the main thread lives as long as its process */
	if (!c)
		return engine->now_ns;
	return worker->seen_ns + SILENT_NS < engine->now_ns && !worker->running &&
			       !c->parser.pairing.count
		       ? engine->now_ns
		       : 0;
}

struct leaving {
	const struct engine *engine;
	struct queue *queue;
};

/* Its jobs will not be finished by it. */
static uint64_t leaves(void *context, const struct worker *worker)
{
	const struct leaving *l = context;
	uint64_t since = gone_since(l->engine, worker);

	if (since)
		queue__abandon(l->queue, worker->identity, since, l->engine->now_ns);
	return since;
}

void queues__tick(struct queues *qs, uint64_t now_ns)
{
	for (uint32_t i = 0; qs && i < qs->count; i++) {
		struct queue *q = &qs->queue[i];

		queue__expire(q, now_ns);
		workers__sweep(&q->workers, now_ns, leaves, &(struct leaving){qs->engine, q});
		if (q->setting->kind->tick)
			q->setting->kind->tick(q, now_ns);
	}
}
