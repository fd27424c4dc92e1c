# weir: every way to build, test and measure it. CMake and Ninja do the work; tools/setup.sh brings what is missing.
#
#   make                the binary, build/weir
#   make demo           a tour: events into a volume, Bronze -> Silver -> Gold, twice
#   make test           everything that must hold; closing line 'N passed, N failed'
#   make test-asan      unit and end-to-end tests under AddressSanitizer and UndefinedBehaviorSanitizer
#   make test-tsan      the same under ThreadSanitizer
#   make soak           the campaigns (crashes, power cuts, failing calls) at full length
#   make fuzz           every fuzz program for FUZZ_SECONDS (30) each
#   make bench          the numbers, beside the peers' (BENCH=... passes arguments on)
#   make docs           write the generated pages of docs/ anew
#   make coverage       lines of each room that the unit and end-to-end tests run
#   make check-clang    build everything with clang, warnings as errors
#   make check-arm64    build everything for arm64 with Debian's cross compiler (not run)
#   make install        build/weir into PREFIX/bin (PREFIX=/usr/local, DESTDIR=)
#   make clean          remove build/
#
# WEIR_CACHE (default ~/.cache/weir) holds what set-up fetches. ONLY=text runs the tests of that name.
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 30
WEIR_CACHE ?= $(HOME)/.cache/weir
export WEIR_CACHE

configure = cmake -S . -G Ninja -DWEIR_CACHE=$(WEIR_CACHE) -DCMAKE_BUILD_TYPE=Release
quietly = >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
run_tests = python3 tools/run_tests.py $(if $(ONLY),--only '$(ONLY)')
sanitized = --cmake=-DCMAKE_BUILD_TYPE=Debug --cmake=-DCMAKE_C_FLAGS=-O1 --patience 5 --suites unit,e2e,crash,peers

.PHONY: all demo test test-asan test-tsan soak fuzz bench docs coverage check-clang check-arm64 install clean help

all:
	@tools/setup.sh build
	@mkdir -p build
	@$(configure) -B build $(quietly)
	@ninja -C build weir

demo: all
	@tools/demo.sh

test:
	@tools/setup.sh test
	@$(run_tests) --cmake=-DCMAKE_BUILD_TYPE=Release

test-asan:
	@tools/setup.sh test
	@$(run_tests) --build build/asan --cmake=-DWEIR_ASAN=ON $(sanitized)

test-tsan:
	@tools/setup.sh test
	@$(run_tests) --build build/tsan --cmake=-DWEIR_TSAN=ON $(sanitized)

soak:
	@tools/setup.sh test
	@$(run_tests) --soak --cmake=-DCMAKE_BUILD_TYPE=Release

fuzz:
	@tools/setup.sh clang
	@tools/fuzz.sh $(FUZZ_SECONDS)

bench: all
	@tools/setup.sh bench
	@$(WEIR_CACHE)/bench/bin/python bench/run.py $(BENCH)

docs: all
	@python3 tools/checks/docs.py --write

coverage:
	@tools/setup.sh test
	@$(run_tests) --build build/coverage --cmake=-DCMAKE_BUILD_TYPE=Debug --cmake=-DCMAKE_C_FLAGS=--coverage \
	    --patience 3 --suites unit,e2e,crash,peers
	@python3 tools/coverage.py build/coverage

check-clang:
	@tools/setup.sh clang
	@mkdir -p build
	@CC=clang CXX=clang++ $(configure) -B build/clang $(quietly)
	@ninja -C build/clang

check-arm64:
	@tools/setup.sh arm64
	@mkdir -p build
	@$(configure) -B build/arm64 -DCMAKE_TOOLCHAIN_FILE=$(CURDIR)/cmake/arm64.cmake $(quietly)
	@ninja -C build/arm64

install: all
	install -d $(DESTDIR)$(PREFIX)/bin
	install -s -m 755 build/weir $(DESTDIR)$(PREFIX)/bin/weir

clean:
	rm -rf build

help:
	@sed -n 's/^#   \{0,1\}//p' Makefile
