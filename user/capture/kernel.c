/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The running kernel: which it is, what of it we cannot do without, what it refuses. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include "capture/capture_internal.h"

/* Functions, not versions: distributions port them back. By kernel/bpf and
 * kernel/trace/bpf_trace.c.
 */
const struct kernel_need kernel_needs[KERNEL_NEEDS] = {
	{"ring buffer", "bpf_ringbuf_reserve", "5.8", "records in their order"},
	{"socket storage", "bpf_sk_storage_get_tracing", "5.11",
	 "what is known of a socket is with it"},
	{"call registers", "bpf_task_pt_regs", "5.15", "where a system call's bytes are"},
};

bool kernel__has(const struct btf *btf, const char *function)
{
	return btf__find_by_name_kind(btf, function, BTF_KIND_FUNC) > 0;
}

const struct kernel_need *kernel__lacks(const struct btf *btf)
{
	for (size_t i = 0; i < KERNEL_NEEDS; i++)
		if (!kernel__has(btf, kernel_needs[i].function))
			return &kernel_needs[i];
	return NULL;
}

bool kernel__version(struct kernel_version *out)
{
	struct utsname name;

	*out = (struct kernel_version){0};
	if (uname(&name) || sscanf(name.release, "%u.%u", &out->major, &out->minor) != 2)
		return false;
	snprintf(out->release, sizeof(out->release), "%s", name.release);
	return true;
}

bool kernel__checks_stack_faster(void)
{
	struct kernel_version version;

	return kernel__version(&version) && version.major == 6 && version.minor >= 3 &&
	       version.minor < 13;
}

static bool confidential(void)
{
	char text[128] = "";
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");
	bool found;

	if (!file)
		return false;
	found = fgets(text, sizeof(text), file) && strstr(text, "[confidentiality]");
	fclose(file);
	return found;
}

/* CAP_PERFMON is bit 38 and CAP_BPF bit 39 of CapEff in proc(5); CAP_SYS_ADMIN, 21, holds both. */
static const char *missing_right(void)
{
	unsigned long long effective = 0;
	FILE *file = fopen("/proc/self/status", "re");
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			break;
	if (file)
		fclose(file);
	if (effective & (1ull << 21))
		return "the kernel or the container refuses this use of bpf() even to root; "
		       "allow it (--privileged, or a seccomp profile with bpf)";
	if (!(effective & (1ull << 39)))
		return effective & (1ull << 38) ? "CAP_BPF is missing; run as root or add it"
						: "CAP_BPF and CAP_PERFMON are missing; run as "
						  "root or add them";
	if (!(effective & (1ull << 38)))
		return "CAP_PERFMON is missing; run as root or add it";
	return "the kernel or the container refuses bpf(); allow it";
}

const char *kernel__refusal(void)
{
	return confidential() ? "lockdown is \"confidentiality\"; boot with lockdown=integrity"
			      : missing_right();
}
