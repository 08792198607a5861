/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Interning. Labels live in pages that never move and texts in an arena that never moves, so that a
 * snapshot may keep pointers to both; ids index the pages. Three ways lead to an id:
 *
 *   routes      (service, template)       in one hash table, with a cap per service
 *   statements  fingerprint               in another, with one cap
 *   commands    index of redis_commands   a plain array
 *
 * Templates and normalised statements are costly to make and mostly the same again, so a
 * direct-mapped cache remembers which id the hash of a raw text, its numbers left out, led to. Only
 * that hash is kept of the raw text.
 */
#include "labels.h"

#include <stdlib.h>
#include <sys/random.h>

#include "hash.h"
#include "known_statements.h"
#include "protocol/grpc.h"
#include "protocol/redis_commands.h"
#include "raw_key.h"
#include "route.h"
#include "sql.h"
#include "uuid.h"

#define PAGE_LABELS  256
#define ARENA_BLOCK  (64 * 1024)
#define CACHE_SLOTS  4096
#define PATTERNS_MAX 256

struct arena_block {
	struct arena_block *next;
	size_t used;
	char text[ARENA_BLOCK];
};

struct entry {
	uint64_t key;
	uint32_t id; /* 0: free */
	uint32_t service;
};

struct table {
	struct entry *entries;
	uint32_t capacity; /* a power of two */
	uint32_t count;
};

/* What a raw text of this key, in this context, led to; id 0: nothing yet. */
struct cached {
	uint64_t key;
	uint32_t context; /* service, or whether it was truncated */
	uint32_t id;
};

struct labels {
	struct labels_options options;
	char *patterns[PATTERNS_MAX];
	uint32_t pattern_count;
	bool patterns_have_numbers; /* or a UUID: so that one may decide which one fits */
	struct label **pages;
	uint32_t page_count;
	uint32_t count;
	struct arena_block *arena;
	struct table routes;
	struct table statements;
	uint32_t *service_routes; /* how many routes a service has */
	uint32_t service_count;
	uint32_t commands[REDIS_COMMAND_MAX];
	uint64_t overflowed[LABEL_KINDS];
	bool refusing;
	uint64_t seed;	     /* nobody outside can make raw texts collide on purpose */
	uint64_t generation; /* of routes: what led to one does so while this is the same */
	struct cached route_cache[CACHE_SLOTS];
	struct cached statement_cache[CACHE_SLOTS];
	struct known_statements *known;
	char scratch[]; /* statement_bytes + 1 */
};

static uint64_t hash_text(const struct labels *labels, struct slice text)
{
	return hash__add(labels->seed, text.data, text.length, 0);
}

/* ---- storage ---- */

static const char *keep(struct labels *labels, const char *text, size_t length)
{
	struct arena_block *block = labels->arena;
	char *copy;

	if (length >= ARENA_BLOCK)
		return NULL;
	if (!block || ARENA_BLOCK - block->used <= length) {
		block = malloc(sizeof(*block));
		if (!block)
			return NULL;
		block->next = labels->arena;
		block->used = 0;
		labels->arena = block;
	}
	copy = block->text + block->used;
	memcpy(copy, text, length);
	copy[length] = '\0';
	block->used += length + 1;
	return copy;
}

static bool add_page(struct labels *labels)
{
	struct label **pages;

	pages = realloc(labels->pages, (labels->page_count + 1) * sizeof(*pages));
	if (!pages)
		return false;
	labels->pages = pages;
	pages[labels->page_count] = calloc(PAGE_LABELS, sizeof(struct label));
	if (!pages[labels->page_count])
		return false;
	labels->page_count++;
	return true;
}

/* A new label, or NULL without memory; its id is labels->count - 1. */
static struct label *add_label(struct labels *labels, enum label_kind kind, const char *text)
{
	struct label *label;

	if (!text)
		return NULL;
	if (labels->count == labels->page_count * PAGE_LABELS && !add_page(labels))
		return NULL;
	label = &labels->pages[labels->count / PAGE_LABELS][labels->count % PAGE_LABELS];
	*label = (struct label){.text = text, .verb = "", .table = "", .kind = (uint8_t)kind};
	labels->count++;
	return label;
}

/* The entry of the key, or the free one where it belongs. */
static struct entry *table_slot(const struct table *table, uint64_t key, uint32_t service)
{
	uint32_t at =
		(uint32_t)hash__mix(key ^ service, 0x9e3779b97f4a7c15ULL) & (table->capacity - 1);

