/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One call's bytes as records in the ring. */
#ifndef SONDE_BPF_CHUNK_H
#define SONDE_BPF_CHUNK_H

#define VECTOR_MAX   1024				/* entries of a vector that are followed */
#define CALL_RECORDS (SONDE_CALL_MAX / SONDE_CHUNK_MAX) /* with payload */
#define PAGE_SIZE    4096ULL

/* What the records of one call have in common, and how far its bytes are written. */
struct call {
	u64 connection;
	u64 position; /* of the next record */
	u64 time_ns;
	u64 queue_ns;
	u64 task;  /* tgid << 32 | tid */
	u32 left;  /* bytes of the stream that no record stands for yet */
	u32 limit; /* bytes that may still be captured */
	u16 flags; /* CHUNK_* of the next record */
	u8 direction;
	u8 protocol;
	u16 failed;
	u16 tail; /* bytes of a cut call's end that are captured, too */
};

static __always_inline void chunk__fill(struct chunk *chunk, const struct call *call, u32 length,
					u32 head, u16 flags)
{
	event__fill(&chunk->event, EVENT_CHUNK, call->flags | flags, sizeof(*chunk) + head,
		    call->time_ns);
	chunk->connection = call->connection;
	chunk->position = call->position;
	chunk->queue_ns = call->queue_ns;
	chunk->length = length;
	chunk->head = head;
	chunk->tgid = call->task >> 32;
	chunk->tid = call->task;
	chunk->direction = call->direction;
	chunk->protocol = call->protocol;
	__builtin_memset(chunk->pad, 0, sizeof(chunk->pad));
}

/* The next record of the same call goes on where this one ended. */
static __always_inline void call__advance(struct call *call, u32 length, u32 head)
{
	call->position += length;
	call->left -= length;
	call->limit -= head < call->limit ? head : call->limit;
	call->queue_ns = 0;
	call->flags |= CHUNK_CONTINUED;
}

static __always_inline void call__lost(struct call *call, u32 length, u32 head)
{
	call->failed = 1;
	count_loss(call->protocol, LOSS_RING_FULL, length);
	call__advance(call, length, head);
}

/* A record without payload. */
__noinline int chunk__bare(struct call *call, u32 length, u16 flags)
{
	struct chunk *chunk;

	if (!call)
		return 0;
	chunk = bpf_ringbuf_reserve(&ring, sizeof(*chunk), 0);
	if (!chunk) {
		call__lost(call, length, 0);
		return 0;
	}
	chunk__fill(chunk, call, length, 0, flags);
	bpf_ringbuf_submit(chunk, wakeup(call->time_ns));
	call__advance(call, length, 0);
	return 0;
}

/* Copies from the user straight into a record with `room` bytes of payload. */
static __always_inline int chunk__copy(struct call *call, u64 address, u32 head, const u32 room,
				       u32 length, u16 flags)
{
	struct chunk *chunk = bpf_ringbuf_reserve(&ring, sizeof(*chunk) + room, 0);

	if (!chunk) {
		call__lost(call, length, head);
		return 0;
	}
	if (head > room)
		head = room;
	if (bpf_probe_read_user(chunk->data, head, (void *)address)) {
		bpf_ringbuf_discard(chunk, BPF_RB_NO_WAKEUP);
		return -EFAULT;
	}
	chunk__fill(chunk, call, length, head, flags);
	bpf_ringbuf_submit(chunk, wakeup(call->time_ns));
	call__advance(call, length, head);
	return 0;
}

/* A reservation's size must be a constant, so records come in classes. */
__noinline int chunk__write(struct call *call, u64 address, u32 head, u32 length, u16 flags)
{
	if (!call)
		return 0;
	if (head <= 128)
		return chunk__copy(call, address, head, 128, length, flags);
	if (head <= 256)
		return chunk__copy(call, address, head, 256, length, flags);
	if (head <= 512)
		return chunk__copy(call, address, head, 512, length, flags);
	if (head <= 1024)
		return chunk__copy(call, address, head, 1024, length, flags);
	if (head <= 2048)
		return chunk__copy(call, address, head, 2048, length, flags);
	if (head <= 4096)
		return chunk__copy(call, address, head, 4096, length, flags);
	if (head <= 8192)
		return chunk__copy(call, address, head, 8192, length, flags);
	return chunk__copy(call, address, head, 16384, length, flags);
}

static __always_inline struct scratch *scratch__of(u8 direction)
{
	u32 key = bpf_get_smp_processor_id() * DIRECTION_COUNT + direction;

	return bpf_map_lookup_elem(&scratches, &key);
}

/* Writes what the scratch buffer holds as one record. */
static __always_inline void chunk__flush(struct call *call, struct scratch *scratch, u32 head,
					 u32 length, u16 flags)
{
	u64 size, wake = wakeup(call->time_ns);

	if (head > SONDE_CHUNK_MAX)
		head = SONDE_CHUNK_MAX;
	size = sizeof(struct chunk) + head;
	chunk__fill((struct chunk *)scratch->header, call, length, head, flags);
	asm volatile("" : "+r"(size));
	size &= 2 * SONDE_CHUNK_MAX - 1;
	if (bpf_ringbuf_output(&ring, scratch, size, wake))
		call__lost(call, length, head);
	else
		call__advance(call, length, head);
}

