# Unrolled. Two commands matter: `make course` and `make test`. `make help` lists the others.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: FORCE help course test quick page frameworks setup book serve exercises normalize site site-test learn progress grade sample-class attacks refute prove audit bench constraints clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
HTML := _build/html
SAMPLE := _build/sample-class
SETS := $(notdir $(wildcard solutions/ps?) $(wildcard solutions/ps??))
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
PORT ?= 8000
# More options for `make learn`, such as LAB=--no-browser
LAB ?=

export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Tests run side by side, so each keeps to one thread of BLAS; more of them only wait for one another. Where there are
# several, all take the same kernels of OpenBLAS: rounding decides which of ten seeds a long training loses.
# `make refute KERNELS=SkylakeX` shows what other ones say.
KERNELS ?= $(if $(filter x86_64,$(shell uname -m)),Haswell)
ONE_THREAD = OPENBLAS_NUM_THREADS=1 $(if $(KERNELS),OPENBLAS_CORETYPE=$(KERNELS))

# Two more than there are processors, since a test often waits for a browser or a sandbox.
TEST_JOBS = $(shell echo $$(($(JOBS) + 2)))

say = @printf '\n\033[1m== %s\033[0m\n' "$(1)"

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

course: $(HTML)/index.html sample-class ## Install, build the book, grade a small sample class in the sandbox
	$(call say,The course is ready)
	@echo "  Book:        $(HTML)/index.html   (open it in a browser, or: make serve)"
	@echo "  Feedback:    $(SAMPLE)/feedback/STUDENT/PS/PS.html"
	@echo "  Gradebook:   $(SAMPLE)/gradebook.db   (the sample class; yours is classroom/gradebook.db)"
	@echo "  Learn:       make learn"

setup: $(READY) ## Make .venv and install everything into it

# uv installs in half the time of pip. Where it is not to be had, or does not get through, pip does it.
UV := uv==0.13.9
define install
sh -c '{ test -x $(BIN)/uv || $(BIN)/python -m pip install -q "$(UV)"; } 2>/dev/null && \
  $(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode "$$@" 2>/dev/null || $(BIN)/python -m pip install -q "$$@"' install
endef

$(READY): requirements.txt requirements-sandbox.txt requirements-axe.txt constraints.txt pyproject.toml
	$(call say,Installing into $(VENV) (half a minute the first time))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Unrolled needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "Python cannot make a virtual environment. On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 2; }
	@$(install) -r requirements.txt -c constraints.txt
	@$(install) --no-deps --require-hashes -r requirements-sandbox.txt -r requirements-axe.txt
	@$(install) --no-deps -e .
	@touch $@

# ---------------------------------------------------------------------------------------------- book and exercises

book: $(HTML)/index.html ## Build the book into _build/html

