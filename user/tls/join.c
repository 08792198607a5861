/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tls/join.h"

#include <stdlib.h>
#include <string.h>
#include "capture/capture.h"
#include "tls.h"
#include "tls/hello.h"

#define HELLOS_MAX   1024	    /* the newest ones */
#define OPENED_MAX   1024	    /* the newest ones */
#define SESSIONS_MAX 1024	    /* that wait or were joined, the newest ones */
#define HELD_MAX     (1u << 20)	    /* bytes of one session */
#define HELD_ALL_MAX (32u << 20)    /* of all */
#define PATIENCE_NS  10000000000ull /* a handshake may wait for somebody to type a password */

/* A ClientHello that passed a socket and that no session has claimed. */
struct hello {
	uint64_t connection; /* 0: none */
	uint64_t time_ns;
	uint32_t tgid;
	uint8_t random[TLS_RANDOM];
};

struct held {
	struct held *next;
	struct chunk chunk; /* with its bytes; last, it is of variable size */
};

struct session {
	uint64_t id;	     /* its number; 0: the place is free */
	uint64_t connection; /* 0: it waits */
	uint64_t object, since_ns;
	struct held *first, **last;
	uint32_t tgid, slot, held_bytes;
	bool has_random;
	uint8_t random[TLS_RANDOM];
};

struct tls_join {
	struct capture *capture;
	struct hello hello[HELLOS_MAX];
	uint32_t next_hello;
	struct tls_joined opened[OPENED_MAX]; /* by connection, modulo OPENED_MAX */
	struct session session[SESSIONS_MAX]; /* by its number modulo SESSIONS_MAX */
	uint32_t waiting, held_bytes, held_max;
	struct tls_join_counts counts;
	struct {
		struct chunk chunk;
		uint8_t data[SONDE_CHUNK_MAX + 8];
	} copy; /* of a chunk, under its connection's name */
	void (*deliver)(void *context, const struct event *event, uint32_t size);
	void *context;
};

struct tls_join *tls_join__new(struct capture *capture)
{
	struct tls_join *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->capture = capture;
	j->held_max = HELD_ALL_MAX;
	return j;
}

void tls_join__limit(struct tls_join *j, uint64_t bytes)
{
	if (bytes < j->held_max)
		j->held_max = (uint32_t)bytes;
}

static void drop_held(struct tls_join *j, struct session *s)
{
	struct held *next;

	for (struct held *h = s->first; h; h = next) {
		next = h->next;
		free(h);
	}
	j->held_bytes -= s->held_bytes;
	s->held_bytes = 0;
	s->first = NULL;
	s->last = &s->first;
}

static void forget(struct tls_join *j, struct session *s)
{
	if (!s->id)
		return;
	if (!s->connection) {
		j->waiting--;
		j->counts.unjoined += s->held_bytes > 0;
	}
	drop_held(j, s);
	s->id = 0;
}

void tls_join__free(struct tls_join *j)
{
	if (!j)
		return;
	for (uint32_t i = 0; i < SESSIONS_MAX; i++)
		drop_held(j, &j->session[i]);
	free(j);
}

static struct session *session_of(struct tls_join *j, uint64_t id)
{
	struct session *s = &j->session[id % SESSIONS_MAX];

	return s->id == id ? s : NULL;
}

/* ---- joining ---- */

static void deliver_chunk(struct tls_join *j, const struct session *s, const struct chunk *chunk)
{
	uint32_t size = (uint32_t)sizeof(*chunk) + chunk->head;

	if (chunk->head > SONDE_CHUNK_MAX)
		return;
	memcpy(&j->copy.chunk, chunk, size);
	j->copy.chunk.connection = s->connection;
	j->copy.chunk.event.size = (size + 7) & ~7u;
	j->deliver(j->context, &j->copy.chunk.event, j->copy.chunk.event.size);
}

/* Without its fate the session would stay when its connection is left out. */
static struct tls_joined fate_of(const struct tls_join *j, uint64_t connection)
{
	const struct tls_joined *opened = &j->opened[connection % OPENED_MAX];

	return opened->connection == connection ? *opened
						: (struct tls_joined){.connection = connection};
}

static void take_open(struct tls_join *j, const struct open_event *event)
{
	j->opened[event->connection % OPENED_MAX] =
		(struct tls_joined){.connection = event->connection, .fate = event->fate};
}

static void joined(struct tls_join *j, struct session *s, struct hello *hello)
{
	uint64_t attached_ns = capture__tls_attached_ns(j->capture, s->slot);
	struct tls_joined to = fate_of(j, hello->connection);
	bool whole = attached_ns && hello->time_ns > attached_ns;
	struct tls_event event = {.event = {.type = EVENT_TLS,
					    .flags = whole ? 0 : OPEN_EXISTING,
					    .size = sizeof(event),
					    .time_ns = hello->time_ns},
				  .connection = hello->connection,
				  .session = s->object,
				  .tgid = s->tgid,
				  .slot = s->slot};

	s->connection = hello->connection;
	hello->connection = 0;
	j->waiting--;
	j->counts.joined++;
	capture__tls_joined(j->capture, s->id, &to);
	j->deliver(j->context, &event.event, sizeof(event));
	for (const struct held *h = s->first; h; h = h->next)
		deliver_chunk(j, s, &h->chunk);
	drop_held(j, s);
}

/* Without a number of the session's: the search may yield one for the sessions to come. */
static bool search(struct tls_join *j, const struct session *s, const struct hello *hello)
{
	struct tls_place place = capture__tls_random(j->capture, s->slot);

	if (place.offset && place.pointer == TLS_PLACE_DIRECT)
		return false; /* bpf/ knows where to look: it has none yet */
	if (!hello__search(s->tgid, s->object, hello->random, &place))
		return false;
	capture__tls_set_random(j->capture, s->slot, place);
	return true;
}

