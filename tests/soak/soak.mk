# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `sudo make soak SOAK=2h`: mixed load with restarts, counts equal and memory flat at its end (docs/soak.md).
SOAK ?= 10m
.PHONY: soak soak-vm
soak:
	@deploy/install-packages.sh test
	@$(MAKE) --no-print-directory all
	$(Q)/usr/bin/python3 tests/soak/soak.py $$(tests/soak/seconds $(SOAK)) $(B)/soak.json

# The same in a machine of its own (qemu), so that other work on this one does not matter.
soak-vm: $(B)/sonde
	$(Q)tests/soak/machine $$(tests/soak/seconds $(SOAK))
