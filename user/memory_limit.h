/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A ceiling for resident memory. The kernel's own count of it is looked at before what passed could
 * have used up what is left. Near the ceiling nothing new is taken in (connections, series, names);
 * nearer still connections are let go. What is not told for that is counted (LOSS_MEMORY).
 */
#ifndef SONDE_MEMORY_LIMIT_H
#define SONDE_MEMORY_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* What the daemon has resident when idle, without its ring, and room to work in: to ask for less is
 * wrong on any machine. Of many processors it has more: memory_limit__least. */
#define MEMORY_LIMIT_MIN (28ull << 20)

struct capture;
struct engine;
struct memory_limit;
struct metrics;

struct memory_state {
	uint64_t limit;	   /* bytes; 0: there is none */
	uint64_t let_go;   /* connections given up */
	uint64_t resident; /* bytes, at the last look */
	bool tight;	   /* nothing new is taken in now */
};

/* `limit` in bytes. NULL: no memory, or /proc cannot be read. All must outlive it. */
struct memory_limit *memory_limit__new(uint64_t limit, struct capture *capture,
				       struct engine *engine, struct metrics *metrics);
void memory_limit__free(struct memory_limit *memory); /* tolerates NULL */
/* The lowest limit that leaves room to work in here, in bytes. */
uint64_t memory_limit__least(const struct memory_limit *memory);
/* An event of `size` bytes was taken. */
void memory_limit__took(struct memory_limit *memory, uint32_t size);
/* Some times a second. */
void memory_limit__tick(struct memory_limit *memory, uint64_t now_ns);
/* Whether a snapshot may be made and rendered: one after the other. NULL is tolerated: yes. */
enum memory_answer { MEMORY_NO, MEMORY_LATER, MEMORY_YES };
enum memory_answer memory_limit__snapshot(struct memory_limit *memory);
/* NULL is tolerated: there is none. */
struct memory_state memory_limit__state(const struct memory_limit *memory);

#endif
