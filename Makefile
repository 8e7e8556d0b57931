# `make run` runs the whole pipeline once under a real Airflow; `make test` runs every test.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := uv==0.13.9
export PYTHONPATH := $(CURDIR)
unexport PYTHONDONTWRITEBYTECODE
# Where the user has no folder to keep downloads in, they are not kept; uv would refuse to work at all.
CACHE := $${UV_CACHE_DIR:-$${XDG_CACHE_HOME:-$$HOME/.cache}/uv}
ifneq ($(shell mkdir -p "$(CACHE)" 2>/dev/null && test -w "$(CACHE)" && echo kept),kept)
export UV_NO_CACHE := 1
export PIP_NO_CACHE_DIR := 1
endif

.DEFAULT_GOAL := help
.PHONY: help setup run up down airflow web test test-spark lint bench bench-identity bench-spark lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(VENV)/.run ## make the virtual environment and compile what needs compiling

run: $(VENV)/.run ## run the whole pipeline once; DATA=folder for your own exports, SOURCES=simulated to ask live systems
	@$(BIN)/python -m include.launch run $(if $(DATA),"$(DATA)") $(if $(SOURCES),--sources $(SOURCES))

up: $(VENV)/.run ## keep Airflow up with its UI; DATA=folder for your own exports
	@$(BIN)/python -m include.launch up $(if $(DATA),"$(DATA)")

down: $(VENV)/.run ## stop what `make up` started
	@$(BIN)/python -m include.launch down $(if $(DATA),"$(DATA)")

airflow: $(VENV)/.run ## Airflow's command line on what `make up` started; CMD="dags list"
	@$(if $(DATA),KINDRED_DATA="$(DATA)") $(BIN)/python -m include.launch airflow $(CMD)

web: $(VENV)/.run ## serve the pages and the API; PORT=8090
	@$(BIN)/python -m include web $(if $(PORT),--port $(PORT))

test: $(VENV)/.test ## lint and run every test
	tests/run $(TESTS)

test-spark: $(VENV)/.spark ## run the tests of the engine on Spark, which need Java and half a gigabyte more
	$(BIN)/python -m pytest -n 2 --dist loadscope tests/integration/test_*spark.py

lint: $(VENV)/.test ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.run ## time every stage of the pipeline; PEOPLE=100000
	$(BIN)/python -m benchmarks.pipeline --people $(or $(PEOPLE),100000)

bench-identity: $(VENV)/.run ## accuracy and speed of the identity engine, beside Splink's
	$(BIN)/python -m benchmarks.identity
	$(BIN)/python -m benchmarks.identity.tournament --splink

bench-spark: $(VENV)/.spark ## the same table on one machine and on Spark
	$(BIN)/python -m benchmarks.spark

lock: $(VENV)/.run ## compile the requirements anew, with hashes
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header tests/requirements.in -o tests/requirements.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header requirements-spark.in -o requirements-spark.txt

clean: ## remove the virtual environment; data in .kindred stays
	rm -rf $(VENV)

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || \
		{ echo "Kindred needs Python 3.11 or 3.12; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up .venv (once; about two minutes)"
	@$(PYTHON) -m venv $(VENV)
	@echo "relocatable = true" >> $(VENV)/pyvenv.cfg  # its commands work where it is copied to, too
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	@touch $@

$(VENV)/.run: requirements.txt | $(VENV)/.uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt
	@$(BIN)/python -m compileall -q -j 0 -x 'site-packages/.*/tests/' $(VENV)/lib include dags plugins & compiling=$$!; \
		$(BIN)/python -m include.matching.kernels.compile && { wait $$compiling || true; }
	@touch $@

$(VENV)/.test: tests/requirements.txt $(VENV)/.run
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt -r tests/requirements.txt
	@touch $@

$(VENV)/.spark: requirements-spark.txt $(VENV)/.test
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-spark.txt
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib/*/site-packages/pyspark || true
	@touch $@
