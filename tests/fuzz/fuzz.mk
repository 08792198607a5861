# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `make fuzz` runs every fuzzer for FUZZ_SECONDS (60) under ASan and UBSan; findings stay in build/fuzz/.
FUZZ_SECONDS ?= 60
FUZZERS      := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c)) $(B)/fuzz/fuzz_beanstalk # of tests/example
FUZZ_OBJ     := $(patsubst user/%.c,$(B)/fuzz/obj/%.o,$(filter-out user/main.c,$(SRC)))
fuzz_hpack_LIBS := -lnghttp2
FUZZ_FLAGS   := -std=gnu17 -g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

$(B)/fuzz/obj/%.o: user/%.c | $(SKEL)
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS) $(FUZZ_FLAGS) -MMD -MP -c -o $@ $<

$(B)/fuzz/libsonde.a: $(FUZZ_OBJ)
	rm -f $@ && $(AR) rcs $@ $^

$(B)/fuzz/%: tests/fuzz/%.c $(B)/fuzz/libsonde.a
	$(CLANG) $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $< $(B)/fuzz/libsonde.a $(LDLIBS) $($*_LIBS)

.PHONY: fuzz fuzzers
fuzzers: $(FUZZERS)
fuzz: $(FUZZERS)
	@for f in $(FUZZERS); do n=$$(basename $$f); mkdir -p $(B)/fuzz/corpus/$$n; \
		seeds=; [ -d tests/fuzz/seeds/$$n ] && seeds=tests/fuzz/seeds/$$n; \
		echo "== $$n"; $$f -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
			-artifact_prefix=$(B)/fuzz/$$n- $(B)/fuzz/corpus/$$n $$seeds >$(B)/fuzz/$$n.log 2>&1; code=$$?; \
		tail -n 12 $(B)/fuzz/$$n.log; [ $$code = 0 ] || exit 1; done
