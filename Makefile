# make demo   plays the main job through in a scratch home, with a real module system
# make test   passes the tests; PYTEST="-k trust" chooses some
# make unit   passes those that need neither a shell nor a module tool, in seconds
# make bench  measures what users feel, each row beside its rivals; BENCH="--quick" is a try
# make lint   what the house style asks for
# Each sets up what it needs in .cache/, and finds Python 3.11 or later by itself.

PYTEST =
BENCH =
TOOLS = .cache/tools
IN = .cache/venv/bin

.PHONY: bench checkout clean demo lint test unit

demo: checkout
	@$(IN)/python tests/provision.py $(TOOLS) run any $(IN)/autoenv-hpc demo

test: lint
	$(IN)/python -m pytest -n 4 $(PYTEST)

unit: checkout
	$(IN)/python -m pytest -q tests/unit $(PYTEST)

lint:
	@tests/checkout.sh dev
	@$(IN)/python tests/provision.py $(TOOLS) shells
	@tests/lint.sh

checkout:
	@tests/checkout.sh

clean:
	rm -rf .cache

bench:
	@tests/checkout.sh bench
	@PYTHONPATH=tests:tests/support $(IN)/python -m bench $(BENCH)