	while (table->entries[at].id &&
	       (table->entries[at].key != key || table->entries[at].service != service))
		at = (at + 1) & (table->capacity - 1);
	return &table->entries[at];
}

static bool table_grow(struct table *table)
{
	struct table larger = {.capacity = table->capacity ? table->capacity * 2 : 1024};

	larger.entries = calloc(larger.capacity, sizeof(*larger.entries));
	if (!larger.entries)
		return false;
	for (uint32_t i = 0; i < table->capacity; i++)
		if (table->entries[i].id)
			*table_slot(&larger, table->entries[i].key, table->entries[i].service) =
				table->entries[i];
	larger.count = table->count;
	free(table->entries);
	*table = larger;
	return true;
}

/* Makes sure that one more entry leaves the table at most half full. */
static bool table_reserve(struct table *table)
{
	return table->count * 2 + 2 <= table->capacity || table_grow(table);
}

static void table_put(struct table *table, uint64_t key, uint32_t service, uint32_t id)
{
	*table_slot(table, key, service) = (struct entry){.key = key, .id = id, .service = service};
	table->count++;
}

/* ---- life ---- */

static void begin_generation(struct labels *labels)
{
	static _Atomic uint64_t generations;

	labels->generation = ++generations;
}

/* What raw_key.h leaves out of a path. */
static bool names_one_thing(const char *pattern)
{
	if (strpbrk(pattern, "0123456789"))
		return true;
	for (; (pattern = strchr(pattern, '/')); pattern++)
		if (uuid__is(slice__of(pattern + 1, strcspn(pattern + 1, "/"))))
			return true;
	return false;
}

static bool copy_patterns(struct labels *labels, const char *const *patterns)
{
	begin_generation(labels);
	labels->patterns_have_numbers = false;
	for (; patterns && *patterns && labels->pattern_count < PATTERNS_MAX; patterns++) {
		char *copy = strdup(*patterns);

		if (!copy)
			return false;
		labels->patterns[labels->pattern_count++] = copy;
		labels->patterns_have_numbers |= names_one_thing(copy);
	}
	return true;
}

bool labels__numbers_matter(const struct labels *labels)
{
	return labels->patterns_have_numbers;
}

void labels__set_patterns(struct labels *labels, const char *const *patterns)
{
	for (uint32_t i = 0; i < labels->pattern_count; i++)
		free(labels->patterns[i]);
	labels->pattern_count = 0;
	copy_patterns(labels, patterns); /* without memory: those that fit */
	memset(labels->route_cache, 0, sizeof(labels->route_cache));
}

static void set_defaults(struct labels_options *options)
{
	if (!options->routes_per_service)
		options->routes_per_service = 200;
	if (!options->statements)
		options->statements = 2000;
	if (!options->statement_bytes)
		options->statement_bytes = 1024;
	if (options->statement_bytes > ARENA_BLOCK / 2)
		options->statement_bytes = ARENA_BLOCK / 2;
}

struct labels *labels__new(const struct labels_options *options)
{
	struct labels_options wanted = *options;
	struct labels *labels;

	set_defaults(&wanted);
	labels = calloc(1, sizeof(*labels) + wanted.statement_bytes + 1);
	if (!labels)
		return NULL;
	labels->options = wanted;
	labels->options.route_patterns = NULL; /* copied: the caller's may go */
	if (getrandom(&labels->seed, sizeof(labels->seed), GRND_NONBLOCK) < 0)
		labels->seed = (uintptr_t)labels;
	labels->known = known_statements__new();
	if (!labels->known || !copy_patterns(labels, wanted.route_patterns) ||
	    !table_grow(&labels->routes) || !table_grow(&labels->statements) ||
	    !add_label(labels, 0, "?") || !add_label(labels, 0, "other")) {
		labels__free(labels);
		return NULL;
	}
	return labels;
}

void labels__free(struct labels *labels)
{
	if (!labels)
		return;
	for (uint32_t i = 0; i < labels->page_count; i++)
		free(labels->pages[i]);
	for (uint32_t i = 0; i < labels->pattern_count; i++)
		free(labels->patterns[i]);
	while (labels->arena) {
		struct arena_block *next = labels->arena->next;

		free(labels->arena);
		labels->arena = next;
	}
	free(labels->pages);
	free(labels->routes.entries);
	free(labels->statements.entries);
	free(labels->service_routes);
	known_statements__free(labels->known);
	free(labels);
}

