/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Keys of Redis: which arguments they are, which patterns they fit, and what is counted of them. */
#include "harness.h"
#include "keys/key_template.h"
#include "metrics/metrics.h"
#include "protocol/redis_commands.h"
#include "protocol/redis_keys.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- which arguments are keys ---- */

/* "BLPOP a b 0" -> "a b" */
static void assert_keys(const char *command, const char *expected)
{
	char words[300], got[300] = "", *word[64], *save = NULL;
	struct redis_keys keys;
	uint32_t count = 0, index, from = 1;

	snprintf(words, sizeof(words), "%s", command);
	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		word[count++] = w;
	index = redis_command__find(slice__text(word[0]));
	assert_int_not_equal(index, REDIS_COMMAND_UNKNOWN);
	if (redis_command__get(index)->container && count > 1) {
		index = redis_command__find_sub(index, slice__text(word[1]));
		from = 2;
	}
	redis_keys__begin(&keys, index, count);
	for (uint32_t i = from; i < count; i++)
		if (redis_keys__matters(&keys, i) &&
		    redis_keys__take(&keys, i, slice__text(word[i])))
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s",
				 got[0] ? " " : "", word[i]);
	if (strcmp(got, expected) != 0)
		fail_msg("%s: keys `%s`, not `%s`", command, got, expected);
}

static void the_table_tells_which_arguments_are_keys(void **state)
{
	(void)state;
	assert_keys("GET k", "k");
	assert_keys("SET k v EX 10", "k");
	assert_keys("PING", "");
	assert_keys("PING k", "");
	assert_keys("MGET a b c", "a b c");
	assert_keys("MGET", "");
	assert_keys("DEL a", "a");
	assert_keys("MSET a 1 b 2", "a b");
	assert_keys("MSET a 1 b", "a b");
	assert_keys("BLPOP a b 0", "a b");
	assert_keys("BLPOP", "");
	assert_keys("BLPOP 0", "");
	assert_keys("RENAME a b", "a b");
	assert_keys("RENAME a", "a");
	assert_keys("BITOP AND d a b", "d a b");
	assert_keys("OBJECT ENCODING k", "k");
	assert_keys("OBJECT HELP", "");
	assert_keys("XINFO STREAM k FULL", "k");
	assert_keys("MEMORY USAGE k SAMPLES 5", "k");
	assert_keys("SORT k BY w_* GET o_*", "k");
	assert_keys("KEYS *", "");
	assert_keys("SCAN 0 MATCH a*", "");
	assert_keys("PUBLISH channel k", "");
	assert_keys("JSON.MGET a b $.x", "a b");
	assert_keys("TS.MADD a 1 2 b 3 4", "a b");
}

static void counted_keys_and_streams_are_found(void **state)
{
	(void)state;
	assert_keys("EVAL script 2 a b c", "a b");
	assert_keys("EVAL script 0 a b c", "");
	assert_keys("EVAL script -1 a", "");
	assert_keys("EVAL script x a", "");
	assert_keys("EVAL script 99 a b", "a b");
	assert_keys("EVAL script 99999999999999999999 a b", "");
	assert_keys("EVAL script 2", "");
	assert_keys("LMPOP 2 a b LEFT", "a b");
	assert_keys("BLMPOP 0 1 a LEFT", "a");
	assert_keys("ZUNIONSTORE d 2 a b WEIGHTS 1 2", "d a b");
	assert_keys("ZUNION 1 a", "a");
	assert_keys("MSETEX 2 a 1 b 2 EX 10", "a b");
	assert_keys("XREAD COUNT 2 STREAMS a b 0 0", "a b");
	assert_keys("XREAD block 0 streams a $", "a");
	assert_keys("XREADGROUP GROUP g c STREAMS a >", "a");
	assert_keys("XREAD STREAMS streams streams", "streams");
	assert_keys("XREAD STREAMS a", "");
	assert_keys("XREAD STREAMS", "");
	assert_keys("XREAD a b c", "");
}

/* ---- templates ---- */