static bool try_to_join(struct tls_join *j, struct session *s, struct hello *hello)
{
	if (!hello->connection || hello->tgid != s->tgid)
		return false;
	if (s->has_random ? memcmp(s->random, hello->random, TLS_RANDOM) != 0
			  : !search(j, s, hello))
		return false;
	joined(j, s, hello);
	return true;
}

static void find_hello(struct tls_join *j, struct session *s)
{
	for (uint32_t i = 1; i <= HELLOS_MAX; i++) { /* the newest first */
		uint32_t at = (j->next_hello + HELLOS_MAX - i) % HELLOS_MAX;

		if (!j->hello[at].time_ns || try_to_join(j, s, &j->hello[at]))
			return;
	}
}

static void find_session(struct tls_join *j, struct hello *hello)
{
	for (uint32_t i = 0; j->waiting && i < SESSIONS_MAX; i++) {
		struct session *s = &j->session[i];

		if (s->id && !s->connection && try_to_join(j, s, hello))
			return;
	}
}

/* ---- events ---- */

static void take_hello(struct tls_join *j, const struct chunk *chunk)
{
	const uint8_t *random = hello__random(chunk->data, chunk->head);
	struct hello *hello;

	if (!random)
		return;
	hello = &j->hello[j->next_hello++ % HELLOS_MAX];
	*hello = (struct hello){.connection = chunk->connection,
				.time_ns = chunk->event.time_ns,
				.tgid = chunk->tgid};
	memcpy(hello->random, random, sizeof(hello->random));
	find_session(j, hello);
}

static void take_random(struct session *s, const struct tls_event *event)
{
	static const uint8_t none[TLS_RANDOM];

	s->has_random = memcmp(event->random, none, sizeof(none)) != 0;
	memcpy(s->random, event->random, sizeof(s->random));
}

static void take_session(struct tls_join *j, const struct tls_event *event)
{
	struct session *s = &j->session[event->connection % SESSIONS_MAX];

	if (event->slot >= TLS_SLOTS_MAX || (s->id == event->connection && s->connection))
		return;
	if (s->id == event->connection) {
		take_random(s, event);
		find_hello(j, s);
		return;
	}
	forget(j, s);
	*s = (struct session){.id = event->connection,
			      .object = event->session,
			      .since_ns = event->event.time_ns,
			      .tgid = event->tgid,
			      .slot = event->slot};
	s->last = &s->first;
	take_random(s, event);
	j->waiting++;
	find_hello(j, s);
}

static void hold(struct tls_join *j, struct session *s, const struct chunk *chunk)
{
	uint32_t bytes = (uint32_t)sizeof(struct held) + chunk->head;
	struct held *h;

	if (s->held_bytes + bytes > HELD_MAX || j->held_bytes + bytes > j->held_max)
		return; /* known by its position to be missing */
	h = malloc(bytes);
	if (!h)
		return;
	h->next = NULL;
	memcpy(&h->chunk, chunk, sizeof(*chunk) + chunk->head);
	*s->last = h;
	s->last = &h->next;
	s->held_bytes += bytes;
	j->held_bytes += bytes;
}

/* A chunk under its session's number. */
static void take_plaintext(struct tls_join *j, const struct chunk *chunk)
{
	struct session *s = session_of(j, chunk->connection);

	if (s && !s->connection)
		find_hello(j, s);
	if (s && s->connection)
		deliver_chunk(j, s, chunk);
	else if (s)
		hold(j, s, chunk);
}

/* bpf/ has joined it by a socket call after all. */
static void take_joined(struct tls_join *j, const struct tls_event *event)
{
	for (uint32_t i = 0; j->waiting && i < SESSIONS_MAX; i++) {
		struct session *s = &j->session[i];

		if (s->id && !s->connection && s->tgid == event->tgid &&
		    s->object == event->session) {
			forget(j, s);
			return;
		}
	}
}

void tls_join__take(struct tls_join *j, const struct event *event, uint32_t size,
		    void (*deliver)(void *context, const struct event *event, uint32_t size),
		    void *context)
{
	const struct chunk *chunk = (const struct chunk *)event;
	const struct tls_event *tls = (const struct tls_event *)event;

	j->deliver = deliver;
	j->context = context;
	if (event->type == EVENT_TLS && tls->connection & TLS_UNJOINED) {
		take_session(j, tls);
		return;
	}
	if (event->type == EVENT_CHUNK && event->flags & CHUNK_PLAINTEXT &&
	    chunk->connection & TLS_UNJOINED) {
		take_plaintext(j, chunk);
		return;
	}
	deliver(context, event, size);
	if (event->type == EVENT_TLS)
		take_joined(j, tls);
	else if (event->type == EVENT_OPEN && size >= sizeof(struct open_event))
		take_open(j, (const struct open_event *)event);
	else if (event->type == EVENT_CHUNK && !(event->flags & CHUNK_PLAINTEXT))
		take_hello(j, chunk);
}

void tls_join__tick(struct tls_join *j, uint64_t now_ns)
{
	for (uint32_t i = 0; j->waiting && i < SESSIONS_MAX; i++) {
		struct session *s = &j->session[i];

		if (s->id && !s->connection && now_ns > s->since_ns &&
		    now_ns - s->since_ns > PATIENCE_NS)
			forget(j, s);
	}
}

struct tls_join_counts tls_join__counts(const struct tls_join *j)
{
	return j->counts;
}
