/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Queues: what is made of commands and replies, and the books that are kept. */
#include "harness.h"

#include "config.h"
#include "metrics/writer.h"
#include "queues/depth.h"
#include "queues/jobs.h"
#include "queues/queues.h"
#include "queues/workers.h"

#define MS	 1000000ull
#define SECOND	 1000000000ull
#define CLIENTS	 5
#define COMMANDS 4000

/* ---- depth ---- */

static uint32_t seed;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* A command as the server did it, and as it was seen. */
struct done {
	struct moment moment;
	uint64_t at_ns; /* the server carried it out */
	int64_t delta, length;
	bool told;
};

static int by_time(const void *a, const void *b)
{
	const struct done *x = a, *y = b;

	return x->at_ns < y->at_ns ? -1 : x->at_ns > y->at_ns;
}

static int by_end(const void *a, const void *b)
{
	const struct done *x = a, *y = b;

	return x->moment.end_ns < y->moment.end_ns ? -1 : x->moment.end_ns > y->moment.end_ns;
}

/* Clients that ask one after the other, each when it has its answer. */
static void make_commands(struct done *done, uint32_t count)
{
	uint64_t free_ns[CLIENTS] = {0};
	int64_t length = 7;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t client = random_below(CLIENTS);
		struct done *d = &done[i];

		d->moment.connection = client + 1;
		d->moment.start_ns = free_ns[client] + 1 + random_below(3000000);
		d->at_ns = d->moment.start_ns + 1 + random_below(400000);
		d->moment.end_ns = d->at_ns + 1 + random_below(400000);
		free_ns[client] = d->moment.end_ns;
	}
	qsort(done, count, sizeof(*done), by_time);
	for (uint32_t i = 0; i < count; i++) {
		done[i].delta = random_below(2) ? 1 : length ? -1 : 0;
		length += done[i].delta;
		done[i].length = length;
		done[i].told = done[i].delta >= 0; /* a push, or a pop of nothing */
	}
	qsort(done, count, sizeof(*done), by_end);
}

static int64_t length_at(const struct done *done, uint32_t count, uint64_t time_ns)
{
	uint64_t newest = 0;
	int64_t length = 7;

	for (uint32_t i = 0; i < count; i++)
		if (done[i].at_ns <= time_ns && done[i].at_ns >= newest) {
			newest = done[i].at_ns;
			length = done[i].length;
		}
	return length;
}

/* Whatever the order in which answers are seen: the truth is within what is told, and soon it is
 * all that is told. */
static void depth_is_never_wrong(void **state)
{
	struct done *done = calloc(COMMANDS, sizeof(*done));
	int64_t length, slack;

	(void)state;
	assert_non_null(done);
	for (seed = 1; seed < 2000; seed += 100) {
		struct depth d = {0};
		uint64_t now;

		make_commands(done, COMMANDS);
		assert_false(depth__get(&d, 0, &length, &slack));
		for (uint32_t i = 0; i < COMMANDS; i++) {
			if (done[i].told)
				depth__told(&d, done[i].length, done[i].delta, &done[i].moment);
			else
				depth__change(&d, done[i].delta, &done[i].moment);
		}
		now = done[COMMANDS - 1].moment.end_ns + SECOND;
		assert_true(depth__get(&d, now, &length, &slack));
		assert_int_equal(slack, 0);
		assert_int_equal(length, length_at(done, COMMANDS, now));
		assert_int_equal(d.contradictions, 0);
		assert_int_equal(d.before.low, 7);
	}
	free(done);
}

static void a_depth_that_overlapped_is_a_range(void **state)
{
	struct moment push = {10 * MS, 12 * MS, 1}, pop = {11 * MS, 13 * MS, 2};
	struct moment alone = {SECOND, SECOND + MS, 1};
	struct depth d = {0};
	int64_t length, slack;

	(void)state;
	depth__told(&d, 5, 1, &push); /* with the pop or without it */
	depth__change(&d, -1, &pop);
	assert_true(depth__get(&d, 20 * MS, &length, &slack));
	assert_true(length <= 5 && length + slack >= 4 && slack == 1);
	depth__told(&d, 5, 1, &alone);
	assert_true(depth__get(&d, 2 * SECOND, &length, &slack));
	assert_int_equal(length, 5);
	assert_int_equal(slack, 0);
	depth__told(&d, 90, 0, &(struct moment){3 * SECOND, 3 * SECOND, 1});
	assert_true(depth__get(&d, 4 * SECOND, &length, &slack));
	assert_int_equal(length, 90); /* somebody else filled it */
	assert_int_equal(d.contradictions, 1);
}

