/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Processes: named before their first chunk, so that one that lives for 5 ms has its name. */
#ifndef SONDE_BPF_PROCESS_H
#define SONDE_BPF_PROCESS_H

#define PATH_DEPTH 24 /* components of a path that are looked at */

/* Where a path is built, from its end to its front; the upper half lets the verifier see the
 * bounds. */
struct path_buffer {
	char bytes[2 * SONDE_PATH_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct path_buffer);
} paths SEC(".maps");

static __always_inline struct path_buffer *path__buffer(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&paths, &zero);
}

/*
 * Puts "/name" in front of what starts at `start`; returns the new start, or `start` where no room
 * is left. A global function, verified once and not for every component.
 */
__noinline int path__prepend(u32 start, u64 name)
{
	struct path_buffer *buffer = path__buffer();
	u32 length;
	s64 size;

	if (!buffer)
		return start;
	/* The name is read behind the used half to learn its length, then to its place. */
	size = bpf_probe_read_kernel_str(buffer->bytes + SONDE_PATH_MAX, SONDE_PATH_MAX,
					 (void *)name);
	if (size <= 1 || size > start || start >= SONDE_PATH_MAX)
		return start;
	length = size; /* '/' instead of the NUL */
	start -= length;
	/* Both are in range; older verifiers forget it unless told where they are used. */
	asm volatile("" : "+r"(start), "+r"(length));
	start &= SONDE_PATH_MAX - 1;
	buffer->bytes[start] = '/';
	length = (length - 1) & (SONDE_PATH_MAX - 1);
	bpf_probe_read_kernel(buffer->bytes + start + 1, length, (void *)name);
	return start;
}

static __always_inline void path__take(struct path_buffer *buffer, u32 start, char *out)
{
	if (start >= SONDE_PATH_MAX - 1)
		return;
	buffer->bytes[SONDE_PATH_MAX - 1] = 0;
	bpf_probe_read_kernel_str(out, SONDE_PATH_MAX, buffer->bytes + start);
}

/* fs/d_path.c: up the parents; at the root of a mount on at its mount point. */
static __noinline int path__of_executable(struct path_buffer *buffer, char *out)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file *file = BPF_CORE_READ(task, mm, exe_file);
	struct dentry *dentry, *parent, *root;
	struct vfsmount *vfsmount;
	struct mount *mount, *above;
	u32 start = SONDE_PATH_MAX - 1;

	if (!file || !buffer)
		return 0;
	dentry = BPF_CORE_READ(file, f_path.dentry);
	vfsmount = BPF_CORE_READ(file, f_path.mnt);
	for (int i = 0; i < PATH_DEPTH; i++) {
		root = BPF_CORE_READ(vfsmount, mnt_root);
		parent = BPF_CORE_READ(dentry, d_parent);
		if (dentry == root || dentry == parent) {
			mount = (void *)vfsmount - FIELD_OFFSET(struct mount, mnt);
			above = BPF_CORE_READ(mount, mnt_parent);
			if (above == mount || !above)
				break;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			vfsmount = (void *)above + FIELD_OFFSET(struct mount, mnt);
			continue;
		}
		start = path__prepend(start, (u64)BPF_CORE_READ(dentry, d_name.name));
		dentry = parent;
	}
	path__take(buffer, start, out);
	return 0;
}

static __always_inline struct kernfs_node *kernfs__parent(struct kernfs_node *node)
{
	struct kernfs_node___before_6_15 *old = (void *)node;

	if (bpf_core_field_exists(node->__parent))
		return BPF_CORE_READ(node, __parent);
	return BPF_CORE_READ(old, parent);
}

static __noinline int path__of_cgroup(struct path_buffer *buffer, char *out)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct kernfs_node *node = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn), *parent;
	u32 start = SONDE_PATH_MAX - 1;

	if (!buffer)
		return 0;
	for (int i = 0; i < PATH_DEPTH && node; i++) {
		parent = kernfs__parent(node);
		if (!parent)
			break;
		start = path__prepend(start, (u64)BPF_CORE_READ(node, name));
		node = parent;
	}
	if (start >= SONDE_PATH_MAX - 1)
		out[0] = '/';
	else
		path__take(buffer, start, out);
	return 0;
}

static __always_inline void process__arguments(struct process_event *event,
					       struct task_struct *task)
{
	u64 start = BPF_CORE_READ(task, mm, arg_start), end = BPF_CORE_READ(task, mm, arg_end);
	u64 size = end - start;

	if (!start || end <= start)
		return;
	if (size > SONDE_PATH_MAX)
		size = SONDE_PATH_MAX;
	if (bpf_probe_read_user(event->arguments, size, (void *)start) == 0)
		event->arguments_size = size;
}

/* Writes EVENT_PROCESS for the current process. */
__noinline int process__emit(u64 start_ns)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct process_event *event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);
	struct path_buffer *buffer = path__buffer();
	u64 now = bpf_ktime_get_ns();

	if (!event) {
		count_loss(PROTOCOL_UNKNOWN, LOSS_RING_FULL, 0);
		return -ENOSPC;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event__fill(&event->event, EVENT_PROCESS, 0, sizeof(*event), now);
	event->start_ns = start_ns;
	event->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	event->tgid = bpf_get_current_pid_tgid() >> 32;
	event->parent = BPF_CORE_READ(task, real_parent, tgid);
	BPF_CORE_READ_STR_INTO(&event->comm, task, group_leader, comm);
	process__arguments(event, task);
	if (buffer) {
		path__of_executable(buffer, event->executable);
		path__of_cgroup(buffer, event->cgroup);
	}
	bpf_ringbuf_submit(event, wakeup(now));
	return 0;
}

/* Makes sure that the current process was named. */
__noinline int process__announce(u32 tgid)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	u64 start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	u64 *known = bpf_map_lookup_elem(&processes, &tgid);
	int error;

	if (known && *known == start_ns)
		return 0;
	error = process__emit(start_ns);
	if (!error)
		bpf_map_update_elem(&processes, &tgid, &start_ns, BPF_ANY);
	return error;
}

static __always_inline void process__executes(void)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (!bpf_map_lookup_elem(&processes, &tgid))
		return;
	bpf_map_delete_elem(&processes, &tgid);
	process__announce(tgid);
}

static __always_inline void process__exits(void)
{
	u64 id = bpf_get_current_pid_tgid(), now;
	u32 tgid = id >> 32;
	struct exit_event *event;

	if (tgid != (u32)id || !bpf_map_lookup_elem(&processes, &tgid))
		return;
	bpf_map_delete_elem(&processes, &tgid);
	event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);
	if (!event) {
		count_loss(PROTOCOL_UNKNOWN, LOSS_RING_FULL, 0);
		return;
	}
	now = bpf_ktime_get_ns();
	event__fill(&event->event, EVENT_EXIT, 0, sizeof(*event), now);
	event->tgid = tgid;
	event->pad = 0;
	bpf_ringbuf_submit(event, wakeup(now));
}

TRACEPOINT("tp_btf/sched_process_exec", on_exec, process__executes())
PROGRAM_PLAIN("tp_btf/sched_process_exit", on_exit, process__exits())
PROGRAMS_ASK("tp_btf/sched_process_exit", on_exit, process__exits(); passes__end(), true)

#endif
