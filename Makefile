# SPDX-License-Identifier: Apache-2.0
#
# make             build ./relight, naming what is missing
# make demo        install what is missing, build, and recover a lost platform on this screen
# make check       install what is missing, build, and run every test that needs no cluster
# make help        everything else

ifeq ($(origin CC),default)
CC := gcc
endif
VARIANT ?= release
O ?= build/$(VARIANT)
prefix ?= /usr/local
bindir ?= $(prefix)/bin
mandir ?= $(prefix)/share/man
datadir ?= $(prefix)/share/relight
version := 0.1.0

# The libraries that every role needs are linked; the heavy ones (libcurl, libjq) are loaded by the role that uses them,
# because a process linked to all of them takes 8 ms to start and one without 2.
linked := ncursesw libuv libcjson yaml-0.1 libcrypto libutf8proc
loaded := libcurl
tested := cmocka vterm

warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wformat=2 \
	-Wno-format-nonliteral -Wno-missing-field-initializers -Wundef -Wwrite-strings
ifdef WERROR
warnings += -Werror
endif
optimise_release := -O2 -g
optimise_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
optimise_clang := -O2 -g
optimise_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
optimise := $(or $(optimise_$(VARIANT)),-O2 -g)
ifeq ($(filter asan fuzz,$(VARIANT)),)
hardening := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
endif

have_pc := $(shell command -v pkg-config 2>/dev/null)
pc_cflags = $(shell pkg-config --cflags $(linked) $(loaded) 2>/dev/null)
pc_libs = $(shell pkg-config --libs $(linked) 2>/dev/null)
CPPFLAGS += -D_GNU_SOURCE -DRELIGHT_VERSION='"$(version)"' -DRELIGHT_DATADIR='"$(datadir)"' -Iinclude -I$(O)/generated
CFLAGS += -std=c11 $(optimise) $(hardening) $(warnings)
LDFLAGS += $(optimise) -Wl,-O1 -Wl,--as-needed
LDLIBS += $(pc_libs) -lpthread -ldl -lm