/* ---- jobs and workers ---- */

static bool is_odd(void *context, const struct job *job)
{
	(void)context;
	return job->link & 1;
}

static void jobs_of_one_name_end_in_their_order(void **state)
{
	struct jobs jobs = {0};

	(void)state;
	for (uint64_t i = 1; i <= 300; i++) {
		struct job *job = jobs__add(&jobs, 64 * (i % 3)); /* crowd each other */

		job->taken_ns = 1000 - i;
		job->link = i;
	}
	assert_int_equal(jobs__find(&jobs, 64)->taken_ns, 1000 - 298);
	jobs__remove(&jobs, jobs__find(&jobs, 64));
	assert_int_equal(jobs__find(&jobs, 64)->taken_ns, 1000 - 295);
	jobs__sweep(&jobs, is_odd, NULL);
	assert_int_equal(jobs.count, 149); /* the one taken out was even */
	for (int i = 0; i < 50; i++)
		jobs__remove(&jobs, jobs__find(&jobs, 128));
	assert_null(jobs__find(&jobs, 128));
	assert_int_equal(jobs.count, 99);
	while (jobs__add(&jobs, jobs.count + 1000))
		;
	assert_int_equal(jobs.count, JOBS_MAX);
	assert_int_equal(jobs.refused, 1);
	jobs__clear(&jobs);
}

static uint64_t left_at(void *context, const struct worker *worker)
{
	return worker->identity == 2 ? *(uint64_t *)context : 0;
}

static void utilisation_is_the_busy_share(void **state)
{
	struct workers w = {0};
	uint64_t left = 105 * SECOND;

	(void)state;
	assert_true(workers__utilisation(&w, 100 * SECOND) < 0);
	workers__see(&w, &(struct worker){.identity = 1, .most = 1}, 90 * SECOND, 100 * SECOND);
	workers__see(&w, &(struct worker){.identity = 2, .most = 1}, 100 * SECOND, 100 * SECOND);
	workers__begin(&w, 1, 100 * SECOND, 100 * SECOND);
	/* 20 s of the first, of which 10 busy; 10 s of the second */
	assert_float_equal((float)workers__utilisation(&w, 110 * SECOND), 100.0 / 3, 0.001);
	workers__end(&w, 1, 105 * SECOND, 110 * SECOND);
	workers__sweep(&w, 110 * SECOND, left_at, &left);
	assert_int_equal(workers__count(&w), 1);
	assert_float_equal((float)workers__utilisation(&w, 110 * SECOND), 20, 0.001);
	for (int i = 0; i < 3; i++) /* one that has three at once counts as three */
		workers__begin(&w, 1, 110 * SECOND, 110 * SECOND);
	assert_int_equal(workers__count(&w), 3);
	assert_float_equal((float)workers__utilisation(&w, 1000 * SECOND), 100, 0.001);
	workers__clear(&w);
}

/* ---- commands ---- */

struct bench {
	struct config config;
	struct harness harness;
	struct queues *queues;
};

static struct bench *set_up(const char *config, enum role role)
{
	struct bench *b = calloc(1, sizeof(*b));
	char error[512] = "";

	assert_non_null(b);
	config__defaults(&b->config);
	if (config__parse("test", config, strlen(config), &b->config, error, sizeof(error)))
		fail_msg("%s", error);
	harness__open(&b->harness, role, false);
	b->queues = queues__new(b->config.queues, b->harness.engine);
	assert_non_null(b->queues);
	return b;
}

/* Requests and answers in turn, 10 ms apart, each answered after 1 ms; pieces as harness__step().
 */
static void play(struct bench *b, const char *const *bytes, size_t count, size_t piece)
{
	uint64_t at_us = b->harness.engine->now_ns / 1000;

	for (size_t i = 0; i < count; i++) {
		struct step step = {.at_us = at_us + 10000 * (i / 2 + 1) + 1000 * (i % 2),
				    .kind = i % 2 ? STEP_RESPONSE : STEP_REQUEST,
				    .data = bytes[i]};

		harness__step(&b->harness, &step, piece);
	}
}

