# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `make` builds build/sonde; `make help` lists the rest. Sources are found, never listed.

VERSION   := 0.1.0
Q         := $(if $(V),,@)# make V=1 shows the commands
B         := build
ARCH      := $(shell uname -m | sed -e 's/x86_64/x86/' -e 's/aarch64/arm64/')
CC        ?= cc
CLANG     ?= $(firstword $(foreach c,clang clang-19 clang-16 clang-14,$(if $(shell command -v $(c)),$(c))) clang)
BPFTOOL   ?= $(firstword $(shell for b in /usr/sbin/bpftool /usr/bin/bpftool /usr/lib/linux-tools/*/bpftool; do \
		[ -x $$b ] && $$b version >/dev/null 2>&1 && echo $$b; done) bpftool)
LIBS      := libbpf libmicrohttpd gnutls libcrypt libseccomp jansson yaml-0.1 ncursesw zlib
WARN      := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	     -Wwrite-strings -Wunused-function -Wvla -Wformat=2 -Wno-format-nonliteral
# bpf/hold.h has what older ones cannot link.
HOLDS     := $(shell pkg-config --atleast-version=1.0 libbpf 2>/dev/null && echo -DSONDE_HOLDS)
CPPFLAGS  += -D_GNU_SOURCE $(HOLDS) -DSONDE_VERSION='"$(VERSION)"' -Iinclude -Iuser -I$(B)/bpf \
	     $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
CFLAGS    ?= -O2 -g
CFLAGS    += -std=gnu17 $(WARN) -fno-omit-frame-pointer -fstack-protector-strong
# Small functions of many files work for every chunk: optimised as a whole they take a tenth less (docs/cost.md).
# `make LTO=` links faster.
LTO       ?= $(if $(and $(shell command -v gcc-ar),$(shell $(CC) --version 2>/dev/null | grep -i 'gcc\|Free Software')),-flto=auto)
LDLIBS    := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lpthread -lm
SANITIZE  := -fsanitize=address,undefined -fno-sanitize-recover=all

BPF_SRC   := $(wildcard bpf/*.bpf.c)
SKEL      := $(BPF_SRC:bpf/%.bpf.c=$(B)/bpf/%.skel.h)
SRC       := $(shell find user -name '*.c' | sort)
LIB_OBJ   := $(patsubst user/%.c,$(B)/obj/%.o,$(filter-out user/main.c,$(SRC)))
SAN_OBJ   := $(patsubst user/%.c,$(B)/san/%.o,$(filter-out user/main.c,$(SRC)))
# test_sql needs libpg_query as its oracle, which not every release has.
WITHOUT   := $(if $(wildcard /usr/include/pg_query.h),,$(B)/unit/test_sql) \
	     $(if $(wildcard /usr/include/protobuf-c/protobuf-c.h),,$(B)/unit/test_formats)
UNIT      := $(filter-out $(WITHOUT),$(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c)))

.PHONY: all
all: $(B)/sonde

# The object is looked at when the kernel refuses it.
.SECONDARY:

$(B)/sonde: $(B)/obj/main.o $(B)/libsonde.a
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) $(LTO) -Wno-error $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/libsonde.a: $(LIB_OBJ)
	@echo "  AR      $@"
	$(Q)rm -f $@ && $(if $(LTO),gcc-ar,$(AR)) rcs $@ $^

$(B)/obj/%.o: user/%.c | $(SKEL)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LTO) -MMD -MP -c -o $@ $<

# The page's files are part of the program (.incbin).
$(B)/obj/web/page_files.o $(B)/san/web/page_files.o: $(wildcard user/web/page/*)

$(B)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h) include/event.h $(wildcard vmlinux/*.h)
	@mkdir -p $(@D)
	@echo "  BPF     $@"
	$(Q)$(CLANG) -O2 -g -Wall -Werror -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) $(HOLDS) -Iinclude -Ivmlinux -Ibpf -c -o $@ $<

$(B)/bpf/%.skel.h: $(B)/bpf/%.bpf.o
	@echo "  GEN     $@"
	$(Q)(echo "/* NOLINTBEGIN */" && $(BPFTOOL) gen skeleton $< name $*_bpf && echo "/* NOLINTEND */") > $@.tmp && mv $@.tmp $@

# Unit tests run sanitised: a wild read in a parser must not pass.
$(B)/libsonde-san.a: $(SAN_OBJ)
	@echo "  AR      $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/san/%.o: user/%.c | $(SKEL)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -O1 $(SANITIZE) -MMD -MP -c -o $@ $<

$(B)/unit/%: tests/unit/%.c $(B)/libsonde-san.a $(wildcard tests/unit/*.h)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(Q)$(CC) $(CPPFLAGS) -Itests/unit $(CFLAGS) -O1 $(SANITIZE) -o $@ $< $(B)/libsonde-san.a $(LDLIBS) -lcmocka $($*_LIBS)

.PHONY: unit
unit: $(UNIT)
	@for t in $(UNIT); do $$t || exit 1; done

# The two commands of the README. Packages first: what a Makefile finds out about them at its start is
# stale after that, so the rest is a make of its own.
.PHONY: run test demo
run:
	@deploy/install-packages.sh build
	@$(MAKE) --no-print-directory all
	@deploy/run.sh

test:
	@deploy/install-packages.sh test
	@$(MAKE) --no-print-directory all test-programs
	@tests/run $(T)

.PHONY: distros
distros:
	@for s in bookworm trixie; do tests/distros/build.sh $$s || exit 1; done

demo:
	@deploy/install-packages.sh demo
	@$(MAKE) --no-print-directory all
	@deploy/demo/demo

# What tests/run runs; the test programs' own sources are next to them.
.PHONY: test-programs
test-programs: $(UNIT) $(TEST_PROGRAMS)

.PHONY: lint format-check tidy cppcheck format
lint: format-check tidy cppcheck

C_FILES := $(shell find user include bpf tests -name '*.[ch]' | sort)
CLANG_FORMAT ?= $(firstword $(foreach c,clang-format clang-format-14,$(if $(shell command -v $(c)),$(c))) clang-format)
CLANG_TIDY ?= $(firstword $(foreach c,clang-tidy clang-tidy-14,$(if $(shell command -v $(c)),$(c))) clang-tidy)

format:
	$(CLANG_FORMAT) -i $(C_FILES)

format-check:
	@echo "  FORMAT"
	$(Q)$(CLANG_FORMAT) --dry-run -Werror $(C_FILES)

# The generated skeleton is libbpf's, so it counts as a system header.
tidy: $(SKEL)
	@echo "  TIDY"
	$(Q)$(CLANG_TIDY) --quiet $(SRC) -- -std=gnu17 $(subst -I$(B)/bpf,-isystem $(B)/bpf,$(CPPFLAGS)) 2>/dev/null

cppcheck:
	@echo "  CPPCHECK"
	$(Q)cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,performance,portability \
		--suppressions-list=.cppcheck -Iinclude -Iuser -D_GNU_SOURCE '-DSONDE_VERSION="0"' user

# Unit tests run sanitised anyway; recordings are replayed by a sanitised sonde here.
.PHONY: sanitize
sanitize: unit $(B)/sonde-san
	@for r in $(wildcard tests/data/*.rec); do \
		$(B)/sonde-san replay --exchanges --metrics $$r >/dev/null || exit 1; echo "replayed $$r"; done

$(B)/sonde-san: $(B)/san/main.o $(B)/libsonde-san.a
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^ $(LDLIBS)

DESTDIR    ?=
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
SHARE      = $(DESTDIR)$(PREFIX)/share
INSTALL_DATA = install -m 644 -D
.PHONY: install
install: all $(B)/sonde.yaml.5 $(B)/sonde.service
	install -m 755 -D $(B)/sonde $(DESTDIR)$(PREFIX)/sbin/sonde
	$(INSTALL_DATA) docs/sonde.8 $(SHARE)/man/man8/sonde.8
	$(INSTALL_DATA) $(B)/sonde.yaml.5 $(SHARE)/man/man5/sonde.yaml.5
	$(INSTALL_DATA) deploy/completions/sonde.bash $(SHARE)/bash-completion/completions/sonde
	$(INSTALL_DATA) deploy/completions/_sonde $(SHARE)/zsh/vendor-completions/_sonde
	$(INSTALL_DATA) deploy/completions/sonde.fish $(SHARE)/fish/vendor_completions.d/sonde.fish
	$(INSTALL_DATA) -t $(SHARE)/sonde/alerts alerts/*.yml
	$(INSTALL_DATA) -t $(SHARE)/sonde/dashboards dashboards/*.json
	$(INSTALL_DATA) -t $(SHARE)/doc/sonde docs/*.md README.md
	$(INSTALL_DATA) deploy/accubooks.yaml $(SHARE)/doc/sonde/examples/accubooks.yaml
	test -e $(DESTDIR)$(SYSCONFDIR)/sonde/sonde.yaml || \
		$(INSTALL_DATA) deploy/systemd/sonde.yaml $(DESTDIR)$(SYSCONFDIR)/sonde/sonde.yaml
	test -z "$(UNITDIR)" || $(INSTALL_DATA) $(B)/sonde.service $(DESTDIR)$(UNITDIR)/sonde.service

$(B)/sonde.yaml.5: docs/configuration.md docs/manual.awk
	@mkdir -p $(@D)
	$(Q)awk -v name=sonde.yaml -v section=5 -v about="sonde's configuration" -v version=$(VERSION) -f docs/manual.awk $< >$@

$(B)/sonde.service: deploy/systemd/sonde.service.in
	@mkdir -p $(@D)
	$(Q)sed -e 's|@SBINDIR@|$(PREFIX)/sbin|' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|' $< >$@

# The Debian package of what is committed or not, in $(B)/deb. `make deb DEB_BUILD_OPTIONS=nocheck` leaves the unit tests out.
.PHONY: deb
deb:
	@rm -rf $(B)/deb && mkdir -p $(B)/deb/sonde-$(VERSION)
	@tar -c --exclude=./$(B) --exclude=./.git . | tar -x -C $(B)/deb/sonde-$(VERSION)
	@cp -r deploy/debian $(B)/deb/sonde-$(VERSION)/debian
	@cd $(B)/deb/sonde-$(VERSION) && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS dpkg-buildpackage -b -us -uc
	@rm -rf $(B)/deb/sonde-$(VERSION) && ls $(B)/deb/*.deb

# A container image of that package, from Debian's packages alone.
.PHONY: image
image: deb
	deploy/image/make-image $(B)/deb/sonde_$(VERSION)_*.deb $(B)/sonde-image.tar

.PHONY: help
help:
	@echo "make            builds build/sonde"
	@echo "sudo make run   installs what is missing, builds, observes this node"
	@echo "sudo make test  installs what the tests need, runs them all (T=NAME: some)"
	@echo "sudo make demo  a whole application under load, observed"
	@echo "make unit       unit tests, sanitised        make lint      format, clang-tidy, cppcheck"
	@echo "make sanitize   unit tests and replays       make fuzz      every fuzzer for a while"
	@echo "sudo make bench  what it costs               make bench-vm  the same, counted in instructions"
	@echo "sudo make kernels  what works on which kernel, in qemu"
	@echo "sudo make soak  hours of mixed load (SOAK=2h)  make soak-vm  the same in a machine of its own"
	@echo "make vmlinux    the kernel types in use      make install   to PREFIX"
	@echo "make deb        the Debian package                sudo make image  a container image"
	@echo "make clean"

.PHONY: clean
clean:
	rm -rf $(B)

-include $(wildcard tests/*/*.mk) vmlinux/vmlinux.mk

-include $(shell find $(B) -name '*.d' 2>/dev/null)
