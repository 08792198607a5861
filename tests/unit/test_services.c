/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Services of the configuration: what is refused, which one fits, and what becomes of connections
 * when a process gets another name or is left out. */
#include "fake_proc.h"
#include "harness.h"
#include "config.h"
#include "service/arguments.h"
#include "service/listening.h"
#include "service/service_set.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))
#define ID	      "4f2a9c0000000000000000000000000000000000000000000000000000000001"
#define SECOND	      1000000000ull

static char error[512];

static int parse(const char *text, struct config *config)
{
	error[0] = '\0';
	config__defaults(config);
	return config__parse("c.yaml", text, strlen(text), config, error, sizeof(error));
}

/* ---- reading ---- */

static void what_is_wrong_is_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{"services: x\n", "c.yaml:1: "},
		{"services:\n  - {nam: x}\n", "c.yaml:2: "},
		{"services:\n  - {executable: x}\n", "c.yaml:2: `name` is missing"},
		{"services:\n  - {name: x, ignore: true}\n",
		 "c.yaml:2: what is ignored has no name"},
		{"services:\n  - {name: ''}\n", "c.yaml:2: a name has"},
		{"services:\n  - {name: other}\n", "c.yaml:2: a name has"},
		{"services:\n  - {name: \"a\\nb\"}\n", "c.yaml:2: a name is printable"},
		{"services:\n  - {name: "
		 "'0123456789012345678901234567890123456789012345678901234567890"
		 "123'}\n",
		 "c.yaml:2: a name has"},
		{"services:\n  - {name: 'x-{host}'}\n", "c.yaml:2: `{host}` is no placeholder"},
		{"services:\n  - {name: x, port: 0}\n", "c.yaml:2: "},
		{"services:\n  - {name: x, port: 70000}\n", "c.yaml:2: "},
		{"services:\n  - {name: x, port: [80, http]}\n", "c.yaml:2: "},
		{"services:\n  - {name: x, ignore: maybe}\n", "c.yaml:2: "},
		{"services:\n  - {name: x, pod: {a: b}}\n", "c.yaml:2: "},
		{"services:\n  - name: x\n  - {name: y, port: 80}\n",
		 "c.yaml:3: the service before this one has no condition"},
		{"services:\n  - {name: x, port: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}\n",
		 "c.yaml:2: at most 16 ports"},
	};
	struct config config;

	(void)state;
	for (size_t i = 0; i < LENGTH(wrong); i++) {
		if (!parse(wrong[i].text, &config))
			fail_msg("taken: %s", wrong[i].text);
		if (strncmp(error, wrong[i].says, strlen(wrong[i].says)) != 0)
			fail_msg("`%s`: %s", wrong[i].text, error);
		config__clear(&config);
	}
}

static void an_empty_list_is_none(void **state)
{
	struct config config;

	(void)state;
	assert_int_equal(parse("services: []\n", &config), 0);
	assert_int_equal(config.services->count, 0);
	config__clear(&config);
	assert_null(config.services);
	assert_int_equal(parse("log:\n", &config), 0);
	assert_null(config.services);
	config__clear(&config);
}

/* ---- choosing ---- */

#define ARGUMENTS "java\0-jar\0/opt/billing/app.jar\0--queue=mail"

static const struct process_facts facts = {
	.comm = "java",
	.executable = "/opt/jdk/bin/java",
	.cgroup = "/system.slice/billing.service",
	.arguments = ARGUMENTS,
	.arguments_size = sizeof(ARGUMENTS),
};
static const struct container inside = {.id = ID, .pod = "0a1b2c3d-1111-2222-3333-444455556666"};
static const struct container outside;
static const struct ports web = {.count = 2, .at = {8080, 8443}};

/* "" by default, "-" ignored. */
static const char *choose(const char *text, const struct container *container)
{
	static char name[SERVICE_NAME_MAX];
	struct config config;
	enum service_choice choice;

	if (parse(text, &config))
		fail_msg("%s", error);
	choice = service_set__choose(config.services, &facts, container, &web, name);
	config__clear(&config);
	return choice == SERVICE_NAMED ? name : choice == SERVICE_IGNORED ? "-" : "";
}