static const char *template(struct key_learner *l, const char *key)
{
	static char out[KEY_TEMPLATE_MAX];
	char *exact = malloc(strlen(key)); /* no NUL behind it: a read too far is found */
	size_t length;

	memcpy(exact, key, strlen(key));
	length = key_learner__template(l, slice__of(exact, strlen(key)), out);
	free(exact);
	assert_int_equal(length, strlen(out));
	return out;
}

static const char *numbered(struct key_learner *l, const char *format, int times)
{
	const char *text = "";
	char key[200];

	for (int i = 0; i < times; i++) {
		snprintf(key, sizeof(key), format, i, i);
		text = template(l, key);
	}
	return text;
}

static void values_are_told_by_their_looks(void **state)
{
	static const char *const keys[][2] = {
		{"12", "{id}"},
		{"1:2", "{id}:{id}"},
		{"550e8400-e29b-41d4-a716-446655440000", "{uuid}"},
		{"2026-01-31", "{date}"},
		{"9f86d081884c7d659a2f", "{hash}"},
		{"ana@example.co.uk:1", "{email}:{id}"},
		{"10.0.0.1", "{id}.{id}.{id}.{id}"},
		{"::1", "::{id}"},
		{"{12}/3|4#5,6", "{{id}}/{id}|{id}#{id},{id}"},
		{"\xff\x01 'x\"", "{token}"},
		{"<a b>", "{name}"},
		{"1:1:1:1:1:1:1:1:1:1:1:1:1:1", "{id}:{id}:{id}:{id}:{id}:{id}:{id}:{id}:{id}:{id}:"
						"{id}:{id}..."},
	};
	struct key_learner *l = key_learner__new();

	(void)state;
	assert_non_null(l);
	for (size_t i = 0; i < COUNT(keys); i++)
		assert_string_equal(template(l, keys[i][0]), keys[i][1]);
	key_learner__free(l);
}

static void words_are_told_once_they_are_a_programs_own(void **state)
{
	struct key_learner *l = key_learner__new();

	(void)state;
	assert_string_equal(template(l, "user:1:session"), "{name}:{id}:{name}");
	assert_string_equal(numbered(l, "user:%d:session", 100), "user:{id}:session");
	assert_string_equal(template(l, "user:7:cart"), "user:{id}:{name}");
	assert_string_equal(numbered(l, "order-%d", 100), "order-{id}");
	assert_string_equal(numbered(l, "task-meta-550e8400-e29b-41d4-a716-4466554400%02d", 90),
			    "task-meta-{uuid}");
	key_learner__free(l);
}

/* Two dozen surroundings are its own: those of other words at its place do not count. */
static void words_are_learned_one_by_one(void **state)
{
	struct key_learner *l = key_learner__new();
	char key[100];

	(void)state;
	for (int i = 0; i < 19; i++) {
		for (char c = 'a'; c < 'k'; c++) {
			snprintf(key, sizeof(key), "own%c:%d", c, i);
			assert_string_equal(template(l, key), "{name}:{id}");
		}
	}
	key_learner__free(l);
}

static void somebodys_name_is_never_told(void **state)
{
	static const char *const names[] = {"alice", "bob",   "carol",	"dave",	 "erin",  "frank",
					    "grace", "heidi", "ivan",	"judy",	 "ken",	  "laura",
					    "mike",  "nina",  "oscar",	"peggy", "quinn", "rita",
					    "steve", "trudy", "ursula", "victor"};
	struct key_learner *l = key_learner__new();
	char key[100];

	(void)state;
	numbered(l, "user:%d", 100);
	for (int i = 0; i < 1000; i++) /* it has but one surrounding */
		assert_string_equal(template(l, "user:alice"), "user:{name}");
	for (int i = 0; i < 200; i++)
		for (size_t n = 0; n < COUNT(names);
		     n++) { /* as many as continue: but too many names */
			snprintf(key, sizeof(key), "orders:%s:%d", names[n], i);
			assert_null(strstr(template(l, key), names[n]));
			snprintf(key, sizeof(key), "follow:%d:%s", i, names[n]);
			assert_null(strstr(template(l, key), names[n]));
		}
	assert_string_equal(template(l, "orders:alice:1"), "orders:{name}:{id}");
	assert_string_equal(template(l, "follow:1:alice"), "follow:{id}:{name}");
	key_learner__free(l);
}

