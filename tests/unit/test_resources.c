/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What services use: every process counts once, what ended stays counted, nothing ever falls. */
#include <time.h>
#include "fake_proc.h"
#include "harness.h"
#include "metrics/metrics.h"
#include "metrics/resources.h"

#define SECOND	 1000000000ull
#define REQUEST	 "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct node {
	char root[sizeof(FAKE_PROC)];
	struct harness h;
	struct metrics *metrics;
	uint64_t now_ns, boot_ns, ticks; /* per second */
	char *text;
};

/* Processes are up to hours old here, on a machine that may have booted a minute ago. */
#define BOOTED_AGO 1000000

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int err = __real_clock_gettime(clock, now);

	if (clock == CLOCK_BOOTTIME)
		now->tv_sec += BOOTED_AGO;
	return err;
}

static int setup(void **state)
{
	struct node *n = calloc(1, sizeof(*n));
	struct timespec boot;

	if (!n)
		return -1;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	n->boot_ns = (uint64_t)boot.tv_sec * SECOND + (uint64_t)boot.tv_nsec;
	n->now_ns = 100 * SECOND;
	n->ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	strcpy(n->root, FAKE_PROC);
	fake_proc__make(n->root);
	*state = n;
	return 0;
}

static int teardown(void **state)
{
	struct node *n = *state;

	metrics__free(n->metrics);
	engine__free(n->h.engine);
	fake_proc__remove(n->root);
	free(n->text);
	free(n);
	return 0;
}

static void observe(struct node *n)
{
	struct engine_options options = {.proc = n->root};

	n->h.engine = engine__new(&options);
	assert_non_null(n->h.engine);
	n->metrics = metrics__new(&(struct metrics_options){.idle_seconds = 60}, n->h.engine);
	assert_non_null(n->metrics);
}

static uint64_t started(const struct node *n, uint64_t seconds_ago)
{
	return n->boot_ns / (SECOND / n->ticks) - seconds_ago * n->ticks;
}

static void io(const struct node *n, uint32_t tgid, unsigned int in, unsigned int out)
{
	char text[256];
	int length = snprintf(text, sizeof(text),
			      "rchar: 9\nwchar: 8\nsyscr: 7\nsyscw: 6\nread_bytes: %u\n"
			      "write_bytes: %u\ncancelled_write_bytes: 5\n",
			      in, out);

	fake_proc__fill(n->root, tgid, "io", text, (size_t)length);
}

static void send_event(struct node *n, void *event, uint16_t type, uint32_t size)
{
	struct event *header = event;

	*header = (struct event){.type = type, .size = size, .time_ns = n->now_ns};
	assert_int_equal(engine__event(n->h.engine, event, size), 0);
}

/* A process of nginx that serves one request on a connection of its own. */
static void serve(struct node *n, uint32_t tgid, uint64_t start_ticks)
{
	struct process_event process = {.tgid = tgid,
					.start_ns = start_ticks * (SECOND / n->ticks),
					.comm = "nginx",
					.executable = "/usr/sbin/nginx"};
	struct open_event open = {
		.connection = tgid, .tgid = tgid, .family = 2, .role = ROLE_SERVER};
	const char *data[] = {REQUEST, RESPONSE};
	_Alignas(8) uint8_t record[sizeof(struct chunk) + 64];
	struct chunk *chunk = (struct chunk *)record;

	send_event(n, &process, EVENT_PROCESS, sizeof(process));
	send_event(n, &open, EVENT_OPEN, sizeof(open));
	for (int i = 0; i < 2; i++) {
		uint32_t length = (uint32_t)strlen(data[i]);

		memset(record, 0, sizeof(record));
		chunk->connection = tgid;
		chunk->tgid = tgid;
		chunk->direction = i ? DIRECTION_SEND : DIRECTION_RECV;
		chunk->length = chunk->head = length;
		memcpy(chunk->data, data[i], length);
		send_event(n, record, EVENT_CHUNK, (uint32_t)sizeof(*chunk) + length);
	}
}

/* Time passes; whoever is due is read. */
static void pass(struct node *n, uint64_t seconds)
{
	n->now_ns += seconds * SECOND;
	n->boot_ns += seconds * SECOND;
	for (int i = 0; i < PROCESSES_BUCKETS / 64; i++)
		metrics__read_resources(n->metrics, n->now_ns, n->boot_ns);
	engine__tick(n->h.engine, n->now_ns);
}

static void look(struct node *n)
{
	struct snapshot *snapshot = metrics__snapshot(n->metrics, &(struct self){.source = "live"});
	struct buffer text = {0};

	assert_non_null(snapshot);
	snapshot__expose(snapshot, EXPOSITION_PROMETHEUS, &text);
	buffer__append(&text, "", 1);
	free(n->text);
	n->text = strdup(text.data);
	buffer__clear(&text);
	snapshot__free(snapshot);
}