/* ---- routes ---- */

static bool reserve_service(struct labels *labels, uint32_t service)
{
	uint32_t count = service / 64 * 64 + 64;
	uint32_t *larger;

	if (service < labels->service_count)
		return true;
	larger = realloc(labels->service_routes, count * sizeof(*larger));
	if (!larger)
		return false;
	memset(larger + labels->service_count, 0,
	       (count - labels->service_count) * sizeof(*larger));
	labels->service_routes = larger;
	labels->service_count = count;
	return true;
}

/* The first pattern that fits, else the template, which is written to out. */
static struct slice route_text(struct labels *labels, struct slice target, char out[ROUTE_MAX])
{
	struct slice path = route__path(target);

	for (uint32_t i = 0; i < labels->pattern_count; i++)
		if (route__fits(labels->patterns[i], path))
			return slice__text(labels->patterns[i]);
	return slice__of(out, route__template(target, out));
}

static uint32_t add_route(struct labels *labels, uint32_t service, uint64_t key, struct slice text)
{
	if (labels->refusing || !reserve_service(labels, service) ||
	    labels->service_routes[service] >= labels->options.routes_per_service ||
	    !table_reserve(&labels->routes) ||
	    !add_label(labels, LABEL_ROUTE, keep(labels, (const char *)text.data, text.length)))
		return LABEL_OTHER;
	labels->service_routes[service]++;
	table_put(&labels->routes, key, service, labels->count - 1);
	return labels->count - 1;
}

static uint32_t intern_path(struct labels *labels, uint32_t service, struct slice text)
{
	uint64_t key = hash_text(labels, text);
	const struct entry *found = table_slot(&labels->routes, key, service);

	return found->id ? found->id : add_route(labels, service, key, text);
}

static uint32_t intern_route(struct labels *labels, uint32_t service, struct slice target)
{
	char out[ROUTE_MAX];

	return intern_path(labels, service, route_text(labels, target, out));
}

static uint64_t target_key(const struct labels *labels, struct slice target)
{
	uint64_t key;

	if (target.length && target.data[0] == '/' && !labels->patterns_have_numbers &&
	    raw_key__of_target(labels->seed, target, &key))
		return key;
	return hash_text(labels, route__path(target));
}

static uint32_t route_of_key(struct labels *labels, uint32_t service, struct slice target,
			     uint64_t key)
{
	struct cached *cached = &labels->route_cache[(key ^ service) % CACHE_SLOTS];

	if (!cached->id || cached->key != key || cached->context != service)
		*cached = (struct cached){key, service, intern_route(labels, service, target)};
	labels->overflowed[LABEL_ROUTE] += cached->id == LABEL_OTHER;
	return cached->id;
}

uint32_t labels__route(struct labels *labels, uint32_t service, struct slice target)
{
	return route_of_key(labels, service, target, target_key(labels, target));
}

uint32_t labels__route_marked(struct labels *labels, uint32_t service, struct slice target,
			      const struct marked_path *path)
{
	if (!path->length || labels->patterns_have_numbers)
		return labels__route(labels, service, target);
	return route_of_key(labels, service, target,
			    raw_key__of_marked(labels->seed, target.data, *path));
}

uint32_t labels__route_again(struct labels *labels, uint32_t service, struct slice target,
			     struct label_memo *memo)
{
	uint32_t id;

	if (memo->generation == labels->generation && memo->service == service)
		return memo->id;
	id = labels__route(labels, service, target);
	if (id != LABEL_OTHER && !labels->patterns_have_numbers)
		*memo = (struct label_memo){labels->generation, service, id};
	return id;
}

/* Programs have few methods, so the table is asked at once: its key is the text as it is. */
uint32_t labels__rpc(struct labels *labels, uint32_t service, struct slice path)
{
	uint32_t id;

	if (!grpc__is_path(path))
		return labels__route(labels, service, path);
	id = intern_path(labels, service, path);
	labels->overflowed[LABEL_ROUTE] += id == LABEL_OTHER;
	return id;
}

