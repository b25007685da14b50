# make demo      plays the main job through in a scratch home, with a real module system
# make test      passes the tests; PYTEST="-k trust" chooses some
# make unit      passes those that need neither a shell nor a module tool, in seconds
# make coverage  says which branches the tests take; COVERAGE="tests/jobs -k ranks" chooses tests
# make proof     compares replays with real loads, in random module trees: ROUNDS=5000 SEED=1;
#                FAULTS=1 injects a fault into each system call that changes a file instead,
#                FAULTS=60 into as many of each action;
#                WALKS=3000 goes random walks through projects, in each shell;
#                FUZZ=1000000 gives as many hostile inputs to each reader
# make engines   runs every recipe of the page on workflow engines, with the real ones from PyPI
# make notebooks runs a notebook in a real JupyterLab and a real browser; it needs chromium
# make bench     measures what users feel, each row beside its rivals; BENCH="--quick" is a try,
#                BENCH="--beside CHECKOUT" compares with another checkout
# make lint      what the house style asks for
# Each sets up what it needs in .cache/, and finds Python 3.11 or later by itself.

PYTEST =
BENCH =
ROUNDS = 1000
WALKS = 0
SEED =
COVERAGE = tests/unit tests/shells tests/jobs
TOOLS = .cache/tools
IN = .cache/venv/bin

.PHONY: bench checkout clean coverage demo engines lint notebooks proof test unit

demo: checkout
	@$(IN)/python tests/provision.py $(TOOLS) run any $(IN)/autoenv-hpc demo

test: lint
	$(IN)/python -m pytest -n 4 --durations=10 --durations-min=1 $(PYTEST)

unit: checkout
	$(IN)/python -m pytest -q tests/unit $(PYTEST)

coverage:
	@tests/coverage.sh $(COVERAGE)

lint:
	@tests/checkout.sh dev
	@$(IN)/python tests/provision.py $(TOOLS) install zsh fish luacheck
	@tests/lint.sh

checkout:
	@tests/checkout.sh

clean:
	rm -rf .cache

notebooks:
	@tests/checkout.sh notebooks
	NOTEBOOKS=1 $(IN)/python -m pytest tests/notebooks $(PYTEST)

bench:
	@tests/checkout.sh bench
	@PYTHONPATH=tests:tests/support $(IN)/python -m bench $(BENCH)

engines: checkout
	$(IN)/python -m venv --clear .cache/engines
	.cache/engines/bin/python -m pip install -q --disable-pip-version-check -r tests/engines/requirements.txt
	.cache/engines/bin/python -m venv .cache/engines/tox
	.cache/engines/tox/bin/python -m pip install -q --disable-pip-version-check tox
	$(IN)/python tests/provision.py $(TOOLS) install parallel rsync
	ENGINES=all $(IN)/python -m pytest -n 2 tests/engines $(PYTEST)

ifdef FUZZ
proof: checkout
	FUZZ=$(FUZZ) SEED=$(SEED) $(IN)/python -m pytest -n 2 -s tests/fuzz $(PYTEST)
else ifdef FAULTS
proof: lint
	FAULTS=$(FAULTS) $(IN)/python -m pytest -n 2 -rP tests -m faults $(PYTEST)
else
proof: checkout
	@PYTHONPATH=tests:tests/support $(IN)/python -m proof --rounds $(ROUNDS) --walks $(WALKS) $(if $(SEED),--seed $(SEED))
endif

# --- documentation, packages, files for a forge ---------------------------------------------
# make docs      writes the generated parts of the pages, and builds the site in .cache/site
# make picture   draws the README's terminal session, for which the demo runs
# make dist      builds sdist and wheel, checks them, and runs the demo from an installed wheel

.PHONY: dist docs forge picture

docs: checkout
	$(IN)/python -m pip install -q --disable-pip-version-check -r docs/requirements.txt
	$(IN)/python docs/generate.py
	rm -rf .cache/site
	$(IN)/python -m sphinx -W --keep-going -q -b html docs .cache/site

picture: checkout
	$(IN)/python -m pip install -q --disable-pip-version-check -r docs/requirements.txt
	$(IN)/python tests/provision.py $(TOOLS) run any $(IN)/python docs/generate.py --picture

dist: checkout
	$(IN)/python -m pip install -q --disable-pip-version-check build hatchling twine
	rm -rf dist .cache/installed
	$(IN)/python -m build --no-isolation
	$(IN)/python -m twine check --strict dist/*
	$(IN)/python -m venv --without-pip .cache/installed
	$(IN)/python -m pip --python .cache/installed/bin/python install -q --disable-pip-version-check dist/*.whl
	$(IN)/python tests/provision.py $(TOOLS) run any .cache/installed/bin/autoenv-hpc demo

lint: forge

forge: checkout
	$(IN)/check-jsonschema -q --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(IN)/check-jsonschema -q --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml
	$(IN)/check-jsonschema -q --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
