/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The exposition's formats: protobuf against protobuf-c, native histograms, exemplars, naming. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <math.h>
#include <metrics.pb-c.c>
#include "harness.h"
#include "metrics/exemplar.h"
#include "metrics/formats.h"
#include "metrics/internal.h"
#include "metrics/otel.h"
#include "metrics/protobuf.h"
#include "metrics/writer.h"
#include "web/negotiate.h"

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

typedef Io__Prometheus__Client__MetricFamily Family;
typedef Io__Prometheus__Client__Histogram Histogram;

/* The family of a name; NULL: none. Fails where the stream is not whole messages. */
static Family *family_of(const struct buffer *text, const char *name)
{
	const uint8_t *at = (const uint8_t *)text->data, *end = at + text->length;
	Family *found = NULL;

	while (at < end) {
		uint64_t length = 0;
		int shift = 0;
		Family *f;

		do
			length |= (uint64_t)(*at & 0x7f) << shift;
		while (shift += 7, *at++ & 0x80);
		assert_true(length <= (uint64_t)(end - at));
		f = io__prometheus__client__metric_family__unpack(NULL, length, at);
		assert_non_null(f);
		assert_true(f->n_metric > 0 && f->has_type && f->help);
		at += length;
		if (strcmp(f->name, name) == 0) {
			assert_null(found);
			found = f;
		} else {
			io__prometheus__client__metric_family__free_unpacked(f, NULL);
		}
	}
	return found;
}

static void release(Family *f)
{
	io__prometheus__client__metric_family__free_unpacked(f, NULL);
}

