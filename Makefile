# lcboot: GNU make
#
# all           the programs, in $(BUILD)/bin
# install       programs and manual pages to $(DESTDIR), modes as in package/modes
# strip         strips the programs
# doc           checks the manual pages and renders them in $(BUILD)/doc
# check         the tests, or those of tests='FILE…'; PROVEFLAGS
# test-helpers  the programs that the tests use, in $(BUILD)/tests
# lint          shellcheck on the scripts, mandoc on the pages
# deps          package/deps.mak, after a change to deps-exe, deps-lib or an #include
# clean         removes what is in $(BUILD)
#
# conf-compile/ has the settings. Each can be given on the command line, as can
# BUILD, DESTDIR, WERROR=1 (warnings are errors), V=1 (show the commands).

SHELL := /bin/sh
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

BUILD := .build
DESTDIR :=
WERROR :=
V :=
Q := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1)	$(2)')

ifneq ($(words $(CURDIR) $(BUILD)),2)
$(error blanks in the names of the source and build directories are not supported)
endif
ifneq ($(filter $(patsubst %/,%,$(abspath $(BUILD))) $(patsubst %/,%,$(abspath $(BUILD)))/%,$(CURDIR)),)
$(error BUILD cannot be the source directory or one above it)
endif

# Settings: the first line of a file; for a path the lines before the first
# empty one; true if there is a file for a flag. The conventional variables
# come between the command line's conf-… and the file.

line1 = $(shell sed 1q conf-compile/$(1))
lines = $(shell sed '/^$$/,$$d' conf-compile/$(1))
given = $(filter-out default undefined,$(origin $(1)))
conf = $(if $(call given,$(1)),$($(1)),$(call line1,$(2)))

conf-cc := $(call conf,CC,conf-cc)
conf-cflags := $(call conf,CFLAGS,conf-cflags)
conf-ld := $(or $(call line1,conf-ld),$(conf-cc))
conf-ldflags := $(call conf,LDFLAGS,conf-ldflags)
conf-ar := $(call conf,AR,conf-ar)
conf-ranlib := $(call conf,RANLIB,conf-ranlib)
conf-strip := $(call conf,STRIP,conf-strip)
conf-objcopy := $(call conf,OBJCOPY,conf-objcopy)
path-include := $(call lines,path-include)
path-library := $(call lines,path-library)
path-bin := $(call line1,path-bin)
path-man := $(call line1,path-man)
path-image := $(call line1,path-image)
flag-allstatic := $(wildcard conf-compile/flag-allstatic)
flag-multicall := $(wildcard conf-compile/flag-multicall)
flag-order := $(wildcard conf-compile/flag-order)

# clang warns of what the macros of glibc 2.43's string.h expand to; gcc does not
# know the option, and takes it in silence.

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wold-style-definition -Wredundant-decls -Wnested-externs -Wpointer-arith -Wwrite-strings \
  -Wundef -Wformat=2 -Wimplicit-fallthrough -Wno-c11-extensions -Werror=implicit-function-declaration $(if $(WERROR),-Werror)

COMPILE := $(conf-cc) -std=c99 -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700 $(WARNINGS) \
  $(conf-cflags) $(if $(flag-allstatic),-fno-pie,-fPIE) -Isrc/include $(path-include:%=-isystem %) $(CPPFLAGS)
LINKER := $(conf-ld) $(conf-ldflags) $(if $(flag-allstatic),-static,-pie) $(path-library:%=-L%)

# Test helpers are static in every build, and may use the library.

COMPILE_HELPER := $(filter-out -fPIE,$(COMPILE)) -fno-pie $(conf-ldflags) -static $(path-library:%=-L%)
HELPER_LIBS := -lyaml -lexecline -lskarnet

include package/info
include package/targets.mak
-include package/deps.mak

# One program always holds all of the tools: images are made of it. With
# flag-multicall the tools are links to it, else programs of their own.

LINKS := $(if $(flag-multicall),$(BIN_TARGETS:%=$(BUILD)/bin/%))
PROGRAMS := $(MULTICALL_TARGET) $(if $(flag-multicall),,$(BIN_TARGETS))
PROGRAMS := $(PROGRAMS:%=$(BUILD)/bin/%)
SCRIPTS := $(SCRIPT_TARGETS:%=$(BUILD)/bin/%)
IMAGE_SCRIPTS := $(IMAGE_TARGETS:%=$(BUILD)/image/%)
HELPERS := $(HELPER_TARGETS:%=$(BUILD)/tests/%)
LIBRARIES := $(LIB_TARGETS:%=$(BUILD)/lib/%)
PAGES := $(MAN_TARGETS:%=doc/%)

