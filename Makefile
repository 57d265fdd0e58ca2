# Only Python 3.11 or newer, and make, have to be there. Everything else is fetched by hash into .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: up test again lint faults mutants bench lock clean

up: $(READY)
	$(BIN)/rollbook up $(if $(FEED),--feed $(FEED))

# Two processes, with a database server each; a file of tests stays in one of them, and so do those with whole suites: make test PROCESSES=4
test: $(READY)
	$(BIN)/python -m pytest --numprocesses $(or $(PROCESSES),2) --dist loadfile

# What failed in the last run, and nothing else.
again: $(READY)
	$(BIN)/python -m pytest --last-failed --last-failed-no-failures none

# Random faults against the suite of processes, the whole oracle after each; then each seeded bug: make faults CYCLES=200 SEED=1
faults: $(READY)
	$(BIN)/python -m pytest tests/faults tests/e2e/test_killed.py --seeded-bugs --cycles $(or $(CYCLES),20) --seed $(or $(SEED),20261123) \
		--kills $(or $(KILLS),5) --people $(or $(PEOPLE),10000) --restarts $(or $(RESTARTS),20)

# Small changes to the code, each against the tests that reach it, and what none of them noticed: make mutants COUNT=200 SEED=1
mutants: $(READY)
	PYTHONPATH=.:tests $(BIN)/python -m mutants --count $(or $(COUNT),200) --seed $(or $(SEED),1) --processes $(or $(PROCESSES),2) $(if $(AGAIN),--again)

# Every ratio of docs/benchmarks.md, about half an hour on an idle machine: make bench ONLY=P1,P4 SIZE=100000 ROUNDS=5
bench: $(READY)
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(SIZE),--size $(SIZE)) $(if $(ROUNDS),--rounds $(ROUNDS))

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# New versions of the dependencies, with the hashes of every platform's files.
lock: $(READY)
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host --no-emit-options --strip-extras --allow-unsafe --extra dev --output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rollbook needs Python 3.11 or newer; say which: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)