static void tear_down(struct bench *b)
{
	queues__retire(b->queues);
	harness__free(&b->harness);
	queues__free(b->queues);
	config__clear(&b->config);
	free(b);
}

static void assert_explained(struct bench *b, const char *text)
{
	struct buffer out = {0};

	queues__explain(b->queues, &out);
	if (!out.data || !strstr(out.data, text))
		fail_msg("`%s` is not in\n%s", text, out.data);
	buffer__clear(&out);
}

static void assert_exposed(struct bench *b, const char *text)
{
	struct queues_copy *copy = queues__copy(b->queues, b->harness.engine->now_ns);
	struct buffer out = {0};
	struct writer writer;

	writer__init(&writer, EXPOSITION_PROMETHEUS, &out);
	queues_copy__expose(copy, &writer);
	writer__finish(&writer);
	if (!out.data || !strstr(out.data, text))
		fail_msg("`%s` is not in\n%s", text, out.data);
	buffer__clear(&out);
	queues_copy__free(copy);
}

#define LIST			  "queues:\n  - {name: forecast, kind: list, waiting: w, active: a, failed: f}\n"
#define PLAY(bench, bytes, piece) play(bench, bytes, sizeof(bytes) / sizeof(*(bytes)), piece)

static void a_list_is_followed(void **state)
{
	static const char *const bytes[] = {
		"LPUSH w one two three\r\n",
		":3\r\n",
		"*6\r\n$6\r\nBLMOVE\r\n$1\r\nw\r\n$1\r\na\r\n$5\r\nRIGHT\r\n$4\r\nLEFT\r\n$"
		"1\r\n1\r\n",
		"$3\r\none\r\n",
		"LREM a 1 one\r\nLPUSH f one\r\n",
		":1\r\n:1\r\n",
		"MULTI\r\nLPUSH w four\r\nSET x 1\r\nLPUSH w five\r\nEXEC\r\n",
		"+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:3\r\n+OK\r\n:4\r\n",
		"MULTI\r\nLPUSH w never\r\nDISCARD\r\n",
		"+OK\r\n+QUEUED\r\n+OK\r\n",
		"MULTI\r\nLPUSH w never\r\nEXEC\r\n",
		"+OK\r\n+QUEUED\r\n*-1\r\n",
		"LPUSH w wrong\r\n",
		"-WRONGTYPE Operation against a key\r\n",
		"RPOPLPUSH w a\r\n",
		"$3\r\ntwo\r\n",
		"RPOPLPUSH a w\r\n", /* back again */
		"$3\r\ntwo\r\n",
		"LMPOP 2 x w LEFT COUNT 2\r\n", /* thrown away */
		"*2\r\n$1\r\nw\r\n*2\r\n$4\r\nfive\r\n$4\r\nfour\r\n",
	};

	(void)state;
	for (size_t piece = 0; piece < 12; piece++) {
		struct bench *b = set_up(LIST, ROLE_CLIENT);

		PLAY(b, bytes, piece);
		assert_explained(b, "5 added, 2 taken, 1 done, 1 of them failed");
		assert_explained(b, "depth 2\n");
		assert_exposed(b, "forecast_queue_depth{queue=\"forecast\"} 2\n");
		assert_exposed(b, "forecast_jobs_processed_total{queue=\"forecast\"} 1\n");
		assert_exposed(b, "forecast_jobs_failed_total{queue=\"forecast\"} 1\n");
		assert_exposed(b, "forecast_job_failure_rate_percent{queue=\"forecast\"} 100\n");
		/* from the answer to the next request: 9 ms */
		assert_exposed(b, "_bucket{queue=\"forecast\",le=\"0.01\"} 1\n");
		assert_exposed(b, "_bucket{queue=\"forecast\",le=\"0.005\"} 0\n");
		assert_exposed(b, "forecast_workers{queue=\"forecast\"} 1\n");
		tear_down(b);
	}
}

