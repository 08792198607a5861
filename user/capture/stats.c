/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel knows of its own work for us. It times programs only while somebody asks for it
 * (timing.h); run time is told as growing all the time as it did when it was measured last.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "capture/capture_internal.h"

#define RECORD_NS 1000 /* what a record costs in the kernel, roughly (docs/cost.md) */

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/*
 * A softirq may come upon a program of its own kind at work: at a connection's states, mostly, when
 * many come at once. What is not seen there is when bytes arrived (a queue time less), a handshake
 * (the first call knows the rest), an end (the next of the ends tells it, the sweep at last) or a
 * process's name. The programs at calls see bytes, and run in their callers' context only.
 */
static bool sees_bytes(const struct bpf_program *program)
{
	static const char *const others[] = {"on_data_ready", "on_set_state", "on_destroy",
					     "on_exec", "on_exit"};
	const char *name = bpf_program__name(program);

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strncmp(name, others[i], strlen(others[i])))
			return false;
	return true;
}

static void sum(struct capture *capture, uint64_t *run_count, uint64_t *run_time, uint64_t *misses)
{
	struct bpf_program *program;

	*run_count = *run_time = *misses = 0;
	bpf_object__for_each_program(program, capture->bpf->obj)
	{
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
			continue;
		*run_count += info.run_cnt;
		*run_time += info.run_time_ns;
		if (hold__may_be_lost(capture->bpf, program) && sees_bytes(program))
			*misses += info.recursion_misses;
	}
}

/* Lets the totals grow at the newest rate up to now. */
static void extrapolate(struct capture *capture, uint64_t now_ns)
{
	double elapsed = (double)(now_ns - capture->extrapolated_ns);

	if (capture->extrapolated_ns) {
		capture->stats.run_count += (uint64_t)(elapsed * capture->count_rate);
		capture->stats.run_time_ns += (uint64_t)(elapsed * capture->time_rate);
	}
	capture->extrapolated_ns = now_ns;
}

static void begin_measuring(struct capture *capture, uint64_t now_ns)
{
	uint64_t misses;

	capture->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	capture->measured_ns = now_ns;
	sum(capture, &capture->measured_count, &capture->measured_time, &misses);
	capture->stats.recursion_misses = hold__lost(capture, misses);
}

static void end_measuring(struct capture *capture, uint64_t now_ns)
{
	double elapsed = (double)(now_ns - capture->measured_ns);
	uint64_t count, time, misses;

	extrapolate(capture, now_ns);
	sum(capture, &count, &time, &misses);
	capture->count_rate = (double)(count - capture->measured_count) / elapsed;
	capture->time_rate = (double)(time - capture->measured_time) / elapsed;
	if (capture->stats_fd >= 0)
		close(capture->stats_fd);
	capture->stats_fd = -1;
}

static void look_for_misses(struct capture *capture)
{
	uint64_t count, time, misses;

	sum(capture, &count, &time, &misses);
	capture->stats.recursion_misses = hold__lost(capture, misses);
}

void capture__measure(struct capture *capture)
{
	uint64_t now = monotonic_ns();

	switch (timing__step(&capture->timing, now, capture->taken)) {
	case TIMING_BEGIN:
		begin_measuring(capture, now);
		break;
	case TIMING_END:
		end_measuring(capture, now);
		break;
	case TIMING_LOOK:
		look_for_misses(capture);
		break;
	case TIMING_REST:
		break;
	}
}

#define BATCH 256

uint64_t capture__map_entries(const struct capture *capture)
{
	int map = bpf_map__fd(capture->bpf->maps.verdicts), err;
	struct verdict verdict[BATCH];
	uint64_t id[BATCH], place = 0, entries = 0;
	void *from = NULL;
	__u32 count;

	do {
		count = BATCH;
		err = bpf_map_lookup_batch(map, from, &place, id, verdict, &count, NULL);
		from = &place;
		entries += err && err != -ENOENT ? 0 : count; /* ENOENT: these were the last */
	} while (!err);
	return entries;
}

void capture__stats(struct capture *capture, struct capture_stats *out)
{
	look_for_misses(capture);
	extrapolate(capture, monotonic_ns());
	*out = capture->stats;
	out->ring_bytes =
		capture->ring_bytes + (uint64_t)capture->area_bytes * (uint64_t)capture->cpus;
	out->ring_fill = capture__fill(capture);
	out->sampled_out = capture->bpf->bss->sampled_out;
}

uint64_t capture__run_ns(struct capture *capture)
{
	extrapolate(capture, monotonic_ns());
	return capture->stats.run_count ? capture->stats.run_time_ns : capture->taken * RECORD_NS;
}

void capture__sample(struct capture *capture, uint32_t threshold)
{
	__atomic_store_n(&capture->bpf->bss->sampling_threshold, threshold, __ATOMIC_RELEASE);
	__atomic_add_fetch(&capture->bpf->bss->verdict_generation, 1, __ATOMIC_RELEASE);
}

uint64_t capture__drained_ns(const struct capture *capture)
{
	return capture->drained_ns;
}