static void a_place_with_too_many_words_tells_none(void **state)
{
	struct key_learner *l = key_learner__new();
	char key[100];

	(void)state;
	assert_string_equal(numbered(l, "shop:%d:cart", 100), "shop:{id}:cart");
	for (int i = 0; i < 16; i++) {
		snprintf(key, sizeof(key), "shop:1:w%c", 'a' + i);
		template(l, key);
	}
	assert_string_equal(template(l, "shop:1:cart"), "shop:{id}:{name}");
	key_learner__free(l);
}

static void what_there_is_to_learn_is_bounded(void **state)
{
	static const char digits[][3] = {"1", "a@", "-"};
	struct key_learner *l = key_learner__new();
	char key[200], out[KEY_TEMPLATE_MAX];
	bool refused = false;

	(void)state;
	for (int i = 0; i < 20000; i++) { /* another place each */
		size_t n = 0;

		for (int k = i, depth = 0; depth < 9; k /= 3, depth++)
			n += (size_t)snprintf(key + n, sizeof(key) - n, "%s:", digits[k % 3]);
		snprintf(key + n, sizeof(key) - n, "word");
		refused |= !key_learner__template(l, slice__text(key), out);
	}
	assert_true(refused);
	assert_string_equal(template(l, "1"), "{id}"); /* nothing is to be learned of it */
	key_learner__free(l);
}

/* ---- patterns ---- */

static const char *text_of(struct key_patterns *p, struct labels *labels, const char *key)
{
	return labels__get(labels, key_patterns__label(p, key_patterns__of(p, slice__text(key))))
		->text;
}

static void the_first_pattern_that_fits_counts(void **state)
{
	static const char *const patterns[] = {"user:*:session", "user:*", "cart:?", NULL};
	struct labels *labels = labels__new(&(struct labels_options){0});
	struct key_patterns *p = key_patterns__new(labels);
	struct key_options options = {.patterns = patterns};
	char long_key[KEY_BYTES_MAX + 2] = "user:";

	(void)state;
	assert_false(key_patterns__wanted(p));
	key_patterns__set(p, &options);
	assert_true(key_patterns__wanted(p));
	assert_string_equal(text_of(p, labels, "user:7:session"), "user:*:session");
	assert_string_equal(text_of(p, labels, "user:7"), "user:*");
	assert_string_equal(text_of(p, labels, "cart:7"), "cart:?");
	assert_string_equal(text_of(p, labels, "cart:77"), "other");
	assert_string_equal(text_of(p, labels, ""), "other");
	memset(long_key + 5, 'x', KEY_BYTES_MAX - 4);
	assert_string_equal(text_of(p, labels, long_key), "other");
	long_key[KEY_BYTES_MAX] = '\0';
	assert_string_equal(text_of(p, labels, long_key), "user:*");
	assert_int_equal(key_patterns__overflowed(p), 0);
	key_patterns__free(p);
	labels__free(labels);
}

static void a_number_never_changes_its_meaning(void **state)
{
	static const char *const before[] = {"a*", "b*", NULL}, *const after[] = {"b*", "c*", NULL};
	struct labels *labels = labels__new(&(struct labels_options){0});
	struct key_patterns *p = key_patterns__new(labels);
	struct key_options options = {.patterns = before};
	uint16_t a, b;

	(void)state;
	key_patterns__set(p, &options);
	a = key_patterns__of(p, slice__text("a1"));
	b = key_patterns__of(p, slice__text("b1"));
	options.patterns = after;
	key_patterns__set(p, &options);
	assert_int_equal(key_patterns__of(p, slice__text("a1")), KEY_PATTERNS_OTHER);
	assert_int_equal(key_patterns__of(p, slice__text("b1")), b);
	assert_string_equal(labels__get(labels, key_patterns__label(p, a))->text, "a*");
	options.patterns = NULL;
	key_patterns__set(p, &options);
	assert_false(key_patterns__wanted(p));
	key_patterns__free(p);
	labels__free(labels);
}

