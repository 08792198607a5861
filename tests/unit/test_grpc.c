/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* gRPC: statuses, messages and types, cut anywhere, ended in every way, attached late. */
#include "metrics/metrics.h"
#include "protocol/grpc.h"
#include "wire.h"

#define GET  "/shop.v1.Orders/Get"
#define LIST "/shop.v1.Orders/List"

/* Both ends of one connection, and what passes in which order. */
struct talk {
	struct wire c, s;
	struct step script[24];
	size_t steps;
	uint64_t us;
};

static struct talk talk;
static struct harness harness;

static void begin(struct talk *t)
{
	memset(t, 0, sizeof(*t));
	wire__open(&t->c);
	wire__open(&t->s);
	preface(&t->c);
	frame(&t->s, 4, 0, 0, "", 0);
}

/* What both ends have said passes now: requests, then responses, ten microseconds later each. */
static void pass(struct talk *t)
{
	if (t->c.length)
		t->script[t->steps++] = take(&t->c, t->us += 10, STEP_REQUEST);
	if (t->s.length)
		t->script[t->steps++] = take(&t->s, t->us += 10, STEP_RESPONSE);
	assert_true(t->steps < COUNT(t->script) - 1);
}

static void finish(struct talk *t)
{
	done(&t->c, &t->s, t->script, t->steps);
}

static void say(struct wire *w, uint32_t id, uint8_t flags, const nghttp2_nv *nv, size_t count)
{
	uint8_t out[4096];
	size_t n = block(w, nv, count, out);

	frame(w, 1, 4 | flags, id, out, n);
}

static void call(struct talk *t, uint32_t id, const char *path, const char *content_type)
{
	nghttp2_nv nv[] = {NV(":method", "POST"), NV(":scheme", "http"), NV(":path", path),
			   NV("content-type", content_type), NV("te", "trailers")};

	say(&t->c, id, 0, nv, COUNT(nv));
}

static void accepted(struct talk *t, uint32_t id)
{
	nghttp2_nv nv[] = {NV(":status", "200"), NV("content-type", "application/grpc+proto")};

	say(&t->s, id, 0, nv, COUNT(nv));
}

static void trailers(struct talk *t, uint32_t id, const char *status)
{
	nghttp2_nv nv[] = {NV("grpc-status", status), NV("grpc-message", "as asked")};

	say(&t->s, id, 1, nv, COUNT(nv));
}

/* DATA with one message of `length` bytes that look like prefixes themselves. */
static void message(struct wire *w, uint32_t id, uint8_t flags, size_t length)
{
	uint8_t bytes[600] = {0, 0, 0, (uint8_t)(length >> 8), (uint8_t)length};

	for (size_t i = 0; i < length; i++)
		bytes[5 + i] = i % 5 == 4;
	frame(w, 0, flags, id, bytes, 5 + length);
}

static void unary(struct talk *t, uint32_t id, const char *path, const char *status)
{
	call(t, id, path, "application/grpc");
	message(&t->c, id, 1, 20);
	pass(t);
	accepted(t, id);
	message(&t->s, id, 0, 30);
	trailers(t, id, status);
	pass(t);
}

static void play(struct talk *t)
{
	harness__every_split(t->script, t->steps);
	harness__every_cut(t->script, t->steps);
	harness__play(&harness, ROLE_SERVER, false, t->script, t->steps, 0);
}

static const struct exchange *check(size_t i, const char *path, enum outcome outcome,
				    unsigned int status)
{
	const struct exchange *e = &harness.exchange[i];

	assert_true(i < harness.count);
	assert_true(e->http.grpc);
	assert_string_equal(harness__label(&harness, i), path);
	assert_int_equal(e->outcome, outcome);
	assert_int_equal(e->http.grpc_status, status);
	return e;
}

static void check_messages(const struct exchange *e, uint32_t requests, uint32_t responses,
			   enum rpc_type type)
{
	assert_int_equal(e->http.request_messages, requests);
	assert_int_equal(e->http.response_messages, responses);
	assert_int_equal(e->http.rpc_type, type);
}

static void a_unary_call_has_its_status_from_the_trailers(void **state)
{
	const struct exchange *e;

	(void)state;
	begin(&talk);
	unary(&talk, 1, GET, "0");
	unary(&talk, 3, GET, "5");
	play(&talk);
	assert_int_equal(harness.count, 2);
	e = check(0, GET, OUTCOME_OK, 0);
	check_messages(e, 1, 1, RPC_UNARY);
	assert_int_equal(e->http.status, 200);
	assert_int_equal(e->start_ns, 10000);
	assert_int_equal(e->end_ns, 30000);
	check_messages(check(1, GET, OUTCOME_ERROR, 5), 1, 1, RPC_UNARY);
	harness__free(&harness);
	finish(&talk);
}

