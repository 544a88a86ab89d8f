# Each target does its own set-up in a local virtual environment.  It needs Python >= 3.10, a C compiler and make.
PYTHON ?= python3
VENV := .venv
SANITIZED := .venv-sanitize
BIN := $(VENV)/bin
SOURCES := pyproject.toml build_backend.py meson.build $(shell find c_src numfmt lp_sampler -type f ! -name '*.pyc')
C_FILES := $(wildcard c_src/*.c c_src/*.h c_src/*.inc)
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check

.PHONY: demo test docs lint format sanitize clean

demo: $(VENV)/.with-sampler
	$(BIN)/lp-sampler compare

test: $(VENV)/.with-test
	$(BIN)/pytest -n 2

docs: $(VENV)/.with-docs
	$(BIN)/sphinx-build --fail-on-warning --keep-going -j 2 docs docs/_build
	@echo "open docs/_build/index.html"

lint: $(VENV)/.with-test $(VENV)/.with-lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)
	$(BIN)/mypy

format: $(VENV)/.with-lint
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format
	$(BIN)/clang-format -i $(C_FILES)

# The whole suite on a core that AddressSanitizer and UndefinedBehaviorSanitizer watch.  Their libraries must be
# loaded before Python; Python itself leaks by design, so leaks are not looked for.
sanitize: $(SANITIZED)/.with-test
	LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
	ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	$(SANITIZED)/bin/pytest -n 2 -m "not packaging and not long"

clean:
	rm -rf $(VENV) $(SANITIZED) docs/_build docs/_generated

# One stamp an extra: `.venv/.with-test` says that `pip install '.[test]'` has been done since the sources changed.
$(VENV)/.with-%: $(SOURCES) | $(VENV)/bin/python
	$(BIN)/python $(PIP_INSTALL) '.[$*]'
	@touch $@

$(SANITIZED)/.with-test: $(SOURCES) | $(SANITIZED)/bin/python
	$(SANITIZED)/bin/python $(PIP_INSTALL) '.[test]' \
	  -Csetup-args=-Db_sanitize=address,undefined -Csetup-args=-Db_lundef=false
	@touch $@

$(VENV)/bin/python $(SANITIZED)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "$(PYTHON) is not Python >= 3.10: try make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(@D)/..
