/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Command lines as programs have them, and the names that come of them; containers likewise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>
#include <cmocka.h>
#include "fake_proc.h"
#include "process.h"
#include "service/arguments.h"
#include "service/container.h"
#include "service/service.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

struct line {
	const char *name;
	const char *executable;
	const char *arguments; /* '|' stands for a NUL, one at the end is added */
	const char *comm;      /* NULL: the executable's base name, cut */
	const char *cgroup;    /* NULL: none */
};

static bool derive(const struct line *line, char name[SERVICE_NAME_MAX])
{
	size_t length = strlen(line->arguments);
	char *bytes = malloc(length + 1);
	char comm[16];
	bool own;
	struct process_facts facts = {
		.comm = line->comm ? line->comm : comm,
		.executable = line->executable,
		.cgroup = line->cgroup ? line->cgroup : "",
		.arguments = bytes,
		.arguments_size = length ? length + 1 : 0,
	};

	assert_non_null(bytes);
	snprintf(comm, sizeof(comm), "%.15s", argument__base_name(line->executable));
	for (size_t i = 0; i <= length; i++)
		bytes[i] = line->arguments[i] == '|' ? '\0' : line->arguments[i];
	own = service__derive(&facts, name);
	free(bytes);
	return own;
}

static void assert_names(const struct line *lines, size_t count)
{
	char name[SERVICE_NAME_MAX];

	for (size_t i = 0; i < count; i++) {
		derive(&lines[i], name);
		if (strcmp(name, lines[i].name) != 0)
			fail_msg("%s `%s`: %s, not %s", lines[i].executable, lines[i].arguments,
				 name, lines[i].name);
	}
}

#define PYTHON "/usr/bin/python3.11"

