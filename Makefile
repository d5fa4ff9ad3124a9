# Everything runs in .venv, which is made from the pinned requirements when it is first needed.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
  && echo $$p && break; done)
VENV := .venv
PEERS := .venv-peers
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
OPTIONS ?=
# three at a time on two cores, since some tests wait for servers that are slow on purpose
TESTS = $(RUN) -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder --durations 15

help:  ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

setup: $(VENV)/.runs  ## make .venv with what the scripts need

demo: $(VENV)/.runs  ## do the whole job on the demo catalogue (OPTIONS='--backbone FOLDER')
	@$(RUN) -m demo $(OPTIONS)

test: $(VENV)/.checks  ## run all tests (OPTIONS=--cpu lists their processor time)
	$(TESTS) $(OPTIONS)

test-fast: $(VENV)/.checks  ## run the tests that need no real data and few seconds
	$(TESTS) -m 'not slow' $(OPTIONS)

test-kernels: $(VENV)/.checks  ## run tests of floats under the kernels of other processors (OPTIONS='tests/models')
	@$(RUN) -m tests.kernels $(OPTIONS)

lint: $(VENV)/.checks  ## lint, format and types
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

check: lint test  ## lint, format, types and all tests: what CI runs

house: $(VENV)/.checks  ## print the figures of the structure, each beside its limit
	@$(RUN) -m tests.house

format: $(VENV)/.checks  ## format the code, and fix what can be fixed automatically
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

docs: $(VENV)/.checks  ## write the generated pages: docs/options.md, the tables of docs/database.md
	@$(RUN) -m tests.docs.generate

soak: $(VENV)/.checks  ## faults and hostile inputs for hours (SOAK_SEED=N plays them again)
	SOAK=1 $(RUN) -m pytest tests/faults tests/hostile tests/sources/test_formats.py -s $(OPTIONS)

bench: $(VENV)/.checks $(PEERS)/.installed  ## print each figure beside its peer (needs ../shared; OPTIONS='scale')
	@$(RUN) -m benchmarks $(OPTIONS)

bench-crawl: $(VENV)/.checks $(PEERS)/.installed  ## crawl.py alone, beside img2dataset and a script
	@$(RUN) -m benchmarks crawling fetching

bench-models: $(VENV)/.checks $(PEERS)/.installed  ## every model beside its peers (needs ../shared)
	@$(RUN) -m benchmarks models novelty

clean:  ## remove all that make creates, .venv included
	rm -rf $(VENV) $(PEERS) demo_out .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.runs: requirements.txt constraints.txt
	@test -n '$(PYTHON)' || { echo 'make: Python 3.11, 3.12 or 3.13 is needed; \
	install one, or name it: make PYTHON=/path/to/python3.12' >&2; exit 1; }
	@echo 'setting up $(VENV) with $(PYTHON): a few minutes, once' >&2
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.checks: $(VENV)/.runs requirements-dev.txt
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(PEERS)/.installed: requirements-peers.txt
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.PHONY: house help setup demo test test-fast test-kernels lint check format docs soak bench bench-crawl bench-models clean
