/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Loads the programs, attaches them, and turns what they leave in the ring into calls. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "capture/capture_internal.h"
#include "compiler.h"

#define RING_BYTES  (8u << 20)
#define AREAS_FROM  (1u << 20) /* bytes of ring: a smaller one was asked for to be small */
#define AREA_LEAST  (64u << 10)
#define AREA_MOST   (256u << 10)
#define AREA_UNUSED 4096u	 /* that there is one the programs need not ask */
#define SETTLE_NS   100000000ull /* before a command says that it is ready (session.c) */

enum capture_way capture__way(const struct capture *capture)
{
	return capture->way;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (!getenv("SONDE_DEBUG") || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, format, arguments);
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static int find_sockets(struct sonde_bpf *bpf)
{
	int err = iterator__run(bpf->progs.find_listeners, NULL, NULL);

	return err ? err : iterator__run(bpf->progs.find_unix, NULL, NULL);
}

static int attach(struct capture *capture, char *error, size_t size)
{
	struct sonde_bpf *bpf = capture->bpf;
	int err = iterator__run(bpf->progs.find_self, NULL, NULL);

	if (!err)
		err = find_sockets(bpf);
	bpf->bss->settle_until = monotonic_ns() + SETTLE_NS;
	if (!err)
		err = way__attach(bpf, capture->links, LINKS_MAX);
	bpf->bss->hooked = 1;
	if (!err)
		err = find_sockets(bpf);
	return err ? capture__fail(error, size, err, "attaching BPF programs") : 0;
}

static int watch_ring(struct capture *capture)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd = bpf_map__fd(capture->bpf->maps.ring), err;

	err = ring__open(fd, capture->ring_bytes, &capture->ring);
	if (!err && capture->area_bytes)
		err = areas__open(bpf_map__fd(capture->bpf->maps.areas), (uint32_t)capture->cpus,
				  capture->area_bytes, &capture->areas);
	if (!err)
		err = merge__open(capture->ring, capture->areas, &capture->merge);
	if (err)
		return err;
	capture->per_cpu = calloc(capture->cpus, sizeof(*capture->per_cpu));
	capture->epoll = epoll_create1(EPOLL_CLOEXEC);
	capture->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!capture->per_cpu || capture->epoll < 0 || capture->wake < 0)
		return -ENOMEM;
	if (epoll_ctl(capture->epoll, EPOLL_CTL_ADD, fd, &event) ||
	    epoll_ctl(capture->epoll, EPOLL_CTL_ADD, capture->wake, &event))
		return -errno;
	return 0;
}

/*
 * What the calls of 10 ms need on a busy CPU, so that it stays in its cache; what does not fit goes
 * to the ring. By sys_exit nothing is written there.
 */
static uint32_t area_bytes(const struct capture *capture)
{
	uint32_t bytes = AREA_MOST;

	if (capture->without_areas || capture->ring_bytes < AREAS_FROM ||
	    capture->way == CAPTURE_SYS_EXIT)
		return 0;
	while (bytes > AREA_LEAST && bytes * (uint64_t)capture->cpus > capture->ring_bytes / 16)
		bytes /= 2;
	return bytes;
}

static void size_maps(struct capture *capture)
{
	struct sonde_bpf *bpf = capture->bpf;

	bpf_map__set_max_entries(bpf->maps.ring, capture->ring_bytes);
	bpf_map__set_max_entries(bpf->maps.scratches, DIRECTION_COUNT * (uint32_t)capture->cpus);
	capture->area_bytes = area_bytes(capture);
	if (capture->area_bytes)
		bpf_map__set_max_entries(bpf->maps.areas, (uint32_t)capture->cpus);
	bpf->rodata->with_areas = capture->area_bytes != 0;
	bpf->rodata->by_stack = kernel__checks_stack_faster();
	bpf->rodata->area_bytes = capture->area_bytes ? capture->area_bytes : AREA_UNUSED;
	bpf_map__set_value_size(bpf->maps.areas, area__size(bpf->rodata->area_bytes));
	if (capture->way != CAPTURE_SYS_EXIT)
		bpf_map__set_max_entries(bpf->maps.numbered_sockets, 1);
	bpf->bss->ring_alarm = capture->ring_bytes / 4;
	bpf->rodata->with_sampling = capture->sampling;
	bpf->bss->sampling_threshold = SONDE_FATES;
}

static int load(struct capture *capture, char *error, size_t size)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	int err;

	setrlimit(RLIMIT_MEMLOCK, &unlimited); /* until Linux 5.11 maps counted against it */
	capture->bpf = sonde_bpf__open();
	if (!capture->bpf)
		return capture__fail(error, size, -errno, "opening the BPF object");
	err = way__choose(capture, error, size);
	if (err)
		return err;
	capture->cpus = libbpf_num_possible_cpus();
	if (capture->cpus < 0)
		return capture__fail(error, size, capture->cpus, "counting the CPUs");
	size_maps(capture);
	err = sonde_bpf__load(capture->bpf);
	if (err)
		return capture__fail(error, size, err, "loading BPF programs");
	tls__loaded(capture);
	err = watch_ring(capture);
	return err ? capture__fail(error, size, err, "mapping the ring buffer") : 0;
}

