/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The marks of bpf/hold.h, which is compiled for here: every way to miss programs in some calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <linux/bpf.h>

typedef uint32_t u32;

#undef __always_inline
#undef SONDE_HOLDS
#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name
#define __always_inline	    inline
#define __weak		    __attribute__((weak))
#define __ksym
#define SONDE_HOLDS

static void *storage; /* NULL: there is no memory for it */
static u32 hooked = 1;

static int bpf_get_current_task_btf(void)
{
	return 0;
}

static void *bpf_task_storage_get(void *map, int task, void *value, uint64_t flags)
{
	(void)map;
	(void)task;
	(void)value;
	(void)flags;
	return storage;
}

#include "../../bpf/hold.h"

#define PROGRAMS (FOLLOWS_ALL + 1)
#define CALLS	 4

struct outcome {
	unsigned int told, twice, lost;
	unsigned int missed_by_last;
};

/* `misses`: a bit for each program of the call. */
static void call(u32 misses, struct outcome *out)
{
	unsigned int works = 0;

	for (u32 self = 0; self < PROGRAMS; self++)
		if (!(misses >> self & 1))
			works += pass__is_mine(PASS_RECV, (enum follower)self);
	out->told += works > 0;
	out->twice += works > 1;
	out->lost += works == 0;
	out->missed_by_last += misses >> FOLLOWS_ALL & 1;
}

static void start(struct passes *passes)
{
	memset(passes, 0, sizeof(*passes));
	storage = passes;
	done_in_vain = 0;
	hooked = 1;
}

/* What user/capture/hold.c makes of it. */
static uint64_t lost_as_told(const struct outcome *out, const struct passes *passes)
{
	return out->missed_by_last - done_in_vain - passes__in_vain(passes);
}

static void what_is_missed_is_told_twice_never_and_lost_as_counted(void **state)
{
	(void)state;
	for (u32 misses = 0; misses < 1u << PROGRAMS * CALLS; misses++) {
		struct outcome out = {0};
		struct passes passes;

		start(&passes);
		for (u32 i = 0; i < CALLS; i++)
			call(misses >> i * PROGRAMS & ((1u << PROGRAMS) - 1), &out);
		if (out.twice || lost_as_told(&out, &passes) != out.lost)
			fail_msg("misses %x: %u told twice, %u lost", misses, out.twice, out.lost);
	}
}

static void one_program_is_enough(void **state)
{
	(void)state;
	for (u32 only = 0; only < PROGRAMS; only++) {
		struct outcome out = {0};
		struct passes passes;

		start(&passes);
		call(0, &out);
		call(~(1u << only), &out);
		call(0, &out);
		assert_int_equal(out.told, 3);
		assert_int_equal(out.lost, 0);
	}
}

static void a_task_that_ends_takes_its_marks_along(void **state)
{
	struct outcome out = {0};
	struct passes passes;

	(void)state;
	start(&passes);
	call(1u << FOLLOWS_ALL, &out);
	assert_int_equal(passes__in_vain(&passes), 1);
	passes__end();
	passes__end();
	assert_int_equal(done_in_vain, 1);
	assert_int_equal(lost_as_told(&out, &passes), 0);
}

static void calls_of_before_all_were_attached_prove_nothing(void **state)
{
	struct outcome before = {0}, out = {0};
	struct passes passes;

	(void)state;
	start(&passes);
	hooked = 0;
	for (u32 attached = 1; attached < PROGRAMS; attached++)
		call(~0u << attached, &before);
	hooked = 1;
	call(~0u, &out);
	call(0, &out);
	assert_int_equal(before.told, PROGRAMS - 1);
	assert_int_equal(out.lost, 1);
	assert_int_equal(lost_as_told(&out, &passes), 1);
}

static void tracepoints_have_marks_of_their_own(void **state)
{
	struct passes passes;

	(void)state;
	start(&passes);
	assert_true(pass__is_mine(PASS_RECV, FOLLOWS_NONE));
	assert_true(pass__is_mine(PASS_SEND, FOLLOWS_ONE));
	assert_false(pass__is_mine(PASS_RECV, FOLLOWS_ONE));
	assert_true(pass__is_mine(PASS_LISTEN, FOLLOWS_ALL));
}

static void without_memory_the_last_one_works(void **state)
{
	struct outcome out = {0};

	(void)state;
	storage = NULL;
	call(0, &out);
	call(1, &out);
	assert_int_equal(out.told, 2);
	assert_int_equal(out.twice, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missed_is_told_twice_never_and_lost_as_counted),
		cmocka_unit_test(one_program_is_enough),
		cmocka_unit_test(a_task_that_ends_takes_its_marks_along),
		cmocka_unit_test(calls_of_before_all_were_attached_prove_nothing),
		cmocka_unit_test(tracepoints_have_marks_of_their_own),
		cmocka_unit_test(without_memory_the_last_one_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
