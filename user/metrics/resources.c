/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/resources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "metrics/internal.h"
#include "metrics/writer.h"

#define SECOND_NS 1000000000ull
#define PERIOD_NS (5 * SECOND_NS) /* between two readings of one process */
/* Processes of services without exchanges are only looked at to learn that they have ended. */
#define IDLE_PERIOD_NS (60 * SECOND_NS)
#define STEP	       256 /* buckets of the table a turn: gone through in less than a second */
/*
 * What a process used before it was first read happened some time: only where that was a moment
 * ago it may count as now.
 */
#define YOUNG_SECONDS 10

static uint64_t ticks_per_second(void)
{
	return (uint64_t)sysconf(_SC_CLK_TCK);
}

void resources__init(struct resources *r, struct processes *processes)
{
	*r = (struct resources){.processes = processes};
}

void resources__clear(struct resources *r)
{
	free(r->used);
	*r = (struct resources){0};
}

/* ---- reading ---- */

static struct used *used_by(struct resources *r, uint32_t service)
{
	uint32_t count = service + 64;
	struct used *used;

	if (service < r->count)
		return &r->used[service];
	used = realloc(r->used, count * sizeof(*used));
	if (!used)
		return NULL;
	memset(used + r->count, 0, (count - r->count) * sizeof(*used));
	r->used = used;
	r->count = count;
	return &r->used[service];
}

static bool is_active(const struct service *service)
{
	return service->network_bytes[DIRECTION_RECV] || service->network_bytes[DIRECTION_SEND];
}

/*
 * A server's first process may never touch a connection (gunicorn's master, nginx's): it belongs to
 * the service where it runs the same file under the same name.
 */
static void look_up_parent(struct resources *r, const struct process *process)
{
	const char *proc = processes__proc(r->processes);
	uint32_t parent = process->reading.parent;
	struct stat own, other;
	char path[256];

	if (parent <= 1)
		return;
	snprintf(path, sizeof(path), "%s/%u/exe", proc, process->tgid);
	if (stat(path, &own))
		return;
	snprintf(path, sizeof(path), "%s/%u/exe", proc, parent);
	if (!stat(path, &other) && own.st_dev == other.st_dev && own.st_ino == other.st_ino)
		processes__find(r->processes, parent);
}

static void add(uint64_t *sum, uint64_t now, uint64_t before)
{
	if (now > before)
		*sum += now - before;
}

static void count(struct used *used, const struct reading *now, const struct reading *before)
{
	used->known = true;
	add(&used->cpu_ticks, now->cpu_ticks, before->cpu_ticks);
	if (!now->disk_known)
		return;
	used->disk_known = true;
	add(&used->disk_bytes[DIRECTION_RECV], now->disk_read_bytes, before->disk_read_bytes);
	add(&used->disk_bytes[DIRECTION_SEND], now->disk_written_bytes, before->disk_written_bytes);
}

/* What to count a first reading from: nothing, or itself. */
static struct reading baseline(const struct resources *r, const struct reading *now)
{
	bool young = now->start_ticks + YOUNG_SECONDS * ticks_per_second() >= r->boot_ticks;

	return young ? (struct reading){0} : *now;
}

/* A pid is used again: is this still the process that it was? */
static bool is_same(const struct process *process, const struct reading *now)
{
	uint64_t ticks = process->start_ns / (SECOND_NS / ticks_per_second());

	if (process->start_ns)
		return ticks <= now->start_ticks + 1 && now->start_ticks <= ticks + 1;
	return !process->read_ns || process->reading.start_ticks == now->start_ticks;
}

static void count_reading(struct resources *r, struct process *process, const struct reading *now)
{
	struct used *used = used_by(r, process->service);
	struct reading before = process->reading;

	if (!process->read_ns || before.start_ticks != now->start_ticks)
		before = baseline(r, now);
	else if (!before.disk_known) /* may be read from now on */
		before.disk_read_bytes = before.disk_written_bytes = UINT64_MAX;
	if (!used)
		return;
	count(used, now, &before);
	used->alive_ns = r->now_ns;
}