# deps.mak is checked before anything is built with it.

ifneq ($(filter-out deps clean,$(or $(MAKECMDGOALS),all)),)
ifneq ($(shell package/gen-deps 2>&1 | cmp -s - package/deps.mak || echo stale),)
$(error package/deps.mak does not agree with the sources. Run: make deps)
endif
endif

.PHONY: all install strip doc check test-helpers lint deps clean FORCE
all: $(LIBRARIES) $(PROGRAMS) $(LINKS) $(SCRIPTS) $(IMAGE_SCRIPTS)
test-helpers: $(HELPERS)

# A change of the settings makes everything anew: the commands are kept in a
# file that everything depends on and that is only written when it differs.

SETTINGS := $(COMPILE) / $(LINKER) / $(conf-ar) / $(conf-ranlib) / $(conf-objcopy) / $(flag-multicall) / $(flag-order)
ifneq ($(SETTINGS),$(file <$(BUILD)/settings))
$(BUILD)/settings: FORCE
endif
$(BUILD)/settings:
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(SETTINGS))' > $@

$(BUILD)/obj/%.o: src/%.c $(BUILD)/settings
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -c -o $@ $<

$(LIBRARIES): $(BUILD)/settings package/deps.mak
	$(call say,AR,$@)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(conf-ar) rc $@ $(filter %.o,$^)
	$(Q)$(conf-ranlib) $@

# The tools as parts of one program: their mains get names of their own, and a
# list of them is made for it, in the order of the C locale.

TOOLS := $(BIN_TARGETS:%=$(BUILD)/obj/multicall/%.o)
main-of = $(subst -,_,$(1))_main

$(BUILD)/obj/multicall/lcboot-tools.h: $(BUILD)/settings package/deps.mak package/targets.mak
	@mkdir -p $(@D)
	@printf '%s\n' $(foreach t,$(BIN_TARGETS),'LCBOOT_TOOL("$(t)", $(call main-of,$(t)))') | LC_ALL=C sort > $@

$(BUILD)/obj/multicall/lcboot.o: COMPILE += -I$(BUILD)/obj/multicall
$(BUILD)/obj/multicall/lcboot.o: $(BUILD)/obj/multicall/lcboot-tools.h

$(TOOLS): $(BUILD)/obj/multicall/%.o: $(BUILD)/obj/lcboot/%.o
	$(call say,OBJCOPY,$@)
	@mkdir -p $(@D)
	$(Q)$(conf-objcopy) --redefine-sym main=$(call main-of,$*) $< $@

# What a boot goes through stands together: a script that adds to the linker's own.

ORDER := $(if $(flag-order),src/multicall/order.ld)
$(BUILD)/bin/$(MULTICALL_TARGET): LINK := $(ORDER:%=-Wl,-T,%) $(TOOLS) $(LINK)
$(BUILD)/bin/$(MULTICALL_TARGET): $(TOOLS) $(ORDER)

$(LINKS): $(PROGRAMS)
	$(call say,LINK,$@)
	$(Q)ln -sf $(MULTICALL_TARGET) $@

$(PROGRAMS): $(BUILD)/settings package/deps.mak
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(LINKER) -o $@.new $(LINK)
	@mv -f $@.new $@

# In the scripts @path-image@ is where those of the image are.

$(SCRIPTS): $(BUILD)/bin/%: src/scripts/% $(BUILD)/settings
	$(call say,SCRIPT,$@)
	@mkdir -p $(@D)
	$(Q)sed 's|@path-image@|$(abspath $(BUILD))/image|g' < $< > $@.new
	@chmod 0755 $@.new
	@mv -f $@.new $@

$(IMAGE_SCRIPTS): $(BUILD)/image/%: src/scripts/image/% $(BUILD)/settings
	$(call say,SCRIPT,$@)
	@mkdir -p $(@D)
	@cp -f $< $@.new
	@chmod 0755 $@.new
	@mv -f $@.new $@