static void python(void **state)
{
	static const struct line lines[] = {
		{"shop", PYTHON, "gunicorn: worker [shop.wsgi:app]", NULL, NULL},
		{"shop", PYTHON, "gunicorn: master [shop]", NULL, NULL},
		{"my_shop", PYTHON, "gunicorn: worker [my shop]", NULL, NULL},
		{"accubooks", PYTHON,
		 "/usr/bin/python3|/usr/bin/gunicorn|-w|2|--threads|4|-b|127.0.0.1:8000|accubooks:"
		 "app",
		 NULL, NULL},
		{"shop", PYTHON, "/srv/v/bin/python|/srv/v/bin/gunicorn|-k|gevent|shop.wsgi", NULL,
		 NULL},
		{"shop", PYTHON, "python3|-m|gunicorn|--bind=unix:x.sock|shop:create_app()", NULL,
		 NULL},
		{"orders", PYTHON, "python3|/usr/bin/gunicorn|-n|orders|-b|:80|shop.wsgi:app", NULL,
		 NULL},
		{"billing", PYTHON, "python3|/usr/bin/gunicorn|--chdir|/srv/billing/src|wsgi", NULL,
		 NULL},
		{"billing", PYTHON, "python3|/usr/bin/gunicorn|config.wsgi:application", NULL,
		 "/system.slice/billing.service"},
		{"gunicorn", PYTHON, "python3|/usr/bin/gunicorn|-c|gunicorn.conf.py", NULL, NULL},
		{"shop", PYTHON, "python3|/usr/bin/uvicorn|shop.main:app|--host|0.0.0.0", NULL,
		 NULL},
		{"shop", PYTHON, "python3|-m|uvicorn|--port|80|--factory|shop.main:make", NULL,
		 NULL},
		{"shop", PYTHON, "python3|-m|uvicorn|src.shop:app", NULL, NULL},
		{"main", PYTHON, "python3|-m|uvicorn|main:app", NULL, NULL},
		{"shop", PYTHON, "python3|/usr/bin/hypercorn|shop:app", NULL, NULL},
		{"shop", PYTHON, "python3|/usr/bin/daphne|-b|0.0.0.0|-p|80|shop.asgi:application",
		 NULL, NULL},
		{"shop", PYTHON, "python3|/usr/bin/waitress-serve|--call|shop:make_app", NULL,
		 NULL},
		{"shop", PYTHON, "python3|/usr/bin/celery|-A|shop|worker|-Q|mail", NULL, NULL},
		{"shop", PYTHON, "python3|-m|celery|--app=shop.celery:app|beat", NULL, NULL},
		{"shop", PYTHON, "[celeryd: celery@host:MainProcess] -active- (-A shop worker)",
		 NULL, NULL},
		{"celery", PYTHON, "[celeryd: celery@host:ForkPoolWorker-1]", NULL, NULL},
		{"celery", PYTHON, "python3|/usr/bin/celery|worker", NULL, NULL},
		{"shop", PYTHON, "python3|/usr/bin/flask|--app|shop|run|-p|5000", NULL, NULL},
		{"flask", PYTHON, "python3|-m|flask|run", NULL, NULL},
		{"rq", PYTHON, "python3|/usr/bin/rq|worker|high|default", NULL, NULL},
		{"rq", PYTHON, "rq:worker:4f2a9c: Listening on default...", NULL, NULL},
		{"http.server", PYTHON, "python3|-m|http.server|8000", NULL, NULL},
		{"http.server", PYTHON, "python3|-mhttp.server|8000", NULL, NULL},
		{"http.server", PYTHON, "python3|-um|http.server", NULL, NULL},
		{"shop.worker", PYTHON, "python3|-X|dev|-W|ignore|-m|shop.worker", NULL, NULL},
		{"shop", PYTHON, "python3|-Xdev|-m|shop.__main__", NULL, NULL},
		{"main", PYTHON, "python3|-m|main", NULL, NULL},
		{"billing", PYTHON, "python3|/srv/billing/app.py", NULL, NULL},
		{"billing", PYTHON, "python3|manage.py|runserver", NULL,
		 "/system.slice/system-billing.slice/billing@7.service"},
		{"manage", PYTHON, "python3|manage.py|runserver", NULL, NULL},
		{"manage", PYTHON, "python3|/home/alice/manage.py", NULL, NULL},
		{"forecast_worker", PYTHON, "/usr/bin/python3|forecast_worker.py", NULL, NULL},
		{"shop-cart", PYTHON, "python3|-u|/opt/x/shop-cart.py|--port|80", NULL, NULL},
		{"python3", PYTHON, "python3|-c|import socket", NULL, NULL},
		{"python3", PYTHON, "python3|-", NULL, NULL},
		{"python3", PYTHON, "python3", NULL, NULL},
		{"ingest", PYTHON, "python3|-c|import socket", NULL,
		 "/system.slice/ingest.service"},
		{"billing", PYTHON, "billing", NULL, NULL},
		{"pgadmin4", "/usr/bin/python3.13t", "python3.13t|/opt/pgadmin4.py", NULL, NULL},
	};

	(void)state;
	assert_names(lines, LENGTH(lines));
}

static void javascript(void **state)
{
	static const struct line lines[] = {
		{"api", "/usr/bin/node", "node|/srv/api/server.js", NULL, NULL},
		{"api", "/usr/bin/node", "node|/srv/api/dist/src/main.js", NULL, NULL},
		{"api", "/usr/bin/node", "node /srv/api/server.js", "node /srv/api/s", NULL},
		{"checkout", "/usr/bin/node",
		 "node|--max-old-space-size=512|-r|dotenv|checkout.mjs", NULL, NULL},
		{"main", "/usr/bin/node", "node|/app/dist/main", NULL, NULL},
		{"shop", "/usr/bin/node", "node|dist/main", NULL, "/system.slice/shop.service"},
		{"shop", "/usr/bin/node", "node|.", NULL, "/system.slice/shop.service"},
		{"billing", "/usr/bin/node", "node|--title=billing|server.js", NULL, NULL},
		{"next", "/usr/bin/node", "node|/srv/web/node_modules/.bin/next|start", NULL, NULL},
		{"next-server", "/usr/bin/node", "next-server (v14.1.0)", "next-server (v1", NULL},
		{"orders", "/usr/bin/node", "node|/usr/bin/ts-node|-r|x|src/orders.ts", NULL, NULL},
		{"npm", "/usr/bin/node", "npm run start", "npm run start", NULL},
		{"PM2", "/usr/bin/node", "PM2 v5.3.0: God Daemon (/root/.pm2)", "PM2 v5.3.0: God",
		 NULL},
		{"node", "/usr/bin/node", "node|-e|require('http')", NULL, NULL},
		{"node", "/usr/bin/node", "node", NULL, NULL},
		{"20240101", "/usr/bin/node", "node|/srv/releases/20240101.js", NULL, NULL},
		{"shop", "/usr/bin/node", "node|/srv/shop/releases/20240101/server.js", NULL, NULL},
		{"hooks", "/usr/local/bin/bun", "bun|run|--watch|hooks.ts", NULL, NULL},
		{"hooks", "/usr/local/bin/bun", "bun|/srv/hooks/index.ts", NULL, NULL},
		{"chat", "/usr/bin/deno", "deno|run|-A|--allow-net=:80|--config|deno.json|chat.ts",
		 NULL, NULL},
		{"file_server", "/usr/bin/deno", "deno|run|https://deno.land/std/file_server.ts",
		 NULL, NULL},
	};

	(void)state;
	assert_names(lines, LENGTH(lines));
}

