#!/bin/bash
# What the house style asks of every file; `make lint` has what this calls installed before.
set -u
cd "$(dirname "$0")/.." || exit
PATH=$PWD/.cache/venv/bin:$PATH
failed=()

# check PROGRAM [WORD…]: one checker; the others are asked all the same.
check() {
    "$@" || failed+=("$1")
}

# has PROGRAM: whether it is here; where it is not, that is told, and an error in CI.
has() {
    if command -v "$1" >/dev/null; then return 0; fi
    echo "left out: $1 is not here, and cannot be installed"
    if [ "${CI-}" = true ]; then failed+=("$1"); fi
    return 1
}

# parse PROGRAM WORD FILE…: the shell's own parser, which takes one file at a time.
parse() {
    local program=$1 word=$2 file status=0
    for file in "${@:3}"; do "$program" "$word" "$file" || status=1; done
    return $status
}

bash=(shell/autoenv-hpc shell/*.bash tests/*.sh .ci/run)
if [ -f shell/hook.common ]; then bash+=(shell/hook.common); fi # bash and zsh source it
golden=tests/golden

check ruff check
check ruff format --check
check mypy

# SC2329: functions that the user calls, or what a module tool prints
check shellcheck -e SC2329 "${bash[@]}"
# In activations: quotes in quotes are words for the hook, `$` in them is for a later shell, and what
# is assigned is exported. BASH_VERSINFO stands for its first element.
check shellcheck -s bash -e SC1003,SC2016,SC2034,SC2128 "$golden"/*/*.bash "$golden"/*/*.bash4
check shfmt -i 4 -d "${bash[@]}"
check parse bash -n "$golden"/*/*.bash "$golden"/*/*.bash4

if has zsh; then
    check parse zsh -n shell/hook.zsh "$golden"/*/*.zsh
    if [ -f shell/hook.common ]; then check zsh -n shell/hook.common; fi
fi
if has fish; then
    check parse fish --no-execute shell/hook.fish "$golden"/*/*.fish
    check fish_indent --check shell/hook.fish
fi

if has luacheck; then # it stands in for Lua's own functions on purpose
    check luacheck -q --std max --ignore 121 122 --max-line-length 120 -- shell/observe.lua
fi

if ((${#failed[@]})); then
    echo "not as it should be: ${failed[*]}"
    exit 1
fi
