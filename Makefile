# Every target makes .venv first, or finds it up to date. `make setup PYTHON=python3.12` names the Python to use.
PYTHON ?=
WORKERS ?= 2
ARGS ?=

in_venv := .venv/bin/
# Workers share the cores, so each computes on one.
pytest := OMP_NUM_THREADS=1 $(in_venv)python -m pytest

.PHONY: help setup demo test test-slow check lint types imports format browsers chromium npm web docs bench bench-gpu models models-formatter models-layout clean

help:
	@echo "make setup      .venv with velveteen in it"
	@echo "make demo       trains a network on handwritten digits, and makes a page that reads yours"
	@echo "make test       everything that a change must pass: check, then the tests"
	@echo "make check      lint, types and imports"
	@echo "make test-slow  the tests that take longer than a minute"
	@echo "make format     puts the code into the house's format"
	@echo "make bench      measures velveteen beside PyTorch, Keras and TensorFlow.js: half an hour"
	@echo "make bench-gpu  measures velveteen beside PyTorch on an NVIDIA GPU"
	@echo "make web        builds the pages of velveteen studio"
	@echo "make docs       builds the documentation as a site, in build/site"
	@echo "make models     trains the networks that ship anew: make models-formatter, make models-layout"
	@echo "make clean      removes what the other targets made"

setup:
	@PYTHON="$(PYTHON)" sh tools/setup.sh

demo: setup npm
	$(in_venv)velveteen demo $(ARGS)

test: setup chromium npm web check
	$(pytest) -n $(WORKERS) --dist loadgroup $(ARGS)

test-slow: setup chromium npm web
	$(pytest) -m slow $(ARGS)

check: setup lint types imports

lint: setup
	$(in_venv)ruff check
	$(in_venv)ruff format --check

types: setup
	$(in_venv)mypy

imports: setup
	$(in_venv)lint-imports

format: setup
	$(in_venv)ruff check --fix
	$(in_venv)ruff format

browsers: chromium npm

chromium: setup
	@$(in_venv)python tools/chromium.py

# TensorFlow.js itself: the tests run it, and the demo's page has it inside.
npm: setup
	@$(in_venv)python tools/node.py tests/browser

# The studio's pages, from TypeScript.
web: setup
	@$(in_venv)python tools/web.py

# The documentation as a site. What builds it is installed when it is first wanted.
docs: .venv/velveteen-docs-installed
	NO_MKDOCS_2_WARNING=1 $(in_venv)mkdocs build --strict $(ARGS)
	@echo "Look at it: python -m http.server --directory build/site"

.venv/velveteen-docs-installed: pyproject.toml constraints.txt | setup
	$(in_venv)python -m pip install --disable-pip-version-check -c constraints.txt -e ".[docs]"
	@touch $@

bench: setup
	$(in_venv)python -m bench.run $(ARGS)

bench-gpu: setup
	$(in_venv)python -m bench.gpu $(ARGS)

models: models-formatter models-layout

# Downloads packages, formats them with prettier and ruff, and trains the formatter's models on them; takes an hour.
models-formatter: setup
	$(in_venv)python tools/formatter_models.py $(ARGS)

# Downloads sites, photographs their pages and generated ones, sound and broken, and trains the layout's network on them; says
# beforehand how long that takes, and goes on where it was stopped.
models-layout: setup chromium
	$(in_venv)python tools/layout_models.py $(ARGS)

clean:
	rm -rf .venv .venv-peers .venv-bench build dist .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
