# The whole set-up of the project; `make` alone lists what there is to make.
#
# pip's own settings are honoured: the small CPU-only PyTorch on Linux, for example, comes from an
# index of its own, which PIP_EXTRA_INDEX_URL or pip's configuration file can name.

PYTHON ?= python3

VENV := .venv
RUN := $(VENV)/bin/python
PIP_INSTALL := $(RUN) -m pip install --constraint constraints.txt

# A set-up is redone when what it installs has changed; the stamps remember when it was done.
READER_SETUP := $(VENV)/reader.stamp
TEST_SETUP := $(VENV)/test.stamp

# Notebooks draw with their own backend, whatever the shell asks for.
unexport MPLBACKEND

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help lab test notebooks bench format clean

help: ## List the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-10s %s\n", $$1, $$2 }'

# The folder above notebooks/ is served too, so that links from a notebook to the package work.
lab: $(READER_SETUP) ## Set everything up and open the notebooks in JupyterLab
	$(RUN) -m jupyterlab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks

test: $(TEST_SETUP) ## Run all that CI runs: style, unit tests, every cell of every notebook
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	MPLBACKEND=agg $(RUN) -m pytest -p no:cacheprovider
	TQDM_DISABLE=1 $(RUN) -m pytest -p no:cacheprovider --durations=5 \
	    --nbval --nbval-current-env --nbval-cell-timeout=600 notebooks

notebooks: $(TEST_SETUP) ## Run the notebooks from the top and store their outputs
	$(RUN) tools/execute_notebooks.py

bench: $(TEST_SETUP) ## Measure the speeds that the project promises
	$(RUN) tools/benchmark.py

format: $(TEST_SETUP) ## Put code and notebooks into the project's style
	$(RUN) -m ruff check --fix
	$(RUN) -m ruff format

clean: ## Remove the set-up and all caches
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache
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