static void too_many_templates_are_other_and_counted(void **state)
{
	static const char *const patterns[] = {"mine:*", NULL};
	struct labels *labels = labels__new(&(struct labels_options){0});
	struct key_patterns *p = key_patterns__new(labels);
	struct key_options options = {.patterns = patterns, .automatic = true, .templates = 2};

	(void)state;
	key_patterns__set(p, &options);
	assert_string_equal(text_of(p, labels, "1"), "{id}");
	assert_string_equal(text_of(p, labels, "1:2"), "{id}:{id}");
	assert_string_equal(text_of(p, labels, "1:2:3"), "other");
	assert_string_equal(text_of(p, labels, "9:9"), "{id}:{id}");
	assert_string_equal(text_of(p, labels, "mine:x"), "mine:*"); /* these are no templates */
	assert_int_equal(key_patterns__overflowed(p), 1);
	labels__refuse(labels, true);
	options.templates = 9;
	key_patterns__set(p, &options);
	assert_string_equal(text_of(p, labels, "1/2"), "other");
	assert_int_equal(key_patterns__overflowed(p), 2);
	key_patterns__free(p);
	labels__free(labels);
}

/* ---- commands and replies ---- */

static const char *const user_and_cart[] = {"user:*", "cart:*", NULL};
static struct harness h;
static struct metrics *metrics;
static struct buffer text;

#define ARRAY2(a, b)   "*2\r\n" a b
#define BULK(n, bytes) "$" #n "\r\n" bytes "\r\n"
#define GET_USER       ARRAY2(BULK(3, "GET"), BULK(6, "user:1"))
#define GET_CART       ARRAY2(BULK(3, "GET"), BULK(6, "cart:1"))
#define MGET_MIXED                                                                                 \
	"*5\r\n" BULK(4, "MGET") BULK(6, "user:1") BULK(6, "user:2") BULK(6, "cart:1") BULK(1, "x")
#define MULTI "*1\r\n" BULK(5, "MULTI")
#define EXEC  "*1\r\n" BULK(4, "EXEC")

static const struct step exchanges[] = {
	{10, STEP_REQUEST, GET_USER, 0},
	{11, STEP_RESPONSE, BULK(1, "v"), 0},
	{20, STEP_REQUEST, GET_CART, 0},
	{21, STEP_RESPONSE, "$-1\r\n", 0},
	{30, STEP_REQUEST, MGET_MIXED, 0},
	{31, STEP_RESPONSE, "*4\r\n" BULK(1, "a") "$-1\r\n" BULK(1, "b") "$-1\r\n", 0},
	{40, STEP_REQUEST, "*3\r\n" BULK(4, "MGET") BULK(6, "user:1") BULK(6, "user:2"), 0},
	{41, STEP_RESPONSE, "*2\r\n" BULK(1, "a") "$-1\r\n", 0},
	{50, STEP_REQUEST, MULTI GET_USER GET_CART EXEC, 0},
	{51, STEP_RESPONSE, "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$-1\r\n" BULK(1, "v"), 0},
	{60, STEP_REQUEST, "*3\r\n" BULK(6, "EXISTS") BULK(6, "user:1") BULK(6, "cart:1"), 0},
	{61, STEP_RESPONSE, ":1\r\n", 0}, /* which of them is not said */
	{70, STEP_REQUEST, "*3\r\n" BULK(5, "LPUSH") BULK(6, "user:1") BULK(1, "x"), 0},
	{71, STEP_RESPONSE, "-WRONGTYPE no\r\n", 0},
	{80, STEP_REQUEST, "*3\r\n" BULK(5, "BLPOP") BULK(6, "cart:1") BULK(1, "1"), 0},
	{90, STEP_RESPONSE, "*-1\r\n", 0},
	{91, STEP_REQUEST, GET_USER, 0}, /* never answered */
	{92, STEP_CLOSE, NULL, 0},
};

