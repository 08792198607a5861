/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The newest exchanges, for who looks on: lines of JSON in a bounded ring, written only while
 * somebody reads. A reader that is too slow is told how many it missed; the drain never waits for
 * it longer than it takes to copy what is there.
 */
#ifndef SONDE_TAIL_H
#define SONDE_TAIL_H

#include <stdint.h>
#include "buffer.h"
#include "engine.h"

#define TAIL_LINES 4096
/* After the last question lines are kept so long. */
#define TAIL_WANTED_NS 10000000000ull

struct tail;

/* Adds itself to the engine. NULL: no memory, or no room among the engine's sinks. */
struct tail *tail__new(struct engine *engine);
void tail__free(struct tail *tail); /* after the engine's last event; tolerates NULL */
/*
 * Any thread. Appends a line {"next":N,"missed":M} and what came since `after`, a `next` of before;
 * 0: nothing but where it goes on. now_ns: CLOCK_MONOTONIC.
 */
void tail__read(struct tail *tail, uint64_t after, uint64_t now_ns, struct buffer *out);
/* Now and then: gives back what nobody wants any more. Tolerates NULL. */
void tail__tick(struct tail *tail, uint64_t now_ns);

#endif
