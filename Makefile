# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The whole build of drover. There are no lists of files here to edit: a source is found by the
# folder it lies in. ./configure writes $(BUILD)/config.mk; everything made lies under $(BUILD).
#
# On the command line (the environment does not count):
#   V=1        show the commands           T=WORDS    check: only tests whose path has one of them
#   BUILD=DIR  the build directory         SKIP=DIRS  check: leave tests/DIR out
#                                          fuzz: T=SECONDS for each target
#                                          soak: T=SECONDS in all
#   SEEDS=N    soak: so many seeds          BASE=N     soak: the first of them (a random one)
#   JOBS=N     at once, of each kind       WERROR=1   a warning is an error
#   DESTDIR=D  install below D             HANG_S=N   check: a test file that takes longer hangs

BUILD = build
JOBS := $(shell nproc 2>/dev/null || echo 2)
T =
FUZZED =
SKIP =
HANG_S = 1800

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

# These work without ./configure.
unconfigured := help clean dist
ifneq ($(filter-out $(unconfigured),$(or $(MAKECMDGOALS),all)),)
ifeq ($(wildcard $(BUILD)/config.mk),)
$(error $(BUILD)/config.mk is not there: run ./configure first (./configure --help))
endif
include $(BUILD)/config.mk
# A changed configure looks again, with the options it was given, but installs nothing.
$(BUILD)/config.mk: configure
	./configure $(CONFIGURE_ARGS) --builddir=$(BUILD)
endif

# "make clean all" must stay in order; everything else may run side by side. A make under another
# make gets its share from that one.
ifeq ($(filter clean uninstall,$(MAKECMDGOALS))$(filter-out 0,$(MAKELEVEL)),)
MAKEFLAGS += -j$(JOBS)
endif

ifeq ($(V),1)
Q :=
E := @:
else
Q := @
E := @printf '  %-7s %s\n'
endif

# --- flags -------------------------------------------------------------------------------------

warnings := -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wformat=2 -Wstrict-prototypes \
            $(if $(filter 1,$(WERROR)),-Werror)
# _GNU_SOURCE is empty so that a source may say the same without a warning.
gnu := -std=gnu11 -D_GNU_SOURCE=
all_cflags = $(gnu) $(warnings) $(CFLAGS) $(AUTO_CFLAGS) $(SANITIZE) $(FUZZED)
link = $(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) $(AUTO_LDFLAGS)
core_includes := -Icore -I$(BUILD)
plugin_includes := -I$(BUILD)/include

# What each room may see of the world outside. The first four see libc, and nothing else.
pure_rooms := base model decide engine
rooms := $(pure_rooms) codec policy plug set virt sim store replay ctl
everything_cflags = $(LIBVIRT_CFLAGS) $(LUA_CFLAGS) $(YAML_CFLAGS) $(XML_CFLAGS) \
    $(JANSSON_CFLAGS) $(SQLITE_CFLAGS) $(GLIB_CFLAGS) $(GIO_CFLAGS) $(SOUP_CFLAGS) \
    $(CURSES_CFLAGS) $(SYSTEMD_CFLAGS) -pthread
codec_cflags = $(YAML_CFLAGS) $(XML_CFLAGS) $(JANSSON_CFLAGS)
policy_cflags = $(YAML_CFLAGS) $(JANSSON_CFLAGS)
plug_cflags = $(LUA_CFLAGS) -pthread
virt_cflags = $(LIBVIRT_CFLAGS) $(GLIB_CFLAGS) $(GIO_CFLAGS) -pthread
store_cflags = $(SQLITE_CFLAGS) $(JANSSON_CFLAGS) $(GLIB_CFLAGS) -pthread
replay_cflags = $(JANSSON_CFLAGS) $(GLIB_CFLAGS)
ctl_cflags = $(SOUP_CFLAGS) $(GLIB_CFLAGS) $(GIO_CFLAGS) $(JANSSON_CFLAGS) -pthread
cli_cflags = $(filter-out $(LIBVIRT_CFLAGS),$(everything_cflags))
daemon_cflags = $(everything_cflags)