static double share_of_cpu(const struct resources *r, const struct process *process,
			   const struct reading *now)
{
	uint64_t elapsed_ns = r->now_ns - process->read_ns;

	if (!process->read_ns || !elapsed_ns || now->cpu_ticks < process->reading.cpu_ticks)
		return 0;
	return 100.0 * (double)(now->cpu_ticks - process->reading.cpu_ticks) /
	       (double)ticks_per_second() / ((double)elapsed_ns / 1e9);
}

static void take_reading(struct resources *r, struct process *process)
{
	const char *proc = processes__proc(r->processes);
	bool first = !process->read_ns;
	struct reading now;

	if (reading__stat(proc, process->tgid, &now) || !is_same(process, &now)) {
		processes__exited(r->processes, process->tgid, r->now_ns);
		return;
	}
	reading__io(proc, process->tgid, &now);
	count_reading(r, process, &now);
	process->cpu_percent = share_of_cpu(r, process, &now);
	process->reading = now;
	process->read_ns = r->now_ns;
	if (first)
		look_up_parent(r, process);
	if (now.zombie)
		processes__exited(r->processes, process->tgid, r->now_ns);
}

static bool visit(void *context, struct process *process)
{
	struct resources *r = context;
	const struct service *service = processes__service(r->processes, process->service);
	bool observed = is_active(service) && !process->own && !process->ignored;
	uint64_t period = observed ? PERIOD_NS : IDLE_PERIOD_NS;

	if (process->read_ns && r->now_ns < process->read_ns + period)
		return true;
	if (!r->left)
		return false;
	r->left--;
	take_reading(r, process);
	return true;
}

void resources__turn(struct resources *r, uint64_t now_ns, uint64_t boot_ns)
{
	if (!processes__proc(r->processes))
		return;
	r->now_ns = now_ns;
	r->boot_ticks = boot_ns / (SECOND_NS / ticks_per_second());
	r->left = RESOURCES_AT_ONCE;
	processes__turn(r->processes, &r->cursor, STEP, visit, r);
}

/* ---- copying ---- */

struct copying {
	struct usage *usage; /* by service id */
	uint32_t count;
};

static bool add_process(void *context, struct process *process)
{
	struct copying *c = context;
	struct usage *usage = &c->usage[process->service];

	if (process->own || process->ignored)
		return true;
	if (!process->read_ns) {
		usage->unread++;
		return true;
	}
	usage->processes++;
	usage->cpu_percent += process->cpu_percent;
	usage->memory_bytes += process->reading.memory_bytes;
	if (!usage->first_ticks || process->reading.start_ticks < usage->first_ticks)
		usage->first_ticks = process->reading.start_ticks;
	return true;
}

/* A service that ended is shown until its series are dropped as well. */
static bool is_shown(const struct usage *usage, const struct metrics *m)
{
	uint64_t idle_ns = m->options.idle_seconds * SECOND_NS;

	return usage->used.known &&
	       (usage->processes || !idle_ns || usage->used.alive_ns + idle_ns > m->engine->now_ns);
}

static uint32_t take_services(struct copying *c, struct metrics *m, uint64_t boot_ns)
{
	const struct resources *r = &m->resources;
	double tick = 1.0 / (double)ticks_per_second();
	uint32_t kept = 0;

	for (uint32_t i = 0; i < c->count; i++) {
		const struct service *service = processes__service(r->processes, i);
		struct usage *usage = &c->usage[i];

		usage->used = i < r->count ? r->used[i] : (struct used){0};
		if (!is_active(service) || !is_shown(usage, m))
			continue;
		usage->service = metrics__service_name(m, i);
		if (!usage->service)
			continue;
		memcpy(usage->network_bytes, service->network_bytes, sizeof(usage->network_bytes));
		if (usage->processes)
			usage->uptime_seconds =
				(double)boot_ns / 1e9 - (double)usage->first_ticks * tick;
		c->usage[kept++] = *usage;
	}
	return kept;
}

