"""Random environments on real module trees: replay, load and leaving agree with one another.

`PROPERTY_CASES=2000 make test PYTEST=tests/test_property.py` looks further than a usual run does.
"""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from homes import COMMAND, MODULE_INIT, MODULE_TOOLS, SHELLS, Home
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sessions import PLAIN, TICK
from trees import Trees

CASES = int(os.environ.get("PROPERTY_CASES", "0"))
MODULES = (
    "python/3.9.5", "python", "python/3.11.4", "python_ML_packages/3.9.5-cpu", "samtools/1.12", "samtools",
    "bioinfo-tools", "alias/1.0", "function/1.0", "pushenv/1.0", "overwrite/1.0", "family/a", "other/b",
    "conflict/1.0", "sticky/1.0", "hidden/.1.0", "linked", "values/1.0", "home/1.0", "reader/1.0", "lists/1.0",
)  # fmt: skip
# A shell keeps these for itself; Lmod's table holds times.
RESTLESS = re.compile(
    r"(BASH_FUNC\S+|_|SHLVL|PWD|OLDPWD|COLUMNS|LINES|_ModuleTable\w*|AUTOENV_HPC_\w+)\Z"
)


class Case(NamedTuple):
    """One user: what was there, what is loaded, what the project asks for."""

    shell: str
    environ: dict[str, str]
    before: list[str]
    modules: list[str]
    policy: str
    env: dict[str, str | None]


entries = st.lists(
    st.sampled_from(["/usr/bin", "/bin", "/opt/a b/bin", "/opt/ö", "/opt/lists/man", "", "~/bin", "$HOME/bin", "/opt/samtools/bin"]),
    max_size=6,
).map(":".join)  # fmt: skip
odd = st.text(
    st.sampled_from(list("ab é中'\"\\$`*?;&|!#%~ \t\n{}()[]=:\udcff")), max_size=12
).filter(lambda text: "\0" not in text)
values = st.fixed_dictionaries(
    {"PATH": entries.map(lambda path: f"/usr/bin:/bin:{path}")},
    optional={
        "LD_LIBRARY_PATH": entries, "MANPATH": entries, "PYTHONPATH": entries, "LISTS_DIRS": entries, "CDPATH": entries,
        "EDITOR": odd, "UNWANTED": odd, "CC": odd, "STACK": odd, "READ_BY_MODULE": odd, "PYTHONHOME": st.just(""),
        "EMPTY": st.just(""), "ODD": odd, "NOT_A_LIST_PATH": odd,
    },
)  # fmt: skip
some_modules = st.lists(st.sampled_from(MODULES), max_size=4, unique=True)
cases = st.builds(
    Case,
    st.sampled_from(SHELLS),
    values,
    some_modules,
    some_modules,
    st.sampled_from(["keep", "keep", "keep", "purge"]),
    st.dictionaries(
        st.sampled_from(["EDITOR", "ODD", "OMP_NUM_THREADS", "EMPTY", "CC"]),
        st.none() | odd.filter(lambda text: "\udcff" not in text),
        max_size=3,
    ),
)


