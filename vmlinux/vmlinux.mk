# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Needed only when bpf/ reads another member of a kernel type: add it to vmlinux/types first.
.PHONY: vmlinux
vmlinux:
	@echo "  GEN     vmlinux/vmlinux.h"
	$(Q)$(BPFTOOL) btf dump file /sys/kernel/btf/vmlinux -j | \
		/usr/bin/python3 vmlinux/generate.py vmlinux/types >vmlinux/vmlinux.h.tmp
	$(Q)mv vmlinux/vmlinux.h.tmp vmlinux/vmlinux.h
