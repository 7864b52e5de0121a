# Two commands do all the set-up on a machine that has Python >= 3.11 and make:  make verify  and  make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
THREADS := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: verify false-alarms mutations test fuzz lint notebooks notebooks-full lab docs picture benchmarks clean

verify: $(STAMP)
	$(THREADS) $(BIN)/neurenorm verify

# Every claim with a random witness under 200 seeds: hours; it goes on where it was interrupted.
false-alarms: $(STAMP)
	$(THREADS) $(BIN)/python -m neurenorm.numerics.verification.false_alarms

# Which small edits of the theory neither claims nor tests notice: hours; it goes on where it was interrupted.
mutations: $(STAMP)
	$(THREADS) $(BIN)/python -m benchmarks.mutations

test: $(STAMP)
	$(THREADS) $(BIN)/python -m pytest

fuzz: $(STAMP)
	$(THREADS) PYTHONPATH=. $(BIN)/python tests/fuzz.py --inputs 20000
	$(THREADS) PYTHONPATH=. $(BIN)/python tests/fuzz_api.py --inputs 2000

lint: $(STAMP)
	$(BIN)/ruff format --check graphs theory numerics src/neurenorm/*.py tests benchmarks docs
	$(BIN)/ruff check graphs theory numerics src/neurenorm/*.py tests benchmarks docs
	$(BIN)/mypy
	$(BIN)/lint-imports

notebooks: $(STAMP)
	$(THREADS) $(BIN)/python tests/run_notebooks.py --small

notebooks-full: $(STAMP)
	$(THREADS) $(BIN)/python tests/run_notebooks.py

# JupyterLab on the notebooks, with the kernel of the environment.
lab: $(STAMP)
	$(BIN)/uv pip install --quiet --python $(BIN)/python jupyterlab
	$(BIN)/python -m jupyter lab notebooks

docs: $(STAMP)
	$(THREADS) MPLBACKEND=Agg $(BIN)/sphinx-build -W --keep-going -q -j 2 -b html docs build/docs

picture: $(STAMP)
	$(BIN)/python docs/picture.py

benchmarks: $(STAMP)
	$(THREADS) $(BIN)/python -m benchmarks

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[plot,report,results,distributed,networks,dev,docs]'
	touch $(STAMP)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
