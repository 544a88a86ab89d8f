# Each target does its own set-up in a local virtual environment.  It needs Python >= 3.10, a C compiler and make.
PYTHON ?= python3
VENV := .venv
SANITIZED := .venv-sanitize
RACES := .venv-sanitize-threads
VALGRIND_LOG := $(VENV)/valgrind.log
VALGRIND_TESTS := tests/test_isa.py tests/test_philox.py tests/test_fast.py \
  tests/test_threads.py::test_any_number_of_threads_gives_the_same_bits
BIN := $(VENV)/bin
SOURCES := pyproject.toml build_backend.py meson.build $(shell find c_src numfmt lp_sampler -type f ! -name '*.pyc')
C_FILES := $(wildcard c_src/*.c c_src/*.h c_src/*.inc)
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check

.PHONY: demo test bench docs readme lint format sanitize sanitize-memory sanitize-threads valgrind fuzz clean

demo: $(VENV)/.with-sampler
	$(BIN)/lp-sampler compare

test: $(VENV)/.with-test
	$(BIN)/pytest -n 2 --dist loadgroup

# Other packages are measured where they are installed: `make .venv/.with-peers bench` installs them (1 GB).
bench: $(VENV)/.with-bench
	$(BIN)/python -m bench compare --json bench.json --plot bench.png

docs: $(VENV)/.with-docs
	$(BIN)/sphinx-build --fail-on-warning --keep-going -j 2 docs docs/_build
	@echo "open docs/_build/index.html"

# The README's table of formats, from the core's tables; a test fails when it is stale.
readme: $(VENV)/.with-docs
	$(BIN)/python docs/generators/readme.py

lint: $(VENV)/.with-test $(VENV)/.with-lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)
	$(BIN)/mypy

format: $(VENV)/.with-lint
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format
	$(BIN)/clang-format -i $(C_FILES)

sanitize: sanitize-memory sanitize-threads

# The whole suite on a core that AddressSanitizer and UndefinedBehaviorSanitizer watch.  Their libraries must be
# loaded before Python; Python itself leaks by design, so leaks are not looked for.
sanitize-memory: $(SANITIZED)/.with-test
	LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
	ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	$(SANITIZED)/bin/pytest -n 2 -m "not packaging and not long"

# What runs in several threads, on a core that ThreadSanitizer watches: from Python, and every group of the C library's
# functions from a C program.
sanitize-threads: $(RACES)/.with-test
	LD_PRELOAD="$$($(CC) -print-file-name=libtsan.so)" TSAN_OPTIONS=halt_on_error=1:die_after_fork=0 \
	$(RACES)/bin/pytest --capture=no tests/test_threads.py
	TSAN_OPTIONS=halt_on_error=1 $(RACES)/bin/pytest --sanitizer thread tests/test_c_library.py \
	  -k test_threads_share_formats

# Kernel tests under memcheck, which sees what Python allocates only without Python's own pools.  Python, NumPy and the
# loader make errors of theirs: those count whose stack goes through the core.  Valgrind adds floats to nearest, whatever
# the processor is told, so bits of the fast loops that round otherwise are not compared.
valgrind: $(VENV)/.with-test
	@command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2; exit 1; }
	PYTHONMALLOC=malloc valgrind --log-file=$(VALGRIND_LOG) \
	$(BIN)/python $(BIN)/pytest $(VALGRIND_TESTS)
	@! grep -B 12 -A 24 -m 1 '_numfmt\.abi3' $(VALGRIND_LOG)
	@echo "memcheck found no error of the core"

# The C API under libFuzzer and sanitizers, FUZZ_SECONDS in all; building takes clang some ten minutes of a processor.
FUZZ_SECONDS ?= 300
CLANG ?= clang

fuzz:
	$(MAKE) -C tests/fuzz FUZZ_SECONDS=$(FUZZ_SECONDS) CLANG=$(CLANG)

clean:
	rm -rf $(VENV) $(SANITIZED) $(RACES) docs/_build docs/_generated

# One stamp an extra: `.venv/.with-test` says that `pip install '.[test]'` has been done since the sources changed.
$(VENV)/.with-%: $(SOURCES) | $(VENV)/bin/python
	$(BIN)/python $(PIP_INSTALL) '.[$*]'
	@touch $@

$(SANITIZED)/.with-test: WATCHERS := address,undefined
$(RACES)/.with-test: WATCHERS := thread
$(SANITIZED)/.with-test $(RACES)/.with-test: %/.with-test: $(SOURCES) | %/bin/python
	$(@D)/bin/python $(PIP_INSTALL) '.[test]' \
	  -Csetup-args=-Db_sanitize=$(WATCHERS) -Csetup-args=-Db_lundef=false
	@touch $@

$(VENV)/bin/python $(SANITIZED)/bin/python $(RACES)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "$(PYTHON) is not Python >= 3.10: try make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(@D)/..