/* Messages over frames, frames of messages, a prefix in pieces, padding, messages of nothing. */
static void messages_are_told_however_they_are_framed(void **state)
{
	static const char several[] = "\0\0\0\0\2ab\0\0\0\0\0\1\0\0\0\1c\0\0";
	static const char rest[] = "\0\0\3de";
	static const char padded[] = "\4f\0\0\0\0\0pppp";

	(void)state;
	begin(&talk);
	call(&talk, 1, LIST, "application/grpc");
	frame(&talk.c, 0, 0, 1, several, sizeof(several) - 1);
	frame(&talk.c, 0, 0, 1, "", 0);
	frame(&talk.c, 0, 0, 1, rest, sizeof(rest) - 1);
	frame(&talk.c, 0, 8, 1, padded, sizeof(padded) - 1);
	message(&talk.c, 1, 0, 500);
	pass(&talk);
	frame(&talk.c, 0, 1, 1, "", 0);
	accepted(&talk, 1);
	message(&talk.s, 1, 0, 0);
	pass(&talk);
	message(&talk.s, 1, 0, 100);
	trailers(&talk, 1, "0");
	pass(&talk);
	play(&talk);
	assert_int_equal(harness.count, 1);
	check_messages(check(0, LIST, OUTCOME_OK, 0), 6, 2, RPC_BIDI_STREAM);
	harness__free(&harness);
	finish(&talk);
}

static void trailers_only_and_codes_that_there_are_not(void **state)
{
	static const char *const code[] = {"12", "16", "17", "", "x", "100"};
	static const unsigned int status[] = {
		12, 16, GRPC_STATUS_OTHER, GRPC_STATUS_OTHER, GRPC_STATUS_OTHER, GRPC_STATUS_OTHER};

	(void)state;
	begin(&talk);
	for (uint32_t i = 0; i < COUNT(code); i++) {
		nghttp2_nv nv[] = {NV(":status", "200"), NV("content-type", "application/grpc"),
				   NV("grpc-status", code[i])};

		call(&talk, 1 + 2 * i, GET, "application/grpc");
		message(&talk.c, 1 + 2 * i, 1, 3);
		say(&talk.s, 1 + 2 * i, 1, nv, COUNT(nv));
	}
	pass(&talk);
	play(&talk);
	assert_int_equal(harness.count, COUNT(code));
	for (size_t i = 0; i < COUNT(code); i++)
		check_messages(check(i, GET, OUTCOME_ERROR, status[i]), 1, 0, RPC_UNARY);
	harness__free(&harness);
	finish(&talk);
}

/* A proxy's page, and a server that forgot its trailers. */
static void an_answer_without_a_status_is_an_error_of_its_own(void **state)
{
	nghttp2_nv page[] = {NV(":status", "502"), NV("content-type", "text/html")};

	(void)state;
	begin(&talk);
	call(&talk, 1, GET, "application/grpc");
	message(&talk.c, 1, 1, 3);
	call(&talk, 3, GET, "application/grpc");
	message(&talk.c, 3, 1, 3);
	say(&talk.s, 1, 0, page, COUNT(page));
	frame(&talk.s, 0, 1, 1, "\1\0\0\0\1<html>", 11);
	accepted(&talk, 3);
	message(&talk.s, 3, 1, 3);
	pass(&talk);
	play(&talk);
	assert_int_equal(harness.count, 2);
	check_messages(check(0, GET, OUTCOME_ERROR, GRPC_STATUS_NONE), 1, 0, RPC_UNARY);
	assert_int_equal(harness.exchange[0].http.status, 502);
	check_messages(check(1, GET, OUTCOME_ERROR, GRPC_STATUS_NONE), 1, 1, RPC_UNARY);
	harness__free(&harness);
	finish(&talk);
}

static void a_reset_aborts_once_and_keeps_what_passed(void **state)
{
	const struct exchange *e;

	(void)state;
	begin(&talk);
	call(&talk, 1, LIST, "application/grpc");
	message(&talk.c, 1, 0, 3);
	message(&talk.c, 1, 0, 3);
	pass(&talk);
	accepted(&talk, 1);
	message(&talk.s, 1, 0, 3);
	pass(&talk);
	frame(&talk.c, 3, 0, 1, "\0\0\0\x08", 4);
	pass(&talk);
	trailers(&talk, 1, "1");
	pass(&talk);
	call(&talk, 3, GET, "application/grpc");
	pass(&talk);
	talk.script[talk.steps++] = (struct step){talk.us += 10, STEP_CLOSE, NULL, 0};
	play(&talk);
	assert_int_equal(harness.count, 2);
	e = check(0, LIST, OUTCOME_ABORTED, GRPC_STATUS_NONE);
	check_messages(e, 2, 1, RPC_CLIENT_STREAM);
	assert_int_equal(e->http.status, 0);
	assert_int_equal(e->end_ns, 40000);
	check_messages(check(1, GET, OUTCOME_ABORTED, GRPC_STATUS_NONE), 0, 0, RPC_UNARY);
	harness__free(&harness);
	finish(&talk);
}