static void test_varints(void **state)
{
	struct buffer b = {0};

	(void)state;
	protobuf__varint(&b, 0);
	protobuf__varint(&b, 127);
	protobuf__varint(&b, 128);
	protobuf__varint(&b, UINT64_MAX);
	assert_int_equal(b.length, 1 + 1 + 2 + 10);
	assert_memory_equal(b.data, "\x00\x7f\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 14);
	assert_int_equal(protobuf__zigzag(0), 0);
	assert_int_equal(protobuf__zigzag(-1), 1);
	assert_int_equal(protobuf__zigzag(1), 2);
	assert_true(protobuf__zigzag(INT64_MIN) == UINT64_MAX);
	buffer__clear(&b);
}

static void test_numbers_and_labels(void **state)
{
	struct buffer out = {0};
	struct writer w;
	Family *f;

	(void)state;
	writer__init(&w, EXPOSITION_PROTOBUF, &out);
	writer__family(&w, "empty", METRIC_GAUGE, "", "never written");
	writer__family(&w, "a_total", METRIC_COUNTER, "", "counts");
	writer__label(&w, "x", "quote\" back\\ line\n bad \xff end");
	writer__count(&w, 1234567890123ull);
	writer__clear_labels(&w);
	writer__count(&w, 2);
	writer__family(&w, "g", METRIC_GAUGE, "", "gauge");
	writer__number(&w, -0.25);
	writer__family(&w, "s", METRIC_SUMMARY, "", "summary");
	writer__summary(&w, 1.5, 3);
	writer__finish(&w);

	assert_null(family_of(&out, "empty"));
	f = family_of(&out, "a_total");
	assert_int_equal(f->type, IO__PROMETHEUS__CLIENT__METRIC_TYPE__COUNTER);
	assert_int_equal(f->n_metric, 2);
	assert_string_equal(f->metric[0]->label[0]->name, "x");
	assert_string_equal(f->metric[0]->label[0]->value,
			    "quote\" back\\ line\n bad \xef\xbf\xbd end");
	assert_true(f->metric[0]->counter->value == 1234567890123.0);
	assert_int_equal(f->metric[1]->n_label, 0);
	release(f);
	f = family_of(&out, "g");
	assert_true(f->metric[0]->gauge->value == -0.25);
	release(f);
	f = family_of(&out, "s");
	assert_int_equal(f->metric[0]->summary->sample_count, 3);
	assert_true(f->metric[0]->summary->sample_sum == 1.5);
	release(f);
	buffer__clear(&out);
}

/* Counts by bucket index, as a reader of the format makes them of spans and deltas. */
static uint64_t count_at(const Histogram *h, int wanted)
{
	int64_t count = 0;
	int index = 0;
	size_t delta = 0;

	for (size_t i = 0; i < h->n_positive_span; i++) {
		index += h->positive_span[i]->offset;
		for (uint32_t k = 0; k < h->positive_span[i]->length; k++, index++) {
			count += h->positive_delta[delta++];
			assert_true(count > 0);
			if (index == wanted)
				return (uint64_t)count;
		}
	}
	return 0;
}

static uint64_t count_all(const Histogram *h)
{
	uint64_t sum = h->zero_count;
	int64_t count = 0;

	for (size_t i = 0; i < h->n_positive_delta; i++) {
		count += h->positive_delta[i];
		sum += (uint64_t)count;
	}
	return sum;
}

/* Native bucket i of schema 3 holds (2^((i-1)/8), 2^(i/8)], as Prometheus has it. */
static int native_index(double value)
{
	return (int)ceil(log2(value) * 8 - 1e-9);
}

static const double values[] = {0,   1e-5, 0.0003, 0.05, 0.05, 0.051, 1,    1,
				1.0, 2,	   7.7,	   7.8,	 100,  2500,  6000, 6000};
#define VALUES (sizeof(values) / sizeof(*values))

static Family *written(struct histogram *h, bool native, bool seconds, struct buffer *out)
{
	struct writer w;

	writer__init(&w, EXPOSITION_PROTOBUF, out);
	w.native = native;
	w.seconds = seconds;
	writer__family(&w, "h", METRIC_HISTOGRAM, "ms", "histogram");
	writer__histogram(&w, h);
	writer__finish(&w);
	return family_of(out, "h");
}

static void check_classic(const Histogram *h, double unit)
{
	assert_int_equal(h->n_bucket, http_duration_bounds.count + 1);
	for (size_t i = 0; i < h->n_bucket; i++) {
		bool last = i == http_duration_bounds.count;
		uint64_t below = 0;

		for (size_t k = 0; k < VALUES; k++)
			below += last || values[k] <= http_duration_bounds.value[i];
		assert_int_equal(h->bucket[i]->cumulative_count, below);
		if (last)
			assert_true(isinf(h->bucket[i]->upper_bound));
		else
			assert_true(fabs(h->bucket[i]->upper_bound * unit /
						 http_duration_bounds.value[i] -
					 1) < 1e-9);
	}
}

static void test_native(void **state)
{
	struct histogram *h = histogram__new(&http_duration_bounds);
	struct buffer out = {0};
	const Histogram *got;
	Family *f;

	(void)state;
	for (size_t i = 0; i < VALUES; i++)
		histogram__observe(h, values[i]);
	f = written(h, true, false, &out);
	got = f->metric[0]->histogram;
	check_classic(got, 1);
	assert_int_equal(got->sample_count, VALUES);
	assert_int_equal(got->schema, 3);
	assert_int_equal(got->zero_count, 2);
	assert_true(got->zero_threshold == ldexp(1, SKETCH_MIN / 8));
	assert_int_equal(count_all(got), VALUES);
	for (size_t i = 2; i < VALUES; i++) {
		uint64_t same = 0;

		for (size_t k = 2; k < VALUES; k++)
			same += native_index(values[k]) == native_index(values[i]);
		assert_int_equal(count_at(got, native_index(values[i])), same);
	}
	release(f);
	buffer__clear(&out);

	/* In seconds every value is in its bucket or the one above it. */
	f = written(h, true, true, &out);
	got = f->metric[0]->histogram;
	check_classic(got, 1000);
	assert_int_equal(count_all(got), VALUES);
	assert_true(fabs(got->sample_sum * 1000 - h->sum) < 1e-6);
	for (size_t i = 2; i < VALUES; i++) {
		int index = native_index(values[i] / 1000);

		assert_true(count_at(got, index) || count_at(got, index - 1));
	}
	release(f);
	buffer__clear(&out);

	/* Where it is not wanted, or there is no sketch, there are classic buckets alone. */
	f = written(h, false, false, &out);
	assert_false(f->metric[0]->histogram->has_schema);
	check_classic(f->metric[0]->histogram, 1);
	release(f);
	buffer__clear(&out);
	histogram__free(h);
	h = histogram__new(&size_bounds);
	histogram__observe(h, 100);
	f = written(h, true, false, &out);
	assert_false(f->metric[0]->histogram->has_schema);
	release(f);
	buffer__clear(&out);
	histogram__free(h);
}

static bool taken(const char *text)
{
	uint8_t trace[TRACE_BYTES];

	return traceparent__parse(slice__text(text), trace);
}

static void test_traceparent(void **state)
{
	struct exemplar e = {.time_ns = 1234567890};
	char trace[EXEMPLAR_TRACE_TEXT];

	(void)state;
	assert_true(traceparent__parse(slice__text("00-" TRACE "-" PARENT "-01"), e.trace));
	exemplar__trace(&e, trace);
	assert_string_equal(trace, TRACE);
	assert_true(exemplar__wall_ns(&e, 1000) == 1234000000);
	assert_true(taken("00-" TRACE "-" PARENT "-ff"));
	assert_true(taken("cc-" TRACE "-" PARENT "-01"));
	assert_true(taken("cc-" TRACE "-" PARENT "-01-what-comes"));
	assert_false(taken("00-" TRACE "-" PARENT "-00")); /* not sampled */
	assert_false(taken("00-" TRACE "-" PARENT "-02"));
	assert_false(taken("00-" TRACE "-" PARENT "-01-what"));
	assert_false(taken("cc-" TRACE "-" PARENT "-01what"));
	assert_false(taken("ff-" TRACE "-" PARENT "-01"));
	assert_false(taken("00-00000000000000000000000000000000-" PARENT "-01"));
	assert_false(taken("00-" TRACE "-0000000000000000-01"));
	assert_false(taken("00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01"));
	assert_false(taken("00-4bf92f3577b34da6a3ce929d0e0e473g-" PARENT "-01"));
	assert_false(taken("00_" TRACE "-" PARENT "-01"));
	assert_false(taken("00-" TRACE "-" PARENT "-0"));
	assert_false(taken(""));
}

/* ---- through the engine ---- */

#define REQUEST(header) "GET /a HTTP/1.1\r\nHost: x\r\n" header "\r\n"
#define RESPONSE	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static struct harness harness;

static struct snapshot *play(struct metrics **metrics, const struct formats *formats)
{
	static const struct step steps[] = {
		{1000, STEP_REQUEST,
		 REQUEST("TraceParent: 00-" TRACE "-" PARENT "-01\r\nCookie: secret\r\n"), 0},
		{1500, STEP_RESPONSE, RESPONSE, 0},
		{2000, STEP_REQUEST,
		 REQUEST("traceparent: 00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-" PARENT "-00\r\n"), 0},
		{2500, STEP_RESPONSE, RESPONSE, 0},
		{3000, STEP_REQUEST, REQUEST(""), 0},
		{9000, STEP_RESPONSE, RESPONSE, 0},
	};
	struct self self = {.version = "", .capture_way = "", .source = "live"};

	harness__open(&harness, ROLE_SERVER, false);
	*metrics = metrics__new(&(struct metrics_options){0}, harness.engine);
	metrics__set_formats(*metrics, formats);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		harness__step(&harness, &steps[i], 0);
	harness__finish(&harness);
	return metrics__snapshot(*metrics, &self);
}

static void over(struct snapshot *snapshot, struct metrics *metrics)
{
	snapshot__free(snapshot);
	metrics__free(metrics);
	harness__free(&harness);
}

static size_t times(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = strstr(text, what)); text++)
		count++;
	return count;
}