static void jobs_longer_than_what_is_kept_are_told_apart(void **state)
{
	static char job[2][4000], request[5000], reply[5000];
	const char *bytes[] = {"RPOPLPUSH w a\r\n", reply, request, ":1\r\n"};

	(void)state;
	for (size_t piece = 0; piece < 4000; piece += 500) {
		struct bench *b = set_up(LIST, ROLE_CLIENT);

		for (int i = 0; i < 2; i++) {
			memset(job[i], 'x', 3000 + (size_t)i);
			job[i][3000 + i] = '\0';
		}
		snprintf(reply, sizeof(reply), "$3000\r\n%s\r\n", job[0]);
		snprintf(request, sizeof(request),
			 "*4\r\n$4\r\nLREM\r\n$1\r\na\r\n$1\r\n1\r\n$3001\r\n%s\r\n", job[1]);
		PLAY(b, bytes, piece);
		assert_explained(b, "1 done that were not seen to begin");
		assert_explained(b, "1 jobs at work");
		snprintf(request, sizeof(request),
			 "*4\r\n$4\r\nLREM\r\n$1\r\na\r\n$1\r\n1\r\n$3000\r\n%s\r\n", job[0]);
		PLAY(b, bytes, piece);
		assert_explained(b, "2 done, 0 of them failed");
		assert_explained(b, "1 jobs at work"); /* the second one taken */
		tear_down(b);
	}
}

static void without_a_list_of_active_jobs_the_next_question_ends_one(void **state)
{
	static const char *const bytes[] = {
		"BRPOP x w 1\r\n", "*2\r\n$1\r\nw\r\n$3\r\none\r\n",
		"BRPOP x w 1\r\n", "*2\r\n$1\r\nx\r\n$3\r\ntwo\r\n",
		"BRPOP x w 1\r\n", "*-1\r\n",
		"LLEN w\r\n",	   ":0\r\n",
		"DEL w\r\n",	   ":0\r\n",
		"RPUSH w a b\r\n", ":2\r\n",
		"LPOP w 2\r\n",	   "*2\r\n$1\r\na\r\n$1\r\nb\r\n",
	};
	struct bench *b =
		set_up("queues:\n  - {name: forecast, kind: list, waiting: w}\n", ROLE_SERVER);

	(void)state;
	PLAY(b, bytes, 0);
	assert_explained(b, "2 added, 3 taken, 1 done");
	assert_explained(b, "depth 0\n");
	assert_exposed(b, "forecast_job_duration_seconds_count{queue=\"forecast\"} 1\n");
	tear_down(b);
}

static void rq_is_followed(void **state)
{
	static const char *const bytes[] = {
		"MULTI\r\nSADD rq:queues rq:queue:f\r\nRPUSH rq:queue:f one\r\nEXEC\r\n",
		"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:0\r\n:1\r\n",
		"RPUSH rq:queue:f two\r\n",
		":2\r\n",
		"RPUSH rq:queue:ff other\r\n",
		":1\r\n",
		"BLPOP rq:queue:f rq:queue:ff 405\r\n",
		"*2\r\n$10\r\nrq:queue:f\r\n$3\r\none\r\n",
		"MULTI\r\nZADD rq:wip:f 99 one:run\r\nEXEC\r\n",
		"+OK\r\n+QUEUED\r\n*1\r\n:1\r\n",
		"ZADD rq:wip:f XX 199 one:run\r\n",
		":0\r\n",
		"MULTI\r\nHINCRBY rq:worker:w successful_job_count 1\r\nZREM rq:wip:f "
		"one:run\r\nEXEC\r\n",
		"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:1\r\n",
		"LPOP rq:queue:f\r\n",
		"$3\r\ntwo\r\n",
		"ZADD rq:wip:f 99 two\r\n",
		":1\r\n",
		"MULTI\r\nZREM rq:wip:f two\r\nRPUSH rq:queue:f two\r\nEXEC\r\n", /* once more */
		"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:1\r\n",
		"ZREM rq:wip:f two\r\n", /* cleaning up */
		":0\r\n",
	};
	struct bench *b =
		set_up("queues:\n  - {name: forecast, kind: rq, queue: f}\n", ROLE_CLIENT);

	(void)state;
	PLAY(b, bytes, 0);
	assert_explained(b, "3 added, 2 taken, 2 done, 1 of them failed");
	assert_explained(b, "depth 1\n");
	/* from the request that says it begins to the one that says it is done: 20 and 10 ms */
	assert_exposed(b, "_bucket{queue=\"forecast\",le=\"0.01\"} 1\n");
	assert_exposed(b, "_sum{queue=\"forecast\"} 0.03\n");
	tear_down(b);
}