static void stream(struct talk *t, uint32_t id, unsigned int requests, unsigned int responses,
		   const char *status)
{
	call(t, id, LIST, "application/grpc");
	for (unsigned int i = 0; i < requests; i++)
		message(&t->c, id, i + 1 == requests, 4);
	if (!requests)
		frame(&t->c, 0, 1, id, "", 0);
	pass(t);
	accepted(t, id);
	for (unsigned int i = 0; i < responses; i++)
		message(&t->s, id, 0, 4);
	trailers(t, id, status);
	pass(t);
}

static void a_method_is_what_its_messages_have_proven(void **state)
{
	static const struct {
		unsigned int requests, responses;
		const char *status;
		enum rpc_type type;
	} calls[] = {
		{1, 1, "0", RPC_UNARY},
		{3, 0, "13", RPC_CLIENT_STREAM}, /* a client that errs teaches nothing */
		{1, 1, "0", RPC_UNARY},
		{1, 0, "5", RPC_UNARY},		/* nothing came because it failed */
		{1, 2, "4", RPC_SERVER_STREAM}, /* a server knows what it serves */
		{1, 1, "0", RPC_SERVER_STREAM},
		{0, 1, "0", RPC_BIDI_STREAM},
		{1, 1, "7", RPC_BIDI_STREAM},
	};

	(void)state;
	begin(&talk);
	for (uint32_t i = 0; i < COUNT(calls); i++)
		stream(&talk, 1 + 2 * i, calls[i].requests, calls[i].responses, calls[i].status);
	play(&talk);
	assert_int_equal(harness.count, COUNT(calls));
	for (size_t i = 0; i < COUNT(calls); i++)
		check_messages(&harness.exchange[i], calls[i].requests, calls[i].responses,
			       calls[i].type);
	harness__free(&harness);
	finish(&talk);
}

/*
 * The first call is older than the observation, and with it what both tables hold: both content
 * types and the name of the status. (Paths are said anew every time, by nghttp2's choice.) Then the
 * tables are emptied by their owners, and all is said anew.
 */
static void attached_late_nothing_is_wrong_and_new_names_are_known(void **state)
{
	const struct exchange *e;

	(void)state;
	begin(&talk);
	unary(&talk, 1, GET, "0");
	for (size_t i = 0; i < talk.steps; i++)
		free((void *)(uintptr_t)talk.script[i].data);
	talk.steps = 0;
	unary(&talk, 3, GET, "0");
	unary(&talk, 5, LIST, "9");
	nghttp2_hd_deflate_change_table_size(talk.c.deflater, 0);
	nghttp2_hd_deflate_change_table_size(talk.c.deflater, 4096);
	nghttp2_hd_deflate_change_table_size(talk.s.deflater, 0);
	nghttp2_hd_deflate_change_table_size(talk.s.deflater, 4096);
	unary(&talk, 7, LIST, "9");
	unary(&talk, 9, LIST, "0");
	harness__play(&harness, ROLE_SERVER, true, talk.script, talk.steps, 0);
	assert_int_equal(harness.count, 4);
	e = check(0, GET, OUTCOME_OK, GRPC_STATUS_UNTOLD);
	check_messages(e, 1, 1, RPC_UNARY);
	assert_int_equal(e->http.status, 200);
	check_messages(check(1, LIST, OUTCOME_OK, GRPC_STATUS_UNTOLD), 1, 1, RPC_UNARY);
	check_messages(check(2, LIST, OUTCOME_ERROR, 9), 1, 1, RPC_UNARY);
	check_messages(check(3, LIST, OUTCOME_OK, 0), 1, 1, RPC_UNARY);
	harness__free(&harness);
	finish(&talk);
}

static void count_line(const char *text, const char *line)
{
	const char *found = strstr(text, line);

	if (!found || (found != text && found[-1] != '\n'))
		fail_msg("not exposed: %s", line);
}

