"""The page about editors: what it types, sets and shows works as it says."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from clients import CLIENTS, client
from homes import CHECKOUT, COMMAND, Home

PAGE = (CHECKOUT / "docs/how-to/editors.md").read_text()
CONFIG = 'modules = ["python/3.9.5", "samtools/1.12"]\n[env]\nOURS = "blue"\n[venv]\n'


def blocks(language: str, home: Home) -> list[str]:
    """The code blocks in one language, as for this user."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [text.replace("/home/anna", str(home.folder)) for text in found]


@pytest.fixture
def user(cluster: Home, uv_backend: str) -> Home:
    """A user with the page's project, where all that the page types was typed."""
    (cluster.folder / "bin").mkdir()
    (cluster.folder / "bin/autoenv-hpc").symlink_to(COMMAND)
    cluster.env["PATH"] += f":{cluster.folder}/bin"
    root = cluster.project(CONFIG + uv_backend, "climate")
    cluster.command("prepare", cwd=root)
    for block in blocks("console", cluster):
        typed = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
        done = subprocess.run(
            ["bash", "--norc", "-c", "\n".join(typed)], env=cluster.env, cwd=cluster.folder,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        unseen = iter(done.stdout.splitlines())
        shown = [line for line in block.splitlines() if not line.startswith("$ ")]
        assert all(line in unseen for line in shown), (block, done.stdout)  # in this order
    return cluster


def asked(user: Home, python: str, *words: str) -> str:
    """What a program answers an editor that has the variables of a login shell."""
    done = subprocess.run(
        [python, *words], env=user.env, capture_output=True, text=True, check=True, cwd="/"
    )
    assert done.stderr == ""
    return done.stdout


# How they ask: microsoft/python-environment-tools, `PYTHON_INFO_CMD`; microsoft/vscode-python,
# interpreterInfo.py; each answers in JSON. PyCharm asks for the version and runs its own scripts.
TOOLS = (
    "import json, sys; print('093385e9-59f7-4a16-a604-14bf206256fe');print(json.dumps({'version': "
    "'.'.join(str(n) for n in sys.version_info), 'sys_prefix': sys.prefix, 'executable': sys.executable, "
    "'is64_bit': sys.maxsize > 2**32}))"
)
INFO = """
import json, sys
obj = {"versionInfo": tuple(sys.version_info), "sysPrefix": sys.prefix, "sysVersion": sys.version}
print(json.dumps(obj))
"""


@pytest.mark.parametrize("tool", ["lmod"])
def test_editors_get_their_answers(user: Home, tool: str) -> None:
    settings = [json.loads(block) for block in blocks("json", user)]
    prefix = f"{user.folder}/climate/.venv"
    (user.folder / "interpreterInfo.py").write_text(INFO)
    seen = "import os; print(os.environ['OURS'], os.environ['LOADEDMODULES'])"
    pythons = [
        s["python.defaultInterpreterPath"]
        for s in settings
        if len(s) == 1 and "python.defaultInterpreterPath" in s
    ]
    assert len(pythons) == 2
    for python in pythons:
        answer = json.loads(asked(user, python, "-c", TOOLS).partition("\n")[2])
        assert answer["sys_prefix"] == prefix
        is_own = python.startswith(prefix)
        assert answer["executable"] == (python if is_own else f"{prefix}/bin/python")
        info = asked(user, python, "-I", str(user.folder / "interpreterInfo.py"))
        assert json.loads(info)["sysPrefix"] == prefix
        assert asked(user, python, "-V").startswith("Python 3.")
        assert "samtools/1.12" in asked(user, python, "-c", seen)
    (stand_in,) = [s["direnv.path.executable"] for s in settings if "direnv.path.executable" in s]
    assert re.fullmatch(r"[\d.]+\n", asked(user, stand_in, "version"))


def in_vim(user: Home, script: str, folder: Path) -> list[str]:
    """What a script writes to `$RESULT`."""
    (folder / "script.vim").write_text(f"set nocompatible\n{script}\nqall!\n")
    env = user.env | {"RESULT": str(folder / "result")}
    words = ["vim", "-es", "-u", "NONE", "-S", str(folder / "script.vim")]
    subprocess.run(words, env=env, cwd=user.folder, check=False, timeout=120)
    return (folder / "result").read_text().splitlines()


@pytest.mark.skipif(not shutil.which("vim"), reason="there is no vim(1) here")
@pytest.mark.parametrize("tool", ["lmod"])
def test_a_line_for_vim(user: Home, tool: str, tmp_path: Path) -> None:
    line = blocks("vim", user)[0]
    script = "cd climate\nlet a = $OURS . ' ' . exepath('python')\ncd /\ncall writefile([a, $OURS], $RESULT)"
    said = in_vim(user, f"{line}\n{script}", tmp_path)
    assert said == [f"blue {user.folder}/climate/.venv/bin/python", ""]


@client("direnv.vim", "vim")
@pytest.mark.parametrize("tool", ["lmod"])
def test_the_setting_for_direnv_vim(user: Home, tool: str, tmp_path: Path) -> None:
    setting = blocks("vim", user)[1]
    script = f"""
exe 'set rtp+=' . fnameescape('{CLIENTS}/direnv.vim')
runtime plugin/direnv.vim
autocmd User DirenvLoaded let g:done = 1
cd climate
call direnv#export_core()
for i in range(600)
    if exists('g:done') | break | endif
    sleep 50m
endfor
call writefile([$OURS], $RESULT)"""
    assert in_vim(user, setting + script, tmp_path) == ["blue"]


@client("envrc", "emacs")
@pytest.mark.parametrize("tool", ["lmod"])
def test_the_lines_for_emacs(user: Home, tool: str, tmp_path: Path) -> None:
    (block,) = blocks("elisp", user)
    script = tmp_path / "script.el"
    script.write_text(f"""(require 'envrc)
{block}
(with-current-buffer (find-file-noselect "climate/file.txt") (princ (getenv "OURS")))
(with-current-buffer (find-file-noselect "file.txt") (princ (getenv "OURS")))""")
    paths = [word for name in ("envrc", "inheritenv") for word in ("-L", str(CLIENTS / name))]
    done = subprocess.run(
        ["emacs", "-Q", "--batch", *paths, "-l", str(script)], cwd=user.folder, env=user.env,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "bluenil", done.stderr
