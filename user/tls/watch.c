/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tls/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "elf_file.h"
#include "log.h"
#include "tls.h"
#include "tls/filter.h"
#include "tls/library.h"
#include "tls/inspect.h"
#include "tls/mapped.h"
#include "tls/mappings.h"

#define SECOND_NS	 1000000000ull
#define ROUND_NS	 (10 * SECOND_NS) /* from the end of one round to the next */
#define REST_NS		 (60 * SECOND_NS) /* where no round would find anything */
#define PROCESSES_A_TICK 16
#define LOOKED_MAX	 4096 /* a power of two */
#define TOLD_MAX	 256
#define UNUSED_ROUNDS	 2 /* then a file is let go */

/* One probed file. */
struct file {
	dev_t device;
	ino_t inode;
	struct tls_links *links; /* NULL: the slot is free */
	enum tls_kind kind;
	bool standard;	/* of the distribution: stays while its name does */
	char *path;	/* the same of others on our own file system; owned, may be NULL */
	uint32_t round; /* when it was last seen in use */
	uint32_t user;	/* by whom */
	struct mapping mapping;
};

/* An executable or library that was looked at; a cache, so one may take another's place. */
struct looked {
	uint64_t device, inode;
	uint64_t changed_ns; /* its ctime: the inode may be another file's by now */
	uint64_t process_ns; /* when a process of it was last looked at */
	uint32_t probed;     /* when it was seen to be: the round, and 1 */
	bool none;	     /* there is no TLS in it */
	bool inspected;	     /* reason is known */
	enum tls_reason reason;
};

/* What a process's connections were told to be; a cache. */
struct told {
	uint32_t tgid;
	enum tls_reason reason;
	uint64_t time_ns;
};

struct tls_watch {
	struct capture *capture;
	struct tls_watch_options options;
	struct tls_filter filter;
	struct file file[TLS_SLOTS_MAX];
	uint32_t file_count; /* slots that were ever used */
	uint64_t refused;
	struct looked looked[LOOKED_MAX];
	struct told told[TOLD_MAX];
	struct mapped *mapped; /* NULL: not permitted; then the rounds find what is new */
	dev_t root;	       /* our own file system */
	DIR *processes;	       /* of the round in hand */
	uint32_t round;
	uint64_t round_ended_ns, rest_ns, now_ns;
};

/* Where distributions keep them; others are found by the processes that use them. */
static const char *const standard[] = {
	"/usr/lib/*-linux-gnu/libssl.so.[13]*",
	"/lib/*-linux-gnu/libssl.so.[13]*",
	"/usr/lib64/libssl.so.[13]*",
	"/usr/lib/libssl.so.[13]*",
	"/usr/local/lib*/libssl.so.[13]*",
	"/usr/bin/node",
	"/usr/local/bin/node",
	NULL,
};

static bool is_file(const struct file *file, const struct stat *status)
{
	return file->device == status->st_dev && file->inode == status->st_ino;
}

static struct file *find_file(struct tls_watch *w, const struct stat *status)
{
	for (uint32_t i = 0; i < w->file_count; i++)
		if (w->file[i].links && is_file(&w->file[i], status))
			return &w->file[i];
	return NULL;
}

static struct file *free_slot(struct tls_watch *w)
{
	for (uint32_t i = 0; i < w->file_count; i++)
		if (!w->file[i].links)
			return &w->file[i];
	return w->file_count < TLS_SLOTS_MAX ? &w->file[w->file_count++] : NULL;
}

