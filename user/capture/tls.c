/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Probes in TLS libraries: one link for all places of a file where the kernel has uprobe_multi. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "capture/capture_internal.h"
#include "tls.h"
#include "tls/filter.h"

/* include/uapi/linux/bpf.h of Linux 6.6; the headers here may be older. */
#define TRACE_UPROBE_MULTI 48
#define UPROBE_RETURN	   1
#define SESSIONS_MAX	   65536
#define SWEPT_AT_ONCE	   1024

struct link_create {
	__u32 program, target, attach_type, flags;
	__u64 path, offsets, reference_counters, cookies;
	__u32 count, uprobe_flags, pid, pad;
};

struct tls_links {
	uint32_t slot;
	uint32_t count;
	int multi[TLS_PLACE_KIND_COUNT]; /* -1: none */
	struct bpf_link *link[];	 /* without uprobe_multi: one a place */
};

/* The places of one kind, as the kernel wants them. */
struct places {
	size_t count;
	__u64 *offset, *cookie;
};

static struct bpf_program *plain_of(const struct sonde_bpf *bpf, enum tls_place_kind kind)
{
	struct bpf_program *const programs[TLS_PLACE_KIND_COUNT] = {
		[TLS_AT_RETURN] = bpf->progs.tls_leave,	     [TLS_AT_END] = bpf->progs.tls_leave,
		[TLS_AT_GO_END] = bpf->progs.tls_go_leave,   [TLS_AT_BEGIN] = bpf->progs.tls_enter,
		[TLS_AT_GO_BEGIN] = bpf->progs.tls_go_enter,
	};

	return programs[kind];
}

static struct bpf_program *program_of(const struct sonde_bpf *bpf, enum tls_place_kind kind)
{
	return hold__of(bpf, plain_of(bpf, kind));
}

bool tls__is_program(const struct sonde_bpf *bpf, const struct bpf_program *program)
{
	for (int kind = 0; kind < TLS_PLACE_KIND_COUNT; kind++)
		if (program == program_of(bpf, (enum tls_place_kind)kind))
			return true;
	return false;
}

static bool has_attach_type(const struct btf *btf, const char *name)
{
	__s32 id = btf__find_by_name_kind(btf, "bpf_attach_type", BTF_KIND_ENUM);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off), name))
			return true;
	return false;
}

static void size_map(const struct capture *capture, struct bpf_map *map)
{
	if (capture->uprobe_multi) {
		/* Such a kernel takes memory when it is needed (Linux 6.1, 34dd3bad1a6f). */
		bpf_map__set_map_flags(map, BPF_F_NO_PREALLOC);
		bpf_map__set_max_entries(map, SESSIONS_MAX);
	} else if (!capture->with_tls) {
		bpf_map__set_max_entries(map, 1);
	}
}

void tls__choose(struct capture *capture, const struct btf *btf)
{
	struct sonde_bpf *bpf = capture->bpf;

	bpf->rodata->with_tls = capture->with_tls;
	if (capture->tls_filter) {
		bpf->rodata->tls_named_alone = capture->tls_filter->include.count > 0;
		bpf->rodata->tls_filtered = capture->tls_filter->include.count > 0 ||
					    capture->tls_filter->exclude.count > 0;
	}
	capture->uprobe_multi = capture->with_tls && has_attach_type(btf, "BPF_TRACE_UPROBE_MULTI");
	for (int kind = 0; kind < TLS_PLACE_KIND_COUNT; kind++) {
		struct bpf_program *plain = plain_of(bpf, (enum tls_place_kind)kind);

		/* hold__choose() follows. */
		bpf_program__set_autoload(plain, capture->with_tls);
		if (capture->uprobe_multi)
			bpf_program__set_expected_attach_type(
				program_of(bpf, (enum tls_place_kind)kind), TRACE_UPROBE_MULTI);
	}
	size_map(capture, bpf->maps.tls_sessions);
	size_map(capture, bpf->maps.tls_goroutines);
}

static void put_names(const struct capture *capture, const struct tls_names *names, __u8 allowed)
{
	for (uint32_t i = 0; i < names->count; i++)
		bpf_map_update_elem(bpf_map__fd(capture->bpf->maps.tls_names), names->name[i],
				    &allowed, BPF_ANY);
}

void tls__loaded(const struct capture *capture)
{
	if (!capture->with_tls || !capture->tls_filter)
		return;
	put_names(capture, &capture->tls_filter->include, 1);
	put_names(capture, &capture->tls_filter->exclude, 0);
}

int capture__tls_ready(const struct capture *capture)
{
	return capture->with_tls ? 0 : -ENOTSUP;
}

static void places__clear(struct places *places)
{
	free(places->offset);
	free(places->cookie);
}

static int places__of(const struct tls_point *points, size_t count, enum tls_place_kind kind,
		      uint32_t slot, struct places *out)
{
	*out = (struct places){
		.offset = calloc(count + 1, sizeof(*out->offset)),
		.cookie = calloc(count + 1, sizeof(*out->cookie)),
	};
	if (!out->offset || !out->cookie) {
		places__clear(out);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		if (points[i].kind != kind)
			continue;
		out->offset[out->count] = points[i].offset;
		out->cookie[out->count++] = TLS_COOKIE(slot, points[i].call);
	}
	return 0;
}

