/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether a process's TLS is to be read: the configuration names executables. */
#ifndef SONDE_BPF_TLS_FILTER_H
#define SONDE_BPF_TLS_FILTER_H

struct tls_name {
	char text[TLS_NAME_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * TLS_NAMES_MAX);
	__type(key, struct tls_name);
	__type(value, u8);
} tls_names SEC(".maps");

/* Set before loading. */
const volatile bool tls_filtered;    /* there are names */
const volatile bool tls_named_alone; /* what has no entry is left alone */

static __noinline bool tls_name__allows(const struct file *executable)
{
	struct tls_name name = {};
	const u8 *allowed;

	bpf_probe_read_kernel_str(name.text, sizeof(name.text),
				  BPF_CORE_READ(executable, f_path.dentry, d_name.name));
	allowed = bpf_map_lookup_elem(&tls_names, &name);
	return allowed ? *allowed : !tls_named_alone;
}

/* Kept with the thread for as long as it runs that executable. */
static __always_inline bool tls__allowed(struct tls_thread *thread)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *executable;

	if (!tls_filtered)
		return true;
	executable = BPF_CORE_READ(task, mm, exe_file);
	if (thread->executable != (u64)executable) {
		thread->executable = (u64)executable;
		thread->allowed = tls_name__allows(executable);
	}
	return thread->allowed;
}

#endif