static void test_exemplars(void **state)
{
	struct formats formats = {.naming = NAMING_BOTH, .exemplars = true};
	struct buffer open = {0}, text = {0}, packed = {0}, later = {0};
	struct self self = {.version = "", .capture_way = "", .source = "live"};
	struct metrics *metrics;
	struct snapshot *snapshot = play(&metrics, &formats);
	const Io__Prometheus__Client__Exemplar *e = NULL;
	Family *f;

	(void)state;
	snapshot__expose(snapshot, EXPOSITION_OPENMETRICS, &open);
	snapshot__expose(snapshot, EXPOSITION_PROMETHEUS, &text);
	snapshot__expose(snapshot, EXPOSITION_PROTOBUF, &packed);
	assert_int_equal(times(open.data, TRACE), 2); /* by both names */
	assert_non_null(strstr(open.data, "le=\"0.5\"} 2 # {trace_id=\"" TRACE "\"} 0.5 "));
	assert_non_null(strstr(open.data, "le=\"0.0005\"} 2 # {trace_id=\"" TRACE "\"} 0.0005 "));
	assert_null(strstr(open.data, "aaaaaaaa"));
	assert_null(strstr(open.data, "secret"));
	assert_null(strstr(open.data, PARENT));
	assert_null(strstr(text.data, TRACE));
	f = family_of(&packed, "http_request_duration_ms");
	for (size_t i = 0; i < f->metric[0]->histogram->n_bucket; i++)
		if (f->metric[0]->histogram->bucket[i]->exemplar)
			e = f->metric[0]->histogram->bucket[i]->exemplar;
	assert_non_null(e);
	assert_string_equal(e->label[0]->value, TRACE);
	assert_true(e->value == 0.5 && e->timestamp->seconds > 1000000000);
	release(f);

	/* Not wanted any more: none is told, those that are kept neither. */
	formats.exemplars = false;
	metrics__set_formats(metrics, &formats);
	snapshot__free(snapshot);
	snapshot = metrics__snapshot(metrics, &self);
	snapshot__expose(snapshot, EXPOSITION_OPENMETRICS, &later);
	assert_null(strstr(later.data, TRACE));
	assert_int_equal(harness.engine->wanted[PROTOCOL_HTTP1][SIDE_SERVER], 0);
	buffer__clear(&open);
	buffer__clear(&text);
	buffer__clear(&packed);
	buffer__clear(&later);
	over(snapshot, metrics);
}

