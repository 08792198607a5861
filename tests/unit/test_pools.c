/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pools: every change is counted, peaks and lows are kept, titles and settings are read as they
 * stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "config.h"
#include "connection.h"
#include "database_name.h"
#include "pool_settings.h"
#include "pools.h"

#define MINUTE 60000000000ull

static struct connection client(const char *database)
{
	struct connection c = {.service = 3, .role = ROLE_CLIENT};

	strcpy(c.database, database);
	return c;
}

static void activity_and_peaks(void **state)
{
	struct pools pools = {0};
	struct connection a = client("shop"), b = client("shop"), other = client("stock");

	(void)state;
	pools__activity(&pools, &a, ACTIVITY_IDLE, 1);
	pools__activity(&pools, &b, ACTIVITY_IDLE, 2);
	pools__activity(&pools, &other, ACTIVITY_BUSY, 3);
	assert_int_equal(pools.count, 2);
	assert_ptr_equal(a.pool, b.pool);
	assert_ptr_not_equal(a.pool, other.pool);
	pools__activity(&pools, &a, ACTIVITY_BUSY, 4);
	pools__activity(&pools, &b, ACTIVITY_IN_TRANSACTION, 5);
	pools__activity(&pools, &b, ACTIVITY_IN_TRANSACTION, 5);
	assert_int_equal(pool__active(a.pool), 2);
	pools__activity(&pools, &b, ACTIVITY_IDLE, 6);
	pools__leave(&pools, &a, 7);
	pools__leave(&pools, &a, 7);
	assert_null(a.pool);
	assert_int_equal(b.pool->open, 1);
	assert_int_equal(b.pool->state[ACTIVITY_BUSY], 0);
	assert_int_equal(b.pool->state[ACTIVITY_IDLE], 1);
	assert_int_equal(b.pool->peak_open, 2);
	assert_int_equal(b.pool->peak_active, 2);
	strcpy(b.database, "stock");
	pools__move(&pools, &b, 8);
	assert_ptr_equal(b.pool, other.pool);
	assert_int_equal(b.pool->open, 2);
	pools__expire(&pools, 1000);
	assert_int_equal(pools.count, 1);
	pools__clear(&pools);
}

static void the_low_of_an_hour(void **state)
{
	struct pools pools = {0};
	struct connection c[4];
	uint32_t low;

	(void)state;
	for (int i = 0; i < 4; i++) {
		c[i] = client("shop");
		pools__activity(&pools, &c[i], ACTIVITY_IDLE, MINUTE);
	}
	assert_false(pool__low(pools.pool[0], 4 * MINUTE, &low));
	assert_true(pool__low(pools.pool[0], 6 * MINUTE, &low));
	assert_int_equal(low, 4);
	pools__leave(&pools, &c[0], 7 * MINUTE);
	pools__leave(&pools, &c[1], 8 * MINUTE);
	pools__activity(&pools, &c[0], ACTIVITY_NONE, 9 * MINUTE);
	pools__activity(&pools, &c[0], ACTIVITY_IDLE, 9 * MINUTE);
	assert_true(pool__low(pools.pool[0], 30 * MINUTE, &low));
	assert_int_equal(low, 2);
	assert_true(
		pool__low(pools.pool[0], 90 * MINUTE, &low)); /* that is more than an hour ago */
	assert_int_equal(low, 3);
	pools__leave(&pools, &c[2], 500 * MINUTE);
	assert_true(pool__low(pools.pool[0], 500 * MINUTE, &low));
	assert_int_equal(low, 2);
	pools__clear(&pools);
}

static void there_is_an_end_to_pools(void **state)
{
	struct pools *pools = calloc(1, sizeof(*pools));
	struct connection *c = calloc(POOLS_MAX + 3, sizeof(*c));

	(void)state;
	assert_non_null(pools);
	assert_non_null(c);
	for (int i = 0; i < POOLS_MAX + 3; i++) {
		c[i].role = ROLE_CLIENT;
		snprintf(c[i].database, sizeof(c[i].database), "d%d", i);
		pools__activity(pools, &c[i], ACTIVITY_BUSY, 1);
		pools__activity(pools, &c[i], ACTIVITY_IDLE, 1);
	}
	assert_int_equal(pools->count, POOLS_MAX);
	assert_true(pools->overflowed >= 3);
	for (int i = 0; i < POOLS_MAX + 3; i++)
		pools__leave(pools, &c[i], 2);
	pools__clear(pools);
	free(pools);
	free(c);
}

static void titles(void **state)
{
	static const struct {
		const char *title, *database;
	} cases[] = {
		{"postgres: postgres shop 127.0.0.1(45678) idle", "shop"},
		{"postgres: 15/main: app shop [local] idle in transaction", "shop"},
		{"postgres: app shop ::1(1) SELECT", "shop"},
		{"postgres: app shop 2001:db8::7(65535) authentication", "shop"},
		{"postgres: checkpointer ", NULL},
		{"postgres: 15/main: logical replication launcher ", NULL},
		{"postgres: app shop", NULL},
		{"postgres: ", NULL},
		{"postgres: [local] x", NULL},
		{"postgres: a (1) x", NULL},
		{"/usr/lib/postgresql/15/bin/postgres -D /data", NULL},
		{"", NULL},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool found = database_name__of_title(cases[i].title, out, sizeof(out));

		if (found != !!cases[i].database || (found && strcmp(out, cases[i].database) != 0))
			fail_msg("`%s`: %s", cases[i].title, found ? out : "nothing");
	}
	assert_false(database_name__of_title("postgres: a longer 1(1) x", out, 6));
}

static void settings(void **state)
{
	static const char text[] = "pools:\n"
				   "  - {service: shop, database: [a*, b], max: 10, min: 0}\n"
				   "  - {max: 5, per: process, idle_timeout: 30s}\n";
	const struct pool_setting *s;
	struct config config;
	char error[256];

	(void)state;
	memset(&config, 0, sizeof(config));
	assert_int_equal(config__parse("c", text, strlen(text), &config, error, sizeof(error)), 0);
	s = pool_settings__find(config.pools, "shop", "abc");
	assert_true(s->has_max && s->max == 10 && s->has_min && s->min == 0 && !s->per_process &&
		    !s->has_idle_timeout);
	s = pool_settings__find(config.pools, "shop", "c");
	assert_true(s->max == 5 && s->per_process && !s->has_min && s->idle_timeout_ms == 30000);
	assert_null(pool_settings__find(NULL, "shop", "c"));
	config__clear(&config);
}

static void refused_settings(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"pools: [{max: 0}]", "max"},
		{"pools: [{max: 2, min: 3}]", "min is above max"},
		{"pools: [{maximum: 2}]", "maximum"},
		{"pools: [{per: host}]", "per cannot be `host`"},
		{"pools: [7]", "c:1"},
		{"pools: [{idle_timeout: soon}]", "soon"},
	};
	struct config config;
	char error[256];

	(void)state;
	memset(&config, 0, sizeof(config));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_not_equal(config__parse("c", cases[i].text, strlen(cases[i].text),
						   &config, error, sizeof(error)),
				     0);
		if (!strstr(error, cases[i].says))
			fail_msg("`%s`: %s", cases[i].text, error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(activity_and_peaks),
		cmocka_unit_test(the_low_of_an_hour),
		cmocka_unit_test(there_is_an_end_to_pools),
		cmocka_unit_test(titles),
		cmocka_unit_test(settings),
		cmocka_unit_test(refused_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
