# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
BENCH_COUNTS := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

$(B)/bench/%: tests/bench/%.c $(B)/libsonde.a
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(B)/libsonde.a $(LDLIBS) $($*_LIBS)

$(B)/bench/user_space: tests/bench/user_space.c tests/bench/traffic.c tests/bench/traffic.h $(B)/libsonde.a
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(BENCH_COUNTS) -o $@ $(filter %.c,$^) $(B)/libsonde.a $(LDLIBS)

.PHONY: bench bench-vm
bench: $(B)/bench/socket_call
	$(Q)$(B)/bench/socket_call

# In a machine of its own, whose time is the count of its instructions (docs/cost.md). Needs no root but to make it.
bench-vm: $(B)/sonde
	$(Q)tests/bench/vm/bench-vm