#define JAVA "/usr/lib/jvm/java-17-openjdk-amd64/bin/java"

static void virtual_machines(void **state)
{
	static const struct line lines[] = {
		{"billing", JAVA, "java|-Xmx1g|-jar|/opt/billing-1.2.3-SNAPSHOT.jar|--port=80",
		 NULL, NULL},
		{"billing", JAVA, "java|-jar|/opt/billing/app.jar", NULL, NULL},
		{"app", JAVA, "java|-jar|/app/app.jar", NULL, NULL},
		{"shop", JAVA, "java|-jar|/opt/shop/quarkus-app/quarkus-run.jar", NULL, NULL},
		{"Kafka", JAVA, "java|-cp|/a/*:/b/c.jar|-Dx=y|kafka.Kafka|server.properties", NULL,
		 NULL},
		{"shop", JAVA, "java|-cp|/a|com.example.shop.Application", NULL, NULL},
		{"Shop", JAVA, "/usr/bin/java|-cp|x.jar|--add-opens|java.base/a=b|com.example.Shop",
		 NULL, NULL},
		{"Elasticsearch", JAVA,
		 "java|--module-path|/x|-m|org.elasticsearch.server/org.elasticsearch.bootstrap."
		 "Elasticsearch",
		 NULL, NULL},
		{"tomcat", JAVA, "java|-classpath|/x|org.apache.catalina.startup.Bootstrap|start",
		 NULL, NULL},
		{"orders", JAVA, "java|-Dspring.application.name=orders|-jar|app.jar", NULL, NULL},
		{"orders", JAVA, "java|org.springframework.boot.loader.launch.JarLauncher", NULL,
		 "/system.slice/orders.service"},
		{"java", JAVA, "java|org.springframework.boot.loader.launch.JarLauncher", NULL,
		 NULL},
		{"java", JAVA, "java", NULL, NULL},
		{"Shop.Api", "/usr/share/dotnet/dotnet", "dotnet|/app/Shop.Api.dll|--urls|x", NULL,
		 NULL},
		{"Shop", "/usr/bin/dotnet", "dotnet|exec|--runtimeconfig|x.json|Shop.dll", NULL,
		 NULL},
		{"rabbit", "/usr/lib/erlang/erts-13/bin/beam.smp",
		 "/usr/lib/erlang/erts-13/bin/beam.smp|-W|w|--|-root|/usr/lib/"
		 "erlang|-sname|rabbit@h|-s"
		 "|rabbit|boot",
		 NULL, NULL},
		{"shop", "/app/erts-14/bin/beam.smp", "beam.smp|--|-name|shop@10.0.0.1|-boot|x",
		 NULL, NULL},
		{"mix", "/usr/lib/erlang/bin/beam.smp",
		 "beam.smp|--|-extra|/usr/bin/mix|phx.server", NULL, NULL},
	};

	(void)state;
	assert_names(lines, LENGTH(lines));
}

#define RUBY "/usr/bin/ruby3.1"

