"""Which variables a configuration may set: not those on which a shell acts."""

import re
import shutil
import subprocess

import pytest

from autoenv_hpc.project import reserved_names


@pytest.mark.parametrize(
    "name",
    ["OMP_NUM_THREADS", "BASH_ENV", "ENV", "LD_PRELOAD", "HOST", "EDITOR", "HISTOGRAM", "R_HOME"],
)
def test_what_acts_on_programs_alone_may_be_set(name: str) -> None:
    assert reserved_names.reason(name) is None
    assert re.search(reserved_names.PATTERN, name)


@pytest.mark.parametrize(
    "name",
    ["PS0", "HISTFILESIZE", "FUNCNEST", "BASH_ALIASES", "BASH_FUNC_x", "fish_killring", "IFS",
     "precmd_functions", "psvar", "AUTOENV_HPC_TURN", "__autoenv_hpc_root", "HOME", "TMOUT"],
)  # fmt: skip
def test_what_a_shell_acts_on_may_not(name: str) -> None:
    assert reserved_names.reason(name)
    assert name in reserved_names.RESERVED or not re.search(reserved_names.PATTERN, name)


# Search paths are for [paths]; a plain text that a shell only shows or hands on does no harm.
HARMLESS = {
    "PATH", "CDPATH", "FPATH", "MANPATH", "HOST", "LOGNAME", "USER", "LANG", "SHELL", "TERM", "CPUTYPE",
    "MACHTYPE", "OSTYPE", "VENDOR", "TMPPREFIX", "HOSTNAME", "HOSTTYPE", "IGNORED",
}  # fmt: skip


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "compgen -v"),
        ("zsh", "zmodload zsh/parameter zsh/zleparameter zsh/system; print -l ${(k)parameters}"),
        ("fish", "set -n"),
    ],
)
def test_all_that_a_new_shell_has_is_known(shell: str, line: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    plain = {"bash": "--norc", "zsh": "-f", "fish": "-N"}[shell]
    done = subprocess.run(
        [program, plain, "-c", line], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    names = {name for name in done.stdout.split() if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name)}
    assert len(names) > 15
    assert not {name for name in names - HARMLESS if not reserved_names.reason(name)}