/* Not bpf_link_create(): the libbpf here may not know of it. */
static int link_multi(int program, const char *path, const struct places *places, bool at_return)
{
	struct link_create attributes = {
		.program = (__u32)program,
		.attach_type = TRACE_UPROBE_MULTI,
		.path = (uintptr_t)path,
		.offsets = (uintptr_t)places->offset,
		.cookies = (uintptr_t)places->cookie,
		.count = (__u32)places->count,
		.uprobe_flags = at_return ? UPROBE_RETURN : 0,
	};
	int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof(attributes));

	return fd < 0 ? -errno : fd;
}

static int link_single(struct bpf_program *program, const char *path, const struct places *places,
		       bool at_return, struct tls_links *links)
{
	for (size_t i = 0; i < places->count; i++) {
		LIBBPF_OPTS(bpf_uprobe_opts, options, .retprobe = at_return,
			    .bpf_cookie = places->cookie[i]);
		struct bpf_link *link = bpf_program__attach_uprobe_opts(
			program, -1, path, places->offset[i], &options);
		int err = (int)libbpf_get_error(link);

		if (err)
			return err;
		links->link[links->count++] = link;
	}
	return 0;
}

static int attach_kind(struct capture *capture, const char *path, const struct tls_point *points,
		       size_t count, enum tls_place_kind kind, struct tls_links *links)
{
	struct bpf_program *program = program_of(capture->bpf, kind);
	bool at_return = kind == TLS_AT_RETURN;
	struct places places;
	int err = places__of(points, count, kind, links->slot, &places);

	if (err)
		return err;
	if (places.count && capture->uprobe_multi) {
		err = link_multi(bpf_program__fd(program), path, &places, at_return);
		links->multi[kind] = err < 0 ? -1 : err;
	} else if (places.count) {
		err = link_single(program, path, &places, at_return, links);
	}
	if (places.count && kind == TLS_AT_GO_BEGIN)
		capture->bpf->bss->tls_go_programs++;
	places__clear(&places);
	return err < 0 ? err : 0;
}

static void mark(struct capture *capture, uint32_t slot, uint64_t attached_ns)
{
	struct tls_file file = {.attached_ns = attached_ns};

	bpf_map_update_elem(bpf_map__fd(capture->bpf->maps.tls_files), &slot, &file, BPF_ANY);
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

int capture__tls_attach(struct capture *capture, const char *path, uint32_t slot,
			const struct tls_point *points, size_t count, struct tls_links **out)
{
	struct tls_links *links;
	int err = capture__tls_ready(capture);

	if (err)
		return err;
	links = calloc(1, sizeof(*links) + count * sizeof(links->link[0]));
	if (!links)
		return -ENOMEM;
	links->slot = slot;
	for (int kind = 0; kind < TLS_PLACE_KIND_COUNT; kind++)
		links->multi[kind] = -1;
	mark(capture, slot, 0);
	for (int kind = 0; kind < TLS_PLACE_KIND_COUNT && !err; kind++)
		err = attach_kind(capture, path, points, count, (enum tls_place_kind)kind, links);
	if (err) {
		capture__tls_detach(capture, links);
		return err == -EACCES ? -EPERM : err;
	}
	mark(capture, slot, monotonic_ns());
	*out = links;
	return 0;
}

void capture__tls_detach(struct capture *capture, struct tls_links *links)
{
	if (!links)
		return;
	for (int kind = TLS_PLACE_KIND_COUNT - 1; kind >= 0; kind--)
		if (links->multi[kind] >= 0)
			close(links->multi[kind]);
	for (uint32_t i = links->count; i > 0; i--)
		bpf_link__destroy(links->link[i - 1]);
	mark(capture, links->slot, 0);
	free(links);
}

static struct tls_file file_of(const struct capture *capture, uint32_t slot)
{
	struct tls_file file = {0};

	bpf_map_lookup_elem(bpf_map__fd(capture->bpf->maps.tls_files), &slot, &file);
	return file;
}

uint64_t capture__tls_attached_ns(const struct capture *capture, uint32_t slot)
{
	return file_of(capture, slot).attached_ns;
}

struct tls_place capture__tls_random(const struct capture *capture, uint32_t slot)
{
	return file_of(capture, slot).random;
}

void capture__tls_set_random(struct capture *capture, uint32_t slot, struct tls_place place)
{
	struct tls_file file = file_of(capture, slot);

	file.random = place;
	bpf_map_update_elem(bpf_map__fd(capture->bpf->maps.tls_files), &slot, &file, BPF_ANY);
}

void capture__tls_joined(struct capture *capture, uint64_t session, const struct tls_joined *joined)
{
	bpf_map_update_elem(bpf_map__fd(capture->bpf->maps.tls_joins), &session, joined, BPF_ANY);
}

static bool process_lives(uint32_t tgid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", tgid);
	return access(path, F_OK) == 0;
}

void capture__tls_sweep(struct capture *capture)
{
	int map = bpf_map__fd(capture->bpf->maps.tls_sessions);
	struct tls_key key, last, dead[SWEPT_AT_ONCE], *from = NULL;
	uint32_t asked = 0;
	size_t count = 0;
	bool lives = true;

	if (!capture->with_tls)
		return;
	while (count < SWEPT_AT_ONCE && bpf_map_get_next_key(map, from, &key) == 0) {
		if (key.tgid != asked) {
			asked = key.tgid;
			lives = process_lives(asked);
		}
		if (!lives)
			dead[count++] = key;
		last = key;
		from = &last;
	}
	while (count)
		bpf_map_delete_elem(map, &dead[--count]);
}
