/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Beginnings, ends and calls of a few processes in any order, late ones, doubles and lies among
 * them: what is told always adds up, calls lie within their request, and nothing that was followed
 * is forgotten.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "shares/shares.h"

#define OPEN_MAX 64
#define STEP_NS	 500000ull

static uint32_t told_count;

static void require(bool good)
{
	if (!good)
		abort();
}

static void took(void *context, const struct share_told *told)
{
	uint64_t sum = 0, length = told->end.end_ns > told->end.start_ns
					   ? told->end.end_ns - told->end.start_ns
					   : 0;

	(void)context;
	for (int where = 0; where < WHERE_COUNT; where++)
		sum += told->ns[where];
	require(sum == length + told->end.queue_ns);
	for (uint32_t i = 0; i < told->span_count; i++) {
		const struct span *span = &told->span[i];

		require(span->start_ns >= told->end.start_ns && span->end_ns <= told->end.end_ns);
		require(!i || span->start_ns >= told->span[i - 1].start_ns);
	}
	told_count++;
}

struct play {
	struct shares *shares;
	uint64_t now_ns;
	struct share_end open[OPEN_MAX];
	uint32_t open_count, answered;
	bool asked[4]; /* by process */
};

static void begin(struct play *p, const uint8_t *b)
{
	struct share_begin begin = {.connection = b[1] % 8,
				    .start_ns = p->now_ns - b[2] % 16 * STEP_NS,
				    .trace = b[3] >> 6,
				    .tgid = 1 + b[3] % 4,
				    .tid = 1 + b[3] / 4 % 4,
				    .multiplexed = b[1] & 0x80};

	if (p->open_count == OPEN_MAX)
		return;
	p->open[p->open_count++] = (struct share_end){.connection = begin.connection,
						      .start_ns = begin.start_ns,
						      .tgid = begin.tgid,
						      .tid = begin.tid,
						      .outcome = OUTCOME_OK};
	shares__begun(p->shares, &begin, p->now_ns);
}

static void end(struct play *p, const uint8_t *b)
{
	struct share_end end;
	uint32_t i;

	if (!p->open_count)
		return;
	i = b[1] % p->open_count;
	end = p->open[i];
	p->open[i] = p->open[--p->open_count];
	end.end_ns = p->now_ns - b[2] % 8 * STEP_NS;
	end.queue_ns = b[3];
	end.end_tid = b[3] & 1 ? end.tid : 1 + b[3] % 4;
	end.outcome = b[2] < 200 ? OUTCOME_OK : b[2] < 220 ? OUTCOME_ABORTED : OUTCOME_LOST;
	p->answered += end.outcome == OUTCOME_OK && p->asked[end.tgid - 1];
	shares__ended(p->shares, &end, p->now_ns);
}

static void call(struct play *p, const uint8_t *b)
{
	struct share_call call = {.end_ns = p->now_ns - b[1] % 4 * STEP_NS,
				  .trace = b[3] >> 4 & 3,
				  .tgid = 1 + b[3] % 4,
				  .tid = 1 + b[3] / 4 % 4,
				  .label = b[1] / 64,
				  .kind = (uint8_t)(WHERE_POSTGRES + b[1] % 3),
				  .lost = b[2] > 250};

	call.start_ns = call.end_ns - b[2] % 64 * STEP_NS;
	call.end_tid = b[3] & 0x80 ? 1 : call.tid;
	if (shares__serves(p->shares, call.tgid))
		p->asked[call.tgid - 1] = true;
	shares__called(p->shares, &call, p->now_ns);
}

static void act(struct play *p, const uint8_t *b)
{
	p->now_ns += (b[0] >> 4) * STEP_NS;
	switch (b[0] & 7) {
	case 0:
	case 1:
		begin(p, b);
		break;
	case 2:
	case 3:
		end(p, b);
		break;
	case 4:
	case 5:
	case 6:
		for (int i = 0; i < (b[1] & 0x20 ? 100 : 1); i++)
			call(p, b);
		break;
	default:
		if (b[1] == 0)
			shares__doubt(p->shares, p->now_ns - STEP_NS, p->now_ns);
		shares__pass(p->shares, p->now_ns);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct play play = {.shares = shares__new(took, NULL), .now_ns = 1000000000ull};
	struct shares_counts counts;

	if (!play.shares)
		return 0;
	told_count = 0;
	for (; size >= 4; data += 4, size -= 4)
		act(&play, data);
	shares__pass(play.shares, UINT64_MAX);
	shares__counts(play.shares, &counts);
	require(told_count == play.answered && told_count == counts.requests);
	require(counts.unattributed <= counts.calls);
	shares__free(play.shares);
	return 0;
}
