PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-all lint bench docs clean

demo: $(VENV)/installed
	$(BIN)/runner demo

test: $(VENV)/installed
	.ci/ensure-pgtap
	.ci/ensure-pgbouncer
	.ci/ensure-chromium
	$(BIN)/python -m pytest -n 2 --dist loadfile

# Every major, every upgrade from one to another, and the long catalogues on each.
test-all: $(VENV)/installed
	.ci/ensure-pgtap
	.ci/ensure-pgbouncer
	.ci/ensure-chromium
	.ci/ensure-servers $(BIN)/python
	FUNDWARDEN_EVERYWHERE=1 FUNDWARDEN_WORLDS=1000 FUNDWARDEN_ROW_WORLDS=200 FUNDWARDEN_NIGHTS=500 \
		FUNDWARDEN_COMMITS=2000 FUNDWARDEN_PREVIEWS=20 FUNDWARDEN_HISTORIES=10 \
		$(BIN)/python -m pytest -n 2 --dist loadfile --server all

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint db migrations
	set -- migrations/*.sql; test ! -e "$$1" || $(BIN)/squawk "$$@"

bench: $(VENV)/installed
	$(BIN)/runner bench

docs: $(VENV)/installed
	$(BIN)/runner migrate
	$(BIN)/runner docs

clean:
	rm -rf $(VENV)

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@
