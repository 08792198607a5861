/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The only writer of the ring buffer, and the counters of what could not be written. */
#ifndef SONDE_BPF_EMIT_H
#define SONDE_BPF_EMIT_H

#define ENOSPC	   28
#define EFAULT	   14
#define ECONNRESET 104

static __always_inline void count_loss(u8 protocol, u32 reason, u64 bytes)
{
	u32 key = (protocol < PROTOCOL_COUNT ? protocol : 0) * LOSS_REASON_COUNT + reason;
	struct loss_counter *counter = bpf_map_lookup_elem(&losses, &key);

	if (!counter)
		return;
	__sync_fetch_and_add(&counter->events, 1);
	__sync_fetch_and_add(&counter->bytes, bytes);
	loss_generation += 1; /* only that it changes matters */
}

/*
 * User space polls every few milliseconds, so a wake-up (an interrupt and two context switches) is
 * only worth its price when the ring fills up faster than that. One record in 16 looks, by the
 * clock's low bits.
 */
static __always_inline u64 wakeup(u64 time_ns)
{
	if (time_ns & 15)
		return BPF_RB_NO_WAKEUP;
	if (bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > ring_alarm)
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

static __always_inline void event__fill(struct event *event, u16 type, u16 flags, u32 size, u64 now)
{
	event->type = type;
	event->flags = flags;
	event->size = size;
	event->time_ns = now;
}

#endif
