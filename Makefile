# Everything runs in .venv, which is made on first use. Python 3.11 or newer and pip are enough.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
PROJECTS := pyproject.toml $(wildcard plugins/*/pyproject.toml)

.PHONY: demo test coverage lint docs clean

demo: $(READY)
	cd examples/mkdocs && ../../$(BIN)/mkdocs build
	@echo
	@cat examples/mkdocs/savings.txt

test: $(READY)
	$(BIN)/python -m pytest

coverage: $(READY)
	$(BIN)/python -m pytest --cov --cov-report=term

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)
	$(BIN)/mkdocs build --strict

# pip installs into the environment from outside: Debian's Python has no ensurepip.
$(READY): constraints.txt $(PROJECTS)
	$(PYTHON) -m venv --without-pip .venv
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev \
		--editable .[server] $(patsubst %/pyproject.toml,--editable ./%,$(wildcard plugins/*/pyproject.toml))
	touch $@

clean:
	rm -rf .venv build dist site examples/*/site examples/*/public examples/*/.cache \
		examples/*/node_modules examples/*/savings.*