static void ruby_php_and_perl(void **state)
{
	static const struct line lines[] = {
		{"shop", RUBY, "puma 6.4.0 (tcp://0.0.0.0:3000) [shop]", NULL, NULL},
		{"shop", RUBY, "puma: cluster worker 0: 4711 [shop]", NULL, NULL},
		{"puma", RUBY, "puma 6.4.0 (tcp://0.0.0.0:3000)", NULL, NULL},
		{"puma", RUBY, "/usr/bin/ruby3.1|/usr/bin/puma|-C|config/puma.rb", NULL, NULL},
		{"sidekiq", RUBY, "sidekiq 7.1.0 shop [0 of 10 busy]", NULL, NULL},
		{"sidekiq", RUBY, "ruby|/usr/bin/sidekiq|-r|./x.rb", NULL, NULL},
		{"unicorn", RUBY, "unicorn worker[0] -c unicorn.rb", NULL, NULL},
		{"resque", RUBY, "resque-2.6.0: Waiting for *", NULL, NULL},
		{"shop", RUBY, "ruby|/srv/shop/current/bin/rails|server", NULL, NULL},
		{"shop", RUBY, "ruby|bin/rails|server", NULL, "/system.slice/shop.service"},
		{"php-fpm-www", "/usr/sbin/php-fpm8.2", "php-fpm: pool www", NULL, NULL},
		{"php-fpm", "/usr/sbin/php-fpm8.2",
		 "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)", NULL, NULL},
		{"shop", "/usr/bin/php8.2", "php|/var/www/shop/artisan|queue:work", NULL, NULL},
		{"router", "/usr/bin/php8.2", "php|-S|0.0.0.0:80|-t|public|router.php", NULL, NULL},
		{"php", "/usr/bin/php8.2", "php|-S|0.0.0.0:80", NULL, NULL},
		{"shop", "/usr/bin/php", "php|/srv/shop/public/index.php", NULL, NULL},
		{"starman", "/usr/bin/perl", "starman master /srv/x.psgi", NULL, NULL},
		{"munin-node", "/usr/bin/perl", "/usr/bin/perl|-wT|/usr/sbin/munin-node", NULL,
		 NULL},
		{"backup", "/usr/bin/bash", "/bin/bash|/usr/local/bin/backup.sh", NULL, NULL},
		{"bash", "/usr/bin/bash", "-bash", NULL, NULL},
	};

	(void)state;
	assert_names(lines, LENGTH(lines));
}

static void programs(void **state)
{
	static const struct line lines[] = {
		{"nginx", "/usr/sbin/nginx", "nginx: worker process", NULL, NULL},
		{"nginx", "/usr/sbin/nginx", "nginx: master process /usr/sbin/nginx -g daemon off;",
		 NULL, NULL},
		{"nginx", "/usr/sbin/nginx", "nginx|-c|/tmp/x.conf", NULL, NULL},
		{"postgres", "/usr/lib/postgresql/15/bin/postgres",
		 "postgres: shop shop 127.0.0.1(4711) idle in transaction", NULL, NULL},
		{"postgres", "/usr/lib/postgresql/15/bin/postgres",
		 "postgres: 15/main: shop shop [local] SELECT", NULL, NULL},
		{"postgres", "/usr/lib/postgresql/15/bin/postgres",
		 "/usr/lib/postgresql/15/bin/postgres|-D|/var/lib/postgresql", NULL, NULL},
		{"redis-server", "/usr/bin/redis-check-rdb", "redis-server 127.0.0.1:6379",
		 "redis-server", NULL},
		{"redis-server", "/usr/bin/redis-check-rdb",
		 "/usr/bin/redis-server *:6379 [cluster]", "redis-server", NULL},
		{"redis-server", "/usr/bin/redis-check-rdb", "redis-server|--port|6379",
		 "redis-server", NULL},
		{"redis-sentinel", "/usr/bin/redis-check-rdb", "redis-sentinel *:26379 [sentinel]",
		 "redis-sentinel", NULL},
		{"valkey-server", "/usr/bin/valkey-server", "valkey-server *:6379", NULL, NULL},
		{"pgbouncer", "/usr/sbin/pgbouncer", "/usr/sbin/pgbouncer|-d|/etc/pgbouncer.ini",
		 NULL, NULL},
		{"haproxy", "/usr/sbin/haproxy", "/usr/sbin/haproxy|-Ws|-f|/etc/haproxy.cfg", NULL,
		 NULL},
		{"wget", "/bin/busybox", "wget|http://x/", "wget", NULL},
		{"shop", "/usr/bin/uwsgi-core", "uwsgi|--ini|/etc/uwsgi/shop.ini", "uwsgi", NULL},
		{"shop", "/usr/bin/uwsgi-core", "uwsgi|--module=shop.wsgi:application", "uwsgi",
		 NULL},
		{"uwsgi-core", "/usr/bin/uwsgi-core", "uWSGI worker 1", "uwsgi", NULL},
		{"systemd-resolved", "/usr/lib/systemd/systemd-resolved",
		 "/lib/systemd/systemd-resolved", "systemd-resolve", NULL},
		{"main", "/app/main", "./main", NULL, NULL},
		{"billing", "/opt/billing/bin/server", "/opt/billing/bin/server|-p|80", NULL, NULL},
		{"orders", "/usr/local/bin/app", "/usr/local/bin/app", NULL,
		 "/system.slice/orders.service"},
		{"app", "/usr/local/bin/app", "app", NULL,
		 "/user.slice/user-0.slice/user@0.service/app.slice/session-3.scope"},
		{"Shop", "/opt/My App/Shop", "/opt/My App/Shop", "Shop", NULL},
		{"other_", "/usr/bin/other", "other", NULL, NULL},
		{"kworker_0", "", "", "kworker/0:1", NULL},
	};

	(void)state;
	assert_names(lines, LENGTH(lines));
}