/* -1: there is no such sample. */
static double value(struct node *n, const char *name)
{
	char sample[128];
	const char *at;

	snprintf(sample, sizeof(sample), "\n%s{service=\"nginx\"} ", name);
	look(n);
	at = strstr(n->text, sample);
	return at ? strtod(at + strlen(sample), NULL) : -1;
}

#define ASSERT_VALUE(name, expected)                                                               \
	do {                                                                                       \
		double got = value(n, name);                                                       \
		if (got != (double)(expected))                                                     \
			fail_msg("%s: %g, not %g", name, got, (double)(expected));                 \
	} while (0)

static void what_processes_use_is_summed(void **state)
{
	struct node *n = *state;
	double page = (double)sysconf(_SC_PAGESIZE);

	observe(n);
	for (uint32_t tgid = 11; tgid <= 12; tgid++) {
		fake_proc__stat(n->root, tgid, "nginx", 1, started(n, tgid - 9), 3 * n->ticks, 10);
		io(n, tgid, 100, 1000);
		serve(n, tgid, started(n, tgid - 9));
	}
	pass(n, 1);
	ASSERT_VALUE("service_processes", 2);
	ASSERT_VALUE("service_cpu_seconds_total", 6);
	ASSERT_VALUE("service_memory_bytes", 20 * page);
	ASSERT_VALUE("service_disk_read_bytes_total", 200);
	ASSERT_VALUE("service_disk_written_bytes_total", 2000);
	ASSERT_VALUE("service_network_received_bytes_total", 2 * strlen(REQUEST));
	ASSERT_VALUE("service_network_sent_bytes_total", 2 * strlen(RESPONSE));
	assert_true(value(n, "system_uptime_seconds") >= 3);
	assert_true(value(n, "system_uptime_seconds") < 60);
	fake_proc__stat(n->root, 11, "nginx", 1, started(n, 0) - 3, 5 * n->ticks, 1);
	pass(n, 4);
	ASSERT_VALUE("service_cpu_seconds_total", 6); /* not due yet */
}

static void what_ended_stays_counted(void **state)
{
	struct node *n = *state;
	uint64_t start = started(n, 2);

	observe(n);
	fake_proc__stat(n->root, 11, "nginx", 1, start, 3 * n->ticks, 10);
	io(n, 11, 100, 1000);
	serve(n, 11, start);
	pass(n, 1);
	fake_proc__stat(n->root, 11, "nginx", 1, start, 7 * n->ticks, 10);
	pass(n, 5);
	ASSERT_VALUE("service_cpu_seconds_total", 7);
	fake_proc__end(n->root, 11);
	pass(n, 5);
	ASSERT_VALUE("service_processes", 0);
	ASSERT_VALUE("service_memory_bytes", 0);
	ASSERT_VALUE("system_uptime_seconds", -1);
	ASSERT_VALUE("service_cpu_seconds_total", 7);
	ASSERT_VALUE("service_disk_written_bytes_total", 1000);
	/* The pid is another's now, who has no part in it. */
	fake_proc__stat(n->root, 11, "nginx", 1, start + 5 * n->ticks, n->ticks, 10);
	pass(n, 5);
	ASSERT_VALUE("service_processes", 0);
	serve(n, 11, start + 5 * n->ticks);
	pass(n, 5);
	ASSERT_VALUE("service_processes", 1);
	ASSERT_VALUE("service_cpu_seconds_total", 7); /* too old for its past to be now */
	fake_proc__stat(n->root, 11, "nginx", 1, start + 5 * n->ticks, 2 * n->ticks, 10);
	pass(n, 5);
	ASSERT_VALUE("service_cpu_seconds_total", 8);
	fake_proc__end(n->root, 11);
	pass(n, 30);
	ASSERT_VALUE("service_processes", 0);
	pass(n, 60);
	ASSERT_VALUE("service_processes", -1); /* dropped as series are */
}

static void an_old_process_counts_from_now_on(void **state)
{
	struct node *n = *state;
	uint64_t start = started(n, 1000);

	observe(n);
	fake_proc__stat(n->root, 11, "nginx", 1, start, 500 * n->ticks, 10);
	serve(n, 11, start); /* and its io file cannot be read */
	pass(n, 1);
	ASSERT_VALUE("service_cpu_seconds_total", 0);
	ASSERT_VALUE("service_disk_read_bytes_total", -1);
	assert_true(value(n, "system_uptime_seconds") > 999);
	fake_proc__stat(n->root, 11, "nginx", 1, start, 501 * n->ticks, 10);
	io(n, 11, 100, 1000); /* now it can */
	pass(n, 5);
	ASSERT_VALUE("service_cpu_seconds_total", 1);
	ASSERT_VALUE("service_disk_read_bytes_total", 0);
	io(n, 11, 107, 1000);
	pass(n, 5);
	ASSERT_VALUE("service_disk_read_bytes_total", 7);
	fake_proc__stat(n->root, 11, "nginx", 1, start, 400 * n->ticks, 10);
	pass(n, 5);
	ASSERT_VALUE("service_cpu_seconds_total", 1); /* nothing ever falls */
}

