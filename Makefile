# Two commands do everything on a fresh machine with Python 3.11 and a C++ compiler: `make report` and `make test`.

PYTHON ?= python3.11
MAIN := .venvs/main
THEANO := .venvs/theano/equivalence-stack.json
BIN := $(MAIN)/bin
# The matrix waits for the frameworks in one process, all other files go to the other, the longest first.
TWO := -n 2 --dist loadfile --no-loadscope-reorder
say = @printf '\n\033[1m%s\033[0m\n' "$(1)"

.DEFAULT_GOAL := help
.PHONY: help report test test-all check lint types docs wheel bench lock clean environments

help: ## Say what there is.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

environments: $(MAIN)/.ready $(THEANO) ## Make the two environments if they are missing.

$(MAIN)/.ready: pyproject.toml stacks/main.txt
	$(call say,Making the main environment (NumPy 2$(,) TensorFlow$(,) PyTorch) in $(MAIN): one to five minutes)
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is needed: install it, or name one by: make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(MAIN)
	$(BIN)/python -m pip install --disable-pip-version-check -c stacks/main.txt torch==2.13.0
	$(BIN)/python -m pip install --disable-pip-version-check -c stacks/main.txt -e '.[all,dev]'
	@touch $@

$(THEANO): $(MAIN)/.ready adapters/equivalence_adapters/theano/constraints.txt
	$(call say,Making the Theano environment in .venvs/theano: about half a minute)
	$(BIN)/equivalence stacks create theano
	@touch $@

report: environments ## Run the full matrix and write reports/index.html.
	$(call say,Comparing every framework on every operation; the first run compiles Theano's graphs)
	$(BIN)/equivalence claims --json reports/claims.json
	$(BIN)/equivalence run --json reports/run.jsonl --claims reports/claims.json --report reports/index.html
	@echo "Open reports/index.html"

test: environments ## Run all tests.
	$(call say,Running the tests; the first run compiles Theano's graphs)
	$(BIN)/python -m pytest $(TWO) $(PYTEST)

test-all: environments ## Run all tests, those too long for every run among them.
	$(BIN)/python -m pytest --run-slow $(TWO) $(PYTEST)

check: lint types docs wheel ## Check style, types, documentation and the built distribution.

lint: environments
	$(call say,Style)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: environments
	$(call say,Types)
	$(BIN)/mypy

docs: environments
	$(call say,Documentation)
	$(BIN)/mkdocs build --quiet --strict

wheel: environments
	$(call say,Wheel and source distribution)
	$(BIN)/python tests/packaging/check_distribution.py

bench: environments ## Measure speed as ratios against peers.
	$(BIN)/python benchmarks/overhead.py

lock: ## Renew the exact versions of the main environment from what is installed.
	@{ head -n 1 stacks/main.txt; $(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu//'; } > stacks/main.txt.new
	@mv stacks/main.txt.new stacks/main.txt

clean: ## Remove the environments, caches and reports.
	rm -rf .venvs build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis reports/*.html reports/*.jsonl
	git checkout -- reports 2>/dev/null || true

, := ,
