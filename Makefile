# Portcullis. `make help` lists the targets.

BUILD   ?= build
PREFIX  ?= /usr/local
CLANG   ?= clang
CFLAGS  ?= -O2 -g
FUZZ_S  ?= 60

# A room is a folder of ctl/. ROOMS="base proto dns" and UNIT='dns*' narrow a
# build to work on one room alone.
ROOMS   ?= base proto state engine link dhcp dns history devices analysis remotes \
	   http api cli gateway
UNIT    ?= *

VERSION := $(shell cat VERSION)
WARN     = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	   -Wformat=2 -Wvla -Wundef -Wcast-qual -Wwrite-strings \
	   $(if $(CI),-Werror)
FLAGS    = -std=c11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -I$(BUILD) -I. \
	   -isystem /usr/share/include/llhttp -ffile-prefix-map=$(CURDIR)=. \
	   $(WARN) $(CPPFLAGS) $(CFLAGS) -MMD -MP
LIBS     = -Wl,-Bstatic -lxdp -lbpf -lelf -lz -luv_a -ljansson -lmsgpackc \
	   -lsodium -lmaxminddb -Wl,-Bdynamic -lmnl -lssl -lcrypto -lpthread -ldl

LLHTTP   = $(addprefix /usr/share/llhttp/,api.c http.c llhttp.c)
IEEE     = $(wildcard /usr/share/ieee-data/*.csv)
SKEL     = $(BUILD)/gate.skel.h
GEN      = $(BUILD)/gen/assets.o $(BUILD)/gen/vendors.o
sources  = $(sort $(foreach r,$(1),$(wildcard ctl/$r/*.c ctl/$r/*/*.c)))
programs = $(patsubst tests/%.c,$(BUILD)/%,$(sort \
	   $(wildcard tests/$(1)_$(UNIT).c)))

Q        = $(if $(V),,@)
say      = $(if $(V),,@printf '  %-8s %s\n' $(1) $(2);)

.PHONY: all asan check check-unit check-tsan check-corpus check-bpf test fuzz \
	lint demo bench install clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/portcullis ## build/portcullis, the one executable
asan: $(BUILD)/portcullis-asan ## the same, under ASan and UBSan

# ---- objects: the same sources in four flavours, an archive of each, so that
# a test links what it uses and no more
SAN      = undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
obj      = $(CC) $(FLAGS)
asan     = $(CC) $(FLAGS) -O1 -fsanitize=address,$(SAN)
tsan     = $(CC) $(FLAGS) -O1 -fsanitize=thread
# clang looks into OpenSSL's macros, which cast as they like
fuzz     = $(CLANG) $(FLAGS) -Wno-cast-qual -O1 \
	   -fsanitize=fuzzer,address,$(SAN)
PURE     = $(filter base proto engine,$(ROOMS))
FUZZED   = $(PURE) $(filter http devices analysis history state dns dhcp api,\
	   $(ROOMS))

strict   = $(if $(findstring ctl/proto/,$<),-Wconversion)

# $(call flavour,NAME,ROOMS)
define flavour
$(BUILD)/$(1)/%.o: %.c Makefile VERSION
	@mkdir -p $$(@D)
	$$(call say,CC,$$@) $$($(1)) $$(strict) -c -o $$@ $$<
$(BUILD)/$(1)/%.o: /%.c Makefile
	@mkdir -p $$(@D)
	$$(call say,CC,$$@) $$($(1)) -w -c -o $$@ $$<
$(BUILD)/$(1)/ctl.a: $(patsubst %.c,$(BUILD)/$(1)/%.o,$(call sources,$(2)) \
		$(if $(filter http,$(2)),$(LLHTTP:/%=%))) $(GEN)
	$$(call say,AR,$$@) rm -f $$@ && $$(AR) qcsD $$@ $$^
endef
$(eval $(call flavour,obj,$(ROOMS)))
$(eval $(call flavour,asan,$(ROOMS)))
$(eval $(call flavour,tsan,$(PURE)))
$(eval $(call flavour,fuzz,$(FUZZED)))
$(BUILD)/obj/ctl/link/gate.o $(BUILD)/asan/ctl/link/gate.o: $(SKEL)

$(BUILD)/portcullis: $(BUILD)/obj/ctl/main.o $(BUILD)/obj/ctl.a
	$(call say,LD,$@) $(obj) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/portcullis-asan: $(BUILD)/asan/ctl/main.o $(BUILD)/asan/ctl.a
	$(call say,LD,$@) $(asan) -o $@ $^ $(LIBS)

BPF      = $(CLANG) -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror \
	   -ffile-prefix-map=$(CURDIR)=. -I. \
	   -I/usr/include/$(shell $(CC) -dumpmachine)

