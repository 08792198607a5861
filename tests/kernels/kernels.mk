# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `sudo make kernels`: Debian's kernels in qemu, sonde in each against real servers (docs/kernels.md). KERNELS="5.10 newest" boots some only.
KERNELS ?= 5.10 6.1 6.12 newest arm64
.PHONY: kernels
kernels:
	@deploy/install-packages.sh kernels
	@$(MAKE) --no-print-directory all
	$(Q)tests/kernels/kernels $(KERNELS)
