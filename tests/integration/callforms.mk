# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
$(B)/integration/%: tests/integration/%.c $(B)/libsonde.a
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(B)/libsonde.a $(LDLIBS)

.PHONY: callforms
callforms: $(B)/integration/callforms $(B)/integration/lives $(B)/integration/sessions