static void helpers_belong_to_their_parents(void **state)
{
	static const struct line helper = {
		"python3", PYTHON,
		"/usr/bin/python3|-c|from multiprocessing.spawn import spawn_main; "
		"spawn_main(tracker_fd=5, pipe_handle=7)|--multiprocessing-fork",
		NULL, NULL};
	static const struct line program = {"x", PYTHON, "python3|-c|pass", NULL, NULL};
	char name[SERVICE_NAME_MAX];

	(void)state;
	assert_false(derive(&helper, name));
	assert_string_equal(name, "python3");
	assert_true(derive(&program, name));
}

/* Whatever bytes there are: a name comes of them, and nothing but what a name may hold. */
static void hostile(void **state)
{
	static const char *const executables[] = {"",
						  "/",
						  "/usr/bin/node",
						  "/usr/bin/java",
						  PYTHON,
						  "/usr/bin/php",
						  "/usr/sbin/nginx",
						  RUBY,
						  "/usr/bin/dotnet",
						  "/x/beam.smp",
						  "///",
						  "uwsgi"};
	static const struct {
		const char *bytes;
		size_t size;
	} lines[] = {
		{"", 0},
		{"\0\0\0\0", 4},
		{"-", 1},
		{"-\0-\0-", 5},
		{"--", 2},
		{"x\0--", 4},
		{"x\0--\0--\0--", 10},
		{"\x01\x02\x1b[31m\xff\xfe", 9},
		{"a\0\"\\\n{}\0", 8},
		{": ", 2},
		{"gunicorn: [", 11},
		{"gunicorn: []", 12},
		{"puma [", 6},
		{"puma []", 7},
		{"php-fpm: pool ", 14},
		{"[celeryd: -A ", 13},
		{"x\0-m", 4},
		{"x\0-m\0", 5},
		{"x\0-m\0.", 6},
		{"x\0-jar", 6},
		{"x\0-jar\0/", 8},
		{"x\0-A\0:", 6},
		{"x\0/\0/", 5},
		{"     ", 5},
		{"x\0....", 6},
		{"x\0-sname\0@", 10},
		{"x\0../../..", 10},
	};
	char name[SERVICE_NAME_MAX], long_line[300];

	(void)state;
	memset(long_line, 'a', sizeof(long_line));
	for (size_t e = 0; e < LENGTH(executables); e++)
		for (size_t i = 0; i <= LENGTH(lines); i++) {
			bool more = i < LENGTH(lines);
			size_t size = more ? lines[i].size : 256;
			char *exact = malloc(size ? size : 1); /* ASan sees a byte too far */
			struct process_facts facts = {"", executables[e], "/a.service", exact,
						      size};

			memcpy(exact, more ? lines[i].bytes : long_line, size);
			service__derive(&facts, name);
			free(exact);
			assert_true(name[0] != '\0' && strlen(name) < SERVICE_NAME_MAX);
			for (const char *c = name; *c; c++)
				assert_true(*c > ' ' && *c < 127 && *c != '"' && *c != '\\');
		}
}