uint8_t labels__rpc_streams(struct labels *labels, uint32_t id, uint8_t bits)
{
	struct label *label;

	if (id <= LABEL_OTHER || id >= labels->count)
		return 0;
	label = &labels->pages[id / PAGE_LABELS][id % PAGE_LABELS];
	label->streams |= bits;
	return label->streams;
}

/* ---- statements ---- */

static uint32_t add_statement(struct labels *labels, const struct sql *sql)
{
	const char *text, *verb, *table;
	struct label *label;

	if (labels->refusing || labels->statements.count >= labels->options.statements ||
	    !table_reserve(&labels->statements))
		return LABEL_OTHER;
	text = keep(labels, labels->scratch, sql->length);
	verb = keep(labels, sql->verb, strnlen(sql->verb, sizeof(sql->verb) - 1));
	table = keep(labels, sql->table, strnlen(sql->table, sizeof(sql->table) - 1));
	if (!verb || !table)
		return LABEL_OTHER;
	label = add_label(labels, LABEL_STATEMENT, text);
	if (!label)
		return LABEL_OTHER;
	label->verb = verb;
	label->table = table;
	for (int i = 0; i < 16; i++)
		label->fingerprint[i] = "0123456789abcdef"[sql->fingerprint >> (60 - 4 * i) & 15];
	table_put(&labels->statements, sql->fingerprint, 0, labels->count - 1);
	return labels->count - 1;
}

static uint32_t intern_statement(struct labels *labels, struct slice text, bool truncated)
{
	const struct entry *found;
	struct sql sql = {0};

	sql__normalise(text, truncated, labels->scratch, labels->options.statement_bytes + 1, &sql);
	found = table_slot(&labels->statements, sql.fingerprint, 0);
	return found->id ? found->id : add_statement(labels, &sql);
}

static uint32_t statement_of_key(struct labels *labels, struct slice sql, bool truncated)
{
	uint64_t key = raw_key__of_sql(labels->seed, sql);
	struct cached *cached = &labels->statement_cache[key % CACHE_SLOTS];

	if (!cached->id || cached->key != key || cached->context != truncated)
		*cached = (struct cached){key, truncated, intern_statement(labels, sql, truncated)};
	labels->overflowed[LABEL_STATEMENT] += cached->id == LABEL_OTHER;
	return cached->id;
}

uint32_t labels__statement(struct labels *labels, struct slice sql, bool truncated)
{
	uint32_t id = known_statements__find(labels->known, sql, truncated);

	if (id)
		return id;
	id = statement_of_key(labels, sql, truncated);
	if (id != LABEL_OTHER) /* which is counted each time */
		known_statements__learn(labels->known, sql, truncated, id);
	return id;
}

/* ---- commands ---- */

uint32_t labels__command_at(struct labels *labels, uint32_t index)
{
	if (!labels->commands[index]) {
		if (!add_label(labels, LABEL_COMMAND, redis_command__get(index)->name)) {
			labels->overflowed[LABEL_COMMAND]++;
			return LABEL_OTHER;
		}
		labels->commands[index] = labels->count - 1;
	}
	return labels->commands[index];
}

uint32_t labels__command(struct labels *labels, struct slice name, struct slice subcommand)
{
	return labels__command_at(labels,
				  redis_command__find_sub(redis_command__find(name), subcommand));
}

/* ---- patterns of keys ---- */

uint32_t labels__key_pattern(struct labels *labels, struct slice text)
{
	if (labels->refusing ||
	    !add_label(labels, LABEL_KEY, keep(labels, (const char *)text.data, text.length)))
		return LABEL_OTHER;
	return labels->count - 1;
}

/* ---- reading ---- */

const struct label *labels__get(const struct labels *labels, uint32_t id)
{
	if (id >= labels->count)
		id = LABEL_UNSEEN;
	return &labels->pages[id / PAGE_LABELS][id % PAGE_LABELS];
}

uint32_t labels__count(const struct labels *labels)
{
	return labels->count;
}

/* What was refused may be known from now on. */
void labels__refuse(struct labels *labels, bool refuse)
{
	if (labels->refusing && !refuse) {
		memset(labels->route_cache, 0, sizeof(labels->route_cache));
		memset(labels->statement_cache, 0, sizeof(labels->statement_cache));
	}
	labels->refusing = refuse;
}

uint64_t labels__overflowed(const struct labels *labels, enum label_kind kind)
{
	return labels->overflowed[kind];
}