/* A script's call; the keys that all of them have in common are those of queue f. */
static const char *script(char *out, const char *const *keys, const char *const *arguments)
{
	uint32_t count = 0, all = 3;
	char *at;

	while (keys[count])
		count++;
	for (all += count; arguments[all - 3 - count]; all++)
		;
	at = out + sprintf(out, "*%u\r\n$7\r\nEVALSHA\r\n$4\r\nhash\r\n$%d\r\n%u\r\n", all,
			   count < 10 ? 1 : 2, count);
	for (; *keys; keys++)
		at += sprintf(at, "$%zu\r\nbull:f:%s\r\n", strlen(*keys) + 7, *keys);
	for (; *arguments; arguments++)
		at += sprintf(at, "$%zu\r\n%s\r\n", strlen(*arguments), *arguments);
	return out;
}

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ADD                                                                                        \
	KEYS("wait", "paused", "meta", "id", "completed", "delayed", "active", "events", "marker")
#define FETCH                                                                                      \
	KEYS("wait", "active", "prioritized", "events", "stalled", "limiter", "delayed", "paused", \
	     "meta", "pc", "marker")
#define FINISH(to)                                                                                 \
	KEYS("wait", "active", "prioritized", "events", "stalled", "limiter", "delayed", "paused", \
	     "meta", "pc", to, "1", "metrics", "marker")
#define NEW                                                                                        \
	"\x99\xa7"                                                                                 \
	"bull:f:\xa0\xa3job\xcc\x64\xc0\xc0\xc0\xc0\xc0"
#define NAMED                                                                                      \
	"\x99\xa7"                                                                                 \
	"bull:f:\xa1n\xa3job\xcc\x64\xc0\xc0\xc0\xc0\xc0"
#define NONE "*4\r\n:0\r\n:0\r\n:0\r\n:0\r\n"
#define JOB(id)                                                                                    \
	"*4\r\n*4\r\n$4\r\ndata\r\n$2\r\n{}\r\n$4\r\nopts\r\n$2\r\n{}\r\n$1\r\n" id                \
	"\r\n:0\r\n:0\r\n"

static void tell(struct bench *b, const char *request, const char *reply)
{
	const char *const bytes[] = {request, reply};

	PLAY(b, bytes, 0);
}

static void bullmq_is_followed(void **state)
{
	struct bench *b =
		set_up("queues:\n  - {name: forecast, kind: bullmq, queue: f}\n", ROLE_CLIENT);
	char text[4096];

	(void)state;
	tell(b, script(text, FETCH, KEYS("bull:f:", "1000", "opts")), NONE);
	assert_explained(b, "depth not known"); /* it might be paused */
	tell(b, script(text, ADD, KEYS(NEW, "{}", "\x80")), "$1\r\n1\r\n");
	tell(b, script(text, ADD, KEYS(NEW, "{}", "\x80")), "$1\r\n2\r\n");
	tell(b, script(text, ADD, KEYS(NEW, "{}", "\x80")), ":-5\r\n");
	assert_explained(b, "depth 2\n");
	tell(b, script(text, ADD, KEYS(NAMED, "{}", "\x80")), "$1\r\nn\r\n");
	assert_explained(b, "depth 2, to 1 more or less\n");
	/* due at 100 + 200 ms */
	tell(b,
	     script(text, KEYS("marker", "meta", "id", "delayed", "completed", "events"),
		    KEYS(NEW, "{}",
			 "\x82\xa7"
			 "backoff\x81\xa5"
			 "delay\x05\xa5"
			 "delay\xcc\xc8")),
	     "$1\r\n3\r\n");
	tell(b, script(text, FETCH, KEYS("bull:f:", "299", "opts")), JOB("1"));
	assert_explained(b, "depth 1, to 1 more or less\n");
	tell(b,
	     script(text, FINISH("completed"),
		    KEYS("1", "300", "returnvalue", "7", "completed", "1", "bull:f:", "opts")),
	     JOB("2")); /* and lets the delayed one wait */
	assert_explained(b, "2 added, 2 taken, 1 done, 0 of them failed");
	assert_explained(b, "depth 1, to 1 more or less\n");
	tell(b,
	     script(text, KEYS("active", "wait", "paused", "2", "meta", "events"),
		    KEYS("bull:f:", "301", "LPUSH", "2", "token")),
	     ":0\r\n");
	assert_explained(b, "2 done, 1 of them failed");
	assert_explained(b, "depth 2, to 1 more or less\n");
	tell(b, script(text, KEYS(""), KEYS("wait", "active", "paused", "prioritized")),
	     "*4\r\n:2\r\n:7\r\n:0\r\n:0\r\n");
	assert_explained(b, "depth 2\n");
	tell(b, script(text, FETCH, KEYS("bull:f:", "302", "opts")), JOB("3"));
	tell(b, script(text, FETCH, KEYS("bull:f:", "302", "opts")), JOB("2"));
	tell(b,
	     script(text, FINISH("failed"),
		    KEYS("3", "303", "failedReason", "x", "failed", "1", "bull:f:", "opts")),
	     NONE);
	tell(b,
	     script(text, FINISH("completed"),
		    KEYS("9", "303", "returnvalue", "7", "completed", "1", "bull:f:", "opts")),
	     ":-3\r\n"); /* it was not active */
	assert_explained(b, "4 taken, 3 done, 2 of them failed");
	assert_explained(b, "depth 0\n");
	assert_explained(b, "2 workers, 1 jobs at work");
	assert_exposed(b, "forecast_job_duration_seconds_count{queue=\"forecast\"} 3\n");
	tear_down(b);
}

