# `make demo` and `make test` are all a newcomer needs; both set up .venv first. Other targets: see `make help`.
SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CANDIDATES := python3.11 python3.12 python3.13 python3 python3.14 python
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in $(CANDIDATES); do $$p -c "$(USABLE)" >/dev/null 2>&1 && echo $$p && break; done)
OUT ?= demo_output
PORT ?= 7860

export MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help demo sheet test lint types imports docs check device weights clean

help:
	@echo "make demo     make sample pictures and open the page with them in a browser (PORT=$(PORT))"
	@echo "make sheet    inspect the sample pictures without a browser; overlays and JSON land in $(OUT)/"
	@echo "make test     run the whole suite"
	@echo "make check    lint, types, import contracts and docs (each alone: make lint, types, imports, docs)"
	@echo "make device   the measurements of a GPU in their smallest sizes, on whatever there is (about two minutes on a CPU)"
	@echo "make docs     build the documentation as a site in site/"
	@echo "make weights  bring the towers of the preset mini (about 300 MB, once)"
	@echo "make clean    remove caches and demo output, keep $(VENV)"

$(STAMP): pyproject.toml constraints.txt
	@if [ -z "$(PYTHON)" ]; then \
		echo "error: expected Python 3.11 or later with venv, got none; install it or give PYTHON=/path/to/python3" >&2; exit 1; fi
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV): several GB and some minutes the first time"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]" -c constraints.txt
	@touch $@

demo: $(STAMP)
	@$(BIN)/anomaly-assistant build --config data_builders/configs/demo.yaml --out $(OUT)/chosen
	@$(BIN)/anomaly-assistant demo --port $(PORT) --samples $(OUT)/chosen

sheet: $(STAMP)
	@$(BIN)/anomaly-assistant build --config data_builders/configs/demo.yaml --out $(OUT)/chosen
	@$(BIN)/anomaly-assistant samples --pictures $(OUT)/chosen --out $(OUT)

test: $(STAMP)
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMP)
	@$(BIN)/mypy

imports: $(STAMP)
	@$(BIN)/lint-imports

docs: $(STAMP)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

check: lint types imports docs

device: $(STAMP)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && $(BIN)/anomaly-assistant benchmark-gpu --out "$$folder/gpu" --tiny

weights: $(STAMP)
	@$(BIN)/anomaly-assistant weights fetch

clean:
	@rm -rf $(OUT) site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist *.egg-info
	@find assistant training data_builders demo tests -name __pycache__ -type d -prune -exec rm -rf {} +