# Where the book will be on the web, such as BASE_URL=https://example.org/unrolled/. Pages then name their own address, and
# there is a sitemap. Where the repository is, such as REPOSITORY=https://github.com/OWNER/unrolled: pages then have links
# to Colab, Binder and JupyterLab, or to your own JupyterHub with nbgitpuller, JUPYTERHUB=https://…. Without them, none.
BASE_URL ?=
REPOSITORY ?=
JUPYTERHUB ?=
export BASE_URL REPOSITORY JUPYTERHUB
ADDRESSES = BASE_URL=$(BASE_URL) REPOSITORY=$(REPOSITORY) JUPYTERHUB=$(JUPYTERHUB)
BOOK_SOURCES := _config.yml _build/addresses $(wildcard exercises/*/*.ipynb) \
  $(shell find book -type f -not -path 'book/problem-sets/*' -not -path '*/__pycache__/*')

# Changes only when an address does.
_build/addresses: FORCE
	@mkdir -p _build && { cmp -s $@ <<< '$(ADDRESSES)' || echo '$(ADDRESSES)' > $@; }
FORCE:

$(HTML)/index.html: $(READY) $(BOOK_SOURCES)
	$(call say,Building the book into $(HTML))
	@mkdir -p book/problem-sets && cp exercises/*/*.ipynb book/problem-sets/
	@jupyter-book build book --config _config.yml --path-output . -W -n --keep-going > _build/book.log 2>&1 || \
	  { cat _build/book.log; rm -rf _build/.doctrees $(HTML); exit 1; }  # a second build would not warn of what was read already
	@touch $@

serve: $(HTML)/index.html ## Serve the book on http://localhost:8000
	@echo "The book is on http://localhost:$(PORT) until you press Ctrl-C."
	@python -m http.server $(PORT) --bind 127.0.0.1 --directory $(HTML)

SITE_BIN := _build/site-venv/bin
SITE_READY := _build/site-venv/.ready
# 1 lays the whole runtime beside the book, so that nothing asks another host for anything.
OFFLINE ?=

$(SITE_READY): requirements-site.txt
	$(call say,Installing JupyterLite into _build/site-venv)
	@$(PYTHON) -m venv _build/site-venv && $(SITE_BIN)/python -m pip install -q -r requirements-site.txt
	@touch $@

site: $(HTML)/index.html $(SITE_READY) ## Put Python into the book: its pages and problem sets run in the browser (OFFLINE=1: without a network)
	$(call say,Building JupyterLite into $(HTML)/lite)
	@$(SITE_BIN)/python -m tools.site build $(HTML) $(if $(filter 1,$(OFFLINE)),--offline)

site-test: $(READY) ## Build the site OFFLINE=1, and read, run and solve in a real browser what it offers
	@$(MAKE) --no-print-directory site OFFLINE=1
	@$(ONE_THREAD) UNROLLED_SITE=$(HTML) python -m pytest -q tests/site -m "not long" -n $(JOBS) --dist loadfile

exercises: $(READY) ## Make exercises/ from solutions/ with nbgrader
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && for set in $(SETS); do \
	  echo "solutions/$$set -> exercises/$$set"; \
	  UNROLLED_CLASSROOM=$$folder nbgrader generate_assignment $$set --create --force --log-level=ERROR || exit 1; done

normalize: $(READY) ## Bring all notebooks, Python files and the table of equations into their one form
	@python tools/notebooks.py normalize
	@python tools/equations.py write
	@python tools/animation.py write
	@ruff format -q . && ruff check -q --fix .

# ----------------------------------------------------------------------------------------------- learning, grading

learn: $(HTML)/index.html ## Open the problem sets in JupyterLab, the book beside it (your copies lie in my-work/)
	@mkdir -p my-work
	@for file in exercises/*/*.ipynb; do copy=my-work/$$(basename $$file); test -e $$copy || cp $$file $$copy; done
	@python tools/learn.py $(HTML) jupyter lab my-work $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB)

progress: $(READY) ## Show how far the notebooks in my-work/ are: points, what is open, the last message
	@python -m autograder progress

grade: $(READY) ## Grade classroom/submitted/*/PS, for example: make grade PS=ps3
	@test -n "$(PS)" || { echo "Name the problem set: make grade PS=ps3"; exit 2; }
	@python -m autograder grade $(PS) --jobs $(JOBS)

sample-class: $(SAMPLE)/graded

GRADED_BY := $(shell find autograder solutions unrolled tests/sample_class -type f -not -path '*/__pycache__/*') nbgrader_config.py
$(SAMPLE)/graded: $(READY) $(GRADED_BY)
	$(call say,Grading the sample class in the sandbox)
	@rm -rf $(SAMPLE) && mkdir -p $(SAMPLE) && cp -R tests/sample_class/submitted $(SAMPLE)/submitted
	@for set in $(SETS); do \
	  python -m autograder grade $$set --classroom $(SAMPLE) --jobs $(JOBS) --timeout 3; code=$$?; \
	  if [ $$code = 3 ] && [ "$$(uname)" != Linux ]; then echo "The sample class is graded on Linux only."; break; fi; \
	  [ $$code -le 1 ] || exit $$code; done
	@touch $@

# --------------------------------------------------------------------------------------------------------- proving

PAGES := $(wildcard book/*.ipynb book/folklore/*.ipynb book/uses/*.ipynb)
# Claims and uses that train for more than six seconds. `make refute` runs them, and so does CI.
LONG_CLAIMS := k01 k03 k04 k05 k06 k07 k08 k09 k10 k11 k13 k14 k15 k16 k17 k20 k22 k23 k24
LONG_USES := u1 u4 u5 u6 u7 u8
LONG_PAGES := $(foreach claim,$(LONG_CLAIMS),$(wildcard book/folklore/$(claim)-*.ipynb)) \
  $(foreach use,$(LONG_USES),$(wildcard book/uses/$(use)-*.ipynb))
nbval = $(ONE_THREAD) python -m pytest -q --nbval --nbval-sanitize-with tests/book/nbval_sanitize.cfg $(1) -n $(JOBS) --dist loadfile

test: $(HTML)/index.html sample-class ## Run everything that must pass
	$(call say,Lint and format)
	@ruff check . && ruff format --check . && python tools/notebooks.py normalize --check
	@python tools/equations.py write --check
	$(call say,The pages keep their limits)
	@python tools/pages.py
	$(call say,The chapters run and print what they say (nbval))
	@$(call nbval,$(filter-out $(LONG_PAGES),$(PAGES)))
	$(call say,Tests)
	@$(ONE_THREAD) $(if $(BASE_URL)$(REPOSITORY),,UNROLLED_BOOK=$(HTML)) UNROLLED_SAMPLE=$(SAMPLE) python -m pytest -q tests -m "not long and not site" -n $(TEST_JOBS) --dist worksteal

quick: $(READY) ## Run the quick tests only
	@$(ONE_THREAD) python -m pytest -q tests -m "not slow and not long and not site" -n $(TEST_JOBS) --dist worksteal

PAGE_FILES = $(foreach form,$(PAGE) $(PAGE)-*,$(wildcard book/$(form).ipynb book/folklore/$(form).ipynb book/uses/$(form).ipynb))
PAGE_TESTS = $(wildcard tests/folklore/test_$(PAGE).py tests/book/test_chapter_$(PAGE).py tests/book/test_use_$(PAGE).py)
page: $(READY) ## Run one page and its tests, the long ones too, for example: make page PAGE=k07 or PAGE=04
	@test -n "$(PAGE_FILES)" || { echo "Name a page: make page PAGE=k07, or PAGE=04"; exit 2; }
	@$(call nbval,$(PAGE_FILES))
	@$(if $(PAGE_TESTS),$(ONE_THREAD) python -m pytest -q $(PAGE_TESTS) -n $(JOBS))

FRAMEWORKS := $(wildcard book/11-*.ipynb)
frameworks: $(READY) ## Install PyTorch and Keras, and run what compares the layers with them
	$(call say,Installing PyTorch and Keras into $(VENV))
	@$(install) -r requirements-frameworks.txt -c constraints.txt
	$(call say,Chapter 11, every cell of it)
	@$(call nbval,$(FRAMEWORKS))
	$(call say,The layers against PyTorch and Keras)
	@$(ONE_THREAD) python -m pytest -q tests/unrolled/test_layers_against_torch.py tests/unrolled/test_layers_against_keras.py

# More options for `make attacks`, such as KINDS="verdict wire"
KINDS ?=
attacks: $(READY) ## Attack the grader in some 300 ways and show what each got (four minutes on two cores)
	@$(ONE_THREAD) python -m tests.attacks.attacks $(KINDS)

# One part of the long tests is enough for a look: `make refute PART=2/4`
PART ?=
refute: $(HTML)/index.html ## Run the long pages, and try to refute the folklore at eight times the budget (more than half an hour)
	$(call say,The long pages run and print what they say (nbval))
	@$(call nbval,$(LONG_PAGES))
	$(call say,Verdicts at eight times the budget)
	@$(ONE_THREAD) $(if $(BASE_URL)$(REPOSITORY),,UNROLLED_BOOK=$(HTML)) python -m pytest -q tests -m "long and not site" $(if $(PART),--part $(PART)) -n $(JOBS) --dist worksteal

# More options for `make prove`, such as SEEDS=20 or PS=ps5
SEEDS ?= 500
prove: $(READY) ## Prove every check on 500 seeds and write benchmarks/audit/ (an hour and a half on two cores)
	$(call say,Every check on $(SEEDS) seeds)
	@python tests/proof/audit.py --seeds $(SEEDS) --jobs $(JOBS) $(if $(filter 500,$(SEEDS)),,--no-write) $(if $(PS),--set $(PS))

audit: refute prove ## All long proofs: refute and prove

bench: $(READY) ## Time the layers against PyTorch, where it is installed
	@python benchmarks/bench_layers.py

constraints: $(READY) ## Write constraints.txt anew from what is installed
	@{ head -1 constraints.txt; python -m pip freeze --exclude-editable | grep -viE '^(bubblewrap|axe-|uv==)'; } > constraints.new
	@mv constraints.new constraints.txt

clean: ## Remove what was built (never classroom/ or my-work/)
	@rm -rf _build book/problem-sets .pytest_cache .ruff_cache .hypothesis