/* True: probed. */
static bool probe_file(struct tls_watch *w, const struct elf_file *elf, const char *name)
{
	struct file *file = free_slot(w);
	struct tls_library library;
	char path[32];
	int err;

	tls_library__find(elf, &library);
	if (library.kind == TLS_KIND_NONE || !file)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", elf->fd);
	*file = (struct file){.device = elf->device,
			      .inode = elf->inode,
			      .kind = library.kind,
			      .round = w->round};
	err = capture__tls_attach(w->capture, path, (uint32_t)(file - w->file), library.point,
				  library.count, &file->links);
	if (err) {
		w->refused++;
		log__write(LOG_WARN, "tls", "cannot probe %s: %s", name, strerror(-err));
		return false;
	}
	capture__tls_set_random(w->capture, (uint32_t)(file - w->file), library.random);
	return true;
}

static void let_go(struct tls_watch *w, struct file *file)
{
	capture__tls_detach(w->capture, file->links);
	free(file->path);
	file->links = NULL;
	file->path = NULL;
}

/* Takes the descriptor. The probed file, or NULL where there is no TLS in it. */
static struct file *look_at(struct tls_watch *w, int fd, const char *name)
{
	struct elf_file elf;
	struct file *file;
	struct stat status;

	if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
		close(fd);
		return NULL;
	}
	file = find_file(w, &status);
	if (file) {
		close(fd);
	} else if (elf_file__take(fd, &elf) == 0) {
		if (probe_file(w, &elf, name))
			file = find_file(w, &status);
		elf_file__close(&elf);
	}
	if (file)
		file->round = w->round;
	return file;
}

