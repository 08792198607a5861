/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this machine lets us do, for `sonde doctor`: facts, and what to do about them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "capture/capture_internal.h"
#include "elf_file.h"

static void tracepoint(struct probes *p, const struct btf *btf, const char *name, const char *use,
		       const char *without, const char *advice)
{
	bool there = btf && kernel__traces(btf, name);
	struct capture_probe *probe = probes__add(p, name, btf ? there : -1);

	snprintf(probe->detail, sizeof(probe->detail), "%s", there ? use : without);
	snprintf(probe->advice, sizeof(probe->advice), "%s", advice);
}

/* The smallest program there is: return 0. */
static void right_to_load(struct probes *p)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = (uintptr_t)code,
		.insn_cnt = sizeof(code) / sizeof(*code),
		.license = (uintptr_t) "Dual BSD/GPL",
	};
	/* Not bpf_prog_load(): libbpf 0.6 gave it other arguments. */
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));
	int err = errno;
	struct capture_probe *probe = probes__add(p, "right to load BPF", fd >= 0);

	if (fd >= 0)
		close(fd);
	snprintf(probe->detail, sizeof(probe->detail), "%s",
		 fd >= 0 ? "CAP_BPF and CAP_PERFMON, or root" : strerror(err));
	if (fd < 0)
		snprintf(probe->advice, sizeof(probe->advice), "%s", kernel__refusal());
}

/* At this program's entry point, which is passed no more. */
static int try_uprobe(struct capture *capture)
{
	struct tls_point point = {.call = TLS_HANDSHAKE, .kind = TLS_AT_BEGIN};
	struct tls_links *links = NULL;
	struct elf_file self;
	int err = elf_file__open("/proc/self/exe", &self);

	if (err)
		return err;
	err = elf_file__code_offset(&self, self.header.e_entry, &point.offset) ? 0 : -EBADMSG;
	if (!err)
		err = capture__tls_attach(capture, "/proc/self/exe", 0, &point, 1, &links);
	capture__tls_detach(capture, links);
	elf_file__close(&self);
	return err;
}

static const char *tls_advice(int err)
{
	if (err == -ENOTSUP)
		return "TLS stays opaque; SONDE_DEBUG=1 shows why";
	if (err == -EPERM || err == -EACCES)
		return "TLS stays opaque; it needs CAP_PERFMON (from Linux 6.6 on), before "
		       "CAP_SYS_ADMIN";
	if (access("/sys/bus/event_source/devices/uprobe/type", R_OK))
		return "TLS stays opaque; it needs sysfs on /sys and a kernel with "
		       "CONFIG_UPROBE_EVENTS";
	return "TLS stays opaque; it needs /proc";
}

static void tls(struct probes *p, struct capture *capture)
{
	int err = capture__tls_ready(capture);
	struct capture_probe *probe;

	err = err ? err : try_uprobe(capture);
	probe = probes__add(p, "TLS libraries", err == 0);
	if (!err) {
		snprintf(probe->detail, sizeof(probe->detail), "%s",
			 capture->uprobe_multi
				 ? "probed by uprobe_multi, a file at once"
				 : "probed by uprobes, one by one; Linux 6.6 has uprobe_multi");
		return;
	}
	snprintf(probe->detail, sizeof(probe->detail), "%s",
		 err == -ENOTSUP ? "this kernel does not load the programs" : strerror(-err));
	snprintf(probe->advice, sizeof(probe->advice), "%s", tls_advice(err));
}

static void way(struct probes *p, enum capture_way which, const char *needs)
{
	struct capture_options options = {.way = which, .ring_bytes = 1 << 16};
	struct capture *capture = NULL;
	char error[256] = "";
	int err = capture__open(&options, &capture, error, sizeof(error));
	struct capture_probe *probe = probes__add(p, capture_way__name(which), err == 0);

	snprintf(probe->detail, sizeof(probe->detail), "%s",
		 err	  ? error
		 : p->way ? "loads and attaches here; not needed"
			  : "loads and attaches here; will be used");
	if (err && p->way)
		snprintf(probe->advice, sizeof(probe->advice), "not needed: %s is there", p->way);
	else if (err)
		snprintf(probe->advice, sizeof(probe->advice), "%s", needs);
	if (!err && !p->way) {
		p->way = capture_way__name(which);
		tls(p, capture);
	}
	capture__close(capture);
}

size_t capture__probe(struct capture_probe *out, size_t max)
{
	struct probes p = {.out = out, .max = max};
	struct btf *btf = btf__load_vmlinux_btf();

	btf = libbpf_get_error(btf) ? NULL : btf;
	probes__kernel(&p, btf);
	right_to_load(&p);
	tracepoint(&p, btf, "inet_sock_set_state", "connections' beginnings and ends",
		   "connections are seen by their first bytes only",
		   "Linux 4.16 and newer have it");
	tracepoint(&p, btf, "sk_data_ready", "queue time", "queue time is not measured",
		   "Linux 6.3 and newer have it");
	way(&p, CAPTURE_SOCKET_TRACEPOINTS, "the best way where it is there; others serve as well");
	way(&p, CAPTURE_FEXIT, "needs Linux 5.15 with BPF trampolines (arm64: 6.4)");
	way(&p, CAPTURE_SYS_EXIT, "needs Linux 5.15; the last of the ways");
	btf__free(btf);
	return p.count;
}
