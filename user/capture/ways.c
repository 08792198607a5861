/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ways into the kernel: which programs belong to which, and what this kernel has of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "capture/capture_internal.h"

static const char *const way_names[CAPTURE_WAY_COUNT] = {"auto", "socket_tracepoints", "fexit",
							 "sys_exit"};

const char *capture_way__name(enum capture_way way)
{
	return way < CAPTURE_WAY_COUNT ? way_names[way] : "unknown";
}

int capture_way__parse(const char *name, enum capture_way *out)
{
	for (enum capture_way i = 0; i < CAPTURE_WAY_COUNT; i++) {
		if (!strcmp(name, way_names[i])) {
			*out = i;
			return 0;
		}
	}
	return -EINVAL;
}

bool kernel__traces(const struct btf *btf, const char *tracepoint)
{
	char name[64];

	snprintf(name, sizeof(name), "btf_trace_%s", tracepoint);
	return btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) > 0;
}

int capture__fail(char *error, size_t size, int err, const char *what)
{
	if (err == -EPERM) { /* the verifier says EACCES */
		snprintf(error, size, "%s: not permitted: %s", what, kernel__refusal());
		return -EPERM;
	}
	snprintf(error, size, "%s: %s; SONDE_DEBUG=1 shows the kernel's reasons", what,
		 strerror(-err));
	return err;
}

static const char fexit_section[] = "fexit/";

static bool is_fexit(const struct bpf_program *program, const char **function)
{
	const char *section = bpf_program__section_name(program);

	*function = section + sizeof(fexit_section) - 1;
	return !strncmp(section, fexit_section, sizeof(fexit_section) - 1);
}

static void choose_fexit(struct sonde_bpf *bpf, bool wanted, const struct btf *btf)
{
	struct bpf_program *program;
	const char *function;

	bpf_object__for_each_program(program, bpf->obj)
	{
		if (!is_fexit(program, &function))
			continue;
		if (!wanted || btf__find_by_name_kind(btf, function, BTF_KIND_FUNC) < 0)
			bpf_program__set_autoload(program, false);
	}
}

static bool kernel_has(const struct btf *btf, enum capture_way way)
{
	switch (way) {
	case CAPTURE_SOCKET_TRACEPOINTS:
		return kernel__traces(btf, "sock_send_length");
	case CAPTURE_FEXIT:
		return btf__find_by_name_kind(btf, "inet_sendmsg", BTF_KIND_FUNC) > 0;
	default:
		return kernel__traces(btf, "sys_exit");
	}
}

static void choose_programs(struct sonde_bpf *bpf, enum capture_way way, const struct btf *btf)
{
	bool tracepoints = way == CAPTURE_SOCKET_TRACEPOINTS;

	bpf_program__set_autoload(bpf->progs.on_recv_length, tracepoints);
	bpf_program__set_autoload(bpf->progs.on_send_length, tracepoints);
	bpf_program__set_autoload(bpf->progs.on_splice_from, tracepoints);
	bpf_program__set_autoload(bpf->progs.on_sys_exit, way == CAPTURE_SYS_EXIT);
	choose_fexit(bpf, way == CAPTURE_FEXIT, btf);
	bpf->rodata->by_sys_exit = way == CAPTURE_SYS_EXIT;
	if (!kernel__traces(btf, "sk_data_ready"))
		bpf_program__set_autoload(bpf->progs.on_data_ready, false);
}

/* Iterators work while they are read, so they are run by hand; the splices' hook waits for one. */
static bool attaches_later(const struct sonde_bpf *bpf, const struct bpf_program *program)
{
	const struct bpf_program *const later[] = {
		bpf->progs.find_self,	   bpf->progs.find_done,    bpf->progs.find_listeners,
		bpf->progs.find_unix,	   bpf->progs.list_unix,    bpf->progs.list_tcp,
		bpf->progs.on_splice_from, bpf->progs.find_spliced,
	};

	for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++)
		if (later[i] == program)
			return true;
	return tls__is_program(bpf, program);
}

/* Not sonde_bpf__attach(): which programs it leaves out can be told to libbpf 1.0 and newer only.
 */
int way__attach(struct sonde_bpf *bpf, struct bpf_link **links, size_t max)
{
	struct bpf_program *program;
	size_t count = 0;

	bpf_object__for_each_program(program, bpf->obj)
	{
		struct bpf_link *link;
		int err;

		if (bpf_program__fd(program) < 0 || attaches_later(bpf, program))
			continue;
		if (count == max)
			return -E2BIG;
		link = bpf_program__attach(program);
		err = (int)libbpf_get_error(link);
		if (err)
			return err;
		links[count++] = link;
	}
	return 0;
}

int way__choose(struct capture *capture, char *error, size_t size)
{
	struct btf *btf = btf__load_vmlinux_btf();
	enum capture_way way = capture->way;

	if (libbpf_get_error(btf)) {
		snprintf(error, size,
			 "the kernel's types are missing (/sys/kernel/btf/vmlinux): "
			 "a kernel built with CONFIG_DEBUG_INFO_BTF is needed");
		return -ENOTSUP;
	}
	if (!kernel_has(btf, way)) {
		btf__free(btf);
		snprintf(error, size, "this kernel has no way in called %s (%s)",
			 capture_way__name(way),
			 way == CAPTURE_SOCKET_TRACEPOINTS ? "Linux 6.3 and newer have it"
							   : "Linux 5.15 and newer have it");
		return -ENOTSUP;
	}
	choose_programs(capture->bpf, way, btf);
	tls__choose(capture, btf);
	hold__choose(capture->bpf);
	btf__free(btf);
	return 0;
}
