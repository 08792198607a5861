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

/* Bytes that may be written behind a record: its own end, up to where the next one may begin. */
#define AREA_BEYOND 24

static __always_inline struct area *area__of_cpu(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&areas, &cpu);
}

/* Where the next record goes, were nobody writing. */
static __always_inline u64 area__place(const struct area *area)
{
	return *(volatile u64 *)&area->place & ~(u64)AREA_OWNED;
}

/* For a record that ends there. */
static __always_inline bool area__has_room(const struct area *area, u32 lap, u64 end)
{
	return end + AREA_BEYOND - *(volatile u64 *)&area->consumed <= lap;
}

/*
 * False where somebody is writing. The record's time is to be taken behind this. (clang compares
 * with a bool in between unless it does not see that this is the exchange's own comparison.)
 */
static __always_inline bool area__own(struct area *area, u64 place)
{
	u64 expected = place;

	asm volatile("" : "+r"(expected));
	return __sync_val_compare_and_swap(&area->place, place, place | AREA_OWNED) == expected;
}

/*
 * A record ends before the lap's end, or runs over it into the slack: the next one begins the lap.
 * What was written must be seen before the place is. x86 keeps stores in order; elsewhere a full
 * barrier goes with the exchange.
 */
static __always_inline void area__disown(struct area *area, u64 place)
{
#if defined(__TARGET_ARCH_x86)
	asm volatile("" ::: "memory");
	*(volatile u64 *)&area->place = place;
#else
	__sync_lock_test_and_set(&area->place, place);
#endif
}

/* As wakeup(): one record in 16 looks. What is thrown away here is only the news. */
static __always_inline void area__alarm(const struct area *area, u32 lap, u64 place, u64 time_ns)
{
	void *record;

	if (time_ns & 15 || place - area->consumed < lap / 2)
		return;
	record = bpf_ringbuf_reserve(&ring, sizeof(u64), 0);
	if (record)
		bpf_ringbuf_discard(record, BPF_RB_FORCE_WAKEUP);
}

#endif