static void a_name_is_cut_at_its_bound(void **state)
{
	char path[300] = "/opt/", name[SERVICE_NAME_MAX];
	struct line line = {"", path, "x", "", NULL};

	(void)state;
	memset(path + 5, 'b', 200);
	derive(&line, name);
	assert_int_equal(strlen(name), SERVICE_NAME_MAX - 1);
}

static void arguments_are_split(void **state)
{
	struct arguments *a = malloc(sizeof(*a));
	char *many = calloc(1, ARGUMENTS_SIZE + 100);

	(void)state;
	assert_non_null(a);
	assert_non_null(many);
	arguments__split(a, "a\0\0b c\0-x\0", 10);
	assert_int_equal(a->count, 4);
	assert_string_equal(a->at[1], "");
	assert_string_equal(a->at[2], "b c");
	assert_int_equal(arguments__operand(a, 1, (const char *const[]){NULL}), 2);
	assert_int_equal(arguments__operand(a, 3, (const char *const[]){NULL}), 0);
	arguments__split(a, "node: worker   \0\0\0\0", 19);
	assert_string_equal(a->title, "node: worker");
	assert_int_equal(a->count, 2);
	assert_string_equal(a->at[1], "worker");
	for (size_t i = 0; i < ARGUMENTS_SIZE + 100; i += 2)
		many[i] = 'x';
	arguments__split(a, many, ARGUMENTS_SIZE + 100);
	assert_int_equal(a->count, ARGUMENTS_MAX);
	arguments__split(a, "p\0-A\0x\0--app=y\0--\0-z", 20);
	assert_string_equal(arguments__value(a, 1, "-A", "--app"), "x");
	assert_string_equal(arguments__value(a, 1, NULL, "--app"), "y");
	assert_null(arguments__value(a, 1, "-z", NULL));
	assert_int_equal(arguments__operand(a, 1, (const char *const[]){"-A", NULL}), 5);
	free(many);
	free(a);
}

#define ID	    "4f2a9c0000000000000000000000000000000000000000000000000000000001"
#define ID2	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define UID	    "0a1b2c3d-1111-2222-3333-444455556666"
#define SYSTEMD_UID "0a1b2c3d_1111_2222_3333_444455556666"

static void containers(void **state)
{
	static const struct {
		const char *path, *id, *pod, *unit;
	} paths[] = {
		{"", "", "", ""},
		{"/", "", "", ""},
		{"/system.slice/ssh.service", "", "", ""},
		{"/system.slice/billing.service", "", "", "billing"},
		{"/system.slice/system-billing.slice/billing@eu\\x2dwest.service", "", "",
		 "billing"},
		{"/system.slice/my\\x2dshop.service/worker", "", "", "my-shop"},
		{"/docker/" ID, ID, "", ""},
		{"/system.slice/docker-" ID ".scope", ID, "", ""},
		{"/system.slice/docker-" ID ".scope/docker/" ID2, ID2, "", ""},
		{"/kubepods/burstable/pod" UID "/" ID, ID, UID, ""},
		{"/kubepods/pod" UID "/" ID, ID, UID, ""},
		{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" SYSTEMD_UID
		 ".slice/cri-containerd-" ID ".scope",
		 ID, UID, ""},
		{"/kubepods.slice/kubepods-pod" SYSTEMD_UID ".slice/crio-" ID ".scope", ID, UID,
		 ""},
		{"/kubepods.slice/kubepods-pod" SYSTEMD_UID ".slice/crio-conmon-" ID ".scope", "",
		 UID, ""},
		{"/system.slice/containerd.service/kubepods-burstable-pod" SYSTEMD_UID
		 ".slice:cri-containerd:" ID,
		 ID, UID, ""},
		{"/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" ID, ID,
		 "0123456789abcdef0123456789abcdef", ""},
		{"/machine.slice/libpod-" ID ".scope/container", ID, "", ""},
		{"/machine.slice/libpod-conmon-" ID ".scope", "", "", ""},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", ID,
		 "", ""},
		{"/machine.slice/machine-web\\x2d1.scope/payload/system.slice/nginx.service",
		 "web-1", "", "nginx"},
		{"/machine.slice/systemd-nspawn@web.service/payload", "web", "", ""},
		{"/lxc.payload.shop/system.slice/nginx.service", "shop", "", "nginx"},
		{"/lxc/shop/init.scope", "shop", "", ""},
		{"/machine.slice/machine-.scope", "", "", ""},
		{"/podium/pod" UID, "", "", ""},
		{"/kubepods/pod1234", "", "", ""},
		{"/docker/" ID "f", "", "", ""},
		{"/x\\x2", "", "", ""},
		{"/\\x.service", "", "", "\\x"},
	};
	struct container container;
	char unit[SERVICE_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < LENGTH(paths); i++) {
		container__of(paths[i].path, &container);
		unit__of(paths[i].path, unit, sizeof(unit));
		if (strcmp(container.id, paths[i].id) != 0 ||
		    strcmp(container.pod, paths[i].pod) != 0 || strcmp(unit, paths[i].unit) != 0)
			fail_msg("%s: `%s` `%s` `%s`", paths[i].path, container.id, container.pod,
				 unit);
	}
}

