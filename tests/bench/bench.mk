# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
$(B)/bench/%: tests/bench/%.c $(B)/libsonde.a
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(B)/libsonde.a $(LDLIBS)

.PHONY: bench
bench: $(B)/bench/socket_call
	$(Q)$(B)/bench/socket_call
