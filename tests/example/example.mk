# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The worked example of docs/adding-a-protocol.md: a unit test like the others, and a fuzzer.
UNIT += $(B)/unit/test_beanstalk

unit test-programs: $(B)/unit/test_beanstalk

$(B)/unit/test_beanstalk: tests/example/test_beanstalk.c tests/example/beanstalk.c $(B)/libsonde-san.a \
			  $(wildcard tests/unit/*.h tests/example/*.h)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(CPPFLAGS) -Itests/unit -Itests/example $(CFLAGS) -O1 $(SANITIZE) -o $@ \
		$(filter %.c,$^) $(B)/libsonde-san.a $(LDLIBS) -lcmocka

$(B)/fuzz/fuzz_beanstalk: tests/example/fuzz_beanstalk.c tests/example/beanstalk.c $(B)/fuzz/libsonde.a
	$(CLANG) $(CPPFLAGS) -Itests/example $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)
