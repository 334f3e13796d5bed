# A thin front: cmake and ninja build, ctest tests. Recipes run as root on Debian 12 need nothing else beforehand.
BUILD ?= build
PREFIX ?= /opt/cni
# One more than cores: many tests wait for the kernel.
JOBS ?= $(shell echo $$(($$(nproc) + 1)))
.DEFAULT_GOAL := help
.PHONY: help deps deps-test build demo test fuzz torture gc-soak seeing-soak conformance asan tsan static bench hot-functions fmt install clean

BUILD_PACKAGES := g++ cmake ninja-build pkg-config libnl-3-dev libmnl-dev libspdlog-dev libfmt-dev \
  nlohmann-json3-dev libgtest-dev libgmock-dev libcli11-dev musl-tools dpkg-dev make flex bison xz-utils
DEMO_PACKAGES := iproute2 busybox-static jq
TEST_PACKAGES := $(DEMO_PACKAGES) clang clang-format-14 clang-tidy-14 git python3 strace \
  nftables iptables iputils-ping conntrack groff zsh fish \
  containerd runc containernetworking-plugins podman conmon \
  golang-go golang-github-appc-cni-dev python3-grpcio python3-protobuf protobuf-compiler

# Asks apt only for what is missing, and updates its lists only when they do not do.
missing = $$(for p in $(1); do \
  dpkg-query -W -f='$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || echo $$p; done)
define install_packages
@missing=$(missing); [ -z "$$missing" ] || { \
  apt="env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300"; \
  echo "installing:" $$missing; \
  $$apt install --no-install-recommends $$missing >/dev/null 2>&1 || { \
    $$apt update && $$apt install --no-install-recommends $$missing; }; } </dev/null
endef
configure = cmake -S . -B $(1) -G Ninja $(2) >/dev/null
# With the musl C library, static; where its parts cannot be made (no network), or with MUSL=none, with the machine's own, shared.
MUSL ?= $(BUILD)/musl
configure_static = if [ $(MUSL) != none ] && bash plugin/static/toolchain.sh $(MUSL); then \
  $(call configure,$(BUILD),$(release) -DCMAKE_TOOLCHAIN_FILE=plugin/static/musl.cmake -DMUSL_PREFIX=$(abspath $(MUSL)) \
    $$(grep -qs ^MUSL_PREFIX $(BUILD)/CMakeCache.txt || echo --fresh)); \
  else echo "without musl: build/isthmus is linked with shared libraries, is slower, and is not held against the budget"; \
  $(call configure,$(BUILD),$(release) $$(grep -qs ^MUSL_PREFIX $(BUILD)/CMakeCache.txt && echo --fresh)); fi
release = -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_UNITY_BUILD=ON
# Progress for people, silence for logs.
ninja = if [ -t 1 ]; then ninja -C $(1) $(2); else ninja -C $(1) --quiet $(2); fi
sanitized_environment = ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

deps: ## install what the build needs (Debian 12, as root)
	$(call install_packages,$(BUILD_PACKAGES))

deps-test: deps ## install what the tests need
	$(call install_packages,$(TEST_PACKAGES))

build: deps ## build/isthmus
	@$(configure_static)
	@$(call ninja,$(BUILD),isthmus documents)

demo: build ## two containers get a network, use it and lose it again, in a host of their own
	$(call install_packages,$(DEMO_PACKAGES))
	@ISTHMUS_BIN=$(abspath $(BUILD))/isthmus bash tests/e2e/demo.sh

test: deps ## every test
	@[ $(MUSL) = none ] || bash plugin/static/toolchain.sh $(MUSL) 2>/dev/null & $(MAKE) --no-print-directory deps-test; status=$$?; wait; exit $$status
	@$(configure_static)
	@$(call ninja,$(BUILD))
	@bash tests/support/run-tests.sh $(BUILD) $(JOBS)

gc-soak: build deps-test ## kill containerd among its pods twenty times: isthmus gc takes exactly what is dead
	@ISTHMUS_BIN=$(abspath $(BUILD))/isthmus GC_ROUNDS=$${GC_ROUNDS:-20} GC_PODS=$${GC_PODS:-100} GC_LIVE=$${GC_LIVE:-100} GC_PARALLEL=$${GC_PARALLEL:-16} \
	  CONTAINERD_START_TIME=120 bash tests/e2e/gc_containerd_test.sh

seeing-soak: build deps-test ## list 100 containers of a bridge 1,000 times, run 1,000 commands in namespaces: all right
	@ISTHMUS_BIN=$(abspath $(BUILD))/isthmus LIST_CONTAINERS=$${LIST_CONTAINERS:-100} LIST_CALLS=$${LIST_CALLS:-1000} bash tests/e2e/list_test.sh
	@ISTHMUS_BIN=$(abspath $(BUILD))/isthmus EXEC_RUNS=$${EXEC_RUNS:-1000} bash tests/e2e/exec_test.sh

torture: deps-test ## kill and fail every verb at every system call; hostile input; thousands of calls, many at once
	@$(configure_static)
	@$(call ninja,$(BUILD),isthmus torture)
	@ISTHMUS_TORTURE=whole ctest --test-dir $(BUILD) -j $(JOBS) -L torture --verbose --no-tests=error </dev/null

fuzz: deps-test ## fuzz everything that reads bytes of others, FUZZ_SECONDS (60) for each target
	@$(call configure,build-fuzz,-DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_UNITY_BUILD=ON -DISTHMUS_FUZZ=ON)
	@$(call ninja,build-fuzz,fuzzers)
	@bash tests/fuzz/run.sh build-fuzz $(JOBS) $(or $(FUZZ_SECONDS),60)

conformance: deps-test ## run the numbered checks of the CNI specification and write docs/conformance.md
	@$(configure_static)
	@ninja -C $(BUILD) --quiet conformance_doc

asan: deps-test ## unit and netns tests with AddressSanitizer and UndefinedBehaviorSanitizer
	@$(call configure,build-asan,-DCMAKE_BUILD_TYPE=Debug -DCMAKE_UNITY_BUILD=ON -DISTHMUS_ASAN=ON)
	@$(call ninja,build-asan)
	@$(sanitized_environment) bash tests/support/run-tests.sh build-asan $(JOBS) -L 'unit|netns'

tsan: deps-test ## unit and netns tests with ThreadSanitizer
	@$(call configure,build-tsan,-DCMAKE_BUILD_TYPE=Debug -DCMAKE_UNITY_BUILD=ON -DISTHMUS_TSAN=ON)
	@$(call ninja,build-tsan)
	@bash tests/support/run-tests.sh build-tsan $(JOBS) -L 'unit|netns'

static: build ## build-static/isthmus, which needs no shared library
	@bash tests/check/static_binary.sh $(BUILD)/isthmus
	@install -D -s $(BUILD)/isthmus build-static/isthmus

bench: deps-test ## measure isthmus beside the official plugins and the bare kernel work; under ten minutes
	@$(configure_static)
	@$(call ninja,$(BUILD),isthmus floors stopwatch tally)
	@bash tests/bench/bench.sh $(abspath $(BUILD)) $(CURDIR)

hot-functions: deps-test ## order the functions that calls need anew (plugin/static/hot_functions.ld); after larger changes
	@$(configure_static)
	@$(call ninja,$(BUILD),isthmus tally)
	@bash tests/bench/hot_functions.sh $(abspath $(BUILD)/tests/bench/tally) $(abspath $(BUILD)/isthmus) $(abspath $(BUILD)/isthmus.map) >$(BUILD)/hot_functions.ld
	@cp $(BUILD)/hot_functions.ld plugin/static/hot_functions.ld

fmt: deps-test ## format the C++ files
	@git ls-files -co --exclude-standard -- '*.h' '*.cc' | xargs clang-format-14 -i

install: build ## to DESTDIR and PREFIX (/opt/cni, where runtimes look)
	@DESTDIR=$(DESTDIR) cmake --install $(BUILD) --strip --prefix $(PREFIX)

clean: ## remove what was built
	rm -rf $(BUILD) build-asan build-tsan build-fuzz build-static