def run(words: list[str], env: dict[str, str], folder: Path) -> bytes:
    """What a program writes to stdout; it must succeed."""
    done = subprocess.run(
        words, env=env, cwd=folder, capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def parsed(output: bytes) -> dict[str, str]:
    """The variables in what `env -0` wrote."""
    fields = (f.partition("=") for f in os.fsdecode(output).split("\0"))
    return {name: value for name, equals, value in fields if equals}


def steady(env: dict[str, str]) -> dict[str, str]:
    """Without what a shell or a tool changes with every look."""
    return {name: value for name, value in env.items() if not RESTLESS.match(name)}


def in_bash(home: Home, tool: str, env: dict[str, str], code: str) -> dict[str, str]:
    """The environment after lines typed in a bash that has the module command."""
    init = MODULE_INIT["bash"][tool]
    return parsed(
        run(["bash", "--norc", "-c", f"{init}; {code} >/dev/null 2>&1; env -0"], env, home.folder)
    )


def is_loaded(wanted: list[str], env: dict[str, str]) -> bool:
    """Whether all of them are there, a bare name in any version."""
    loaded = env.get("LOADEDMODULES", "").split(":")
    return all(name in loaded or any(m.startswith(f"{name}/") for m in loaded) for name in wanted)


def is_cut(env: dict[str, str]) -> bool:
    """Whether the shell stopped amid Lmod's code, as it does behind a value that ends in a newline."""
    lists = [env.get(name, "") for name in ("LOADEDMODULES", "_LMFILES_")]
    return len({text.count(":") + bool(text) for text in lists}) > 1


def expected(home: Home, tool: str, outside: dict[str, str], case: Case) -> dict[str, str] | None:
    """What typing the module commands gives; None if it cannot be loaded."""
    loaded = outside.get("LOADEDMODULES", "").split(":")
    if case.policy == "keep" and all("/" in name and name in loaded for name in case.modules):
        result = outside  # exactly as asked: nothing is evaluated again
    else:
        load = f"module load {' '.join(case.modules)}" if case.modules else ":"
        first = "module purge;" if case.policy == "purge" else ""
        result = in_bash(home, tool, outside, f"{{ {first} {load}; }}")
        if not is_loaded(case.modules, result):
            result = in_bash(home, tool, outside, f"{{ module purge; {load}; }}")
            if not is_loaded(case.modules, result):
                return None
    changed = {name: value for name, value in case.env.items() if value is not None}
    return {n: v for n, v in {**result, **changed}.items() if case.env.get(n, "") is not None}


def script(shell: str, root: Path, folder: Path) -> str:
    """Enter, leave, enter again, leave again; the environment is noted each time."""
    command, tick = shlex.quote(COMMAND), TICK[shell]
    hook = (
        f"{command} hook fish | source" if shell == "fish" else f'eval "$({command} hook {shell})"'
    )
    steps = ["cd /", tick, "env -0 > 0"]
    for number, place in enumerate((root, "/", root, "/"), 1):
        python = ["export AUTOENV_HPC_PYTHON=/bin/false"] if number == 3 else []
        steps += [*python, f"cd {place}", tick, f"env -0 > {number}"]
    return "\n".join([hook, *(re.sub(r"> (\d)", rf"> {folder}/\1", step) for step in steps)])


def check(home: Home, tool: str, case: Case, folder: Path) -> None:
    """One case; every difference is an error."""
    base = home.env | {"AUTOENV_HPC_QUIET": "1"} | case.environ
    load = f"module load {' '.join(case.before)}" if case.before else ":"
    outside = in_bash(home, tool, in_bash(home, tool, base, load), ":")  # as init leaves it
    root = home.folder / "p"
    root.mkdir(exist_ok=True)
    lines = [f"modules = {list(case.modules)!r}", f'module-policy = "{case.policy}"', "[env]"]
    lines += [f"{n} = {'false' if v is None else _toml(v)}" for n, v in case.env.items()]
    (root / ".hpcenv.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    home.command("allow", str(root))
    run(
        [case.shell, *PLAIN[case.shell], "-c", script(case.shell, root, folder)],
        outside,
        home.folder,
    )
    seen = [parsed((folder / str(number)).read_bytes()) for number in range(5)]
    assert steady(seen[2]) == steady(seen[0])
    assert steady(seen[4]) == steady(seen[0])
    wanted = expected(home, tool, seen[0], case)
    if wanted is None:
        assert steady(seen[1]) == steady(seen[0])
        return
    ours = {n: v for n, v in steady(seen[1]).items() if n != "VIRTUAL_ENV_PROMPT"}
    assert ours == steady(wanted)
    if is_cut(seen[1]):
        assert steady(seen[3]) == steady(seen[0]), "replayed"
        return
    assert "AUTOENV_HPC_STATE" in seen[3], "not replayed"
    shells_own = ("_", "SHLVL", "PWD", "OLDPWD", "AUTOENV_HPC_PYTHON")
    first, again = ({n: v for n, v in seen[i].items() if n not in shells_own} for i in (1, 3))
    assert again == first  # Lmod's table and our own state too


def _toml(text: str) -> str:
    escaped = "".join(f"\\u{ord(c):04x}" if ord(c) < 32 or c in '"\\' else c for c in text)
    return f'"{escaped}"'


@pytest.mark.parametrize("tool", MODULE_TOOLS)
def test_replay_load_and_leaving_agree(
    cluster: Home, tool: str, module_trees: dict[str, Trees], tmp_path: Path
) -> None:
    trees = module_trees[tool]
    cluster.env["MODULEPATH"] = f"{trees.flat.folder}:{trees.odd.folder}"
    folder = tmp_path / "seen"
    folder.mkdir()

    @settings(
        max_examples=CASES or 40,
        deadline=None,
        database=None,
        derandomize=not CASES,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(cases)
    def agree(case: Case) -> None:
        check(cluster, tool, case, folder)

    agree()