static void look_at_standard(struct tls_watch *w)
{
	glob_t found;

	for (uint32_t i = 0; i < w->file_count; i++)
		w->file[i].standard = false;
	for (const char *const *pattern = standard; *pattern; pattern++) {
		if (glob(*pattern, GLOB_NOSORT, NULL, &found))
			continue;
		for (size_t i = 0; i < found.gl_pathc; i++) {
			int fd = open(found.gl_pathv[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
			struct file *file = fd < 0 ? NULL : look_at(w, fd, found.gl_pathv[i]);

			if (file)
				file->standard = true;
		}
		globfree(&found);
	}
}

struct tls_watch *tls_watch__new(struct capture *capture, const struct tls_watch_options *options)
{
	struct tls_watch *w = calloc(1, sizeof(*w));
	struct stat root;

	if (!w)
		return NULL;
	w->capture = capture;
	w->options = *options;
	w->filter = *options->filter;
	if (capture__tls_ready(capture))
		return w;
	if (stat("/", &root) == 0)
		w->root = root.st_dev;
	w->mapped = mapped__open(); /* before the others are looked at: none is missed */
	look_at_standard(w);
	return w;
}

void tls_watch__free(struct tls_watch *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < w->file_count; i++)
		let_go(w, &w->file[i]);
	mapped__close(w->mapped);
	if (w->processes)
		closedir(w->processes);
	free(w);
}

/* ---- processes ---- */

static struct looked *looked_of(struct tls_watch *w, uint64_t device, uint64_t inode)
{
	uint64_t hash = (device * 31 + inode) * 0x9e3779b97f4a7c15ull;
	struct looked *l = &w->looked[hash >> 32 & (LOOKED_MAX - 1)];

	if (l->device != device || l->inode != inode)
		*l = (struct looked){.device = device, .inode = inode};
	return l;
}

struct look {
	struct tls_watch *watch;
	uint32_t tgid;
	uint64_t executable; /* inode */
	bool probed, refused, java;
};

static bool is_library(const char *path)
{
	const char *name = strrchr(path, '/');

	return name && (!strncmp(name, "/libssl", 7) || !strncmp(name, "/libgnutls", 10));
}

static bool is_named(const char *path, const char *name)
{
	const char *last = strrchr(path, '/');

	return last && !strcmp(last, name);
}

static void look_at_mapping(void *context, const struct mapping *mapping)
{
	struct look *look = context;
	struct tls_watch *w = look->watch;
	uint64_t refused = w->refused;
	struct looked *known;
	struct file *file;
	int fd;

	look->java |= is_named(mapping->path, "/libjvm.so");
	if (mapping->inode == look->executable ? !tls_filter__allows(&w->filter, mapping->path)
					       : !is_library(mapping->path))
		return;
	known = looked_of(w, mapping->device, mapping->inode);
	if (known->none && mapping->inode == look->executable)
		return;
	/* It was looked at in this round, and its probes keep its inode from being another file's.
	 */
	if (known->probed == w->round + 1) {
		look->probed = true;
		return;
	}
	fd = mapping__open(w->options.proc, look->tgid, mapping);
	if (fd < 0)
		return;
	file = look_at(w, fd, mapping->path);
	known->none = !file;
	known->probed = file ? w->round + 1 : 0;
	if (file) {
		file->user = look->tgid;
		file->mapping = *mapping;
	}
	if (file && file->device == w->root && !file->path)
		file->path = strdup(mapping->path);
	look->probed |= !known->none;
	look->refused |= w->refused != refused;
}

/* The executable's entry, forgotten where its inode is another file by now. NULL: gone. */
static struct looked *executable_of(struct tls_watch *w, uint32_t tgid, uint64_t *inode)
{
	char path[64];
	struct looked *l;
	struct stat status;
	uint64_t changed;

	snprintf(path, sizeof(path), "%.32s/%u/exe", w->options.proc, tgid);
	if (stat(path, &status))
		return NULL;
	*inode = status.st_ino;
	changed = (uint64_t)status.st_ctim.tv_sec * SECOND_NS + (uint64_t)status.st_ctim.tv_nsec;
	l = looked_of(w, (uint64_t)major(status.st_dev) << 32 | minor(status.st_dev),
		      status.st_ino);
	if (l->changed_ns != changed)
		*l = (struct looked){.device = l->device, .inode = l->inode, .changed_ns = changed};
	return l;
}

static void look_at_process(struct tls_watch *w, uint32_t tgid, bool always)
{
	struct look look = {.watch = w, .tgid = tgid};
	struct looked *executable = executable_of(w, tgid, &look.executable);

	if (!executable ||
	    (!always && executable->process_ns && w->now_ns - executable->process_ns < SECOND_NS))
		return;
	executable->process_ns = w->now_ns;
	mappings__each(w->options.proc, tgid, look_at_mapping, &look);
}

/* Of the executable alone, and so remembered. */
static enum tls_reason inspect(const struct tls_watch *w, uint32_t tgid, struct looked *executable)
{
	char path[64];

	if (!executable->inspected) {
		snprintf(path, sizeof(path), "%.32s/%u/exe", w->options.proc, tgid);
		executable->reason = tls__inspect(path);
		executable->inspected = true;
	}
	return executable->reason;
}

static bool is_excluded(const struct tls_watch *w, uint32_t tgid)
{
	char path[64], executable[PATH_MAX];
	ssize_t length;
	char *end;

	snprintf(path, sizeof(path), "%.32s/%u/exe", w->options.proc, tgid);
	length = readlink(path, executable, sizeof(executable) - 1);
	if (length < 0)
		return false;
	executable[length] = '\0';
	end = strstr(executable, " (deleted)");
	if (end)
		*end = '\0';
	return !tls_filter__allows(&w->filter, executable);
}

static enum tls_reason find_reason(struct tls_watch *w, uint32_t tgid)
{
	struct look look = {.watch = w, .tgid = tgid};
	struct looked *executable = executable_of(w, tgid, &look.executable);

	if (is_excluded(w, tgid))
		return TLS_REASON_EXCLUDED;
	/* One that is gone already may still have been probed. */
	if (!executable || mappings__each(w->options.proc, tgid, look_at_mapping, &look))
		return TLS_REASON_UNJOINED;
	if (look.probed)
		return TLS_REASON_UNJOINED;
	if (look.refused)
		return TLS_REASON_NOT_PERMITTED;
	return look.java ? TLS_REASON_JAVA : inspect(w, tgid, executable);
}

enum tls_reason tls_watch__reason(struct tls_watch *w, uint32_t tgid)
{
	struct told *told = &w->told[tgid % TOLD_MAX];

	if (told->tgid != tgid || w->now_ns - told->time_ns > SECOND_NS)
		*told = (struct told){tgid, find_reason(w, tgid), w->now_ns};
	return told->reason;
}

void tls_watch__process(struct tls_watch *w, uint32_t tgid)
{
	if (capture__tls_ready(w->capture) == 0)
		look_at_process(w, tgid, false);
}

/*
 * A program that runs for a moment now and then is probed before it begins. A file without a name,
 * or of another mount, is not held on to: its room, or that mount, could not be freed.
 */
static bool has_its_name(const struct file *file)
{
	struct stat status;

	return file->path && stat(file->path, &status) == 0 && is_file(file, &status);
}

/* Asked of the one alone that was last seen to, which saves the round over all the others. */
static bool is_still_used(const struct tls_watch *w, const struct file *file)
{
	int fd = file->user ? mapping__open(w->options.proc, file->user, &file->mapping) : -ESRCH;
	struct stat status;
	bool used = fd >= 0 && fstat(fd, &status) == 0 && is_file(file, &status);

	if (fd >= 0)
		close(fd);
	return used;
}

/* True: one of them may have to go, if the next rounds do not see it either. */
static bool let_go_of_unused(struct tls_watch *w)
{
	bool more = false;

	for (uint32_t i = 0; i < w->file_count; i++) {
		struct file *f = &w->file[i];

		if (!f->links || f->standard || has_its_name(f))
			continue;
		if (is_still_used(w, f))
			f->round = w->round;
		else if (w->round - f->round >= UNUSED_ROUNDS)
			let_go(w, f);
		else
			more = true;
	}
	return more;
}

static void end_round(struct tls_watch *w)
{
	closedir(w->processes);
	w->processes = NULL;
	look_at_standard(w);
	/* The kernel tells of what is new; to list a process's mappings takes some 0.1 ms. */
	w->rest_ns = let_go_of_unused(w) || !w->mapped ? ROUND_NS : REST_NS;
	capture__tls_sweep(w->capture);
	w->round++;
	w->round_ended_ns = w->now_ns;
}

/* Programs are looked at when they begin, libraries when they are loaded. */
static void take_mapped(void *context, const struct mapped_file *file)
{
	struct tls_watch *w = context;
	const char *name = strrchr(file->path, '/');
	bool library = is_library(file->path);

	if (looked_of(w, file->device, file->inode)->probed == w->round + 1)
		return;
	if (library || !strstr(name, ".so"))
		look_at_process(w, file->tgid, library);
}

void tls_watch__mapped(struct tls_watch *w, uint64_t now_ns)
{
	w->now_ns = now_ns;
	if (w->mapped && !mapped__read(w->mapped, take_mapped, w))
		w->round_ended_ns = 0;
}

void tls_watch__tick(struct tls_watch *w, uint64_t now_ns)
{
	const struct dirent *entry;

	w->now_ns = now_ns;
	if (capture__tls_ready(w->capture) ||
	    (w->round_ended_ns && now_ns - w->round_ended_ns < w->rest_ns))
		return;
	if (!w->processes)
		w->processes = opendir(w->options.proc);
	for (int i = 0; w->processes && i < PROCESSES_A_TICK;) {
		entry = readdir(w->processes);
		if (!entry) {
			end_round(w);
			return;
		}
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		look_at_process(w, (uint32_t)strtoul(entry->d_name, NULL, 10), true);
		i++;
	}
}

void tls_watch__counts(const struct tls_watch *w, struct tls_watch_counts *out)
{
	*out = (struct tls_watch_counts){.refused = w->refused};
	for (uint32_t i = 0; i < w->file_count; i++)
		if (w->file[i].links)
			out->files[w->file[i].kind]++;
}
