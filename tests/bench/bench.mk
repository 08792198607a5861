# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
BENCH := $(addprefix $(B)/bench/,socket_call user_space empty tls_call many)

$(B)/bench/empty.skel.h: tests/bench/empty.bpf.c $(wildcard vmlinux/*.h)
	@mkdir -p $(@D)
	@echo "  BPF     $@"
	$(Q)$(CLANG) -O2 -g -Wall -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Ivmlinux -c -o $(@D)/empty.bpf.o $<
	$(Q)$(BPFTOOL) gen skeleton $(@D)/empty.bpf.o name empty_bpf >$@.tmp && mv $@.tmp $@

$(B)/bench/%: tests/bench/%.c $(B)/libsonde.a $(B)/bench/empty.skel.h
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(CPPFLAGS) -I$(B)/bench $(CFLAGS) $($*_CFLAGS) -o $@ $(filter %.c,$^) $(B)/libsonde.a $(LDLIBS) $($*_LIBS)

$(B)/bench/user_space: tests/bench/traffic.c tests/bench/traffic.h
user_space_CFLAGS := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
tls_call_LIBS := -lssl -lcrypto

.PHONY: bench bench-vm
# Some five minutes; BENCH_SECONDS and BENCH_ROUNDS make it longer (docs/cost.md).
bench:
	@deploy/install-packages.sh bench
	@$(MAKE) --no-print-directory all $(BENCH)
	$(Q)/usr/bin/python3 tests/bench/bench.py $(B) $(PART)

# In a machine of its own, whose time is the count of its instructions. Root makes that machine, once.
bench-vm: $(B)/sonde
	$(Q)tests/bench/vm/bench-vm