static void the_first_that_fits_wins(void **state)
{
	static const struct {
		const char *text, *name;
		const struct container *container;
	} cases[] = {
		{"services: []", "", &outside},
		{"services: [{name: x}]", "x", &outside},
		{"services: [{name: x, executable: /opt/*/bin/*}]", "x", &outside},
		{"services: [{name: x, executable: /opt/*/sbin/*}]", "", &outside},
		{"services: [{name: x, executable: java}]", "", &outside},
		{"services: [{name: x, executable: [java, '*/java']}]", "x", &outside},
		{"services: [{name: x, command_line: '*billing*'}]", "x", &outside},
		{"services: [{name: x, command_line: 'java -jar *.jar --queue=mail'}]", "x",
		 &outside},
		{"services: [{name: x, command_line: java}]", "", &outside},
		{"services: [{name: x, cgroup: '*/billing.service'}]", "x", &outside},
		{"services: [{name: x, container: '*'}]", "", &outside},
		{"services: [{name: x, container: '4f2a*'}]", "x", &inside},
		{"services: [{name: x, container: '5*'}]", "", &inside},
		{"services: [{name: x, pod: '*'}]", "", &outside},
		{"services: [{name: x, pod: '0a1b*'}]", "x", &inside},
		{"services: [{name: x, port: 8080}]", "x", &outside},
		{"services: [{name: x, port: [80, 8443]}]", "x", &outside},
		{"services: [{name: x, port: 80}]", "", &outside},
		{"services: [{name: x, port: 8080, executable: nginx}]", "", &outside},
		{"services: [{name: x, port: 80}, {name: y, port: 8080}, {name: z}]", "y",
		 &outside},
		{"services: [{port: 8080, ignore: true}, {name: y}]", "-", &outside},
		{"services: [{name: y, executable: '*'}, {ignore: true}]", "y", &outside},
		{"services: [{name: y, executable: x}, {ignore: true}]", "-", &outside},
		{"services: [{name: My Shop}]", "My Shop", &outside},
		{"services: [{name: 'shop-{container}'}]", "shop-4f2a9c000000", &inside},
		{"services: [{name: 'shop-{container}'}]", "shop-none", &outside},
		{"services: [{name: '{executable}@{pod}'}]",
		 "java@0a1b2c3d-1111-2222-3333-444455556666", &inside},
		{"services: [{name: '{pod}{pod}{pod}'}]",
		 "0a1b2c3d-1111-2222-3333-4444555566660a1b2c3d-1111-2222-3333-444", &inside},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		const char *name = choose(cases[i].text, cases[i].container);

		if (strcmp(name, cases[i].name) != 0)
			fail_msg("%s: `%s`, not `%s`", cases[i].text, name, cases[i].name);
	}
}

/* ---- listening ---- */

static void link_descriptor(const char *root, uint32_t tgid, int fd, const char *target)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%u/fd", root, tgid);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%u/fd/%d", root, tgid, fd);
	assert_int_equal(symlink(target, path), 0);
}

#define HEADING                                                                                    \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "      \
	"timeout "                                                                                 \
	"inode\n"
#define LISTENING(sl, port, inode)                                                                 \
	"   " sl ": 0100007F:" port                                                                \
	" 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0 "                          \
	"       0 " inode " 1 0000000000000000 100 0 0 10 0\n"
#define ESTABLISHED                                                                                \
	"   7: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0       " \
	" 0 "                                                                                      \
	"777 1 0000000000000000 20 4 30 10 -1\n"

static void put_net(const char *root, uint32_t tgid, const char *file, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%u", root, tgid);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%u/net", root, tgid);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "net/%s", file);
	fake_proc__fill(root, tgid, path, text, strlen(text));
}

