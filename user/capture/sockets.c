/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which sockets still exist. The end of a TCP connection is an event; an AF_UNIX socket goes
 * without one, and any event may have been lost. So now and then what user space holds is compared
 * with the kernel's own lists, which iterators read.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "capture/capture_internal.h"

int iterator__run(struct bpf_program *program,
		  void (*take)(void *context, const void *bytes, size_t length), void *context)
{
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	char bytes[8192];
	ssize_t count;
	int fd, err = (int)libbpf_get_error(link);

	if (err)
		return err;
	fd = bpf_iter_create(bpf_link__fd(link));
	err = fd < 0 ? -errno : 0;
	while (!err && (count = read(fd, bytes, sizeof(bytes))) != 0) {
		if (count < 0 && errno != EAGAIN && errno != EINTR)
			err = -errno;
		else if (count > 0 && take)
			take(context, bytes, (size_t)count);
	}
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return err;
}

struct living {
	uint64_t *id;
	size_t count, capacity;
	size_t partial; /* bytes of an id that the next piece completes */
	bool failed;
};

static bool make_room(struct living *l, size_t ids)
{
	size_t capacity = l->capacity ? l->capacity : 1024;
	uint64_t *grown;

	while (capacity < l->count + ids)
		capacity *= 2;
	if (capacity == l->capacity)
		return true;
	grown = realloc(l->id, capacity * sizeof(*grown));
	if (!grown)
		return false;
	l->id = grown;
	l->capacity = capacity;
	return true;
}

static void take_ids(void *context, const void *bytes, size_t length)
{
	struct living *l = context;

	if (l->failed || !make_room(l, (l->partial + length) / sizeof(uint64_t) + 1)) {
		l->failed = true;
		return;
	}
	memcpy((uint8_t *)(l->id + l->count) + l->partial, bytes, length);
	l->count += (l->partial + length) / sizeof(uint64_t);
	l->partial = (l->partial + length) % sizeof(uint64_t);
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* States that bpf/ keeps by number (sys_exit) and that no event removed: AF_UNIX has none. */
static void take_keys(int map, struct living *out)
{
	uint64_t id, last, *from = NULL;

	while (make_room(out, 1) && bpf_map_get_next_key(map, from, &id) == 0) {
		out->id[out->count++] = last = id;
		from = &last;
	}
}

static bool lives(const struct living *living, uint64_t id)
{
	return living->count && bsearch(&id, living->id, living->count, sizeof(id), by_id) != NULL;
}

/* Entries of a map whose sockets are gone. */
static void sweep_map(int map, const struct living *keys, const struct living *living)
{
	for (size_t i = 0; i < keys->count; i++)
		if (!lives(living, keys->id[i]))
			bpf_map_delete_elem(map, &keys->id[i]);
}

int capture__sweep(struct capture *capture, const uint64_t *ids, size_t count,
		   void (*gone)(void *context, uint64_t id), void *context)
{
	int verdicts = bpf_map__fd(capture->bpf->maps.verdicts);
	int states = bpf_map__fd(capture->bpf->maps.numbered_sockets);
	struct living living = {0}, told = {0}, numbered = {0};
	int err;

	/* The keys before the living: who is in neither is new. */
	take_keys(verdicts, &told);
	if (capture->way == CAPTURE_SYS_EXIT)
		take_keys(states, &numbered);
	err = iterator__run(capture->bpf->progs.list_unix, take_ids, &living);
	if (!err)
		err = iterator__run(capture->bpf->progs.list_tcp, take_ids, &living);
	if (!err && living.failed)
		err = -ENOMEM;
	capture->sockets = living.count;
	capture->stats.map_bytes = maps__bytes(capture->bpf);
	if (living.count)
		qsort(living.id, living.count, sizeof(*living.id), by_id);
	for (size_t i = 0; !err && i < count; i++)
		if (!lives(&living, ids[i]))
			gone(context, ids[i]);
	if (!err) {
		sweep_map(verdicts, &told, &living);
		sweep_map(states, &numbered, &living);
	}
	free(numbered.id);
	free(told.id);
	free(living.id);
	return err;
}

uint64_t capture__sockets(const struct capture *capture)
{
	return capture->sockets;
}
