# `make` or `make help` lists what there is. Every target sets up .venv first, quick when done.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Processes that tests start elsewhere measure into the same place.
export COVERAGE_FILE := $(CURDIR)/.coverage
AZURITE := tools/azurite/node_modules/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-pg15 coverage lint bench proof soak faults

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

setup: $(VENV)/.project ## make .venv with everything needed (hash-checked)
	@true

demo: setup ## run the whole system with a simulated fleet; Ctrl-C ends it
	@HES_END_WITH_PARENT=$$PPID exec $(BIN)/hes demo

test: setup $(AZURITE) ## all tests on a private PostgreSQL
	$(BIN)/python -m pytest -n 3 --dist worksteal

coverage: setup $(AZURITE) ## the same, a quarter slower: which lines and branches they take, with a floor
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 3 --dist worksteal
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

test-pg15: setup ## what asks the database on Debian's PostgreSQL 15, where it is installed
	@if [ -x /usr/lib/postgresql/15/bin/initdb ]; then \
		HES_TEST_POSTGRES_BIN=/usr/lib/postgresql/15/bin $(BIN)/python -m pytest -n 3 --dist worksteal; \
	else echo "skipped: no PostgreSQL 15 here (apt-get install postgresql-15)"; fi

lint: setup ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup ## measure against the promises, each beside its limit
	@$(BIN)/python -m benchmarks

proof: setup ## the tests that take too long for every run
	$(BIN)/python -m pytest -m slow

soak: setup ## ten thousand seeds of orders, guard, nrn and slots without I/O
	@$(BIN)/python -m tests.soak

# ONLY=redis repeats one scenario, SEED=7 the course of that seed, SHORT=1 does little harm.
faults: setup ## harm real processes, then check all that must be true (ONLY=, SEED=, SHORT=1)
	@$(BIN)/python -m tests.faults $(ONLY) $(if $(SEED),--seed $(SEED)) $(if $(SHORT),--short)

$(VENV)/bin/python:
	@if command -v uv >/dev/null 2>&1; then uv venv --quiet --python $(PYTHON) $(VENV); \
	elif $(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		$(PYTHON) -m venv $(VENV); \
	elif $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "Python cannot make environments here. Run: apt-get install python3-venv" >&2; exit 1; \
	else echo "Python 3.11 or newer is needed; name it with PYTHON=..., or install uv." >&2; exit 1; fi

$(VENV)/.requirements: requirements.txt | $(VENV)/bin/python
	@echo "installing into $(VENV) ..."
	@if command -v uv >/dev/null 2>&1; then uv pip install --quiet --python $(BIN)/python --require-hashes -r $<; \
	else $(BIN)/python -m pip install --quiet --require-hashes -r $<; fi
	@touch $@

$(VENV)/.project: pyproject.toml $(VENV)/.requirements
	@if command -v uv >/dev/null 2>&1; then uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .; fi
	@touch $@

# The local Blob service. Tests that need it say so and are skipped where it could not be installed.
$(AZURITE): tools/azurite/package-lock.json tools/azurite/package.json
	@if command -v npm >/dev/null 2>&1; then \
		echo "installing Azurite into tools/azurite ..."; \
		cd tools/azurite && npm ci --loglevel=error >/dev/null && touch node_modules/.installed \
			|| echo "could not install Azurite: tests of the blob sink are skipped"; \
	else echo "npm is absent: tests of the blob sink are skipped"; fi
