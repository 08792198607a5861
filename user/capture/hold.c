/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which of two programs that do the same is loaded: the one that holds the CPU, or the other one.
 */
#include <stdio.h>
#include <string.h>
#include "capture/capture_internal.h"

static const char suffix[] = "_held";

/* The program that `held` is the twin of; NULL where it is no such one. */
static struct bpf_program *other_of(const struct sonde_bpf *bpf, const struct bpf_program *held)
{
	const char *name = bpf_program__name(held);
	size_t length = strlen(name), end = sizeof(suffix) - 1;
	char other[64];

	if (length <= end || length >= sizeof(other) || strcmp(name + length - end, suffix) != 0)
		return NULL;
	snprintf(other, sizeof(other), "%.*s", (int)(length - end), name);
	return bpf_object__find_program_by_name(bpf->obj, other);
}

bool hold__is_needed(void)
{
	struct kernel_version version;

	return kernel__version(&version) && version.major >= 7;
}

void hold__choose(struct sonde_bpf *bpf)
{
	bool hold = hold__is_needed();
	struct bpf_program *program, *other;

	bpf_object__for_each_program(program, bpf->obj)
	{
		other = other_of(bpf, program);
		if (!other)
			continue;
		bpf_program__set_autoload(program, hold && bpf_program__autoload(other));
		bpf_program__set_autoload(other, !hold && bpf_program__autoload(other));
	}
}
