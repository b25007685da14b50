#!/bin/bash
# Runs tests in a marked copy of the checkout, and says which branches of the package and which
# statements of the shell files they take.
#
#   tests/coverage.sh [WORD…]   the words are pytest's
#
# The tests start the command, shells and jobs with environments of their own, and compare those. So
# nothing travels in variables: the copy has a virtual environment whose Python always measures, and
# shell files that write down each statement. Tests that count what a process does fail there.
set -eu
cd "$(dirname "$0")/.."
here=$PWD
folder=$here/.cache/coverage
copy=$folder/checkout
python=$copy/.cache/venv/bin/python

mkdir -p "$copy/.cache" .cache/tools
rm -rf "$folder/data" "$folder/html"
mkdir "$folder/data"
# New files count as well; what git ignores does not. The copy's environments stay for the next time.
find "$copy" -mindepth 1 -maxdepth 1 ! -name .cache -exec rm -rf {} +
git ls-files -z --cached --others --exclude-standard --deduplicate |
    while IFS= read -r -d '' file; do
        if [ -e "$file" ]; then cp -a --parents -- "$file" "$copy"; fi
    done
ln -sfn "$here/.cache/tools" "$copy/.cache/tools"

"$copy/tests/checkout.sh" dev coverage # without marks: it runs the command
"$python" "$copy/tests/coverage_of_shells.py" mark "$copy/shell" "$folder/data/shells"
"$python" -m pip install -q --disable-pip-version-check --no-compile --no-deps -e "$copy"
site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp tests/coverage_of_python.py "$site"
echo 'import coverage_of_python' >"$site/coverage_of_python.pth"

status=0
(cd "$copy" && "$python" -m pytest -q -n 4 -p no:cacheprovider "$@") || status=$?
rm "$site/coverage_of_python.pth" # what follows is no test

"$python" -m coverage combine -q --data-file="$folder/data/python" "$folder/data"
"$python" -m coverage html -q --data-file="$folder/data/python" -d "$folder/html"
"$python" -m coverage report --data-file="$folder/data/python"
echo
"$python" tests/coverage_of_shells.py report shell "$folder/data/shells"
echo
echo "line by line: $folder/html/index.html"
if [ "$status" -gt 1 ]; then exit "$status"; fi # 1: some tests failed