static int open_once(enum capture_way way, const struct capture_options *options,
		     struct capture **out, char *error, size_t size)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	int err;

	if (!capture)
		return capture__fail(error, size, -ENOMEM, "capture");
	capture->epoll = capture->wake = capture->stats_fd = -1;
	capture->way = way;
	capture->ring_bytes = options->ring_bytes ? options->ring_bytes : RING_BYTES;
	capture->with_tls = !options->without_tls;
	capture->without_areas = options->without_areas;
	capture->tls_filter = options->tls_filter;
	capture->sampling = options->sampling;
	timing__init(&capture->timing, capture->sampling);
	capture->stats.call_ns = call__cost_ns();
	err = load(capture, error, size);
	if (!err)
		err = attach(capture, error, size);
	if (err) {
		capture__close(capture);
		return err;
	}
	*out = capture;
	return 0;
}

/* What a kernel has against the probes of TLS libraries must not take the rest down. */
static int open_way(enum capture_way way, const struct capture_options *options,
		    struct capture **out, char *error, size_t size)
{
	struct capture_options plain = *options;
	char first[256];
	int err;

	if (options->without_tls)
		return open_once(way, options, out, error, size);
	err = open_once(way, options, out, first, sizeof(first));
	plain.without_tls = true;
	if (err && open_once(way, &plain, out, error, size) == 0)
		return 0;
	if (err)
		snprintf(error, size, "%s", first);
	return err;
}

/* Of many refusals the one that tells what to do. */
static int refuse(int err, char *error, size_t size)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const struct kernel_need *lacks = libbpf_get_error(btf) ? NULL : kernel__lacks(btf);
	struct kernel_version version;

	if (err != -EPERM && lacks && kernel__version(&version))
		snprintf(error, size,
			 "Linux %s is too old: it has no %s for BPF (Linux %s has); boot 5.15 or "
			 "newer " KERNELS_TO_BOOT,
			 version.release, lacks->name, lacks->since);
	if (!libbpf_get_error(btf))
		btf__free(btf);
	return err;
}

/* The ways are tried from the cheapest on; the first one's error is the one that tells most. */
int capture__open(const struct capture_options *options, struct capture **out, char *error,
		  size_t size)
{
	char other[256];
	int err, again = -1;

	libbpf_set_print(quiet);
	if (options->way != CAPTURE_AUTO)
		return open_way(options->way, options, out, error, size);
	err = open_way(CAPTURE_SOCKET_TRACEPOINTS, options, out, error, size);
	for (enum capture_way way = CAPTURE_FEXIT; err && again && way < CAPTURE_WAY_COUNT; way++)
		again = open_way(way, options, out, other, sizeof(other));
	return err && again ? refuse(err, error, size) : 0;
}

void capture__close(struct capture *capture)
{
	if (!capture)
		return;
	merge__close(capture->merge);
	areas__close(capture->areas);
	ring__close(capture->ring);
	if (capture->epoll >= 0)
		close(capture->epoll);
	if (capture->wake >= 0)
		close(capture->wake);
	if (capture->stats_fd >= 0)
		close(capture->stats_fd);
	bpf_link__destroy(capture->splices);
	for (size_t i = 0; i < LINKS_MAX && capture->links[i]; i++)
		bpf_link__destroy(capture->links[i]);
	sonde_bpf__destroy(capture->bpf);
	free(capture->per_cpu);
	free(capture);
}

/* Somebody splices: from now on it pays to have a hook for it. */
static void watch_splices(struct capture *capture)
{
	if (capture->way != CAPTURE_SOCKET_TRACEPOINTS || capture->splices)
		return;
	capture->splices = bpf_program__attach(capture->bpf->progs.on_splice_from);
	if (libbpf_get_error(capture->splices))
		capture->splices = NULL;
	else
		iterator__run(capture->bpf->progs.find_spliced, NULL, NULL);
}

/* What is our own business, too. */
static COLD void look_at(struct capture *capture, const struct event *event)
{
	const struct end_event *end = (const struct end_event *)event;

	if (event->type == EVENT_CLOSE)
		bpf_map_delete_elem(bpf_map__fd(capture->bpf->maps.verdicts), &end->connection);
	else if (event->type == EVENT_CHUNK)
		watch_splices(capture);
}

static uint64_t delay_of(const struct capture *capture, uint64_t time_ns)
{
	return capture->now_ns > time_ns ? capture->now_ns - time_ns : 0;
}

