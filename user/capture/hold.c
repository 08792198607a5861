/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which of the programs that do the same work are loaded, by whether they can be preempted. */
#include <stdio.h>
#include <string.h>
#include "capture/capture_internal.h"

#define HELD "_held"
#define LAST "_last"

static const char *const followers[] = {"_again", "_again2", "_again3", LAST};

#define FOLLOWERS (sizeof(followers) / sizeof(*followers))

/* Of "NAME<from>" the program "NAME<to>"; NULL where there is none. */
static struct bpf_program *relative(const struct sonde_bpf *bpf, const struct bpf_program *program,
				    const char *from, const char *to)
{
	const char *name = bpf_program__name(program);
	size_t length = strlen(name), end = strlen(from);
	char other[64];

	if (length <= end || length >= sizeof(other) || strcmp(name + length - end, from) != 0)
		return NULL;
	snprintf(other, sizeof(other), "%.*s%s", (int)(length - end), name, to);
	return bpf_object__find_program_by_name(bpf->obj, other);
}

bool hold__is_needed(void)
{
	struct kernel_version version;

	return kernel__version(&version) && version.major >= 7;
}

/* The first of those that `program` follows; NULL: it follows none. */
static struct bpf_program *followed(const struct sonde_bpf *bpf, const struct bpf_program *program)
{
	struct bpf_program *first = NULL;

	for (size_t i = 0; !first && i < FOLLOWERS; i++)
		first = relative(bpf, program, followers[i], HELD);
	return first;
}

/* Behind those that are, in the object as well as when they are attached. */
static void choose(const struct sonde_bpf *bpf, struct bpf_program *program, bool hold)
{
	struct bpf_program *plain = relative(bpf, program, HELD, "");
	struct bpf_program *first = followed(bpf, program);

	if (plain) {
		bpf_program__set_autoload(program, hold && bpf_program__autoload(plain));
		bpf_program__set_autoload(plain, !hold && bpf_program__autoload(plain));
	}
	if (first)
		bpf_program__set_autoload(program, hold && bpf_program__autoload(first));
}

void hold__choose(struct sonde_bpf *bpf)
{
	bool hold = hold__is_needed();
	struct bpf_program *program;

	bpf_object__for_each_program(program, bpf->obj) choose(bpf, program, hold);
}

struct bpf_program *hold__of(const struct sonde_bpf *bpf, struct bpf_program *plain)
{
	struct bpf_program *held = hold__is_needed() ? relative(bpf, plain, "", HELD) : NULL;

	return held ? held : plain;
}

/* What on_splice_from misses the next receive notices. */
bool hold__may_be_lost(const struct sonde_bpf *bpf, const struct bpf_program *program)
{
	bool last = relative(bpf, program, LAST, HELD) != NULL;
	bool follows = followed(bpf, program) != NULL || relative(bpf, program, HELD, LAST);

	return (last || !follows) && program != bpf->progs.on_splice_from;
}

/*
 * A call that is still passing the programs lacks the last one, too: what was lost is then told
 * later. Marks are looked for before those that were found are read, so that none of
 * them is in neither.
 */
uint64_t hold__lost(struct capture *capture, uint64_t missed)
{
	struct sonde_bpf *bpf = capture->bpf;
	uint64_t told = capture->stats.recursion_misses, done;

	if (bpf_program__fd(bpf->progs.find_done) < 0)
		return missed;
	if (missed <= told + __atomic_load_n(&bpf->bss->done_in_vain, __ATOMIC_ACQUIRE))
		return told;
	bpf->bss->done_for_now = 0;
	if (iterator__run(bpf->progs.find_done, NULL, NULL))
		return told;
	done = __atomic_load_n(&bpf->bss->done_in_vain, __ATOMIC_ACQUIRE);
	done += bpf->bss->done_for_now;
	return missed > done + told ? missed - done : told;
}
