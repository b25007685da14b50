"""`demo`: the main steps in a scratch home with a real shell."""

import importlib.util
import os
import shutil
import sys
import tempfile
import zipfile

from autoenv_hpc.commands import demo_terminal
from autoenv_hpc.context import Context
from autoenv_hpc.environment import Env
from autoenv_hpc.errors import ModuleError, Problem
from autoenv_hpc.modules import login
from autoenv_hpc.modules.tool import Tool, is_set_up
from autoenv_hpc.shells.dialects import dialect_for

_SNAPSHOT = (
    'snapshot() { (env -u _ -u OLDPWD; alias; declare -F; trap; umask; echo "$PS1") | sort; }'
)
_DONE = "nothing was left behind"


def run(context: Context) -> int:
    """Set up a project, type the lines, and check that nothing is left behind."""
    home = tempfile.mkdtemp(prefix="autoenv-hpc-demo-")
    try:
        env, tool = _environment(home, context)
        _project(home, tool)
        shown = demo_terminal.play(_lines(tool), _shell(home, tool), env, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if f"\n{_DONE}" not in shown.replace("\r", ""):
        raise Problem("the demo failed: please report the output above")
    return 0


def _environment(home: str, context: Context) -> tuple[Env, Tool | None]:
    """A bare login environment with the module tool of this machine, if there is one."""
    given = context.environ
    paths = os.path.join(home, "modules")
    env = {
        "HOME": home,
        "USER": given.get("USER", "you"),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TERM": given.get("TERM", "dumb"),
        "LANG": given.get("LANG", "C.UTF-8"),
        "MODULEPATH": paths,
        "LMOD_PAGER": "none",  # no user is there to page
        "MODULES_PAGER": "",
    }
    try:
        known, tool, _ = login.initialised({**given, "MODULEPATH": paths})
    except ModuleError as error:
        context.report.note(f"{error} (the demo continues without modules)")
        return env, None
    return {**{name: v for name, v in known.items() if is_set_up(name)}, **env}, tool


def _project(home: str, tool: Tool | None) -> None:
    """Write a project with an environment and a package, and the modulefile that it loads."""
    root = os.path.join(home, "climate")
    os.makedirs(os.path.join(root, "wheels"))
    os.makedirs(os.path.join(home, "modules", "python"))
    version = "{}.{}.{}".format(*sys.version_info)
    python = os.path.join(sys.base_prefix, "bin")
    if tool:
        name = f"python/{version}" + (".lua" if tool.kind == "lmod" else "")
        if tool.kind == "lmod":
            text = f'prepend_path("PATH", "{python}")\nsetenv("PYTHON_ROOT", "{sys.base_prefix}")\n'
        else:
            text = f"#%Module1.0\nprepend-path PATH {{{python}}}\nsetenv PYTHON_ROOT {{{python}}}\n"
        _write(os.path.join(home, "modules", name), text)
    config = [f'modules = ["python/{version}"]' if tool else ""]
    if importlib.util.find_spec("ensurepip"):
        config += [
            "",
            "[venv]",
            *([] if tool else [f'python = "{python}/python3"']),
            'packages = ["hello-hpc"]',
            'pip-args = ["--no-index", "--find-links", "wheels"]',
        ]
    config += ["", "[env]", 'OMP_NUM_THREADS = "4"', ""]
    _write(os.path.join(root, ".hpcenv.toml"), "\n".join(config))
    _wheel(os.path.join(root, "wheels"))


def _shell(home: str, tool: Tool | None) -> list[str]:
    quote = dialect_for("bash").quote
    lines = (
        "PS1='demo$ '; HISTFILE=; bind 'set enable-bracketed-paste off' 2>/dev/null",
        'declare -F module >/dev/null || source "$MODULESHOME/init/bash"' if tool else "",
        f"PATH={quote(os.path.dirname(os.path.abspath(sys.argv[0])))}:$PATH",
        f'eval "$({quote(os.path.abspath(sys.argv[0]))} hook bash)"',
    )
    _write(os.path.join(home, ".bashrc"), "\n".join(lines) + "\n")
    return ["bash", "--noprofile", "--rcfile", os.path.join(home, ".bashrc"), "-i"]


def _lines(tool: Tool | None) -> list[str]:
    listing = ["module list"] if tool else []
    return [
        *listing,
        _SNAPSHOT,
        "snapshot > before",
        "cat climate/.hpcenv.toml",
        "cd climate",
        "autoenv-hpc allow",
        *listing,
        "python -c 'import sys; print(sys.prefix)'",
        "python -c 'import hello_hpc; print(hello_hpc.greeting)'",
        "python -m pip list --disable-pip-version-check",
        "cd ..",
        *listing,
        f"snapshot > after; diff before after && echo {_DONE}",
        "autoenv-hpc exec -C climate -- python -c 'import sys; print(\"in a job:\", sys.prefix)'",
        "exit",
    ]


def _wheel(folder: str) -> None:
    """Write a small package, so that the demo needs no download."""
    info = "hello_hpc-1.0.dist-info"
    with zipfile.ZipFile(os.path.join(folder, "hello_hpc-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("hello_hpc.py", 'greeting = "hello from a package in the environment"\n')
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: hello-hpc\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(
            f"{info}/RECORD",
            f"hello_hpc.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
        )


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
