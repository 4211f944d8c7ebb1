# `make help` says what there is. Needs python3 (3.11 or newer), git and make; all else goes into .venv.

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint gallery samples soak mutants docs bench clean

VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?=
ARGS   ?=
N      ?= 5

help:
	@echo 'make demo     see golive at work: a client that is ready to go live, and its report'
	@echo '              make demo ARGS=--bad shows one that is not'
	@echo 'make test     everything that has to hold before a commit: lint, types and tests'
	@echo '              make test ARGS="-k contract -x" hands its arguments to pytest'
	@echo 'make lint     ruff and mypy alone'
	@echo 'make gallery  which check catches which broken client, and that it accuses no correct one'
	@echo '              make gallery ARGS="NewKey Slow" takes those whose name has one of these words'
	@echo 'make samples  reports/samples/, made anew: what a report looks like. They change when reports do, and only then'
	@echo '              make samples ARGS=--forms examines nobody: enough when only the look of reports has changed'
	@echo 'make soak     correct clients over many seeds, with generated trials: nobody may accuse them of anything'
	@echo '              make soak N=20 takes so many seeds; minutes for each'
	@echo 'make mutants  the reference client, edited in some dozens of places: which edits does no check see?'
	@echo 'make docs     docs/checks.md, from the checks themselves'
	@echo 'make bench    how fast golive is, against the bare client, the real clock and other mocks; about ten minutes,'
	@echo '              written to docs/benchmarks.md. make bench ARGS=trials measures one thing'
	@echo 'make setup    a $(VENV) to work in; the others call it as they need it'
	@echo '              make setup PYTHON=/path/to/python3.13 chooses the interpreter'
	@echo 'make clean    take away $(VENV) and every cache'
	@echo
	@echo 'In $(VENV), golive is installed from this checkout: $(BIN)/golive --help'

demo: $(VENV)/.ready
	$(BIN)/golive demo $(ARGS)

# One more than there are processors: some tests wait for a clock that nobody can hurry.
test: lint
	$(BIN)/python -m pytest -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist worksteal $(ARGS)

lint: $(VENV)/.ready-to-develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

gallery: $(VENV)/.ready-to-develop
	$(BIN)/python -m gallery $(ARGS)

samples: $(VENV)/.ready-to-develop
	$(BIN)/python -m gallery.samples $(ARGS)

soak: $(VENV)/.ready-to-develop
	$(BIN)/python -m gallery.soak --seeds $(N) $(ARGS)

mutants: $(VENV)/.ready-to-develop
	$(BIN)/python -m gallery.mutation $(ARGS)

docs: $(VENV)/.ready
	$(BIN)/golive checks --markdown > docs/checks.md

bench: $(VENV)/.ready-to-develop
	$(BIN)/python benchmarks $(ARGS)

setup: $(VENV)/.ready-to-develop
	@echo 'Ready: $(BIN)/golive --help'

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .tox build dist golive-report benchmarks/.cache

# Each stamp is younger than pyproject.toml, or the environment is brought up to date.
$(VENV)/.ready: pyproject.toml
	@.ci/environment '$(VENV)' '.' '$(PYTHON)'
	@touch $@

$(VENV)/.ready-to-develop: pyproject.toml
	@.ci/environment '$(VENV)' '.[dev]' '$(PYTHON)'
	@touch $(VENV)/.ready $@