/* ---- through the table of processes ---- */

static const char *service_of(struct processes *p, uint32_t tgid)
{
	return processes__service(p, processes__find(p, tgid)->service)->name;
}

static void what_events_lack_is_looked_up(void **state)
{
	char root[] = FAKE_PROC;
	struct processes *p;
	struct process_event event = {.tgid = 8, .parent = 7, .comm = "python3"};

	(void)state;
	fake_proc__make(root);
	fake_proc__stat(root, 7, "a) (b", 1, 0, 0, 0);
	FAKE_PROC__FILL(root, 7, "cmdline",
			"python3\0-m\0uvicorn\0--workers\0002\0shop.main:app\0");
	FAKE_PROC__FILL(root, 7, "cgroup", "1:name=x:/y\n0::/system.slice/x.service\n");
	fake_proc__link(root, 7, PYTHON " (deleted)");
	FAKE_PROC__FILL(root, 8, "cmdline",
			"python3\0-c\0from multiprocessing.spawn import spawn_main\0");
	strcpy(event.executable, PYTHON);
	p = processes__new(root);
	assert_non_null(p);
	processes__seen(p, &event);
	assert_string_equal(service_of(p, 8), "shop");
	assert_string_equal(processes__find(p, 7)->executable, PYTHON);
	assert_string_equal(processes__find(p, 7)->comm, "a) (b");
	assert_int_equal(processes__find(p, 7)->parent, 1);
	assert_string_equal(service_of(p, 9), "unknown");
	processes__free(p);
	snprintf(event.arguments, sizeof(event.arguments), "python3%c-m%cshop.worker", 0, 0);
	event.arguments_size = sizeof(event.arguments) + 7; /* more than there is room for */
	p = processes__new(NULL);
	processes__seen(p, &event);
	assert_string_equal(service_of(p, 8), "shop.worker");
	processes__free(p);
	fake_proc__remove(root);
}

static void one_name_is_one_service_in_all_containers(void **state)
{
	struct processes *p = processes__new(NULL);
	struct process_event event = {.comm = "nginx", .executable = "/usr/sbin/nginx"};

	(void)state;
	assert_non_null(p);
	event.tgid = 1;
	strcpy(event.cgroup, "/docker/" ID);
	processes__seen(p, &event);
	event.tgid = 2;
	strcpy(event.cgroup, "/docker/" ID2);
	processes__seen(p, &event);
	assert_int_equal(processes__find(p, 1)->service, processes__find(p, 2)->service);
	assert_string_equal(processes__find(p, 1)->container.id, ID);
	assert_string_equal(processes__find(p, 2)->container.id, ID2);
	processes__free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(python),
		cmocka_unit_test(javascript),
		cmocka_unit_test(virtual_machines),
		cmocka_unit_test(ruby_php_and_perl),
		cmocka_unit_test(programs),
		cmocka_unit_test(helpers_belong_to_their_parents),
		cmocka_unit_test(hostile),
		cmocka_unit_test(a_name_is_cut_at_its_bound),
		cmocka_unit_test(arguments_are_split),
		cmocka_unit_test(containers),
		cmocka_unit_test(what_events_lack_is_looked_up),
		cmocka_unit_test(one_name_is_one_service_in_all_containers),
	};

	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