core_objects := $(patsubst src/%.c,$(O)/%.o,$(sort $(wildcard src/core/*.c)))
view_objects := $(patsubst src/%.c,$(O)/%.o,$(sort $(wildcard src/view/*.c)))
world_objects := $(patsubst src/%.c,$(O)/%.o,$(sort $(wildcard src/world/*.c)))
hall_objects := $(patsubst src/%.c,$(O)/%.o,$(sort $(filter-out src/main.c,$(wildcard src/*.c))))
objects := $(O)/main.o $(hall_objects) $(world_objects) $(view_objects) $(core_objects)

unit_tests := $(patsubst tests/unit/%.c,$(O)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
terminal_tests := $(patsubst tests/terminal/%.c,$(O)/terminal/%,$(sort $(wildcard tests/terminal/test_*.c)))
terminal_support := $(patsubst tests/terminal/%.c,$(O)/terminal/%.o,$(sort $(filter-out tests/terminal/test_%.c,$(wildcard tests/terminal/*.c))))
faults_support := $(patsubst tests/faults/%.c,$(O)/faults/%.so,$(filter-out tests/faults/killpoint.c,$(wildcard tests/faults/*.c))) \
	$(O)/faults/killpoint
integration_tests := $(sort $(wildcard tests/integration/test_*.sh))

# V=1 shows whole commands.
ifeq ($(V),)
quiet = @echo '  $(1)  $(patsubst $(O)/%,%,$@)';
endif

.PHONY: all
all: relight

# --- what it is built from -------------------------------------------------------------------------------------------

relight: $(O)/relight
	@if ! cmp -s $< $@; then rm -f $@; cp $< $@; fi

$(O)/relight: $(O)/main.o $(O)/hall.a $(O)/world.a $(O)/view.a $(O)/core.a
	$(call quiet,LD)$(CC) $(LDFLAGS) -o $@ $(O)/main.o $(O)/hall.a $(O)/world.a $(O)/view.a $(O)/core.a $(LDLIBS)

$(O)/core.a: $(core_objects)
$(O)/view.a: $(view_objects)
$(O)/world.a: $(world_objects)
$(O)/hall.a: $(hall_objects)
$(O)/%.a:
	@rm -f $@
	$(call quiet,AR)$(AR) rcs $@ $^

$(O)/%.o: src/%.c | needed
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(pc_cflags) -MMD -MP -c -o $@ $<

# Files that the program carries inside itself, so that it needs nothing beside it: each becomes an array of bytes.
carried := $(sort $(wildcard themes/*.yaml) $(wildcard runbooks/*.yaml) $(wildcard runbooks/scenarios/*.yaml) \
	$(wildcard runbooks/catalog/*.yaml) $(wildcard runbooks/health/*.yaml) $(wildcard src/schemas/*.json))
$(O)/generated/carried.inc: $(carried) Makefile
	@mkdir -p $(@D)
	@{ for f in $(carried); do n=$$(printf '%s' "$$f" | tr -c 'A-Za-z0-9' '_'); \
		printf 'static const unsigned char %s[] = {\n' "$$n"; od -An -v -tu1 "$$f" | sed 's/\([0-9]\)\( \|$$\)/\1,\2/g'; \
		printf '0};\n'; done; \
		printf 'static const struct carried_file carried_files[] = {\n'; \
		for f in $(carried); do n=$$(printf '%s' "$$f" | tr -c 'A-Za-z0-9' '_'); \
		printf '\t{"%s", %s, sizeof %s - 1},\n' "$$f" "$$n" "$$n"; done; printf '};\n'; } > $@.tmp
	@mv $@.tmp $@
$(O)/carried.o $(O)/world/carried.o: $(O)/generated/carried.inc

-include $(shell find $(O) -name '*.d' 2>/dev/null)

# --- what must be installed ------------------------------------------------------------------------------------------

debian := gcc make pkg-config libncurses-dev libcurl4-openssl-dev libcjson-dev libyaml-dev libuv1-dev libjq-dev \
	libonig-dev libssl-dev libutf8proc-dev uthash-dev libcmocka-dev libvterm-dev nginx-light openssl jq curl procps \
	openssh-client git python3-jsonschema
debian_lint := clang clang-format clang-tidy cppcheck libclang-rt-14-dev mandoc
debian_bench := nano strace python3
debian_faults := strace libfaketime
debian_kubernetes := socat nftables iproute2 tinyproxy-bin strace

.PHONY: deps needed deps-lint deps-bench deps-faults deps-kubernetes
deps:
	@sh tests/deps.sh $(debian)
deps-lint:
	@sh tests/deps.sh $(debian_lint)
deps-bench:
	@sh tests/deps.sh $(debian_bench)
deps-faults: deps
	@sh tests/deps.sh $(debian_faults)
deps-kubernetes: deps
	@sh tests/deps.sh $(debian_kubernetes)

needed:
	@command -v pkg-config >/dev/null || { echo "relight: build: pkg-config is missing; 'make deps' installs what is needed" >&2; exit 1; }
	@for p in $(linked) $(loaded); do pkg-config --exists $$p || { echo "relight: build: library $$p is missing; 'make deps' installs what is needed" >&2; exit 1; }; done

# --- trying it -------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: deps
	@$(MAKE) --no-print-directory -s relight
	@./relight demo --speed 20 || [ $$? = 1 ] # left before the platform was recovered

# --- tests -----------------------------------------------------------------------------------------------------------

$(O)/unit/%: tests/unit/%.c $(O)/hall.a $(O)/world.a $(O)/view.a $(O)/core.a
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(pc_cflags) -Isrc -MMD -MP $(LDFLAGS) -o $@ $< $(O)/hall.a $(O)/world.a $(O)/view.a $(O)/core.a \
		$(LDLIBS) $$(pkg-config --libs cmocka)
$(O)/unit/test_core_%: tests/unit/test_core_%.c $(O)/core.a
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(pc_cflags) -MMD -MP $(LDFLAGS) -o $@ $< $(O)/core.a $(LDLIBS) $$(pkg-config --libs cmocka)
$(O)/unit/test_view_%: tests/unit/test_view_%.c $(O)/view.a $(O)/core.a
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(pc_cflags) -MMD -MP $(LDFLAGS) -o $@ $< $(O)/view.a $(O)/core.a $(LDLIBS) $$(pkg-config --libs cmocka)
.SECONDARY: $(terminal_support)
$(O)/terminal/%.o: tests/terminal/%.c
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(O)/terminal/test_%: tests/terminal/test_%.c $(terminal_support)
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -Itests/terminal -MMD -MP $(LDFLAGS) -o $@ $< $(terminal_support) $$(pkg-config --libs cmocka vterm) -lutil -lpthread

.PHONY: check-faults check-faults-all faults-programs tests check check-all check-unit check-terminal check-integration check-kubernetes check-kubernetes-all asan clang
tests: $(O)/relight $(unit_tests) $(terminal_tests) $(faults_support)

check: deps
	@$(MAKE) --no-print-directory check-all

check-all: check-unit docs-check check-integration check-terminal
	@echo "relight: all checks passed ($(VARIANT), $(CC))"

check-unit: $(unit_tests)
	@sh tests/each.sh unit $(unit_tests)
# Every timeline that these make is kept, and held against the schema of its lines.
timelines = $(abspath $(O))/timelines
keeping = rm -rf $(timelines); mkdir -p $(timelines); export RELIGHT=$(abspath $(O)/relight) RELIGHT_TIMELINES=$(timelines)
fitting = python3 tests/schema.py src/schemas/timeline.json $(timelines)
check-terminal: $(O)/relight $(terminal_tests) $(O)/faults/slow.so $(O)/faults/asleep.so
	@set -e; $(keeping); sh tests/each.sh terminal $(terminal_tests); $(fitting)
check-integration: $(O)/relight
	@set -e; $(keeping); sh tests/each.sh integration $(integration_tests); $(fitting)
terminal_screen := $(filter $(O)/terminal/screen%,$(terminal_support))
kubernetes_support := $(patsubst tests/kubernetes/%.c,$(O)/kubernetes/%,$(sort $(wildcard tests/kubernetes/*.c)))
$(O)/kubernetes/%: tests/kubernetes/%.c $(terminal_screen)
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -Itests/terminal -MMD -MP $(LDFLAGS) -o $@ $< $(terminal_screen) \
		$$(pkg-config --cflags --libs openssl libcurl vterm) -lutil -lpthread
$(O)/kubernetes/kubeconfig_access: tests/kubernetes/kubeconfig_access.c $(O)/world.a $(O)/core.a
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(pc_cflags) -MMD -MP $(LDFLAGS) -o $@ $< $(O)/world.a $(O)/core.a $(LDLIBS)
check-kubernetes: deps-kubernetes
	@$(MAKE) --no-print-directory check-kubernetes-all
check-kubernetes-all: $(O)/relight $(kubernetes_support)
	@set -e; $(keeping); SUPPORT=$(abspath $(O)/kubernetes) sh tests/kubernetes/run.sh; $(fitting) || test -z "$$(ls $(timelines))"

# Faults: FAULTS=all goes through every point of each test, else FAULTS_RUNS of each kind are drawn from FAULTS_SEED.
fault_tests := $(sort $(wildcard tests/faults/test_*.sh))
FAULTS_RUNS ?= 20
$(O)/faults/%.so: tests/faults/%.c tests/faults/mark.h
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) -std=c11 -O2 $(warnings) -shared -fPIC -o $@ $< -ldl
$(O)/faults/killpoint: tests/faults/killpoint.c tests/faults/mark.h
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) -std=c11 -O2 $(warnings) -o $@ $<
faults-programs: $(faults_support)
check-faults: deps-faults
	@$(MAKE) --no-print-directory check-faults-all
check-faults-all: $(O)/relight $(faults_support)
	@set -e; $(keeping); export SUPPORT=$(abspath $(O)/faults) FAULTS_RUNS=$(FAULTS_RUNS); sh tests/each.sh faults $(fault_tests); $(fitting)

asan:
	@$(MAKE) --no-print-directory VARIANT=asan WERROR=1 check-all
clang:
	@$(MAKE) --no-print-directory VARIANT=clang CC=clang WERROR=1 check-all

$(O)/docs/keys: tests/docs/keys.c $(O)/view.a $(O)/core.a
	@mkdir -p $(@D)
	$(call quiet,LD)$(CC) $(CPPFLAGS) $(CFLAGS) $(pc_cflags) $(LDFLAGS) -o $@ $< $(O)/view.a $(O)/core.a $(LDLIBS)

.PHONY: docs docs-check
docs: $(O)/docs/keys
	@sh tests/docs.sh write $<
docs-check: $(O)/docs/keys
	@sh tests/docs.sh check $<

.PHONY: walls lint format bench bench-kubernetes bench-programs
walls: $(objects)
	@sh tests/walls_test.sh
	@sh tests/walls.sh $(O)
	@sh tests/state_dump.sh
lint: deps-lint $(O)/generated/carried.inc
	@sh tests/lint.sh $(O)
format:
	clang-format -i $$(git ls-files 'src/*.[ch]' 'include/*.h' 'tests/*.[ch]')
bench: deps deps-bench
	@$(MAKE) --no-print-directory relight
	@sh tests/bench/run.sh $(abspath relight)
bench-kubernetes: deps deps-bench
	@$(MAKE) --no-print-directory relight $(kubernetes_support)
	@RELIGHT=$(abspath relight) SUPPORT=$(abspath $(O)/kubernetes) sh tests/kubernetes/run.sh tests/kubernetes/bench.sh
bench-programs: $(patsubst tests/bench/%.c,$(O)/bench/%,$(sort $(wildcard tests/bench/*.c)))
$(O)/bench/%: tests/bench/%.c $(terminal_screen)
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -Itests/terminal -MMD -MP $(LDFLAGS) -o $@ $< $(terminal_screen) $$(pkg-config --libs vterm) -lutil

$(O)/bench/append_latency: tests/bench/append_latency.c $(O)/world.a $(O)/core.a
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(pc_cflags) -MMD -MP $(LDFLAGS) -o $@ $< $(O)/world.a $(O)/core.a $(LDLIBS)

# --- fuzzing: each target of tests/fuzz for FUZZ_SECONDS, from its corpus; what is found stays in build/fuzz/found --------

FUZZ_SECONDS ?= 20
fuzz_targets := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

.PHONY: fuzz fuzz-all
fuzz: deps-lint
	@$(MAKE) --no-print-directory VARIANT=fuzz CC=clang fuzz-all
fuzz-all: $(patsubst %,$(O)/fuzz/fuzz_%,$(fuzz_targets))
	@set -e; for t in $(fuzz_targets); do mkdir -p $(O)/found/$$t; dict=tests/fuzz/$$t.dict; \
		$(O)/fuzz/fuzz_$$t -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -max_len=65536 -verbosity=0 \
			$$([ ! -e $$dict ] || echo -dict=$$dict) -print_final_stats=1 -artifact_prefix=$(O)/found/$$t- $(O)/found/$$t tests/fuzz/corpus/$$t; done
$(O)/fuzz/%: tests/fuzz/%.c $(O)/world.a $(O)/view.a $(O)/core.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(pc_cflags) -MMD -MP -fsanitize=fuzzer $(LDFLAGS) -o $@ $< $(O)/world.a $(O)/view.a $(O)/core.a $(LDLIBS)

# --- installing ------------------------------------------------------------------------------------------------------

.PHONY: install clean help
install: relight
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man5 $(DESTDIR)$(datadir)/themes \
		$(DESTDIR)$(datadir)/runbooks/scenarios $(DESTDIR)$(datadir)/runbooks/restore-namespace \
		$(DESTDIR)$(datadir)/runbooks/health $(DESTDIR)$(datadir)/schemas
	install -m 755 relight $(DESTDIR)$(bindir)/relight
	install -m 644 man/*.1 $(DESTDIR)$(mandir)/man1/
	install -m 644 man/*.5 $(DESTDIR)$(mandir)/man5/
	install -m 644 themes/*.yaml $(DESTDIR)$(datadir)/themes/
	install -m 644 runbooks/*.yaml $(DESTDIR)$(datadir)/runbooks/
	install -m 644 runbooks/scenarios/*.yaml $(DESTDIR)$(datadir)/runbooks/scenarios/
	install -m 644 runbooks/restore-namespace/*.yaml $(DESTDIR)$(datadir)/runbooks/restore-namespace/
	install -m 644 src/schemas/*.json $(DESTDIR)$(datadir)/schemas/
	install -m 644 runbooks/health/*.yaml $(DESTDIR)$(datadir)/runbooks/health/

clean:
	rm -rf build relight

help:
	@echo "make                 build ./relight"
	@echo "make demo            install what is missing, build, play a simulated disaster on this screen"
	@echo "make check           install what is missing, build, run the tests"
	@echo "make deps            only install what building and testing need"
	@echo "make asan | clang    the tests under ASan and UBSan | built with clang"
	@echo "make check-faults    kills, power cuts, failing calls, full disks, no memory, set clocks; FAULTS=all for every one"
	@echo "make check-kubernetes  the tests against a real Kubernetes API server"
	@echo "make docs | docs-check   write the keys into relight(1) | check that they are current"
	@echo "make walls | lint    the walls between the rooms | format and static analysis"
	@echo "make fuzz            hostile input for every parser, FUZZ_SECONDS each"
	@echo "make bench           ratios against named references"
	@echo "make bench-kubernetes  the same on a real Kubernetes API server with 10,000 pods"
	@echo "make install         honours DESTDIR and prefix"