/* They come by their times: the first one has waited longest. */
static void note_delays(struct capture *capture, uint64_t first_ns, uint64_t last_ns)
{
	uint64_t longest = delay_of(capture, first_ns);

	capture->stats.drain_delay_ns = delay_of(capture, last_ns);
	if (longest > capture->stats.drain_delay_max_ns)
		capture->stats.drain_delay_max_ns = longest;
}

static int tell(struct capture *capture, uint32_t max)
{
	uint64_t first_ns = 0, last_ns = 0;
	const struct event *event;
	struct merge_run run;
	int count = merge__begin(capture->merge, max, capture->now_ns, &run);

	if (count < 0)
		return count;
	while ((event = merge__next(&run))) {
		last_ns = event->time_ns;
		if (!first_ns)
			first_ns = last_ns;
		if (event->type != EVENT_CHUNK || event->flags & CHUNK_SPLICED)
			look_at(capture, event);
		capture->take(capture->context, event, event->size);
	}
	count = merge__told(capture->merge);
	capture->taken += (uint64_t)count;
	if (first_ns)
		note_delays(capture, first_ns, last_ns);
	return count;
}

static int tell_loss(struct capture *capture, uint32_t key)
{
	struct loss_event event = {
		.event = {EVENT_LOSS, 0, sizeof(event), capture->now_ns},
		.protocol = key / LOSS_REASON_COUNT,
		.reason = key % LOSS_REASON_COUNT,
	};
	struct loss *told = &capture->told[key];

	if (bpf_map_lookup_elem(bpf_map__fd(capture->bpf->maps.losses), &key, capture->per_cpu))
		return 0;
	for (int i = 0; i < capture->cpus; i++) {
		event.events += capture->per_cpu[i].events;
		event.bytes += capture->per_cpu[i].bytes;
	}
	event.events -= told->events;
	event.bytes -= told->bytes;
	if (!event.events && !event.bytes)
		return 0;
	told->events += event.events;
	told->bytes += event.bytes;
	capture->take(capture->context, &event.event, sizeof(event));
	return 1;
}

/* The kernel skips a program that would interrupt itself; nobody knows what it would have seen. */
static int tell_missed(struct capture *capture)
{
	struct loss_event event = {
		.event = {EVENT_LOSS, 0, sizeof(event), capture->now_ns},
		.events = capture->stats.recursion_misses - capture->misses_told,
		.reason = LOSS_MISSED,
	};

	if (!event.events)
		return 0;
	capture->misses_told = capture->stats.recursion_misses;
	capture->take(capture->context, &event.event, sizeof(event));
	return 1;
}

uint64_t capture__fill(const struct capture *capture)
{
	return ring__fill(capture->ring) + (capture->areas ? areas__fill(capture->areas) : 0);
}

int capture__drain(struct capture *capture, uint32_t max,
		   void (*take)(void *context, const struct event *event, uint32_t size),
		   void *context)
{
	uint64_t fill = capture__fill(capture);
	int count;

	capture->take = take;
	capture->context = context;
	capture->now_ns = monotonic_ns();
	if (fill > capture->stats.ring_fill_max)
		capture->stats.ring_fill_max = fill;
	capture__measure(capture);
	count = tell(capture, max);
	if (count >= 0)
		capture->drained_ns = capture->now_ns;
	if (count > 0 && (uint32_t)count == max)
		capture->drained_ns -= capture->stats.drain_delay_ns;
	if (count < 0)
		count = 0;
	if (capture->bpf->bss->loss_generation != capture->loss_generation) {
		capture->loss_generation = capture->bpf->bss->loss_generation;
		for (uint32_t key = 0; key < (uint32_t)LOSS_KEYS; key++)
			count += tell_loss(capture, key);
	}
	return count + tell_missed(capture);
}

int capture__wait(struct capture *capture, int timeout_ms)
{
	struct epoll_event event;
	int step = timeout_ms < 0 || timeout_ms > 10 ? 10 : timeout_ms, count;
	eventfd_t woken;

	if (ring__fill(capture->ring) > capture->ring_bytes / 4 ||
	    (capture->areas && areas__pressed(capture->areas)))
		return 1;
	count = epoll_wait(capture->epoll, &event, 1, step);
	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	if (count > 0)
		eventfd_read(capture->wake, &woken); /* EAGAIN: it was the ring */
	return capture__fill(capture) > 0;
}

void capture__wake(struct capture *capture)
{
	eventfd_write(capture->wake, 1);
}

void capture__verdict(void *context, uint64_t connection, const struct verdict *verdict)
{
	struct capture *capture = context;

	bpf_map_update_elem(bpf_map__fd(capture->bpf->maps.verdicts), &connection, verdict,
			    BPF_ANY);
	if (verdict->depth != CAPTURE_ALL)
		__atomic_add_fetch(&capture->bpf->bss->verdict_generation, 1, __ATOMIC_RELEASE);
}