$(BUILD)/tests/%: tests/helper/%.c $(LIBRARIES) $(wildcard src/include/*/*.h tests/helper/*.h) $(BUILD)/settings
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(COMPILE_HELPER) -o $@ $< $(LIBRARIES) $(HELPER_LIBS)

deps:
	$(call say,DEPS,package/deps.mak)
	$(Q)package/gen-deps > package/deps.mak.new || { rm -f package/deps.mak.new ; exit 1 ; }
	$(Q)if cmp -s package/deps.mak.new package/deps.mak ; then rm -f package/deps.mak.new ; \
	  else mv -f package/deps.mak.new package/deps.mak ; fi

strip: all
	$(call say,STRIP,$(BUILD)/bin)
	$(Q)$(if $(PROGRAMS),$(conf-strip) $(PROGRAMS))

# Every file has a line NAME MODE OWNER[:GROUP] of its own in package/modes, or
# nothing is installed. Only root can give files away: another user's
# installation belongs to that user.

install: all
	$(Q)set -e ; umask 022 ; me=$$(id -u) ; \
	modeof () { awk -v n="$$1" '$$1 == n { k++ ; l = $$2 " " $$3 } END { if (k != 1 || l !~ /^[0-7]+ [^ ]+$$/) exit 1 ; print l }' package/modes ; } ; \
	put () { \
	  name=$${1##*/} ; mode=$$(modeof "$$name") ; \
	  $(if $(V),,echo "  INSTALL	$$2/$$name" ;) \
	  mkdir -p "$$2" ; rm -f "$$2/$$name.new" ; \
	  (umask 077 ; $${3:-cat} < "$$1" > "$$2/$$name.new") ; \
	  if test "$$me" = 0 ; then chown "$${mode#* }" "$$2/$$name.new" ; fi ; \
	  chmod "$${mode%% *}" "$$2/$$name.new" ; \
	  mv -f "$$2/$$name.new" "$$2/$$name" ; \
	} ; \
	named () { sed 's|@path-image@|$(path-image)|g' ; } ; \
	for f in $(notdir $(PROGRAMS)) $(SCRIPT_TARGETS) $(IMAGE_TARGETS) $(MAN_TARGETS) ; do \
	  modeof "$$f" > /dev/null || { echo "install: fatal: package/modes has not exactly one valid line for $$f" 1>&2 ; exit 1 ; } ; \
	done ; \
	for f in $(PROGRAMS) ; do put "$$f" '$(DESTDIR)$(path-bin)' ; done ; \
	for f in $(notdir $(LINKS)) ; do ln -sf $(MULTICALL_TARGET) '$(DESTDIR)$(path-bin)'/$$f ; done ; \
	for f in $(SCRIPT_TARGETS:%=src/scripts/%) ; do put "$$f" '$(DESTDIR)$(path-bin)' named ; done ; \
	for f in $(IMAGE_SCRIPTS) ; do put "$$f" '$(DESTDIR)$(path-image)' ; done ; \
	for f in $(PAGES) ; do put "$$f" '$(DESTDIR)$(path-man)'/man$${f##*.} ; done

# Pages of other packages need not be installed where ours are checked; those
# of our own must exist.

lint-pages = mandoc -T lint $(PAGES) 2>/dev/null | awk -v own='$(MAN_TARGETS)' ' \
  BEGIN { n = split(own, a, " ") ; for (i = 1 ; i <= n ; i++) have[a[i]] = 1 } \
  /referenced manual not found: Xr / && ($$(NF-1) !~ /^lc-|^lcboot$$/ || ($$(NF-1) "." $$NF) in have) { next } \
  { print ; bad = 1 } \
  END { exit bad }' 1>&2

doc: $(MAN_TARGETS:%=$(BUILD)/doc/%.html)
	$(call say,LINT,doc)
	$(Q)$(if $(PAGES),$(lint-pages))

$(BUILD)/doc/%.html: doc/% package/info | $(BUILD)/settings
	$(call say,DOC,$@)
	@mkdir -p $(@D)
	$(Q)mandoc -T html -I os='$(package) $(version)' -O man=%N.%S.html $< > $@

# Scripts are found by their first line.

lint:
	$(call say,LINT,scripts)
	$(Q)shellcheck $$(grep -lE '^#!/bin/(ba)?sh( |$$)' package/gen-deps $(wildcard package/* .ci/* src/scripts/* src/scripts/*/* $(wildcard doc/examples/*/*) tests/* tests/helper/* tests/*/*) 2>/dev/null | sort -u)
	$(call say,LINT,doc)
	$(Q)$(if $(PAGES),$(lint-pages))

# The tests see none of this make's own variables but BUILD, an absolute path.

tests := $(sort $(wildcard tests/*.bats tests/*/*.bats))
PROVEFLAGS :=

check: all test-helpers
	$(Q)env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES BUILD='$(abspath $(BUILD))' \
	  prove $(PROVEFLAGS) --exec 'bats --tap' $(tests)

# Only what this makefile has made is removed.

clean:
	$(Q)if test -f $(BUILD)/settings ; then rm -rf $(BUILD)/* ; rmdir $(BUILD) 2> /dev/null || : ; fi
