# Everything starts from a fresh checkout: each target installs what it needs into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check bench screenshots clean

demo: $(VENV)/.installed
	$(BIN)/tunscope lab pair

# Every worker collects every test: one process rewrites their assertions for them all beforehand.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.installed-dev
	-$(BIN)/python -m pytest --collect-only -qq tests >/dev/null
	$(BIN)/python -m pytest -n 4 --dist worksteal -m "not serial" tests
	$(BIN)/python -m pytest -m serial tests

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.installed-dev
	for each in capture read tui relay overlay replay run; do $(BIN)/python benchmarks/$$each.py || exit; done

screenshots: $(VENV)/.installed-dev
	$(BIN)/python screenshots/make.py
	$(BIN)/python tests/tui/stored_screens.py screenshots/every

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	$(BIN)/python -m compileall -q tunscope
	touch $@

$(VENV)/.installed-dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[test,check]'
	$(BIN)/python -m compileall -q tunscope
	touch $@ $(VENV)/.installed
