# Each target sets up what it needs, in .venv; the second time that takes a moment.
# make demo [ARGS=--once] · make run [ARGS=…] · make cluster · make test · make check · make docs · make lock

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check -q
ARGS ?=

.PHONY: demo run cluster test check lint types imports audit docs lock bench lock-peers chaos clean help

help:
	@sed -n 2p Makefile

demo: $(VENV)/.run
	@$(BIN)/seinhuis demo $(ARGS)

run: $(VENV)/.run
	@$(BIN)/seinhuis up $(ARGS)

# Six servers on this machine, the hub on them, and some traffic: kill one and see.
cluster: $(VENV)/.run
	@$(BIN)/seinhuis cluster $(ARGS)

# Cheapest first: style, types, import contracts, the role config, then the tests.
test: check
	@$(BIN)/pytest -q -n 2 --dist loadfile $(ARGS)

check: lint types imports
	@$(BIN)/seinhuis check
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev
	@$(BIN)/mypy

imports: $(VENV)/.dev
	@$(BIN)/lint-imports --no-cache

# Known vulnerabilities in what is pinned. Needs the network, so it is not part of `make test`.
audit: $(VENV)/.dev
	@$(BIN)/pip-audit --disable-pip --require-hashes -r requirements-dev.txt

docs: $(VENV)/.dev
	@$(BIN)/python -m hub.reference docs/reference > /dev/null
	@$(BIN)/python -m hub.cli.pages docs/reference

# Some 35 minutes on a quiet machine; goes on where it was stopped. ARGS="--quick" shows that it runs.
bench: $(VENV)/.run
	@$(BIN)/python benchmarks/run.py $(ARGS)

lock-peers:
	@$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/pip -q install uv
	@for name in requirements arq; do $(VENV)-lock/bin/uv pip compile benchmarks/peers/$$name.in \
		$(LOCK) -o benchmarks/peers/$$name.txt || exit 1; done
	@cd benchmarks/peers/node && npm install --package-lock-only \
		--omit-lockfile-registry-resolved --no-audit --no-fund
	@rm -rf $(VENV)-lock

# Everything is broken on purpose, and counted: docs/reliability.md. ARGS="--minutes 30 --seed 7"
chaos: $(VENV)/.dev
	@$(BIN)/python -m tests.chaos $(ARGS)

# Pin again, for every platform and Python from 3.11, with hashes and without an index line.
lock:
	@$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/pip -q install uv
	@$(VENV)-lock/bin/uv pip compile pyproject.toml --extra build $(LOCK) -o requirements.txt
	@$(VENV)-lock/bin/uv pip compile pyproject.toml --extra build --extra otel $(LOCK) -o requirements-otel.txt
	@$(VENV)-lock/bin/uv pip compile pyproject.toml --extra build --extra otel --extra dev $(LOCK) -o requirements-dev.txt
	@rm -rf $(VENV)-lock

LOCK := --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-header -q

$(VENV)/.run: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Seinhuis needs Python 3.11 or later; name one with: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "Setting up $(VENV) (the first time only) ..." && $(PYTHON) -m venv $(VENV); } || \
		{ echo "On Debian and Ubuntu first: apt install python3-venv" >&2; exit 1; }
	@$(PIP) install --require-hashes -r requirements.txt
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@echo "Setting up the tools of the developers (the first time only) ..."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
