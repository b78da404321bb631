# The whole set-up of the project; `make` alone lists what there is to make.
#
# pip's own settings are honoured: the small CPU-only PyTorch on Linux, for example, comes from an
# index of its own, which PIP_EXTRA_INDEX_URL or pip's configuration file can name.

PYTHON ?= python3

VENV := .venv
RUN := $(VENV)/bin/python
FLOORS := .venv-floors
# Python compiles what is imported, once; pip would compile all there is, which takes most of a minute.
PIP_INSTALL := $(RUN) -m pip install --no-compile --constraint constraints.txt

# A set-up is redone when what it installs has changed; the stamps remember when it was done.
READER_SETUP := $(VENV)/reader.stamp
TEST_SETUP := $(VENV)/test.stamp

# Notebooks draw with their own backend, count their threads by the variable below, and have their own seeds,
# whatever the shell says.
unexport MPLBACKEND MKL_NUM_THREADS SEQ2SEQ_SEED_OFFSET SEQ2SEQ_CLAIMS

UNIT_TESTS = MPLBACKEND=agg OMP_NUM_THREADS=1 $(RUN) -m pytest -p no:cacheprovider \
    --numprocesses=logical --dist=worksteal

# Threads of a notebook in `make test`: two run side by side, so that more would only make them wait.
THREADS := 1

# Jupyter runs as root only where it is told to. It listens on this machine alone, unless `make lab IP=0.0.0.0`
# opens it to a network; a variable of the shell that happens to have that name does not.
AS_ROOT = $(if $(filter 0,$(shell id -u)),--allow-root)
ON_NETWORK = $(if $(filter command,$(origin IP)),--ServerApp.ip=$(IP))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help lab test coverage floors notebooks claims seeds seeds-check bench bench-large digests format clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-12s %s\n", $$1, $$2 }'

# The folder above notebooks/ is served too, so that links from a notebook to the package work.
lab: $(READER_SETUP) ## Set everything up and open the notebooks in JupyterLab
	$(RUN) -m jupyterlab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks $(AS_ROOT) $(ON_NETWORK)

test: $(TEST_SETUP) ## Run all that CI runs: style, types, unit tests, every cell of every notebook
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy
	$(UNIT_TESTS)
	notebooks=$$($(RUN) tools/execute_notebooks.py --list) && \
	TQDM_DISABLE=1 OMP_NUM_THREADS=$(THREADS) $(RUN) -m pytest -p no:cacheprovider --durations=5 \
	    --numprocesses=2 --dist=loadfile --no-loadscope-reorder \
	    --nbval --nbval-current-env --nbval-kernel-startup-timeout=300 --nbval-cell-timeout=1800 $$notebooks

# Watching every line makes the unit tests take half as long again: `make test` goes without.
coverage: $(TEST_SETUP) ## Run the unit tests and print which lines they do not run
	$(UNIT_TESTS) --cov --cov-report=term

# A folder of its own; on Linux it takes some 6 GB, most of them for the CUDA that an old PyTorch brings. No
# warning is fatal here: old libraries announce what has come since, pandas to whoever imports it.
floors: $(RUN) ## Run the unit tests with the oldest versions that pyproject.toml allows
	@$(RUN) -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || { \
	    echo 'There is no NumPy so old for Python 3.13: make clean floors PYTHON=python3.12' >&2; exit 1; }
	$(RUN) -m venv --clear $(FLOORS)
	$(RUN) tools/floors.py > $(FLOORS)/constraints.txt
	$(FLOORS)/bin/python -m pip install --constraint $(FLOORS)/constraints.txt --editable '.[test]'
	MPLBACKEND=agg OMP_NUM_THREADS=1 $(FLOORS)/bin/python -m pytest -p no:cacheprovider -W default \
	    --numprocesses=logical --dist=worksteal

notebooks: $(TEST_SETUP) ## Run the notebooks from the top and store their outputs
	$(RUN) tools/execute_notebooks.py
	$(RUN) tools/readme_figures.py

claims: $(TEST_SETUP) ## List what the notebooks claim, and the bound of each claim
	$(RUN) tools/claims.py

seeds: $(TEST_SETUP) ## Run the notebooks with other seeds, and keep how often each claim held (takes hours)
	$(RUN) tools/seeds.py

seeds-check: $(TEST_SETUP) ## Look whether every claim held with every seed, with room, by the code as it is
	$(RUN) tools/seeds.py --check

bench: $(TEST_SETUP) ## Measure the speeds that the project promises
	TQDM_DISABLE=1 $(RUN) tools/benchmark.py

bench-large: $(TEST_SETUP) ## Measure what 5 million pairs take (half an hour, 2 GB on the disk)
	$(RUN) tools/benchmark_large.py

digests: $(TEST_SETUP) ## Print digests that stay the same where a change only moves code
	TQDM_DISABLE=1 $(RUN) tools/digests.py

format: $(TEST_SETUP) ## Put code and notebooks into the project's style
	$(RUN) -m ruff check --fix
	$(RUN) -m ruff format

clean: ## Remove the set-up and all caches
	rm -rf $(VENV) $(FLOORS) build *.egg-info .pytest_cache .ruff_cache .mypy_cache .coverage .coverage.*
	find . -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo 'Python 3.11 or newer is needed. To name one: make lab PYTHON=python3.12' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)

$(READER_SETUP): pyproject.toml constraints.txt $(RUN)
	$(PIP_INSTALL) --editable .
	@touch $@

$(TEST_SETUP): pyproject.toml constraints.txt $(RUN)
	$(PIP_INSTALL) --editable '.[test]'
	@touch $@ $(READER_SETUP)