static void listening_ports_are_found(void **state)
{
	char root[] = FAKE_PROC;
	struct ports ports = {0};
	struct config config;

	(void)state;
	fake_proc__make(root);
	assert_int_equal(parse("services: [{name: x, port: [8080, 9090, 7070]}]", &config), 0);
	put_net(root, 5, "tcp",
		HEADING LISTENING("0", "1F90", "501") LISTENING("1", "0050", "502")
			LISTENING("2", "1B9E", "504") ESTABLISHED LISTENING("3", "2382", "505"));
	put_net(root, 5, "tcp6",
		HEADING "   0: 00000000000000000000000001000000:2382 "
			"00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
			"00000000     0        0 503 1 0000000000000000 100 0 0 10 0\n"
			"rubbish\n");
	link_descriptor(root, 5, 0, "/dev/null");
	link_descriptor(root, 5, 3, "socket:[501]");
	link_descriptor(root, 5, 4, "socket:[503]");
	link_descriptor(root, 5, 5, "socket:[502]");
	link_descriptor(root, 5, 6, "socket:[505]");
	listening__ports(root, 5, config.services, &ports);
	assert_int_equal(ports.count, 2); /* 7070 is another's, 80 nobody asks for */
	assert_true(ports__has(&ports, 8080));
	assert_true(ports__has(&ports, 9090));
	listening__ports(root, 6, config.services, &ports);
	listening__ports(root, 5, NULL, &ports);
	assert_int_equal(ports.count, 2);
	config__clear(&config);
	fake_proc__remove(root);
}

static void ports_are_bounded(void **state)
{
	struct ports ports = {0};

	(void)state;
	for (uint16_t port = 1; port <= SERVICE_PORTS_MAX; port++) {
		assert_true(ports__add(&ports, port));
		assert_false(ports__add(&ports, port));
	}
	assert_false(ports__add(&ports, 1000));
}

/* ---- through the engine ---- */

#define GET "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
#define OK  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct node {
	struct engine *engine;
	struct config config;
	uint64_t now_ns;
	uint32_t exchanges;
	char service[SERVICE_NAME_MAX]; /* of the newest */
	uint32_t verdicts;
	struct verdict verdict; /* the newest */
};

static void took(void *context, const struct exchange *e)
{
	struct node *n = context;

	n->exchanges++;
	snprintf(n->service, sizeof(n->service), "%s",
		 processes__service(n->engine->processes, e->connection->service)->name);
}

static void told(void *context, uint64_t connection, const struct verdict *verdict)
{
	struct node *n = context;

	(void)connection;
	n->verdicts++;
	n->verdict = *verdict;
}

static void observe(struct node *n, const char *text, const char *proc)
{
	struct engine_options options = {.proc = proc};

	*n = (struct node){.now_ns = SECOND};
	if (parse(text, &n->config))
		fail_msg("%s", error);
	config__engine(&n->config, &options);
	n->engine = engine__new(&options);
	assert_non_null(n->engine);
	n->engine->verdict = told;
	n->engine->verdict_context = n;
	engine__add_sink(n->engine, (struct sink){.exchange = took, .context = n});
}

static void end(struct node *n)
{
	engine__free(n->engine);
	config__clear(&n->config);
}

static void send_event(struct node *n, void *event, uint16_t type, uint32_t size)
{
	struct event *header = event;

	n->now_ns += 1000;
	*header = (struct event){.type = type, .size = size, .time_ns = n->now_ns};
	assert_int_equal(engine__event(n->engine, event, size), 0);
}

static void tell_process(struct node *n, uint32_t tgid, uint32_t parent, const char *executable)
{
	struct process_event event = {.tgid = tgid, .parent = parent, .start_ns = tgid};

	snprintf(event.executable, sizeof(event.executable), "%s", executable);
	snprintf(event.comm, sizeof(event.comm), "%.15s", argument__base_name(executable));
	send_event(n, &event, EVENT_PROCESS, sizeof(event));
}

static void tell_open(struct node *n, uint64_t id, uint32_t tgid, enum role role, uint16_t port)
{
	struct open_event event = {.connection = id, .tgid = tgid, .family = 2, .role = (__u8)role};

	event.local_port = role == ROLE_SERVER ? port : 40000;
	event.remote_port = role == ROLE_SERVER ? 40000 : port;
	send_event(n, &event, EVENT_OPEN, sizeof(event));
}