# The linker drops what is not used (--as-needed), so one list serves all programs.
common_libs = $(YAML_LIBS) $(XML_LIBS) $(JANSSON_LIBS) $(SQLITE_LIBS) $(SOUP_LIBS) $(GIO_LIBS) \
    $(GLIB_LIBS) $(LUA_LIBS) -ldl -lm -pthread
cli_libs = $(common_libs) $(CURSES_LIBS)
daemon_libs = $(LIBVIRT_LIBS) $(common_libs) $(SYSTEMD_LIBS)
everything_libs = $(LIBVIRT_LIBS) $(common_libs) $(CURSES_LIBS) $(SYSTEMD_LIBS)

# --- what there is -----------------------------------------------------------------------------

# sources ROOM, archive ROOMS: a room without sources has no archive.
sources = $(sort $(wildcard core/$1/*.c))
archive = $(foreach r,$1,$(if $(call sources,$r),$(BUILD)/lib/$r.a))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$1)
group = -Wl,--start-group $1 -Wl,--end-group

cli_sources := $(call sources,cli)
daemon_sources := $(call sources,daemon)
hook_sources := $(sort $(wildcard hooks/*.c))
# A plugin that is larger than a file has the rest of it in a folder of its name.
plugin_sources := $(sort $(wildcard plugins/*.c))
plugin_parts := $(sort $(wildcard plugins/*/*.c))
# Plugins that only tests load: wrong ABI, hostile, from an older header.
fixture_sources := $(sort $(wildcard tests/*/so/*.c))
test_sources := $(sort $(wildcard tests/*/test_*.c))
bench_sources := $(sort $(wildcard tests/bench/*.c))
fuzz_sources := $(sort $(wildcard tests/fuzz/fuzz_*.c))
fuzz_parts := tests/fuzz/file.c tests/fuzz/main.c
core_sources := $(foreach r,$(rooms),$(call sources,$r)) $(cli_sources) $(daemon_sources)

programs := $(if $(cli_sources),$(BUILD)/drover) $(if $(daemon_sources),$(BUILD)/droverd) \
            $(if $(hook_sources),$(BUILD)/drover-hook)
plugins := $(patsubst plugins/%.c,$(BUILD)/plugins/%.so,$(plugin_sources))
fixtures := $(patsubst %.c,$(BUILD)/%.so,$(fixture_sources))
public_header := $(if $(wildcard core/plugin.h),$(BUILD)/include/drover/plugin.h)

.PHONY: all
all: $(programs) $(plugins) $(call archive,$(rooms)) $(public_header) $(BUILD)/drover.tree ## build everything (the default)

# --- objects -----------------------------------------------------------------------------------

.PHONY: FORCE
FORCE:

# write_if_changed TEXT: a file that is only touched when its text is another one. It makes
# objects follow the flags, and archives and programs follow a source that was removed.
define write_if_changed
@mkdir -p $(@D)
@printf '%s\n' '$(subst ','\'',$1)' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$1)' >$@
endef

$(BUILD)/flags: FORCE
	$(call write_if_changed,$(CC) $(all_cflags) $(CPPFLAGS) $(link) $(everything_cflags))

$(BUILD)/lists/%: FORCE
	$(call write_if_changed,$(if $(filter hook,$*),$(hook_sources),$(call sources,$*)))

# compile FLAGS: one object and its list of headers.
define compile
$(E) CC $<
@mkdir -p $(@D)
$(Q)$(CC) $1 $(all_cflags) $(CPPFLAGS) -MMD -MP -c -o $@ $<
endef

define room_rules
$(BUILD)/obj/core/$1/%.o: core/$1/%.c $(BUILD)/flags
	$$(call compile,$(core_includes) $$($1_cflags) $(PIE_CFLAGS))

$(BUILD)/lib/$1.a: $(call objects,$(call sources,$1)) $(BUILD)/lists/$1
	$$(E) AR $$@
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)ar rcs $$@ $$(filter %.o,$$^)
endef
$(foreach r,$(rooms) cli daemon,$(eval $(call room_rules,$r)))

# Deciding is loops over all hosts, worth the compiler's while: where -O2 is asked for, it gets -O3.
hot_cflags := $(patsubst -O2,-O3,$(CFLAGS))
$(call objects,$(call sources,decide)): private CFLAGS := $(hot_cflags)

$(BUILD)/obj/hooks/%.o: hooks/%.c $(BUILD)/flags
	$(call compile,-I$(BUILD) $(HOOK_CFLAGS))

$(BUILD)/obj/tests/%.o: tests/%.c $(BUILD)/flags
	$(call compile,$(core_includes) -Itests $(everything_cflags) $(CMOCKA_CFLAGS) $(PIE_CFLAGS))

-include $(patsubst %.o,%.d,$(call objects,$(core_sources) $(hook_sources) $(test_sources) \
    $(fuzz_sources) $(fuzz_parts) $(bench_sources)))
-include $(patsubst %.so,%.d,$(plugins) $(fixtures))

# --- programs ----------------------------------------------------------------------------------

# Only the daemon talks to libvirt, so the command line is not linked with that room.
drover_rooms := $(call archive,$(filter-out virt,$(rooms)))
$(BUILD)/drover: $(call objects,$(cli_sources)) $(drover_rooms) $(BUILD)/lists/cli
	$(E) LINK $@
	$(Q)$(link) $(PIE_LDFLAGS) -o $@ $(filter %.o,$^) $(call group,$(drover_rooms)) $(cli_libs)

# The same as a command, for tests that put an object of their own before the archives.
$(BUILD)/drover.link: FORCE
	$(call write_if_changed,$(link) $(PIE_LDFLAGS) -o @OUTPUT@ $(call objects,$(cli_sources)) \
	    $(call group,$(drover_rooms)) $(cli_libs))

droverd_rooms := $(call archive,$(rooms))
$(BUILD)/droverd: $(call objects,$(daemon_sources)) $(droverd_rooms) $(BUILD)/lists/daemon
	$(E) LINK $@
	$(Q)$(link) $(PIE_LDFLAGS) -o $@ $(filter %.o,$^) $(call group,$(droverd_rooms)) $(daemon_libs)

$(BUILD)/drover-hook: $(call objects,$(hook_sources)) $(BUILD)/lists/hook
	$(E) LINK $@
	$(Q)$(link) $(HOOK_LDFLAGS) -o $@ $(filter %.o,$^)

# Programs that find this file beside themselves run out of the tree it names: its policies and
# Lua units, and the plugins built here.
$(BUILD)/drover.tree: FORCE
	$(call write_if_changed,$(CURDIR))

# --- plugins -----------------------------------------------------------------------------------

# A copy, in a folder of its own: <drover/plugin.h> is all of the core that a plugin can reach.
$(BUILD)/include/drover/plugin.h: core/plugin.h
	@mkdir -p $(@D)
	$(Q)cp $< $@

# No _GNU_SOURCE here: a plugin is built by anybody, with one line, and these are its examples.
define compile_plugin
$(E) PLUGIN $@
@mkdir -p $(@D)
$(Q)$(CC) $(plugin_includes) -std=gnu11 $(warnings) $(CFLAGS) $(AUTO_CFLAGS) $(SANITIZE) \
    $(CPPFLAGS) -fPIC -fvisibility=hidden -MMD -MP -MF $(@:.so=.d) -MT $@ -shared \
    $(LDFLAGS) $(AUTO_LDFLAGS) $(PLUGIN_LDFLAGS) -o $@ $(filter %.c,$^) -lm
endef

$(BUILD)/plugins/%.so: plugins/%.c $(public_header) $(BUILD)/flags
	$(compile_plugin)

$(plugins): private CFLAGS := $(hot_cflags)

$(foreach p,$(plugins),$(eval $p: $(wildcard $(p:$(BUILD)/%.so=%)/*.[ch])))

$(BUILD)/tests/%.so: tests/%.c $(public_header) $(BUILD)/flags
	$(compile_plugin)

# --- tests -------------------------------------------------------------------------------------

# tests/unit/test_ROOM_TOPIC.c of a pure room is linked with the rooms up to its own and nothing
# else: a decision that needed more would not link. All other tests get every room, and those of
# cli and daemon their room's objects too (of which main.c is not taken: a test has its own main).
comma := ,
up_to_base := base
up_to_model := base model
up_to_decide := base model decide
up_to_engine := base model decide engine
room_of = $(word 2,$(subst _, ,$(basename $(notdir $1))))
is_pure_test = $(and $(filter tests/unit/%,$1),$(filter $(pure_rooms),$(call room_of,$1)))
test_rooms = $(call archive,$(if $(is_pure_test),$(up_to_$(call room_of,$1)),\
    $(rooms) $(filter cli daemon,$(call room_of,$1))))
test_libs = $(if $(is_pure_test),-lm,$(everything_libs))

define test_rule
$(BUILD)/$(1:.c=): $(call objects,$1) $(call test_rooms,$1)
	$$(E) LINK $$@
	@mkdir -p $$(@D)
	$$(Q)$$(link) $$(PIE_LDFLAGS) -o $$@ $(call objects,$1) $(call group,$(call test_rooms,$1)) \
	    $$(CMOCKA_LIBS) $(call test_libs,$1)
endef
$(foreach t,$(test_sources),$(eval $(call test_rule,$t)))

# A target may take a plugin's own file in, to reach what it does with what it reads.
$(call objects,$(fuzz_sources)): private core_includes += $(plugin_includes)
$(call objects,$(fuzz_sources)): $(public_header)

# Fuzz targets: with a main of ours that runs files through them once (tests/fuzz/corpus.t), or,
# under "make fuzz", with libFuzzer's.
fuzz_programs := $(patsubst %.c,$(BUILD)/%,$(fuzz_sources))
fuzz_objects := $(call objects,$(if $(FUZZED),$(filter-out %/main.c,$(fuzz_parts)),$(fuzz_parts)))
$(fuzz_programs): $(BUILD)/tests/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(fuzz_objects) \
                  $(call archive,$(rooms))
	$(E) LINK $@
	@mkdir -p $(@D)
	$(Q)$(link) $(if $(FUZZED),-fsanitize=fuzzer) $(PIE_LDFLAGS) -o $@ $(filter %.o,$^) \
	    $(call group,$(call archive,$(rooms))) $(everything_libs)

test_programs := $(patsubst %.c,$(BUILD)/%,$(test_sources))
test_scripts := $(shell find tests -name '*.bats' -o -name '*.t' 2>/dev/null | LC_ALL=C sort)
lint_quick := $(filter-out tests/lint/slow/%,$(filter tests/lint/%,$(test_scripts)))
lint_slow := $(filter tests/lint/slow/%,$(test_scripts))
lab_tests := $(filter tests/lab/%,$(test_scripts))
other_scripts := $(filter-out tests/lint/% tests/lab/%,$(test_scripts))

left_out := $(SKIP) $(if $(filter no,$(LAB)),lab)
# chosen TESTS: those that T names (all, without T) and that are not left out.
wanted = $(if $(T),$(foreach t,$1,$(if $(strip $(foreach w,$(T),$(findstring $w,$t))),$t)),$1)
unwanted = $(foreach t,$1,$(if $(strip $(foreach w,$(left_out),$(findstring tests/$w/,$t))),$t))
chosen = $(filter-out $(call unwanted,$1),$(call wanted,$1))

check_side_by_side := $(call chosen,$(test_programs) $(other_scripts) $(lint_quick))
check_in_lanes := $(call chosen,$(lab_tests))

test_environment = DROVER_BUILD=$(abspath $(BUILD)) DROVER_SRC=$(CURDIR) DROVER_LUA=$(LUA) \
    CC='$(CC)' CMOCKA_MESSAGE_OUTPUT=TAP \
    ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 \
    UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
    TSAN_OPTIONS=halt_on_error=1$(addprefix :suppressions=$(CURDIR)/,$(wildcard tests/tsan.supp))
empty :=
space := $(empty) $(empty)
list = $(subst $(space),$(comma),$(strip $1))

# One hung test must not hold up everything. At a terminal, tests stay in its process group, so
# that an interrupt reaches them and they clean up.
run_test = timeout $$(test ! -t 0 || echo --foreground) -k 30 $(HANG_S)

# The lab tests come last, two at a time, whatever the machine: each file has hosts and networks of
# its own, in namespaces, but guests without KVM want much of a processor.
every_second = $(if $(check_in_lanes),$(shell printf '%s\n' $(check_in_lanes) | sed -n '$1'))
rule = $(if $(strip $2),--rules '$1={$(call list,$2)}')
prove_rules = $(call rule,par,$(check_side_by_side)) \
    $(call rule,seq,$(call every_second,p;n)) $(call rule,seq,$(call every_second,n;p))

# Unit tests need no programs: while another room is in pieces, "make check T=unit/test_x" runs.
check_needs := $(if $(filter-out $(BUILD)/tests/unit/%,$(check_side_by_side) $(check_in_lanes)),\
    all $(BUILD)/compile.list $(BUILD)/drover.link,$(plugins) $(BUILD)/drover.tree)

.PHONY: check check-programs
check-programs: $(check_needs) $(fixtures) \
                $(if $(filter no,$(HAVE_CMOCKA)),check-needs-cmocka) \
                $(filter $(test_programs),$(check_side_by_side)) \
                $(if $(filter tests/fuzz/%,$(check_side_by_side)),$(fuzz_programs))

.PHONY: check-needs-cmocka
check-needs-cmocka:
	$(if $(test_programs),$(error cmocka is not there: ./configure --install-deps installs it))

check: check-programs ## build, and run the tests; T=WORDS picks some, SKIP=DIRS leaves some out
	@command -v prove >/dev/null || { echo 'make: prove is not there (it comes with perl):' \
	    './configure --install-deps installs it' >&2; exit 1; }
	$(if $(filter lab,$(left_out)),@echo 'The lab tests (tests/lab) are left out.')
	$(if $(strip $(check_side_by_side) $(check_in_lanes)),,$(error no test matches T="$(T)"))
	$(Q)$(test_environment) prove -f -o -j$(JOBS) $(prove_rules) \
	    -e "$(run_test)" $(check_side_by_side) $(check_in_lanes)

.PHONY: accept
accept: all ## CASE=x: show what a case of tests/decide prints now, and expect that from now on
	$(if $(CASE),,$(error which case? make accept CASE=x, a folder of tests/decide))
	$(Q)$(test_environment) tests/decide/run.t --accept $(CASE)

.PHONY: lint
lint: all $(BUILD)/compile.list ## layers, purity, shell, Lua, manual pages, compiler and static analysers
	$(Q)$(test_environment) prove -f -o -j$(JOBS) -e "$(run_test)" \
	    $(call wanted,$(lint_quick) $(lint_slow))

# How each C file is compiled, for the checkers: FILE, a tab, its flags without optimisation and
# hardening, which are the compiler's and not the checker's business. The list is longer than a
# command may be, so make writes it.
list_line = $(foreach f,$1,$f	$(strip $2)|)
compile_list = \
    $(foreach r,$(rooms) cli daemon,$(call list_line,$(call sources,$r),\
        $(gnu) $(core_includes) $($r_cflags))) \
    $(call list_line,$(hook_sources),$(gnu) -I$(BUILD)) \
    $(call list_line,$(plugin_sources) $(plugin_parts) $(fixture_sources),-std=gnu11 $(plugin_includes) -fPIC) \
    $(call list_line,$(test_sources) $(fuzz_sources) $(fuzz_parts),\
        $(gnu) $(core_includes) $(plugin_includes) -Itests $(everything_cflags) \
        $(CMOCKA_CFLAGS)) \
    $(call list_line,$(bench_sources),$(gnu) $(core_includes) -Itests)
$(BUILD)/compile.list: FORCE $(public_header)
	$(file >$@.all,$(compile_list))
	@tr '|' '\n' <$@.all | sed 's/^ *//; /^$$/d' >$@.new
	@rm $@.all
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# The same tests, built with sanitizers in a build directory of their own.
sanitized = $(MAKE) --no-print-directory BUILD=$(BUILD)/$1 SKIP='lab lint $(SKIP)'

$(BUILD)/asan/config.mk $(BUILD)/tsan/config.mk: $(BUILD)/%/config.mk: $(BUILD)/config.mk
	./configure $(CONFIGURE_ARGS) --builddir=$(BUILD)/$* --enable-$* >/dev/null

.PHONY: check-asan check-tsan check-valgrind
check-asan: $(BUILD)/asan/config.mk ## the tests under AddressSanitizer and UBSan (without lab and lint)
	+$(Q)$(call sanitized,asan) check

# GLib is not built for this, so what it does by itself may need a line in tests/tsan.supp.
check-tsan: $(BUILD)/tsan/config.mk ## the tests of the rooms with threads under ThreadSanitizer
	+$(Q)$(call sanitized,tsan) T='$(or $(T),test_virt_ test_ctl_ test_plug_ test_store_ test_daemon_)' check

valgrind := valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
    --show-leak-kinds=definite $(addprefix --suppressions=,$(wildcard \
    tests/valgrind.supp /usr/share/glib-2.0/valgrind/glib.supp))
check_valgrind := $(call chosen,$(test_programs))
check-valgrind: all $(fixtures) $(check_valgrind) ## the C tests under valgrind
	$(if $(check_valgrind),,$(error no C test matches T="$(T)"))
	$(Q)G_SLICE=always-malloc $(test_environment) prove -f -o -j$(JOBS) \
	    -e "$(run_test) $(valgrind)" $(check_valgrind)

# Whatever the world does, nothing that drover promises is broken: seed by seed.
.PHONY: soak
soak: $(BUILD)/drover $(plugins) $(BUILD)/drover.tree ## simulate fleets with all faults: T=SECONDS (60) or SEEDS=N, from BASE=N on
	$(Q)base=$(or $(BASE),$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')); \
	    echo "make soak BASE=$$base $(if $(SEEDS),SEEDS=$(SEEDS),T=$(or $(T),60)) JOBS=$(JOBS)"; \
	    $(BUILD)/drover simulate --soak --shrink --jobs $(JOBS) --seed $$base \
	    $(if $(SEEDS),--seeds $(SEEDS),--within $(or $(T),60)s)

# Everything once more, by clang, for libFuzzer. The inputs it makes stay for the next run.
$(BUILD)/fuzz/config.mk: $(BUILD)/config.mk
	./configure $(CONFIGURE_ARGS) --builddir=$(BUILD)/fuzz --cc=clang --enable-asan \
	    CFLAGS='-O1 -g' >/dev/null

.PHONY: fuzz fuzz-programs
fuzz-programs: $(fuzz_programs)

fuzz: $(BUILD)/fuzz/config.mk ## feed what reads foreign text and bytes with it, T=SECONDS (60) each
	@echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	    clang -fsanitize=fuzzer -x c -o $(BUILD)/fuzz/probe - 2>/dev/null || { echo 'make: clang' \
	    'with libFuzzer is not there: packages clang and libclang-rt-14-dev, or compiler-rt' >&2; \
	    exit 1; }
	+$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz T= FUZZED=-fsanitize=fuzzer-no-link \
	    fuzz-programs
	$(Q)tests/fuzz/run.sh $(BUILD)/fuzz $(or $(T),60) $(if $(filter 1,$(JOBS)),1,2) \
	    $(patsubst tests/fuzz/fuzz_%.c,%,$(fuzz_sources))

# --- speed --------------------------------------------------------------------------------------

bench_program := $(BUILD)/tests/bench/bench
$(bench_program): $(call objects,$(bench_sources)) $(call archive,$(rooms))
	$(E) LINK $@
	@mkdir -p $(@D)
	$(Q)$(link) $(PIE_LDFLAGS) -o $@ $(filter %.o,$^) $(call group,$(call archive,$(rooms))) \
	    $(everything_libs)

.PHONY: bench
bench: all $(bench_program) ## what deciding costs, as tables; T=WORDS picks some
	$(Q)$(test_environment) tests/bench/run.sh $(T)

# --- the demo ----------------------------------------------------------------------------------

.PHONY: demo
demo: all ## drain a host of the lab, and show it
	$(Q)$(test_environment) contrib/demo/demo.sh

# --- installing --------------------------------------------------------------------------------

HOOKS_DIR = /etc/libvirt/hooks
HOOK_DRIVERS = qemu

man_pages := $(sort $(wildcard docs/man/*.[1-9]))
policy_files := $(sort $(wildcard policies/*.yaml))
lua_files := $(patsubst lua/%,%,$(shell find lua -name '*.lua' 2>/dev/null | LC_ALL=C sort))
unit_files := $(sort $(foreach e,service socket timer,$(wildcard contrib/systemd/*.$e)))
host_scripts := $(wildcard contrib/systemd/drover-shutdown contrib/systemd/drover-heartbeat)
example_config := $(wildcard contrib/drover.yaml)
example_files := $(shell find contrib/examples -type f 2>/dev/null | LC_ALL=C sort)
ssh_files := $(sort $(wildcard contrib/ssh/drover-hook.*))
completions := $(wildcard contrib/completion/drover.bash)
man_dir = $(mandir)/man$(subst .,,$(suffix $1))

# put MODE FILE TARGET
define put
$(E) INSTALL $(DESTDIR)$3
$(Q)install -D -m $1 $2 $(DESTDIR)$3

endef

.PHONY: install uninstall install-hook uninstall-hook
install: all ## install everything but the libvirt hook
	$(if $(cli_sources),$(call put,755,$(BUILD)/drover,$(bindir)/drover))
	$(if $(daemon_sources),$(call put,755,$(BUILD)/droverd,$(sbindir)/droverd))
	$(if $(hook_sources),$(call put,755,$(BUILD)/drover-hook,$(libdir)/drover/drover-hook))
	$(foreach s,$(host_scripts),$(call put,755,$s,$(libdir)/drover/$(notdir $s)))
	$(foreach p,$(plugins),$(call put,644,$p,$(libdir)/drover/plugins/$(notdir $p)))
	$(if $(public_header),$(call put,644,core/plugin.h,$(includedir)/drover/plugin.h))
	$(foreach p,$(policy_files),$(call put,644,$p,$(datadir)/drover/$p))
	$(foreach l,$(lua_files),$(call put,644,lua/$l,$(datadir)/drover/lua/$l))
	$(foreach m,$(man_pages),$(call put,644,$m,$(call man_dir,$m)/$(notdir $m)))
	$(foreach u,$(unit_files),$(call put,644,$u,$(unitdir)/$(notdir $u)))
	$(if $(unit_files),$(Q)sed -i 's|@sbindir@|$(sbindir)|g; s|@sysconfdir@|$(sysconfdir)|g; s|@libdir@|$(libdir)|g' \
	    $(foreach u,$(unit_files),$(DESTDIR)$(unitdir)/$(notdir $u)))
	$(if $(completions),$(call put,644,$(completions),$(datadir)/bash-completion/completions/drover))
	$(if $(example_config),$(call put,644,$(example_config),$(datadir)/drover/examples/drover.yaml))
	$(foreach x,$(example_files),$(call put,644,$x,$(datadir)/drover/$(x:contrib/%=%)))
	$(foreach x,$(ssh_files),$(call put,644,$x,$(datadir)/drover/$(x:contrib/%=%)))
	$(Q)install -d -m 755 $(DESTDIR)$(sysconfdir)/drover $(DESTDIR)$(libdir)/drover/packs \
	    $(foreach d,conf.d policies lua,$(DESTDIR)$(sysconfdir)/drover/$d)
	$(Q)install -d -m 750 $(DESTDIR)$(localstatedir)/lib/drover

# What the site wrote (its configuration and the journal) stays.
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(bindir)/drover $(DESTDIR)$(sbindir)/droverd \
	    $(DESTDIR)$(libdir)/drover/drover-hook \
	    $(foreach s,$(host_scripts),$(DESTDIR)$(libdir)/drover/$(notdir $s)) \
	    $(foreach p,$(plugins),$(DESTDIR)$(libdir)/drover/plugins/$(notdir $p)) \
	    $(DESTDIR)$(includedir)/drover/plugin.h \
	    $(foreach p,$(policy_files),$(DESTDIR)$(datadir)/drover/$p) \
	    $(foreach l,$(lua_files),$(DESTDIR)$(datadir)/drover/lua/$l) \
	    $(foreach m,$(man_pages),$(DESTDIR)$(call man_dir,$m)/$(notdir $m)) \
	    $(foreach u,$(unit_files),$(DESTDIR)$(unitdir)/$(notdir $u)) \
	    $(DESTDIR)$(datadir)/bash-completion/completions/drover \
	    $(DESTDIR)$(datadir)/drover/examples/drover.yaml \
	    $(foreach x,$(example_files) $(ssh_files),$(DESTDIR)$(datadir)/drover/$(x:contrib/%=%))
	find $(DESTDIR)$(libdir)/drover $(DESTDIR)$(datadir)/drover $(DESTDIR)$(includedir)/drover \
	    -depth -type d -empty -delete 2>/dev/null || :

# A copy, not a link: libvirtd's AppArmor profile lets it run files under $(HOOKS_DIR) alone.
install-hook: all ## copy drover-hook to where libvirt calls it; HOOK_DRIVERS="qemu lxc"
	$(foreach d,$(HOOK_DRIVERS),$(call put,755,$(BUILD)/drover-hook,$(HOOKS_DIR)/$d.d/50-drover))
	@echo 'libvirt looks for hooks when it starts or reloads: systemctl reload libvirtd (or virtqemud).' \
	    'Guests keep running.'

uninstall-hook: ## remove drover-hook from libvirt's hooks
	rm -f $(foreach d,$(HOOK_DRIVERS),$(DESTDIR)$(HOOKS_DIR)/$d.d/50-drover)

# --- the rest ----------------------------------------------------------------------------------

.PHONY: dist clean help
dist: ## a source archive of the commit that is checked out
	@mkdir -p $(BUILD)
	$(Q)version=$$(sed -n 's/^version=//p' configure) && \
	    git archive --prefix=drover-$$version/ -o $(BUILD)/drover-$$version.tar.gz HEAD && \
	    echo $(BUILD)/drover-$$version.tar.gz

clean: ## remove what was built; the configuration stays
	$(Q)test ! -d $(BUILD) || find $(BUILD) -mindepth 1 -maxdepth 1 \
	    ! -name config.mk ! -name config.h -exec rm -rf {} +

help: ## this list
	@echo 'make TARGET [V=1] [BUILD=DIR] [JOBS=N] [DESTDIR=DIR]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' Makefile