static void watch(const struct step *script, size_t steps)
{
	struct metrics_options options = {.series_max = 100};
	struct snapshot *snapshot;

	harness_keys = (struct key_options){.patterns = user_and_cart};
	harness__open(&h, ROLE_CLIENT, false);
	metrics = metrics__new(&options, h.engine);
	for (size_t i = 0; i < steps; i++)
		harness__step(&h, &script[i], 0);
	harness__finish(&h);
	snapshot = metrics__snapshot(metrics, &(struct self){.version = "", .source = ""});
	assert_non_null(snapshot);
	text.length = 0;
	snapshot__expose(snapshot, EXPOSITION_PROMETHEUS, &text);
	snapshot__free(snapshot);
}

static void end(void)
{
	metrics__free(metrics);
	harness__free(&h);
	buffer__clear(&text);
	harness_keys = (struct key_options){0};
}

static void assert_line(const char *line)
{
	char whole[200];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (!strstr(text.data, whole)) {
		const char *at = strstr(text.data, "\ncache_key_operations_total");

		fail_msg("no `%s` in:\n%.3000s", line, at ? at : "");
	}
}

static void cuts_change_nothing(void **state)
{
	(void)state;
	harness_keys = (struct key_options){.patterns = user_and_cart};
	harness__every_cut(exchanges, COUNT(exchanges));
	harness__every_split(exchanges, COUNT(exchanges));
	harness_keys = (struct key_options){.automatic = true};
	harness__every_cut(exchanges, COUNT(exchanges));
	harness_keys = (struct key_options){0};
}

#define OF(pattern)	     "{service=\"unknown\",pattern=\"" pattern "\"}"
#define BY(pattern, command) "{service=\"unknown\",pattern=\"" pattern "\",command=\"" command "\"}"

static void each_pattern_has_what_was_its_own(void **state)
{
	(void)state;
	watch(exchanges, COUNT(exchanges));
	assert_line("cache_key_operations_total" BY("user:*", "GET") " 3");
	assert_line("cache_key_operations_total" BY("user:*", "MGET") " 2");
	assert_line("cache_key_operations_total" BY("user:*", "LPUSH") " 1");
	assert_line("cache_key_operations_total" BY("cart:*", "GET") " 2");
	assert_line("cache_key_operations_total" BY("cart:*", "MGET") " 1");
	assert_line("cache_key_operations_total" BY("cart:*", "BLPOP") " 1");
	assert_line("cache_key_operations_total" BY("other", "MGET") " 1");
	assert_line("cache_key_hits_total" OF("user:*") " 3");	 /* GET, MGET twice */
	assert_line("cache_key_misses_total" OF("user:*") " 3"); /* MGET twice, GET within MULTI */
	assert_line("cache_key_hits_total" OF("cart:*") " 2");	 /* MGET, GET within MULTI */
	assert_line("cache_key_misses_total" OF("cart:*") " 1");
	assert_line("cache_key_misses_total" OF("other") " 1");
	assert_line("cache_key_errors_total" OF("user:*") " 1");
	assert_line("cache_key_errors_total" OF("cart:*") " 0");
	assert_line("cache_key_operation_duration_ms_count" OF("user:*") " 6");
	assert_line("cache_key_operation_duration_ms_count" OF("cart:*") " 4"); /* BLPOP waits */
	assert_line(
		"cache_key_request_bytes_total" OF("other") " 0"); /* of MGET they are nobody's */
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_tells_which_arguments_are_keys),
		cmocka_unit_test(counted_keys_and_streams_are_found),
		cmocka_unit_test(values_are_told_by_their_looks),
		cmocka_unit_test(words_are_told_once_they_are_a_programs_own),
		cmocka_unit_test(words_are_learned_one_by_one),
		cmocka_unit_test(somebodys_name_is_never_told),
		cmocka_unit_test(a_place_with_too_many_words_tells_none),
		cmocka_unit_test(what_there_is_to_learn_is_bounded),
		cmocka_unit_test(the_first_pattern_that_fits_counts),
		cmocka_unit_test(a_number_never_changes_its_meaning),
		cmocka_unit_test(too_many_templates_are_other_and_counted),
		cmocka_unit_test(cuts_change_nothing),
		cmocka_unit_test(each_pattern_has_what_was_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