bool resources__copy(struct snapshot *snapshot, struct metrics *m, uint64_t boot_ns)
{
	struct copying c = {.count = processes__service_count(m->engine->processes)};
	uint32_t cursor = 0;

	if (!processes__proc(m->engine->processes))
		return true;
	c.usage = snapshot__take(snapshot, c.count * sizeof(*c.usage));
	if (!c.usage)
		return false;
	memset(c.usage, 0, c.count * sizeof(*c.usage));
	processes__turn(m->engine->processes, &cursor, PROCESSES_BUCKETS, add_process, &c);
	snapshot->usage = c.usage;
	snapshot->usage_count = take_services(&c, m, boot_ns);
	return true;
}

/* ---- exposing ---- */

static double uptime(const struct usage *u)
{
	return u->uptime_seconds > 0 ? u->uptime_seconds : 0;
}

static double processes(const struct usage *u)
{
	return u->processes;
}

static double cpu(const struct usage *u)
{
	return (double)u->used.cpu_ticks / (double)ticks_per_second();
}

static double memory(const struct usage *u)
{
	return (double)u->memory_bytes;
}

static double disk_read(const struct usage *u)
{
	return (double)u->used.disk_bytes[DIRECTION_RECV];
}

static double disk_written(const struct usage *u)
{
	return (double)u->used.disk_bytes[DIRECTION_SEND];
}

static double received(const struct usage *u)
{
	return (double)u->network_bytes[DIRECTION_RECV];
}

static double sent(const struct usage *u)
{
	return (double)u->network_bytes[DIRECTION_SEND];
}

enum need { NEEDS_NOTHING, NEEDS_LIFE, NEEDS_DISK };

static const struct resource {
	const char *name, *unit, *help;
	double (*value)(const struct usage *usage);
	enum metric_type type;
	enum need need;
} table[] = {
	{"system_uptime_seconds", "seconds", "Age of the oldest living process of a service.",
	 uptime, METRIC_GAUGE, NEEDS_LIFE},
	{"service_processes", "",
	 "Living processes of a service: with connections, and the parents that started them.",
	 processes, METRIC_GAUGE, NEEDS_NOTHING},
	{"service_cpu_seconds_total", "seconds",
	 "CPU time that a service's processes used while they were observed.", cpu, METRIC_COUNTER,
	 NEEDS_NOTHING},
	{"service_memory_bytes", "bytes",
	 "Memory that a service's processes have resident, shared pages once for each.", memory,
	 METRIC_GAUGE, NEEDS_NOTHING},
	{"service_disk_read_bytes_total", "bytes",
	 "Bytes that a service's processes had read from storage.", disk_read, METRIC_COUNTER,
	 NEEDS_DISK},
	{"service_disk_written_bytes_total", "bytes",
	 "Bytes that a service's processes had written to storage.", disk_written, METRIC_COUNTER,
	 NEEDS_DISK},
	{"service_network_received_bytes_total", "bytes",
	 "Bytes that a service received on its observed connections.", received, METRIC_COUNTER,
	 NEEDS_NOTHING},
	{"service_network_sent_bytes_total", "bytes",
	 "Bytes that a service sent on its observed connections.", sent, METRIC_COUNTER,
	 NEEDS_NOTHING},
};

static void expose(struct writer *w, const struct resource *resource,
		   const struct snapshot *snapshot)
{
	writer__family(w, resource->name, resource->type, resource->unit, resource->help);
	for (uint32_t i = 0; i < snapshot->usage_count; i++) {
		const struct usage *usage = &snapshot->usage[i];

		if ((resource->need == NEEDS_DISK && !usage->used.disk_known) ||
		    (resource->need == NEEDS_LIFE && !usage->processes))
			continue;
		writer__clear_labels(w);
		writer__label(w, "service", usage->service);
		writer__number(w, resource->value(usage));
	}
}

void resources__expose(struct writer *w, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		expose(w, &table[i], snapshot);
}

bool resources__is_known(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].name, name) == 0)
			return true;
	return false;
}