static void tell_chunk(struct node *n, uint64_t id, uint32_t tgid, enum direction direction,
		       uint64_t position, const char *text)
{
	_Alignas(8) uint8_t record[sizeof(struct chunk) + 128] = {0};
	struct chunk *chunk = (struct chunk *)record;
	uint32_t length = (uint32_t)strlen(text);

	chunk->connection = id;
	chunk->tgid = tgid;
	chunk->direction = (uint8_t)direction;
	chunk->position = position;
	chunk->length = chunk->head = length;
	memcpy(chunk->data, text, length);
	send_event(n, record, EVENT_CHUNK, (uint32_t)sizeof(*chunk) + length);
}

/* The `turn`th request of a connection and its answer. */
static void exchange(struct node *n, uint64_t id, uint32_t tgid, enum role role, int turn)
{
	bool server = role == ROLE_SERVER;

	tell_chunk(n, id, tgid, server ? DIRECTION_RECV : DIRECTION_SEND,
		   (uint64_t)turn * strlen(GET), GET);
	tell_chunk(n, id, tgid, server ? DIRECTION_SEND : DIRECTION_RECV,
		   (uint64_t)turn * strlen(OK), OK);
}

static void assert_told(const struct node *n, uint32_t exchanges, const char *service)
{
	assert_int_equal(n->exchanges, exchanges);
	assert_string_equal(n->service, service);
}

static void a_port_names_before_the_first_exchange(void **state)
{
	struct node n;

	(void)state;
	observe(&n, "services: [{name: shop, port: 8080}]", NULL);
	tell_process(&n, 5, 1, "/opt/web");
	tell_open(&n, 50, 5, ROLE_CLIENT, 9000); /* asks somebody before it serves */
	exchange(&n, 50, 5, ROLE_CLIENT, 0);
	assert_told(&n, 1, "web");
	tell_open(&n, 51, 5, ROLE_SERVER, 8080);
	exchange(&n, 51, 5, ROLE_SERVER, 0);
	assert_told(&n, 2, "shop");
	engine__tick(n.engine, n.now_ns);
	exchange(&n, 50, 5, ROLE_CLIENT, 1);
	assert_told(&n, 3, "shop");
	/* Forked: the same file under a parent that serves. */
	tell_process(&n, 6, 5, "/opt/web");
	tell_open(&n, 60, 6, ROLE_CLIENT, 9000);
	exchange(&n, 60, 6, ROLE_CLIENT, 0);
	assert_told(&n, 4, "shop");
	/* Started by it, but another program. */
	tell_process(&n, 7, 5, "/usr/bin/curl");
	tell_open(&n, 70, 7, ROLE_CLIENT, 8080);
	exchange(&n, 70, 7, ROLE_CLIENT, 0);
	assert_told(&n, 5, "curl");
	/* The same program on another port. */
	tell_process(&n, 8, 1, "/opt/web");
	tell_open(&n, 80, 8, ROLE_SERVER, 8081);
	exchange(&n, 80, 8, ROLE_SERVER, 0);
	assert_told(&n, 6, "web");
	end(&n);
}

static void what_is_ignored_is_not_told(void **state)
{
	struct node n;

	(void)state;
	observe(&n, "services: [{executable: '*/curl', ignore: true}]", NULL);
	tell_process(&n, 5, 1, "/usr/bin/curl");
	tell_open(&n, 50, 5, ROLE_CLIENT, 80);
	exchange(&n, 50, 5, ROLE_CLIENT, 0);
	assert_int_equal(n.exchanges, 0);
	assert_int_equal(n.engine->counters.ignored_connections, 1);
	assert_int_equal(n.engine->counters.opaque[PROTOCOL_OPAQUE], 0);
	assert_int_equal(n.engine->counters.seen[PROTOCOL_HTTP1][SIDE_CLIENT], 0);
	assert_int_equal(n.verdicts, 1);
	assert_int_equal(n.verdict.depth, CAPTURE_NOTHING);
	tell_process(&n, 6, 1, "/usr/bin/wget");
	tell_open(&n, 60, 6, ROLE_CLIENT, 80);
	exchange(&n, 60, 6, ROLE_CLIENT, 0);
	assert_told(&n, 1, "wget");
	end(&n);
}

/* ---- a new configuration ---- */

static void change(struct node *n, struct config *next, const char *text)
{
	if (parse(text, next))
		fail_msg("%s", error);
	processes__set_services(n->engine->processes, next->services);
	n->now_ns += SECOND;
	engine__tick(n->engine, n->now_ns);
	n->now_ns += SECOND;
	engine__tick(n->engine, n->now_ns);
}