/* ---- the configuration ---- */

#define QUEUE(rest) "queues:\n  - {name: q, kind: list, waiting: w" rest "}\n"

static void a_bad_queue_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *line, *says;
	} bad[] = {
		{"queues:\n  - {kind: list, waiting: w}\n", ":2:", "`name` is missing"},
		{"queues:\n  - {name: q, waiting: w}\n", ":2:", "`kind` is missing"},
		{"queues:\n  - {name: q, kind: list}\n", ":2:", "`waiting` is missing"},
		{"queues:\n  - {name: q, kind: kafka}\n", ":2:", "one of: list"},
		{QUEUE(", queue: x"), ":2:", "of other kinds"},
		{QUEUE(", metrics: 'a b'"), ":2:", "nothing that a metric's name"},
		{QUEUE(", workers: 0"), ":2:", "workers"},
		{QUEUE(", buckets: [2, 1]"), ":2:", "larger"},
		{QUEUE(", color: red"), ":2:", "no key `color`"},
		{QUEUE("") "  - {name: q, kind: list, waiting: v}\n", ":3:", "already"},
		{QUEUE(", metrics: sonde"), ":2:", "sonde's own"},
		{QUEUE("") "rules:\n  - {metric: q_workers, type: gauge, on: {protocol: redis}, "
			   "of: {from: redis_reply}}\n",
		 ":2:", "a rule for `q_workers` already"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct config config;
		char error[512] = "";

		config__defaults(&config);
		assert_true(config__parse("f", bad[i].text, strlen(bad[i].text), &config, error,
					  sizeof(error)) < 0);
		if (!strstr(error, bad[i].line) || !strstr(error, bad[i].says))
			fail_msg("%zu: `%s` lacks `%s` or `%s`", i, error, bad[i].line,
				 bad[i].says);
		config__clear(&config);
	}
}

static void names_follow_from_the_name(void **state)
{
	struct bench *b = set_up("queues:\n"
				 "  - {name: a-b, kind: list, waiting: w}\n"
				 "  - {name: c, kind: list, waiting: v, metrics: a_b}\n",
				 ROLE_CLIENT);

	(void)state;
	/* one family, two series */
	assert_exposed(b, "# TYPE a_b_jobs_processed_total counter\n"
			  "a_b_jobs_processed_total{queue=\"a-b\"} 0\n"
			  "a_b_jobs_processed_total{queue=\"c\"} 0\n");
	tear_down(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(depth_is_never_wrong),
		cmocka_unit_test(a_depth_that_overlapped_is_a_range),
		cmocka_unit_test(jobs_of_one_name_end_in_their_order),
		cmocka_unit_test(utilisation_is_the_busy_share),
		cmocka_unit_test(a_list_is_followed),
		cmocka_unit_test(jobs_longer_than_what_is_kept_are_told_apart),
		cmocka_unit_test(without_a_list_of_active_jobs_the_next_question_ends_one),
		cmocka_unit_test(rq_is_followed),
		cmocka_unit_test(bullmq_is_followed),
		cmocka_unit_test(a_bad_queue_is_refused_with_its_line),
		cmocka_unit_test(names_follow_from_the_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
