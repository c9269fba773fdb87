# Each target sets up what it needs and leaves the work tree clean. Needs only Python 3.11 or newer
# with venv, make and git.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# The folders are listed too: their times tell that a file was removed.
SOURCES := $(shell find reconciler -name __pycache__ -prune -o -print)
LOCKS := requirements/runtime.txt requirements/build.txt requirements/dev.txt
DOCS_LOCK := requirements/docs.txt

.PHONY: help demo controlplane tools programs browser test node pipelines fuzz faults mutants bench docs lint format lock audit clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

help:
	@echo 'make demo    a tour of plan and apply, in a temporary folder'
	@echo 'make test    all tests, against the built and installed wheel'
	@echo '             some of them: make test ARGS="tests/unit -k name"'
	@echo 'make node    the tests that need a real node of Kubernetes: containerd, kubelet, Pods'
	@echo 'make pipelines   run the shipped workflows with act, and lint them'
	@echo 'make controlplane   build the Kubernetes control plane that some of them need, once'
	@echo 'make tools   build sops and age, whose files some tests read, once'
	@echo 'make programs   install what some of them need: Docker Engine, containerd, shells, promtool, as root'
	@echo 'make browser install Chromium, as root, and axe-core, with which HTML is tested'
	@echo 'make fuzz    a million mutated manifests, of another seed each time'
	@echo '             or so many, and those of a seed: make fuzz COUNT=20000 SEED=name'
	@echo 'make faults  a kill or a fault of the disk at every system call; half an hour'
	@echo 'make mutants break central lines one by one, and count which the tests notice'
	@echo 'make bench   the figures of docs/figures.md; 100,000 Secrets too: make bench ARGS=--large'
	@echo '             of many environments: make bench BENCH=fleet'
	@echo 'make docs    the documentation site, in site/'
	@echo 'make lint    ruff, mypy and the layers'
	@echo 'make format  what ruff can put right by itself'
	@echo 'make lock    lock the dependencies anew; the newest: make lock ARGS=--upgrade'
	@echo 'make audit   look up the locked packages among published advisories'
	@echo 'make clean   remove what the other targets made'

demo: $(VENV)/.installed
	PATH="$(CURDIR)/$(BIN):$$PATH" examples/demo.sh

# The checkout must not be importable by accident: the tests are there for the wheel.
# One test at a time is handed to each process, in order, as some take a minute.
JOBS ?= 3
test: $(VENV)/.dev $(VENV)/.installed
	INSTALLED_WHEEL=1 PYTHONSAFEPATH=1 PYTHONPATH= \
		$(BIN)/pytest --numprocesses=$(JOBS) --maxschedchunk=1 -m 'not node and not pipelines' $(ARGS)

# One node for all of them, so one process.
node: $(VENV)/.dev $(VENV)/.installed controlplane
	INSTALLED_WHEEL=1 PYTHONSAFEPATH=1 PYTHONPATH= \
		$(BIN)/pytest -m node tests/integration/node $(ARGS)

# Installs act and the linters of workflows into a cache outside of the work tree.
pipelines: $(VENV)/.dev $(VENV)/.installed
	PYTHON=$(PYTHON) tests/pipelines/install.sh
	INSTALLED_WHEEL=1 PYTHONSAFEPATH=1 PYTHONPATH= \
		$(BIN)/pytest --numprocesses=2 --maxschedchunk=1 -m pipelines tests/pipelines $(ARGS)

# Into a cache outside of the work tree: the first time takes ten minutes, later ones none.
controlplane:
	PYTHON=$(PYTHON) tests/controlplane/build.sh

tools:
	PYTHON=$(PYTHON) tests/tools/build.sh

programs:
	tests/programs/install.sh
	tests/programs/prometheus.sh

browser:
	tests/browser/install.sh

COUNT ?= 1000000
SEED ?= $(shell date +%s)
fuzz: $(VENV)/.dev $(VENV)/.installed
	FUZZ_COUNT=$(COUNT) FUZZ_SEED=$(SEED) PYTHONSAFEPATH=1 PYTHONPATH= $(BIN)/pytest tests/fuzz

faults: $(VENV)/.dev $(VENV)/.installed
	CRASH_FAULTS=all INSTALLED_WHEEL=1 PYTHONSAFEPATH=1 PYTHONPATH= \
		$(BIN)/pytest --numprocesses=$(JOBS) --maxschedchunk=1 -o faulthandler_timeout=0 \
		tests/crashes/test_system_calls.py tests/crashes/test_tiny_disks.py

mutants: $(VENV)/.dev $(VENV)/.installed
	$(BIN)/python tests/mutation/check.py

BENCH ?= figures
bench: $(VENV)/.installed
	PYTHONPATH= $(BIN)/python benchmarks/$(BENCH).py $(ARGS)

# The pages are copied as they lie in the repository, so that the same links work in both. Broken
# links are errors. The search needs a server: python3 -m http.server --directory site
docs: $(VENV)/.docs
	rm -rf $(VENV)/docs site
	mkdir -p $(VENV)/docs/pages
	tar cf - README.md CONTRIBUTING.md CHANGELOG.md LICENSE docs examples reconciler/schemas \
		integrations/*/README.md | \
		tar xf - -C $(VENV)/docs/pages
	mv $(VENV)/docs/pages/docs/zensical.toml $(VENV)/docs
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/zensical build --strict -f $(VENV)/docs/zensical.toml
	mv $(VENV)/docs/site site

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# To be run with the oldest Python that is supported: what newer ones need is a part of it.
COMPILE = $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-header --no-emit-options $(ARGS)
lock: $(VENV)/.dev
	$(COMPILE) --output-file requirements/runtime.txt pyproject.toml
	$(COMPILE) --output-file requirements/build.txt --only-build-deps --build-deps-for wheel \
		pyproject.toml
	$(COMPILE) --output-file requirements/dev.txt --extra test,docker,alibaba,huawei,notify,sops \
		--constraint requirements/runtime.txt --constraint requirements/build.txt \
		pyproject.toml requirements/dev.in
	$(COMPILE) --output-file $(DOCS_LOCK) --constraint requirements/runtime.txt \
		--constraint requirements/build.txt --constraint requirements/dev.txt requirements/docs.in
	$(COMPILE) --output-file requirements/image.txt --extra docker,notify,sops \
		--constraint requirements/dev.txt pyproject.toml
	$(COMPILE) --output-file requirements/image-clouds.txt --extra docker,notify,sops,alibaba,huawei \
		--constraint requirements/dev.txt pyproject.toml

# Fails where an advisory is found; says NOT AUDITED where no database of advisories can be reached.
audit: $(VENV)/.dev
	$(BIN)/python requirements/audit.py $(BIN)/pip-audit $(LOCKS) $(DOCS_LOCK) \
		requirements/image.txt requirements/image-clouds.txt

clean:
	rm -rf $(VENV) dist build site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find reconciler tests -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.runtime: $(LOCKS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"reconciler needs Python 3.11 or newer and this is " + sys.version.split()[0] + \
		"; choose another one with PYTHON=python3.x")'
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.docs: $(VENV)/.runtime $(DOCS_LOCK)
	$(PIP) install --require-hashes -r $(DOCS_LOCK)
	@touch $@

$(VENV)/.installed: $(VENV)/.runtime pyproject.toml README.md LICENSE $(SOURCES)
	@rm -rf $(VENV)/wheel
	$(BIN)/hatchling build --target wheel --directory $(VENV)/wheel
	$(PIP) install --no-deps --force-reinstall $(VENV)/wheel/*.whl
	@touch $@
