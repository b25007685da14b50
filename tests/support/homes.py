"""A user's home on a cluster, with the command and with shells that have the hook."""

import functools
import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sessions import Shell

CHECKOUT = Path(__file__).resolve().parents[2]
COMMAND = shutil.which("autoenv-hpc", path=os.path.dirname(sys.executable)) or str(
    CHECKOUT / "shell/autoenv-hpc"
)
# As in aactivator's tests: quotes, operators, spaces, a variable, letters of four scripts.
# Without `$NAME`, since pip expands it and installs scripts elsewhere.
HOSTILE = """it's "a" test; && $(touch x) `x` \\ *e- èрт🚒♞中片"""
USER = pwd.getpwuid(os.getuid()).pw_name
SHELLS = ("bash", "zsh", "fish")
MODULE_TOOLS = ("lmod", "modules")
_OF_MODULES = re.compile(r"LMOD|MODULE|ModuleTable|_LMFILES_|BASH_ENV|BASH_FUNC")


# The lines of a site's rc files; bash inherits the functions if it can.
_KEEPING_PATHS = "paths=$MODULEPATH; {}; MODULEPATH=$paths; unset paths"
_IF_NEEDED = "declare -F module >/dev/null || {{ {}; }}"
MODULE_INIT = {
    "bash": {
        "lmod": _IF_NEEDED.format('source "$LMOD_PKG/init/bash"'),
        "modules": _IF_NEEDED.format(_KEEPING_PATHS.format('source "$MODULESHOME/init/bash"')),
    },
    "zsh": {
        "lmod": 'source "$LMOD_PKG/init/zsh"',
        "modules": _KEEPING_PATHS.format('source "$MODULESHOME/init/zsh"'),
    },
    "fish": {
        "lmod": 'source "$LMOD_PKG/init/fish"',
        "modules": 'set -l paths $MODULEPATH; source "$MODULESHOME/init/fish"; set -gx MODULEPATH $paths',
    },
}


@functools.cache
def machine_modules() -> dict[str, str]:
    """The variables and functions by which the machine's own login files set up modules."""
    words = ["/bin/bash", "-lc", "command env -0"]
    env = {"HOME": "/nonexistent", "USER": USER, "LOGNAME": USER}
    said = subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout
    pairs = (field.split("=", 1) for field in said.split("\0") if field)
    return {name: value for name, value in pairs if _OF_MODULES.search(name)}


def _forgotten() -> str:
    """The lines that undo what the machine's own login files set up for modules."""
    names = machine_modules()
    functions = [name[10:-2] for name in names if name.startswith("BASH_FUNC_")]
    lines = [
        f"unset {' '.join(name for name in names if name.isidentifier())}\n",
        f"unset -f {' '.join(functions)}\n",
    ]
    return "".join(lines) if names else ""


class Home:
    """One user's home on a cluster, with all that belongs to it."""

    def __init__(self, folder: Path, env: dict[str, str], rc: dict[str, str] | None = None) -> None:
        self._rc = rc or {}  # the site's lines, which come before the user's
        self.folder = folder / "home"
        self.folder.mkdir()
        # where it is missing, each first fish reads all man pages of the machine
        (self.folder / ".local/share/fish/generated_completions").mkdir(parents=True)
        self.env = {
            "HOME": str(self.folder), "USER": USER, "LOGNAME": USER, "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TERM": "dumb", "LANG": "C.UTF-8", "PIP_NO_INDEX": "1", "PIP_NO_CACHE_DIR": "off", "LMOD_PAGER": "none", "MODULES_PAGER": "", **env,
        }  # fmt: skip
        self._shells: list[Shell] = []
        if _forgotten():
            self.login("")

    def login(self, text: str) -> None:
        """Write the file of login shells, on a cluster whose own files set up no modules."""
        (self.folder / ".bash_profile").write_text(_forgotten() + text)

    def login_with_modules(self) -> None:
        """Let login shells set up the module system that this home has, as on every cluster."""
        names = ("LMOD_", "MODULE")
        self.login(
            "".join(f"export {n}='{v}'\n" for n, v in self.env.items() if n.startswith(names))
        )

    def project(self, text: str, where: str = HOSTILE, *, allow: bool = True) -> Path:
        """Make a folder with a configuration below home; return it."""
        root = self.folder / where
        root.mkdir(parents=True, exist_ok=True)
        (root / ".hpcenv.toml").write_text(text)
        if allow:
            self.command("allow", str(root))
        return root

    def command(
        self,
        *words: str,
        status: int = 0,
        cwd: Path | None = None,
        env: Mapping[str, str] = {},
        **more: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run the command, and check its exit status."""
        done = self.attempt(*words, cwd=cwd, env={**env, **more})
        assert done.returncode == status, (
            f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
        assert "Traceback" not in done.stderr
        return done

    def attempt(
        self, *words: str, cwd: Path | None = None, env: Mapping[str, str] = {}, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the command, whatever its exit status."""
        merged = {**self.env, **env, **more}
        merged.pop("PWD", None)
        return subprocess.run(
            [COMMAND, *words], check=False, capture_output=True, text=True, env=merged, cwd=cwd or self.folder,
            errors="surrogateescape", stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def shell(
        self,
        name: str,
        rc: str = "",
        *,
        cwd: Path | None = None,
        after: str = "",
        env: Mapping[str, str] = {},
        **more: str,
    ) -> Shell:
        """Start an interactive shell whose rc file evaluates the hook after `rc`."""
        self.write_rc(name, rc, after)
        merged = {**self.env, **env, **more}
        if name == "zsh":
            merged["ZDOTDIR"] = str(self.folder)
        # BASH_UNDER_TEST and ZSH_UNDER_TEST may name other versions for the same tests.
        program = os.environ.get(f"{name.upper()}_UNDER_TEST", "")
        shell = Shell(name, self.folder, merged, cwd or self.folder, program)
        self._shells.append(shell)
        return shell

    def write_rc(self, name: str, rc: str, after: str = "") -> None:
        """The rc file of one shell, as a user writes it."""
        command = shlex.quote(COMMAND)
        rc = f"{self._rc.get(name, '')}\n{rc}"
        if name == "bash":
            text = f"PS1='$ '\n{rc}\neval \"$({command} hook bash)\"\n{after}\n"
            (self.folder / ".bashrc").write_text(text)
        elif name == "zsh":
            text = f"PS1='%# '\nunsetopt prompt_cr prompt_sp\n{rc}\neval \"$({command} hook zsh)\"\n{after}\n"
            (self.folder / ".zshrc").write_text(text)
        else:
            folder = self.folder / ".config/fish"
            folder.mkdir(parents=True, exist_ok=True)
            text = f"function fish_prompt; printf '> '; end\nset -g fish_greeting\n{rc}\n{command} hook fish | source\n{after}\n"
            (folder / "config.fish").write_text(text)

    def close(self) -> None:
        """End all shells."""
        for shell in self._shells:
            shell.close()
