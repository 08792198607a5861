/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A CPU's own records. A reservation in the ring takes a lock that all CPUs share, and 120
 * instructions; most calls are short, and their records are written here instead: one after the
 * other into memory that user/ has mapped, without a helper. user/capture/merge.c puts them and the
 * ring's in order again, by their times.
 *
 * A program may be interrupted by another one on its CPU (softirqs; and where programs can be
 * preempted, other tasks). So an area has an owner at a time, and whoever finds it owned, or full,
 * writes to the ring. The time of a record is taken while its area is owned: times in an area only
 * grow, and who sees it unowned knows that whatever will come into it is younger.
 */
#ifndef SONDE_BPF_AREA_H
#define SONDE_BPF_AREA_H

static __always_inline u64 area__padded(u64 bytes)
{
	return (bytes + 7) & ~7ULL;
}

/* A record ends before the lap's end, or runs over it into the slack: the next one begins the lap.
 */
static __always_inline u64 area__behind(u64 at, u64 bytes)
{
	u64 lap = ~((u64)area_bytes - 1), next = at + area__padded(bytes);

	return (next ^ at) & lap ? next & lap : next;
}

/* Owns this CPU's area if it is free and has room; *at is where the record goes. */
static __always_inline struct area *area__own(u64 bytes, u64 *at)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct area *area = bpf_map_lookup_elem(&areas, &cpu);
	u64 place;

	if (!area)
		return 0;
	place = *(volatile u64 *)&area->place;
	if (place & AREA_OWNED ||
	    place + area__padded(bytes) - *(volatile u64 *)&area->consumed > area_bytes)
		return 0;
	if (__sync_val_compare_and_swap(&area->place, place, place | AREA_OWNED) != place)
		return 0;
	*at = place;
	return area;
}

static __always_inline struct chunk *area__record(struct area *area, u64 at)
{
	return (struct chunk *)(area->data + (at & (area_bytes - 1)));
}

/* A full barrier goes with the exchange: the record is there before it is seen. */
static __always_inline void area__disown(struct area *area, u64 place)
{
	__sync_lock_test_and_set(&area->place, place);
}

/* As wakeup(): one record in 16 looks. What is thrown away here is only the news. */
static __always_inline void area__alarm(const struct area *area, u64 place, u64 time_ns)
{
	void *record;

	if (time_ns & 15 || place - area->consumed < area_bytes / 2)
		return;
	record = bpf_ringbuf_reserve(&ring, sizeof(u64), 0);
	if (record)
		bpf_ringbuf_discard(record, BPF_RB_FORCE_WAKEUP);
}

#endif