static void counted_as_gRPC_and_not_as_HTTP(void **state)
{
	struct self self = {.version = "", .capture_way = "", .source = "recording"};
	struct buffer text = {0};
	struct snapshot *snapshot;
	struct metrics *metrics;

#define LABELS(method, type, code)                                                                 \
	"rpc_system=\"grpc\",rpc_service=\"shop.v1.Orders\",rpc_method=\"" method                  \
	"\",rpc_type=\"" type "\",rpc_grpc_status_code=\"" code "\""
	(void)state;
	begin(&talk);
	unary(&talk, 1, GET, "0");
	unary(&talk, 3, GET, "5");
	unary(&talk, 5, GET, "14");
	stream(&talk, 7, 2, 3, "0");
	call(&talk, 9, LIST, "application/grpc");
	pass(&talk);
	talk.script[talk.steps++] = (struct step){talk.us += 10, STEP_CLOSE, NULL, 0};
	harness__open(&harness, ROLE_SERVER, false);
	metrics = metrics__new(&(struct metrics_options){0}, harness.engine);
	for (size_t i = 0; i < talk.steps; i++)
		harness__step(&harness, &talk.script[i], 0);
	harness__finish(&harness);
	snapshot = metrics__snapshot(metrics, &self);
	snapshot__expose(snapshot, EXPOSITION_PROMETHEUS, &text);

	count_line(text.data, "rpc_server_requests_total{service=\"unknown\"," LABELS(
				      "Get", "unary", "0") "} 1\n");
	count_line(text.data, "rpc_server_duration_ms_count{service=\"unknown\"," LABELS(
				      "Get", "unary", "5") "} 1\n");
	count_line(text.data, "rpc_server_errors_total{service=\"unknown\"," LABELS("Get", "unary",
										    "14") "} 1\n");
	count_line(text.data, "rpc_server_request_messages_total{service=\"unknown\"," LABELS(
				      "List", "bidi_stream", "0") "} 2\n");
	count_line(text.data, "rpc_server_response_messages_total{service=\"unknown\"," LABELS(
				      "List", "bidi_stream", "0") "} 3\n");
	count_line(text.data, "rpc_server_requests_unanswered_total{service=\"unknown\"," LABELS(
				      "List", "bidi_stream", "none") ",outcome=\"aborted\"} 1\n");
	count_line(text.data, "rpc_server_error_rate_percent{service=\"unknown\"} 25\n");
	assert_null(strstr(text.data, "http_requests_total{"));
	assert_null(
		strstr(text.data, "errors_total{service=\"unknown\"," LABELS("Get", "unary", "0")));
	buffer__clear(&text);
	snapshot__free(snapshot);
	metrics__free(metrics);
	harness__free(&harness);
	finish(&talk);
}

static void content_types_and_paths(void **state)
{
	static const struct {
		const char *text;
		bool yes;
	} types[] = {{"application/grpc", true},      {"application/grpc+json", true},
		     {"application/grpc; x=y", true}, {"application/grpc;x=y", true},
		     {"application/grpc-web", false}, {"application/grpc-web+proto", false},
		     {"application/grp", false},      {"", false},
		     {"application/json", false}},
	  paths[] = {{GET, true},
		     {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", true},
		     {"/Greeter/Hello", true},
		     {"/_A_/b_9", true},
		     {"/users/42", false},
		     {"/v1.0/Users", false},
		     {"/a/b.c", false},
		     {"/a/b/c", false},
		     {"/a", false},
		     {"//ab", false},
		     {"/a./b", false},
		     {"/a/b/", false},
		     {"/a-b/c", false},
		     {"/a/b?x=1", false},
		     {"a.B/C", false},
		     {"", false}};

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++)
		if (grpc__is_content_type(slice__text(types[i].text)) != types[i].yes)
			fail_msg("content type %s", types[i].text);
	for (size_t i = 0; i < COUNT(paths); i++)
		if (grpc__is_path(slice__text(paths[i].text)) != paths[i].yes)
			fail_msg("path %s", paths[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unary_call_has_its_status_from_the_trailers),
		cmocka_unit_test(messages_are_told_however_they_are_framed),
		cmocka_unit_test(trailers_only_and_codes_that_there_are_not),
		cmocka_unit_test(an_answer_without_a_status_is_an_error_of_its_own),
		cmocka_unit_test(a_reset_aborts_once_and_keeps_what_passed),
		cmocka_unit_test(a_method_is_what_its_messages_have_proven),
		cmocka_unit_test(attached_late_nothing_is_wrong_and_new_names_are_known),
		cmocka_unit_test(counted_as_gRPC_and_not_as_HTTP),
		cmocka_unit_test(content_types_and_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
