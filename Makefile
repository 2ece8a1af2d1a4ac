# Everything runs in .venv, which is made on first use. Python 3.11 or newer and pip are enough.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PROJECTS := pyproject.toml $(wildcard plugins/*/pyproject.toml)
# A file of tests stays in one process, which starts its servers and builds its sites once.
PARALLEL := -n auto --dist=loadfile --no-loadscope-reorder

.PHONY: demo help test test-fast coverage lint docs clean

demo: $(READY)  ## build the example and show its report
	cd examples/mkdocs && ../../$(BIN)/mkdocs build
	@echo
	@cat examples/mkdocs/savings.txt

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 20

# SETUP=0 installs no programs; the tests of those that are missing are skipped.
test: $(READY)  ## all tests, and what they need installed on Debian and Ubuntu
	.ci/setup
	$(BIN)/python -m pytest -q $(PARALLEL)

# Also without what takes a second by itself.
test-fast: $(READY)  ## the tests without browsers, services and hosts: under a minute
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not slow" \
		--ignore=tests/browser --ignore=tests/hosts --ignore=tests/services

coverage: $(READY)  ## all tests, and the lines that none runs: takes twice as long
	$(BIN)/python -m pytest -q $(PARALLEL) --cov --cov-report=term

lint: $(READY)  ## ruff, mypy, and who may import whom
	$(BIN)/ruff check
	$(BIN)/ruff check --preview --select PLW1514 src plugins action
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin
	$(BIN)/lint-imports

docs: $(READY)  ## the documentation, built with our own plugin
	$(BIN)/mkdocs build --strict

# pip installs into the environment from outside: Debian's Python has no ensurepip.
$(READY): constraints.txt $(PROJECTS)
	$(PYTHON) -m venv --without-pip $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev \
		--editable .[server] $(patsubst %/pyproject.toml,--editable ./%,$(wildcard plugins/*/pyproject.toml))
	touch $@

clean:  ## remove what was made
	rm -rf .venv build dist site examples/*/site examples/*/public examples/*/.cache \
		examples/*/node_modules examples/*/savings.*
