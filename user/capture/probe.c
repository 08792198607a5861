/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this machine lets us do, for `sonde doctor`: facts, and what to do about them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "capture/capture_internal.h"
#include "elf_file.h"

struct probes {
	struct capture_probe *out;
	size_t max, count;
	bool tls_told;
};

static struct capture_probe *add(struct probes *p, const char *name, int present)
{
	static struct capture_probe none;
	struct capture_probe *probe = p->count < p->max ? &p->out[p->count++] : &none;

	*probe = (struct capture_probe){.name = name, .present = present};
	return probe;
}

static void kernel(struct probes *p)
{
	struct utsname name;
	struct kernel_version version;
	bool old = kernel__version(&version) && kernel__is_old(&version);
	struct capture_probe *probe = add(p, "kernel", !old);

	if (uname(&name) == 0)
		snprintf(probe->detail, sizeof(probe->detail), "Linux %.60s, %.20s%s", name.release,
			 name.machine, old ? ": older than 5.15, too old" : "");
	if (old)
		snprintf(probe->advice, sizeof(probe->advice),
			 "boot a newer one: Debian 11 has linux-image-6.1, Ubuntu "
			 "linux-generic-hwe");
}

/* "none [integrity] confidentiality": the one in brackets holds (kernel_lockdown(7)). */
static void lockdown(struct probes *p)
{
	char text[128] = "";
	int fd = open("/sys/kernel/security/lockdown", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	bool confidential = length > 0 && strstr(text, "[confidentiality]");
	struct capture_probe *probe = add(p, "lockdown", confidential ? 0 : 1);

	if (fd >= 0)
		close(fd);
	snprintf(probe->detail, sizeof(probe->detail), "%s",
		 confidential ? "confidentiality: BPF may not read memory"
		 : length > 0 ? "does not stand in the way"
			      : "not in this kernel, or not visible");
	if (confidential)
		snprintf(probe->advice, sizeof(probe->advice),
			 "boot with lockdown=integrity, or without lockdown");
}

static struct btf *types(struct probes *p)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool there = !libbpf_get_error(btf);
	struct capture_probe *probe = add(p, "BTF", there);

	snprintf(probe->detail, sizeof(probe->detail), "%s",
		 there ? "/sys/kernel/btf/vmlinux" : "the kernel's types are missing");
	if (!there)
		snprintf(probe->advice, sizeof(probe->advice),
			 "use a kernel built with CONFIG_DEBUG_INFO_BTF (all of Debian's and "
			 "Ubuntu's are)");
	return there ? btf : NULL;
}

static void tracepoint(struct probes *p, const struct btf *btf, const char *name, const char *use,
		       const char *without)
{
	bool there = btf && kernel__traces(btf, name);
	struct capture_probe *probe = add(p, name, btf ? there : -1);

	snprintf(probe->detail, sizeof(probe->detail), "%s", there ? use : without);
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
	struct capture_probe *probe = add(p, "right to load BPF", fd >= 0);

	if (fd >= 0)
		close(fd);
	snprintf(probe->detail, sizeof(probe->detail), "%s",
		 fd >= 0 ? "CAP_BPF and CAP_PERFMON, or root" : strerror(err));
	if (fd < 0)
		snprintf(probe->advice, sizeof(probe->advice),
			 "run as root or with CAP_BPF and CAP_PERFMON; in a container also allow "
			 "the bpf() call (--privileged)");
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

static void tls(struct probes *p, struct capture *capture)
{
	int err = capture__tls_ready(capture);
	struct capture_probe *probe;

	err = err ? err : try_uprobe(capture);
	probe = add(p, "TLS libraries", err == 0);
	if (!err) {
		snprintf(probe->detail, sizeof(probe->detail), "probed by %s",
			 capture->uprobe_multi ? "uprobe_multi" : "uprobes, one by one");
		return;
	}
	snprintf(probe->detail, sizeof(probe->detail), "%s",
		 err == -ENOTSUP ? "this kernel does not load the programs" : strerror(-err));
	snprintf(probe->advice, sizeof(probe->advice), "%s",
		 err == -ENOTSUP ? "TLS stays opaque; SONDE_DEBUG=1 shows why"
				 : "TLS stays opaque; it needs CAP_PERFMON (Linux 6.6), before "
				   "CAP_SYS_ADMIN");
}

static void way(struct probes *p, enum capture_way which, const char *needs)
{
	struct capture_options options = {.way = which, .ring_bytes = 1 << 16};
	struct capture *capture = NULL;
	char error[256] = "";
	int err = capture__open(&options, &capture, error, sizeof(error));
	struct capture_probe *probe = add(p, capture_way__name(which), err == 0);

	snprintf(probe->detail, sizeof(probe->detail), "%s",
		 err ? error : "loads and attaches here");
	if (err)
		snprintf(probe->advice, sizeof(probe->advice), "%s", needs);
	if (!err && !p->tls_told) {
		p->tls_told = true;
		tls(p, capture);
	}
	capture__close(capture);
}

size_t capture__probe(struct capture_probe *out, size_t max)
{
	struct probes p = {.out = out, .max = max};
	struct btf *btf;

	kernel(&p);
	lockdown(&p);
	btf = types(&p);
	right_to_load(&p);
	tracepoint(&p, btf, "sock_send_length", "bytes of every call, at the socket",
		   "Linux 6.3 and newer have it; older kernels are observed by fexit");
	tracepoint(&p, btf, "sk_data_ready", "queue time",
		   "queue time is not measured; Linux 6.3 and newer have it");
	tracepoint(&p, btf, "inet_sock_set_state", "connections' beginnings and ends",
		   "connections are seen by their first bytes only");
	way(&p, CAPTURE_SOCKET_TRACEPOINTS, "needs Linux 6.3; another way in serves as well");
	way(&p, CAPTURE_FEXIT,
	    "needs Linux 5.15 with BPF trampolines; another way in serves as well");
	way(&p, CAPTURE_SYS_EXIT, "needs Linux 5.15; another way in serves as well");
	btf__free(btf);
	return p.count;
}