static void make_process(const char *root, uint32_t tgid)
{
	FAKE_PROC__FILL(root, tgid, "cmdline", "/opt/web\0--fast");
	fake_proc__stat(root, tgid, "web", 1, 7, 0, 0);
}

static void a_new_configuration_names_anew(void **state)
{
	char root[] = FAKE_PROC;
	struct config second, third;
	struct node n;

	(void)state;
	fake_proc__make(root);
	make_process(root, 5);
	observe(&n, "services: [{name: shop, executable: '*/web'}]", root);
	tell_process(&n, 5, 1, "/opt/web");
	tell_open(&n, 50, 5, ROLE_SERVER, 8080);
	exchange(&n, 50, 5, ROLE_SERVER, 0);
	assert_told(&n, 1, "shop");
	change(&n, &second, "services: [{name: store, command_line: '* --fast', port: 8080}]");
	exchange(&n, 50, 5, ROLE_SERVER, 1);
	assert_told(&n, 2, "store"); /* the open connection told the port */
	tell_chunk(&n, 50, 5, DIRECTION_RECV, 2 * strlen(GET), GET);
	change(&n, &third, "services: [{executable: '*/web', ignore: true}]");
	tell_chunk(&n, 50, 5, DIRECTION_SEND, 2 * strlen(OK), OK);
	assert_told(&n, 3, "web"); /* what had begun is told; nothing is lost */
	exchange(&n, 50, 5, ROLE_SERVER, 3);
	assert_int_equal(n.exchanges, 3);
	assert_int_equal(n.engine->counters.ignored_connections, 1);
	assert_int_equal(n.engine->counters.seen[PROTOCOL_HTTP1][SIDE_SERVER], 3);
	assert_int_equal(n.engine->counters.reported[PROTOCOL_HTTP1][SIDE_SERVER], 3);
	assert_int_equal(n.engine->counters.in_flight[PROTOCOL_HTTP1][SIDE_SERVER], 0);
	end(&n);
	config__clear(&second);
	config__clear(&third);
	fake_proc__remove(root);
}

/* Puma connects to its database first and writes its title later. */
static void a_late_title_is_seen(void **state)
{
	char root[] = FAKE_PROC;
	struct node n;

	(void)state;
	fake_proc__make(root);
	fake_proc__stat(root, 5, "ruby", 1, 7, 0, 0);
	FAKE_PROC__FILL(root, 5, "cmdline", "ruby\0/usr/bin/puma");
	observe(&n, "log:\n", root);
	tell_process(&n, 5, 1, "/usr/bin/ruby");
	tell_open(&n, 50, 5, ROLE_SERVER, 8080);
	exchange(&n, 50, 5, ROLE_SERVER, 0);
	assert_told(&n, 1, "puma");
	FAKE_PROC__FILL(root, 5, "cmdline", "puma 6.4.0 (tcp://0.0.0.0:8080) [shop]");
	n.now_ns += 4 * SECOND;
	engine__tick(n.engine, n.now_ns);
	n.now_ns += SECOND;
	engine__tick(n.engine, n.now_ns);
	exchange(&n, 50, 5, ROLE_SERVER, 1);
	assert_told(&n, 2, "shop");
	fake_proc__end(root, 5);
	processes__set_services(n.engine->processes, NULL);
	n.now_ns += SECOND;
	engine__tick(n.engine, n.now_ns);
	exchange(&n, 50, 5, ROLE_SERVER, 2);
	assert_told(&n, 3, "shop"); /* one that ended keeps its name */
	end(&n);
	fake_proc__remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(an_empty_list_is_none),
		cmocka_unit_test(the_first_that_fits_wins),
		cmocka_unit_test(listening_ports_are_found),
		cmocka_unit_test(ports_are_bounded),
		cmocka_unit_test(a_port_names_before_the_first_exchange),
		cmocka_unit_test(what_is_ignored_is_not_told),
		cmocka_unit_test(a_new_configuration_names_anew),
		cmocka_unit_test(a_late_title_is_seen),
	};

	return cmocka_run_group_tests_name("services", tests, NULL, NULL);
}