/* As much as can be read of a buffer that cannot be read as a whole: page by page. */
__noinline int chunk__salvage(struct call *call, u64 address, u32 head, u32 length)
{
	u64 done = 0, step;
	struct scratch *scratch;

	if (!call)
		return 0;
	scratch = scratch__of(call->direction);
	if (!scratch)
		return 0;
	for (int i = 0; i <= SONDE_CHUNK_MAX / PAGE_SIZE && done < head; i++) {
		step = PAGE_SIZE - (address & (PAGE_SIZE - 1));
		if (step > head - done)
			step = head - done;
		if (step > SONDE_CHUNK_MAX || done >= SONDE_CHUNK_MAX)
			break;
		asm volatile("" : "+r"(step)); /* older verifiers must see its range just here */
		step &= 2 * PAGE_SIZE - 1;
		if (bpf_probe_read_user(scratch->data + done, step, (void *)address))
			break;
		done += step;
		address += step;
	}
	chunk__flush(call, scratch, done, length, CHUNK_UNREADABLE);
	return 0;
}

/*
 * What lies between is left out, but not the end: there a protocol says that an answer is complete
 * (PostgreSQL's CommandComplete and ReadyForQuery).
 */
static __always_inline void call__tail(struct call *call, u64 address)
{
	u32 between, tail = call->tail;

	if (tail && call->left > tail) {
		between = call->left - tail;
		chunk__bare(call, between, CHUNK_CUT);
		address += between;
		if (!chunk__write(call, address, tail, tail, 0))
			return;
	}
	chunk__bare(call, call->left, CHUNK_CUT);
}

/* A single buffer: every record straight from the user's memory. */
__noinline int call__buffer(struct call *call, u64 address)
{
	u32 head;

	if (!call)
		return 0;
	for (int i = 0; i < CALL_RECORDS; i++) {
		head = call->left < SONDE_CHUNK_MAX ? call->left : SONDE_CHUNK_MAX;
		if (head > call->limit)
			head = call->limit;
		if (!head)
			break;
		if (chunk__write(call, address, head, head, 0))
			chunk__salvage(call, address, head, head);
		address += head;
	}
	if (call->left)
		call__tail(call, address);
	return 0;
}

/* How far a vector is gathered. */
struct gather {
	u64 vector;
	u64 address; /* of the entry in hand */
	u64 length;  /* what is left of it */
	u32 count;
	u32 fill; /* bytes in the scratch buffer */
};

static __always_inline int gather__next(struct gather *gather)
{
	struct user_vector entry;

	if (!gather->count || bpf_probe_read_user(&entry, sizeof(entry), (void *)gather->vector))
		return -EFAULT;
	gather->count -= 1;
	gather->vector += sizeof(entry);
	gather->address = entry.address;
	gather->length = entry.length;
	return 0;
}

/* Moves a piece of the entry in hand to the scratch buffer. */
static __always_inline int gather__piece(struct gather *gather, struct call *call,
					 struct scratch *scratch)
{
	u64 step = gather->length;
	u32 fill = gather->fill, wanted = call->left < call->limit ? call->left : call->limit;

	if (wanted > SONDE_CHUNK_MAX)
		wanted = SONDE_CHUNK_MAX;
	if (fill >= wanted || fill >= SONDE_CHUNK_MAX)
		return 0;
	if (step > wanted - fill)
		step = wanted - fill;
	if (step > SONDE_CHUNK_MAX)
		step = SONDE_CHUNK_MAX;
	if (bpf_probe_read_user(scratch->data + fill, step, (void *)gather->address))
		return -EFAULT;
	gather->fill += step;
	gather->address += step;
	gather->length -= step;
	return 0;
}

/* One step: the next entry, or a piece of it, or a full record. 1 when all is done. */
__noinline int gather__step(struct gather *gather, struct call *call, u8 direction)
{
	struct scratch *scratch = scratch__of(direction);
	u32 wanted;

	if (!scratch || !gather || !call)
		return 1;
	wanted = call->left < call->limit ? call->left : call->limit;
	if (!wanted)
		return 1;
	if (!gather->length)
		return gather__next(gather);
	if (gather__piece(gather, call, scratch))
		return -EFAULT;
	if (gather->fill < wanted && gather->fill < SONDE_CHUNK_MAX)
		return 0;
	chunk__flush(call, scratch, gather->fill, gather->fill, 0);
	gather->fill = 0;
	return 0;
}

__noinline int gather__unreadable(struct gather *gather, struct call *call, u8 direction)
{
	struct scratch *scratch = scratch__of(direction);

	if (scratch && gather && call)
		chunk__flush(call, scratch, gather->fill, call->left, CHUNK_UNREADABLE);
	return 0;
}

__noinline int call__vector(struct call *call, u64 vector, u32 count)
{
	struct gather gather = {.vector = vector, .count = count};
	int done = 0;

	if (!call)
		return 0;
	for (int i = 0; i < 2 * VECTOR_MAX + CALL_RECORDS && !done; i++)
		done = gather__step(&gather, call, call->direction);
	if (done < 0 || gather.fill)
		gather__unreadable(&gather, call, call->direction);
	if (call->left)
		chunk__bare(call, call->left, CHUNK_CUT);
	return 0;
}

#endif
