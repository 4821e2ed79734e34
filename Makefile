# make demo   sets everything up in .venv and runs the main job
# make read   sets up and opens the browser reader on the built-in case
# make test   sets up and passes the tests
# Needs Python 3.11, 3.12 or 3.13; no compiler, no root. Choose one with PYTHON=python3.12.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
# One BLAS thread a process: the same numbers on every machine, and no cores fighting each other.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.PHONY: demo read test lint studies bundle bench clean

demo: $(VENV)/.ready
	$(BIN)/radfusion demo --out demo-output

read: $(VENV)/.ready
	$(BIN)/radfusion read

test: $(VENV)/.ready-test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: $(VENV)/.ready-test
	$(BIN)/ruff check . && $(BIN)/mypy

# The bundle of make demo, made anew from nothing but this repository (about four minutes on two cores).
bundle: $(VENV)/.ready
	$(BIN)/python Testing/Studies/study.py bundle

# The CR engine beside others, on real regions (a compiler for PyRadiomics; shared/data beside the checkout, or IMAGES=).
bench: $(VENV)/.ready
	-sh Testing/Benchmarks/reference_engines.sh
	$(BIN)/python Testing/Benchmarks/bench.py $(if $(IMAGES),--images $(IMAGES))

# Every figure in docs/studies.md (some hours on two cores).
studies: $(VENV)/.ready
	$(BIN)/python Testing/Studies/study.py all

$(VENV)/.ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "RadFusion needs Python 3.11, 3.12 or 3.13; name it with PYTHON=..."; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	$(BIN)/python -m RadFusionLib.explain.shap_library
	$(BIN)/python -m RadFusionLib.radiomics.compilation
	touch $@

$(VENV)/.ready-test: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) demo-output