static void a_parent_of_the_same_name_belongs(void **state)
{
	struct node *n = *state;
	uint64_t start = started(n, 2);

	observe(n);
	FAKE_PROC__FILL(n->root, 10, "cmdline", "nginx: master process nginx");
	fake_proc__stat(n->root, 10, "nginx", 9, started(n, 3000), 70 * n->ticks, 10);
	fake_proc__link(n->root, 10, "/proc/self/exe");
	fake_proc__stat(n->root, 9, "sh", 1, started(n, 9000), 90 * n->ticks, 10);
	fake_proc__link(n->root, 9, "/proc/self/stat");
	FAKE_PROC__FILL(n->root, 11, "cmdline", "nginx: worker process");
	fake_proc__stat(n->root, 11, "nginx", 10, start, 3 * n->ticks, 10);
	fake_proc__link(n->root, 11, "/proc/self/exe");
	serve(n, 11, start);
	pass(n, 1);
	pass(n, 1);
	ASSERT_VALUE("service_processes", 2);
	ASSERT_VALUE("service_cpu_seconds_total", 3);
	assert_true(value(n, "system_uptime_seconds") > 2999);
	assert_true(value(n, "system_uptime_seconds") < 4000);
}

static void a_zombie_is_counted_and_gone(void **state)
{
	struct node *n = *state;
	uint64_t start = started(n, 2);
	char text[256];
	int length = snprintf(text, sizeof(text),
			      "11 (nginx) Z 1 1 1 0 -1 0 0 0 0 0 %llu 0 0 0 20 0 1 0 %llu 0 0 0",
			      (unsigned long long)(4 * n->ticks), (unsigned long long)start);

	observe(n);
	fake_proc__stat(n->root, 11, "nginx", 1, start, n->ticks, 10);
	serve(n, 11, start);
	pass(n, 1);
	fake_proc__fill(n->root, 11, "stat", text, (size_t)length);
	pass(n, 5);
	ASSERT_VALUE("service_cpu_seconds_total", 4);
	ASSERT_VALUE("service_processes", 0);
}

/* Unreadable, cut or strange files: no process, no numbers, no harm. */
static void hostile_files(void **state)
{
	struct node *n = *state;
	static const char *const texts[] = {"",
					    "11",
					    "11 (",
					    ")(",
					    "11 (nginx",
					    "11 (nginx) S",
					    "11 (nginx) S 1 1 1 0 -1 0 0 0 0 0 x",
					    "((((((",
					    "\n"};
	struct reading reading;

	observe(n);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		fake_proc__fill(n->root, 11, "stat", texts[i], strlen(texts[i]));
		assert_true(reading__stat(n->root, 11, &reading) < 0);
	}
	fake_proc__stat(n->root, 11, "a name that is far too long", 1, 5, 6, 7);
	assert_int_equal(reading__stat(n->root, 11, &reading), 0);
	assert_string_equal(reading.comm, "a name that is ");
	FAKE_PROC__FILL(n->root, 11, "io", "read_bytes: 1\n");
	reading__io(n->root, 11, &reading);
	assert_false(reading.disk_known);
	FAKE_PROC__FILL(n->root, 11, "io", "rchar: 1\nread_bytes: x\nwrite_bytes: 2\n");
	reading__io(n->root, 11, &reading);
	assert_false(reading.disk_known);
}

static void one_turn_is_bounded(void **state)
{
	struct node *n = *state;
	uint32_t calls = 0;

	observe(n);
	for (uint32_t tgid = 100; tgid < 150; tgid++) {
		fake_proc__stat(n->root, tgid, "nginx", 1, started(n, 1), n->ticks, 1);
		serve(n, tgid, started(n, 1));
	}
	n->now_ns += SECOND;
	metrics__read_resources(n->metrics, n->now_ns, n->boot_ns);
	ASSERT_VALUE("service_processes", RESOURCES_AT_ONCE);
	while (value(n, "service_processes") < 50 && calls++ < 100)
		metrics__read_resources(n->metrics, n->now_ns, n->boot_ns);
	ASSERT_VALUE("service_processes", 50);
	ASSERT_VALUE("service_cpu_seconds_total", 50);
}

static void a_recording_has_none(void **state)
{
	struct node *n = *state;
	struct engine_options options = {0};

	n->h.engine = engine__new(&options);
	n->metrics = metrics__new(&(struct metrics_options){0}, n->h.engine);
	serve(n, 11, 5);
	pass(n, 1);
	look(n);
	assert_null(strstr(n->text, "service_processes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_processes_use_is_summed, setup, teardown),
		cmocka_unit_test_setup_teardown(what_ended_stays_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(an_old_process_counts_from_now_on, setup, teardown),
		cmocka_unit_test_setup_teardown(a_parent_of_the_same_name_belongs, setup, teardown),
		cmocka_unit_test_setup_teardown(a_zombie_is_counted_and_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile_files, setup, teardown),
		cmocka_unit_test_setup_teardown(one_turn_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(a_recording_has_none, setup, teardown),
	};

	return cmocka_run_group_tests_name("resources", tests, NULL, NULL);
}