skeleton = { echo "/* NOLINTBEGIN: generated */"; \
	   bpftool gen skeleton $< name $(1); echo "/* NOLINTEND */"; } > $@

# ---- generated: the eBPF skeleton, the page, the makers of network cards
$(BUILD)/gate.bpf.o: bpf/gate.bpf.c $(wildcard bpf/*.h) vmlinux.h Makefile
	@mkdir -p $(@D)
	$(call say,BPF,$@) $(BPF) -c -o $@ $<
$(SKEL): $(BUILD)/gate.bpf.o
	$(call say,SKEL,$@) $(call skeleton,gate_bpf)
$(BUILD)/gen/assets.c: scripts/embed $(shell find web 2>/dev/null)
	@mkdir -p $(@D)
	$(call say,GEN,$@) scripts/embed web > $@
$(BUILD)/gen/vendors.c: scripts/vendors $(IEEE)
	@mkdir -p $(@D)
	$(call say,GEN,$@) scripts/vendors > $@
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	$(call say,CC,$@) $(obj) -c -o $@ $<

# ---- tests
$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/asan/ctl.a
	@mkdir -p $(@D)
	$(call say,TEST,$@) $(asan) -o $@ $(filter-out %.h,$^) $(LIBS) -lcmocka
$(BUILD)/tsan/%: tests/tsan/%.c $(BUILD)/tsan/ctl.a
	@mkdir -p $(@D)
	$(call say,TEST,$@) $(tsan) -o $@ $(filter-out %.h,$^) $(LIBS) -lcmocka
$(BUILD)/bpf/%: tests/bpf/%.c $(BUILD)/obj/ctl.a | $(SKEL)
	@mkdir -p $(@D)
	$(call say,TEST,$@) $(obj) -o $@ $(filter-out %.h,$^) $(LIBS) -lcmocka
$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/fuzz/ctl.a
	@mkdir -p $(@D)
	$(call say,TEST,$@) $(fuzz) -o $@ $(filter-out %.h,$^) $(LIBS)

check: check-unit check-tsan check-corpus check-bpf ## all but netns (root)
check-unit: $(call programs,unit/test)
	$(Q)scripts/run-tests $^
check-tsan: $(call programs,tsan/test)
	$(Q)scripts/run-tests $^
check-corpus: $(call programs,fuzz/fuzz)
	$(Q)scripts/replay $^
check-bpf: $(call programs,bpf/test)
	$(Q)scripts/run-tests $^
test: ## all of it: installs what it needs, builds, tests (root)
	$(Q)scripts/test
fuzz: $(call programs,fuzz/fuzz) ## every fuzz target for FUZZ_S seconds
	$(Q)scripts/fuzz $(FUZZ_S) $^
lint: $(SKEL) ## format, layers, clang-tidy, cppcheck, shellcheck
	$(Q)scripts/lint

# ---- to look at, and to measure with
demo: ## a house at work in namespaces, with its page (root)
	$(Q)scripts/demo
bench: ## ROWS="..." or all: the kernel's NAT against ours (root)
	$(Q)ROWS="$(ROWS)" RUNS="$(RUNS)" JSON="$(JSON)" scripts/bench
$(BUILD)/bench/%.bpf.o: tests/bench/%.bpf.c tests/bench/%.h Makefile
	@mkdir -p $(@D)
	$(call say,BPF,$@) $(BPF) -c -o $@ $<
$(BUILD)/bench/%.skel.h: $(BUILD)/bench/%.bpf.o
	$(call say,SKEL,$@) $(call skeleton,$*_bpf)
$(addprefix $(BUILD)/bench/,load asker): \
		$(BUILD)/bench/%: tests/bench/%.c tests/bench/%.h \
		$(BUILD)/bench/%.skel.h
	$(call say,CC,$@) $(obj) -isystem $(BUILD)/bench -o $@ $< $(LIBS)
$(BUILD)/bench/rcvbuf.so: tests/bench/rcvbuf.c
	@mkdir -p $(@D)
	$(call say,CC,$@) $(obj) -shared -fPIC -o $@ $< -ldl

$(BUILD)/bench/churn: tests/bench/churn.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$@) $(obj) -o $@ $<
$(addprefix $(BUILD)/bench/,core history dora names): \
		$(BUILD)/bench/%: tests/bench/%.c $(BUILD)/obj/ctl.a
	@mkdir -p $(@D)
	$(call say,CC,$@) $(obj) -o $@ $(filter-out %.h,$^) $(LIBS)

# ---- the rest
install: all ## to PREFIX (/usr/local), with a systemd unit
	install -D -m 755 $(BUILD)/portcullis $(DESTDIR)$(PREFIX)/sbin/portcullis
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's,@PREFIX@,$(PREFIX),' scripts/portcullis.service \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/portcullis.service
clean: ## removes build/
	rm -rf $(BUILD)
help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
