"""Python and the shells agree on when a stored activation holds.

Each example stores one activation, changes the world, and asks all who evaluate guards: Python by
`failures`, the hooks of bash, zsh and fish by a prompt in the project, `exec` by running CMD.
"""

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from autoenv_hpc.activation import Activation
from autoenv_hpc.activations import stamps, store
from autoenv_hpc.commands import hook
from autoenv_hpc.environment import Change, Value
from autoenv_hpc.guards import Guards, Kind
from autoenv_hpc.shells.dialects import dialect_for
from autoenv_hpc.system import machine

SCRIPT = Path(__file__).resolve().parents[2] / "shell/autoenv-hpc"
SHELLS = {
    "bash": (["bash", "--norc"], "__autoenv_hpc_prompt"),
    "zsh": (["zsh", "-f"], "__autoenv_hpc_precmd"),
    "fish": (["fish", "-N"], "emit fish_prompt"),
}
NAMES = ("A", "B_PATH", "MANPATH", "FPATH", "EMPTY")
VALUES = st.none() | st.sampled_from(["", "a", "a:b", "it's $(x) `y`", "two\nlines", "caf\udce9"])
TEXTS = st.sampled_from(["", "\n", "a", "a\n", "name = 'it\\'s'\n\n\t$(x) `y`\\\n", "caf\udce9\n"])
ENVS = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))
FILES = ("one", "two", "it's $(x)")
TIMES = st.none() | st.sampled_from([10**18 + 7, 10**18 + 7 + 10**9, 1_600_000_000 * 10**9])
TREES = st.fixed_dictionaries(dict.fromkeys(FILES, TIMES))


def make(folder: Path, tree: Mapping[str, int | None]) -> None:
    """Files with these times, and no others."""
    for name, modified in tree.items():
        file = folder / name
        file.unlink(missing_ok=True)
        if modified is not None:
            file.write_text("")
            os.utime(file, ns=(modified, modified))


def exported(values: Mapping[str, str | None]) -> dict[str, str]:
    """The variables that are set."""
    return {name: value for name, value in values.items() if value is not None}


def holds_in_shell(name: str, root: Path, env: dict[str, str], *, bare: bool) -> bool:
    """Whether a new shell enters by the stored activation; Python is not there.

    :param bare: zsh finds no module that it would have to load.
    """
    words, tick = SHELLS[name]
    lines = hook.text(name, str(SCRIPT), ())
    if bare and name == "zsh":
        lines = f"module_path=()\n{lines}"
    code = f"{lines}\ncd {dialect_for(name).quote(str(root))}\n{tick}\necho $__autoenv_hpc_active"
    shown = subprocess.run(
        [*words, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    return shown.stdout.strip() == str(root)


def holds_in_exec(root: Path, env: dict[str, str]) -> bool:
    """Whether `exec` runs CMD without Python."""
    words = [str(SCRIPT), "exec", "--", "/bin/echo", "ran"]
    shown = subprocess.run(words, env=env, capture_output=True, text=True, check=False, cwd=root)
    return shown.stdout == "ran\n"


@settings(
    deadline=None,
    max_examples=int(os.environ.get("GUARD_CASES", "60")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    before=ENVS,
    changed=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=1),
    tree=TREES,
    moved=st.dictionaries(st.sampled_from(FILES), TIMES, max_size=1),
    record=st.sampled_from([True, True, True, False]),
    kind=st.sampled_from(["folder", "folder", "anything", "file"]),
    turned=st.sampled_from([False, False, False, True]),
    host=st.sampled_from([None, None, os.uname().nodename, "elsewhere"]),
    cpu=st.sampled_from([None, None, machine.cpu(), "vendor_id\t: another\n"]),
    user=st.sampled_from([None, None, machine.user(), "Uid:\t1\n"]),
    age=st.none() | st.integers(-150, 150),
    texts=st.tuples(TEXTS, TEXTS),
    edited=st.none() | TEXTS | st.just("a\0b"),  # bash cannot tell "a\0" from "a"
    bare=st.booleans(),
)
def test_an_activation_is_replayed_exactly_when_no_guard_fails(
    tmp_path: Path,
    before: dict[str, str | None],
    changed: dict[str, str | None],
    tree: dict[str, int | None],
    moved: dict[str, int | None],
    record: bool,
    kind: Kind,
    turned: bool,
    host: str | None,
    cpu: str | None,
    user: str | None,
    age: int | None,
    texts: tuple[str, str],
    edited: str | None,
    bare: bool,
) -> None:
    root, cache, files = (tmp_path / name for name in ("project", "cache", "files"))
    for folder in (root, files):
        folder.mkdir(exist_ok=True)
    config, allowed = root / ".hpcenv.toml", files / "record"
    for file in (config, allowed):
        file.write_text("")
        os.utime(file, ns=(10**18, 10**18))
    make(files, tree)
    link = files / "link"
    for name in ("tree one", "it's tree two"):
        (files / name).mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to("tree one")
    compared = [files / "it's text", files / "another text"]
    for file, text in zip(compared, texts, strict=True):
        file.write_bytes(os.fsencode(text))
    guards = Guards.on_files([str(config), *(str(files / name) for name in FILES)])
    change = Change({"ENTERED": Value(None, "1")})
    guards = guards._replace(
        present={str(allowed): "anything", str(files): kind},
        texts=dict(zip(map(str, compared), texts, strict=True)),
        links={str(link): str(files / "tree one"), str(files): None},
        variables={**before, **change.befores},
        host=host,
        cpu=cpu,
        user=user,
        max_age=None if age is None else 100,
        made=int(time.time()) - (age or 0),
    )
    activation = Activation(str(root), "project", change, guards, variant="a1", command=str(SCRIPT))
    moments = (*guards.files.values(), guards.made * 10**9)
    stamps.make_stamps(str(cache), moments, dialect_for("bash").beside(activation))
    for name in ("bash", "bash4", "zsh", "fish"):
        text = dialect_for(name).stored(activation, stamps.folder(str(cache)))
        store.put(str(cache), name, activation, text)

    make(files, moved)
    if not record:
        allowed.unlink()
    if edited is not None:
        compared[0].write_bytes(os.fsencode(edited))
    if turned:
        link.unlink()
        link.symlink_to("it's tree two")
    env = exported(before | changed)
    failures = guards.failures(machine.now(env))
    if age is not None and 95 < abs(age) < 105:
        return
    base = {
        "HOSTNAME": "of another host",
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path / "home"),
        "LANG": "C.UTF-8",
        "AUTOENV_HPC_PYTHON": "/bin/false",
    }
    world = {**base, "AUTOENV_HPC_CACHE_DIR": str(cache), **env}
    event("holds" if not failures else "fails")
    replayed = {name: holds_in_shell(name, root, world, bare=bare) for name in SHELLS}
    replayed["exec"] = holds_in_exec(root, world)
    assert replayed == dict.fromkeys(replayed, not failures), failures
