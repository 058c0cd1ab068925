# Two commands are all the set-up there is: `make demo` and `make test`. Each makes the virtual environment on first call.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# What converts painters for phones takes 4.5 GB and holds back what the rest wants newer: it lives alone, and its tests
# (`make litert`) are no part of `make test`.
LITERT := .venv-litert
INSTALL := -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
PIP := $(BIN)/python $(INSTALL)
# Tests run side by side, one thread each; two processes with two threads each would only wait for one another.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(8, os.cpu_count() or 1))')

.PHONY: demo test lint types unit litert format clean

demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py $(if $(PHOTO),--photo '$(PHOTO)')

test: lint types unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

unit: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal

litert: $(LITERT)/.dev
	OMP_NUM_THREADS=1 $(LITERT)/bin/python -m pytest tests/litert

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(LITERT) dist demo tests/web/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python $(LITERT)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Impasto needs Python 3.11 or newer; name one: make PYTHON=python3.12 …'; exit 1; }
	$(PYTHON) -m venv $(@:/bin/python=)

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt tests/web/package-lock.json
	$(PIP) --editable '.[dev]'
	@npm ci --prefix tests/web --ignore-scripts --no-audit --no-fund --loglevel error || \
		echo 'There is no onnxruntime-web: tests of the web page will be skipped.'
	@touch $@ $(VENV)/.demo

$(LITERT)/.dev: $(LITERT)/bin/python pyproject.toml constraints.txt
	$(LITERT)/bin/python $(INSTALL) --editable '.[litert]' 'pytest>=8.3'
	@touch $@
