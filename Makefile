# Two commands do everything on a machine with Python >= 3.11 and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow lint bench lock clean

demo: $(VENV)/.ready
	$(BIN)/evalkit run suites/quickstart.yaml

test: lint
	$(BIN)/python -m pytest -n 2 -m "not slow and not clients"

# Matrices that take minutes, a real browser, and the official clients in other languages and versions. What a machine
# lacks is skipped with its reason; CI installs it all.
test-slow: $(VENV)/.ready
	$(BIN)/python -m pytest -n 2 -m "slow or clients" -rs

lint: $(VENV)/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Ratios and slopes, measured in the same run; not tests.
bench: $(VENV)/.ready
	$(BIN)/python benchmarks/emulator.py
	$(BIN)/python benchmarks/report.py

# --require-hashes: what is installed is what was locked, to the byte.
$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "evalkit needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Rewrites the lock file; needs uv. The file names no index, so any mirror serves.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --group dev \
	  --no-header pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis
