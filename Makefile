# make demo   plays the main job through in a scratch home, with a real module system
# make test   passes the tests; PYTEST="-k trust" chooses some
# make bench  measures what users feel, each row beside its rivals; BENCH="--quick" is a try
# make lint   what the house style asks for
# Each sets up what it needs in .cache/, and finds Python 3.11 or later by itself.

PYTEST =
BENCH =
TOOLS = .cache/tools
IN = .cache/venv/bin

.PHONY: bench checkout demo test lint clean

demo: checkout
	@$(IN)/python tests/provision.py $(TOOLS) run any $(IN)/autoenv-hpc demo

test: checkout
	$(IN)/python -m pytest -n 4 $(PYTEST)

lint: checkout
	$(IN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	$(IN)/ruff check
	$(IN)/ruff format --check
	$(IN)/mypy
	shellcheck shell/autoenv-hpc shell/hook.bash shell/resolve.bash tests/checkout.sh
	shfmt -i 4 -d shell/autoenv-hpc shell/hook.bash shell/resolve.bash tests/checkout.sh
	zsh -n shell/hook.zsh
	fish --no-execute shell/hook.fish
	fish_indent --check shell/hook.fish

checkout:
	@tests/checkout.sh

clean:
	rm -rf .cache

bench: checkout
	$(IN)/python -m pip install -q --disable-pip-version-check -e '.[bench]'
	@PYTHONPATH=tests $(IN)/python -m bench $(BENCH)
