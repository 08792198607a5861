/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What libbpf's headers before 1.0 (Ubuntu 22.04 has 0.5) lack. */
#ifndef SONDE_BPF_COMPAT_H
#define SONDE_BPF_COMPAT_H

/* include/uapi/linux/bpf.h: bpf_task_pt_regs is helper 175, of Linux 5.15. */
static long (*task_pt_regs)(struct task_struct *task) = (void *)175;

/* Offset of a field in the running kernel's type; relocated when loaded. */
#define FIELD_OFFSET(type, field)                                                                  \
	__builtin_preserve_field_info(((type *)0)->field, BPF_FIELD_BYTE_OFFSET)

#endif