static void test_naming(void **state)
{
	static const char fixed[] = "http_request_duration_ms_count{service=\"unknown\","
				    "method=\"GET\",route=\"/a\",status_code=\"200\"} 3\n";
	static const char otel[] = "http_server_request_duration_seconds_count{service_name="
				   "\"unknown\",http_request_method=\"GET\",http_route=\"/a\","
				   "http_response_status_code=\"200\"} 3\n";

	(void)state;
	for (int naming = 0; naming < NAMING_COUNT; naming++) {
		struct formats formats = {.naming = (enum naming)naming};
		struct buffer text = {0};
		struct metrics *metrics;
		struct snapshot *snapshot = play(&metrics, &formats);

		snapshot__expose(snapshot, EXPOSITION_PROMETHEUS, &text);
		assert_int_equal(times(text.data, fixed), naming != NAMING_OTEL);
		assert_int_equal(times(text.data, otel), naming != NAMING_SPEC);
		assert_int_equal(times(text.data, "http_requests_total{"), 1);
		assert_true(snapshot__sum(snapshot, "http_request_duration_ms_count") == 3);
		buffer__clear(&text);
		over(snapshot, metrics);
	}
	assert_true(metric__is_known("http_server_request_duration_seconds"));
}

static void test_negotiation(void **state)
{
#define PROTO "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
	static const char prometheus[] =
		PROTO "encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,"
		      "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;"
		      "q=0.5,*/*;q=0.1";

	(void)state;
	assert_int_equal(negotiate__exposition(prometheus, true), EXPOSITION_PROTOBUF);
	assert_int_equal(negotiate__exposition(prometheus, false), EXPOSITION_OPENMETRICS);
	assert_int_equal(negotiate__exposition(PROTO "encoding=text", true), EXPOSITION_PROMETHEUS);
	assert_int_equal(negotiate__exposition(PROTO "encoding=delimited;q=0.3,text/plain", true),
			 EXPOSITION_PROMETHEUS);
	assert_int_equal(negotiate__exposition(PROTO "encoding=delimited;q=0", true),
			 EXPOSITION_PROMETHEUS);
	assert_int_equal(negotiate__exposition(NULL, true), EXPOSITION_PROMETHEUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_varints),	    cmocka_unit_test(test_numbers_and_labels),
		cmocka_unit_test(test_native),	    cmocka_unit_test(test_traceparent),
		cmocka_unit_test(test_exemplars),   cmocka_unit_test(test_naming),
		cmocka_unit_test(test_negotiation),
	};

	return cmocka_run_group_tests_name("formats", tests, NULL, NULL);
}
