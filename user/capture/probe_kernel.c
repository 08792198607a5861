/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For `sonde doctor`: which kernel this is, and what it has of what we use. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "capture/capture_internal.h"

struct capture_probe *probes__add(struct probes *p, const char *name, int present)
{
	static struct capture_probe none;
	struct capture_probe *probe = p->count < p->max ? &p->out[p->count++] : &none;

	*probe = (struct capture_probe){.name = name, .present = present};
	return probe;
}

static void tell(struct probes *p, const char *name, int present, const char *detail,
		 const char *advice)
{
	struct capture_probe *probe = probes__add(p, name, present);

	snprintf(probe->detail, sizeof(probe->detail), "%s", detail);
	snprintf(probe->advice, sizeof(probe->advice), "%s", advice);
}

static void version(struct probes *p, const struct btf *btf)
{
	bool old = btf && kernel__lacks(btf);
	char detail[128] = "";
	struct utsname name;

	if (uname(&name) == 0)
		snprintf(detail, sizeof(detail), "Linux %.60s, %.20s%s", name.release, name.machine,
			 old ? ": too old" : "");
	tell(p, "kernel", !old, detail, "boot 5.15 or newer " KERNELS_TO_BOOT);
}

/* The first line of a small file of /proc or /sys; "" where there is none. */
static void read_line(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, out, size - 1);

	if (fd >= 0)
		close(fd);
	out[length > 0 ? length : 0] = 0;
	out[strcspn(out, "\n")] = 0;
}

/* "none [integrity] confidentiality": the one in brackets holds (kernel_lockdown(7)). */
static void lockdown(struct probes *p)
{
	char text[128];
	bool confidential;

	read_line("/sys/kernel/security/lockdown", text, sizeof(text));
	confidential = strstr(text, "[confidentiality]");
	tell(p, "lockdown", !confidential,
	     confidential ? "confidentiality: BPF may not read memory"
	     : text[0]	  ? "does not stand in the way"
			  : "not in this kernel, or not visible",
	     "boot with lockdown=integrity, or without lockdown");
}

static void types(struct probes *p, const struct btf *btf)
{
	tell(p, "BTF", btf != NULL,
	     btf ? "/sys/kernel/btf/vmlinux"
		 : "the kernel's types are missing (/sys/kernel/btf/vmlinux)",
	     "mount sysfs on /sys, or use a kernel with CONFIG_DEBUG_INFO_BTF (all of Debian's and "
	     "Ubuntu's have it)");
}

/* kernel.unprivileged_bpf_disabled: Documentation/admin-guide/sysctl/kernel.rst. */
static void unprivileged(struct probes *p)
{
	char value[16], detail[128];

	read_line("/proc/sys/kernel/unprivileged_bpf_disabled", value, sizeof(value));
	snprintf(detail, sizeof(detail), "kernel.unprivileged_bpf_disabled is %s: %s",
		 value[0] ? value : "not there",
		 value[0] == '0' ? "not needed by us; 2 is safer" : "we come with rights");
	tell(p, "unprivileged BPF", 1, detail, "");
}

/* Since 5.11 the memory of maps is the memory cgroup's (mm/memcontrol.c), before RLIMIT_MEMLOCK's.
 */
static void memory(struct probes *p)
{
	struct kernel_version version;
	bool counted = kernel__version(&version) &&
		       (version.major > 5 || (version.major == 5 && version.minor >= 11));

	tell(p, "memory of maps", counted,
	     counted ? "counts against the cgroup's limit" : "counts against RLIMIT_MEMLOCK",
	     "ulimit -l unlimited");
}

static void needs(struct probes *p, const struct btf *btf)
{
	for (size_t i = 0; i < KERNEL_NEEDS; i++) {
		const struct kernel_need *need = &kernel_needs[i];
		bool there = btf && kernel__has(btf, need->function);
		char advice[64];

		snprintf(advice, sizeof(advice), "needed; Linux %s and newer have it", need->since);
		tell(p, need->name, btf ? there : -1, need->use, advice);
	}
}

/* bpf/hold.h */
static void preemption(struct probes *p)
{
#ifdef SONDE_HOLDS
	const bool can = true;
#else
	const bool can = false;
#endif
	if (!hold__is_needed())
		return;
	tell(p, "preemption", can,
	     can ? "programs hold their CPU while they work"
		 : "programs may be preempted, and calls be missed",
	     "build sonde with libbpf 1.0 or newer");
}

static void statistics(struct probes *p)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	tell(p, "run time of programs", fd >= 0,
	     fd >= 0 ? "measured (bpf_enable_stats)" : strerror(errno),
	     "sonde_bpf_run_seconds_total is missing; it needs CAP_SYS_ADMIN");
	if (fd >= 0)
		close(fd);
}

void probes__kernel(struct probes *p, const struct btf *btf)
{
	version(p, btf);
	types(p, btf);
	lockdown(p);
	unprivileged(p);
	memory(p);
	needs(p, btf);
	preemption(p);
	statistics(p);
}
