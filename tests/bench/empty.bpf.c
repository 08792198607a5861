// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs that do nothing, where sonde's are: what is left of its cost if it did nothing, too. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send)
{
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_recv)
{
	return 0;
}

SEC("tp_btf/sk_data_ready")
int BPF_PROG(on_ready)
{
	return 0;
}

SEC("uprobe")
int on_enter(void *regs)
{
	return 0;
}

SEC("uretprobe")
int on_leave(void *regs)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
