/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pods by the kubelet's links, and the workloads that their names tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "service/kubernetes.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void workloads_are_pods_without_what_controllers_add(void **state)
{
	static const struct {
		const char *pod, *workload;
	} cases[] = {
		{"web-7d4b9c6f5-x2x9z", "web"},		   /* Deployment */
		{"shop-api-6c5f4d9b8d-2kq7p", "shop-api"}, /* ten digits of hash */
		{"node-exporter-x2x9z", "node-exporter"},  /* DaemonSet */
		{"db-0", "db"},				   /* StatefulSet */
		{"db-12", "db"},
		{"migrate-7d8vq", "migrate"},	     /* Job */
		{"backup-28123456-x2x9z", "backup"}, /* CronJob */
		{"redis-cache", "redis-cache"},	     /* a bare pod: vowels are never random */
		{"redis", "redis"},
		{"-0", "-0"},
		{"a-", "a-"},
		{"", ""},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		kubernetes__workload(cases[i].pod, out, sizeof(out));
		assert_string_equal(out, cases[i].workload);
	}
	kubernetes__workload("web-7d4b9c6f5-x2x9z", out, 3);
	assert_string_equal(out, "we");
}

static void make(const char *folder, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(symlink("/nowhere", path), 0);
}

static void removed(const char *folder)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

static void containers_are_named_by_their_links(void **state)
{
	char folder[] = "/tmp/sonde-test-XXXXXX";
	struct container container = {.id = ID, .pod = "11111111-2222-3333-4444-555555555555"};
	struct container other = container;
	struct kubernetes *k;

	(void)state;
	assert_non_null(mkdtemp(folder));
	make(folder, "no-underscores-" ID ".log");
	make(folder, "one_underscore-" ID ".log");
	make(folder, "short.log");
	make(folder, "web-7d4b9c6f5-x2x9z_shop_nginx-" ID ".txt");
	k = kubernetes__new(folder);
	kubernetes__name(k, &container);
	assert_string_equal(container.pod_name, "");
	assert_false(kubernetes__found(k));
	/* The kubelet makes the link some time after the start. */
	make(folder, "web-7d4b9c6f5-x2x9z_shop_nginx-" ID ".log");
	kubernetes__name(k, &container);
	assert_string_equal(container.pod_name, "web-7d4b9c6f5-x2x9z");
	assert_string_equal(container.space, "shop");
	assert_string_equal(container.name, "nginx");
	assert_string_equal(container.workload, "web");
	removed(folder);
	kubernetes__name(k, &other); /* remembered */
	assert_string_equal(other.workload, "web");
	assert_true(kubernetes__found(k));

	other = (struct container){.id = "lxc-name"};
	kubernetes__name(k, &other);
	assert_string_equal(other.pod_name, "");
	kubernetes__name(NULL, &other);
	kubernetes__free(k);
}

static void names_of_any_length_fit(void **state)
{
	char folder[] = "/tmp/sonde-test-XXXXXX", name[256];
	struct container container = {.id = ID, .pod = "11111111-2222-3333-4444-555555555555"};
	struct kubernetes *k;

	(void)state;
	assert_non_null(mkdtemp(folder));
	memset(name, 'p', sizeof(name));
	snprintf(name + 150, sizeof(name) - 150, "_n_c-" ID ".log");
	make(folder, name);
	k = kubernetes__new(folder);
	kubernetes__name(k, &container);
	assert_int_equal(strlen(container.pod_name), sizeof(container.pod_name) - 1);
	assert_string_equal(container.name, "c");
	kubernetes__free(k);
	removed(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workloads_are_pods_without_what_controllers_add),
		cmocka_unit_test(containers_are_named_by_their_links),
		cmocka_unit_test(names_of_any_length_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
