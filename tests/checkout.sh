#!/bin/bash
# Makes a working checkout: .cache/venv with the package (editable) and what its tests need.
#
#   tests/checkout.sh [EXTRA…]   with further groups of dependencies from pyproject.toml
#
# Finds Python 3.11 or later by itself; where venv has no pip, takes pip from the distribution.
set -eu
cd "$(dirname "$0")/.."
venv=.cache/venv
stamp=$venv/.made

# Whether what was made before still fits.
is_made() { [ -f "$1" ] && [ "$1" -nt pyproject.toml ] && [ "$1" -nt shell/autoenv-hpc ]; }

# Most of what is installed is never imported: it is compiled when it is.
install() { "$venv/bin/python" -m pip install -q --disable-pip-version-check --no-compile -e ".[$1]"; }

install_extras() {
    for extra; do
        if ! is_made "$stamp.$extra"; then
            install "$extra"
            touch "$stamp.$extra"
        fi
    done
}

if is_made "$stamp" && "$venv/bin/python" -c '' 2>/dev/null; then
    install_extras "$@"
    exit 0
fi

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for python in ${PYTHON-} python3 python3.14 python3.13 python3.12 python3.11 \
        "$HOME"/.pyenv/versions/3.1[1-9]*/bin/python3 \
        "$HOME"/.local/share/uv/python/cpython-3.1[1-9]*/bin/python3 \
        /opt/python/3.1[1-9]*/bin/python3; do
        if is_new_enough "$python"; then
            echo "$python"
            return 0
        fi
    done
    return 1
}

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

install_packages() {
    apt-get -qq update >&2
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >&2
}

make_venv() {
    if ! python=$(find_python); then
        if can_install; then install_packages python3 python3-venv; fi
        python=$(find_python) || {
            echo "no Python 3.11 or later here: set PYTHON to one, or install one (pyenv, uv, conda)" >&2
            exit 1
        }
    fi

    rm -rf "$venv"
    mkdir -p .cache
    if ! "$python" -m venv "$venv" >/dev/null 2>&1; then # Debian splits venv's pip off
        rm -rf "$venv"
        "$python" -m venv --without-pip "$venv"
        if can_install; then
            install_packages python3-pip-whl
            wheels=/usr/share/python-wheels
        else
            (cd .cache && apt-get download -qq python3-pip-whl && dpkg-deb -x python3-pip-whl_*.deb pip)
            wheels=.cache/pip/usr/share/python-wheels
        fi
        wheel=$(echo "$wheels"/pip-*.whl)
        "$venv/bin/python" "$wheel/pip" install -q "$wheel"
    fi
}

# What is there is brought up to date: a new one takes many times as long.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then make_venv; fi
install test
touch "$stamp"
install_extras "$@"
