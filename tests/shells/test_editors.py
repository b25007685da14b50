"""What editors call: the formats of `export` for them, the stand-in for direnv, and its clients."""

import base64
import json
import os
import re
import shutil
import subprocess
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from clients import CLIENTS, client
from homes import COMMAND, HOSTILE, MODULE_TOOLS, Home

ODD = """it's $HOME `x` \\ "q" # ; %s |"""
CONFIG = f"""
[env]
OURS = "blue"
ODD = {json.dumps(ODD)}
LINES2 = "one\\ntwo \\\\n"
GOES = false
[paths]
PATH = {{ prepend = ["bin"] }}
"""


class Editor:
    """The variables of an editor, as a client of direnv keeps them."""

    def __init__(self, home: Home, **more: str) -> None:
        self.home = home
        self.env = home.env | more

    def update(self, folder: Path | str, *words: str, status: int = 0) -> dict[str, Any]:
        """Ask for the change in a folder and apply it; return it."""
        done = subprocess.run(
            [*(words or (COMMAND, "export", "--format", "direnv"))], env=self.env, cwd=folder, check=False,
            capture_output=True, text=True, errors="surrogateescape", stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == status, done.stderr
        change: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
        for name, value in change.items():
            if value is None:
                self.env.pop(name, None)
            else:
                self.env[name] = value
        return change


def plain(env: Mapping[str, str]) -> dict[str, str]:
    """The variables without those that a shell or direnv maintains."""
    own = ("_", "PWD", "OLDPWD", "SHLVL", "DIRENV_WATCHES")
    return {name: value for name, value in env.items() if name not in own}


def inside(home: Home, root: Path) -> dict[str, str]:
    """The variables that `exec` gives."""
    out = home.command("exec", "--", "/usr/bin/env", "-0", cwd=root).stdout
    return plain(dict(pair.split("=", 1) for pair in out.split("\0") if pair))


@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("tree", ["hierarchy"])
def test_the_change_leads_in_and_back(cluster: Home, tool: str, tree: str, uv_backend: str) -> None:
    modules = 'modules = ["GCC/10.3.0", "Python/3.9.5"]'
    root = cluster.project(f"{modules}\n{CONFIG}[venv]\n{uv_backend}", HOSTILE)
    other = cluster.project('[env]\nOURS = "red"\n', "other")
    editor = Editor(cluster, GOES="x")
    change = editor.update(root)
    assert change["GOES"] is None
    assert plain(editor.env) == {
        **inside(cluster, root),
        "AUTOENV_HPC_STATE": editor.env["AUTOENV_HPC_STATE"],
    }
    assert editor.update(root) == {}
    editor.env["MINE"] = "1"
    editor.update(other)
    assert (editor.env["OURS"], editor.env["GOES"], editor.env["MINE"]) == ("red", "x", "1")
    assert "ODD" not in editor.env
    editor.update("/")
    assert editor.env == {**cluster.env, "GOES": "x", "MINE": "1"}
    assert editor.update("/") == {}


def watched(change: Mapping[str, str]) -> list[str]:
    """The files of which a client asks to be told, as direnv-vscode reads them."""
    packed = change["DIRENV_WATCHES"]
    return [w["path"] for w in json.loads(zlib.decompress(base64.urlsafe_b64decode(packed)))]


def test_the_files_to_watch_are_named(home: Home) -> None:
    root = home.project(CONFIG, "p")
    editor = Editor(home)
    assert str(root / ".hpcenv.toml") in watched(editor.update(root))
    assert editor.update("/")["DIRENV_WATCHES"] is None
    editor.env["DIRENV_DIFF"] = "direnv's"  # it is active, and has its own
    assert "DIRENV_WATCHES" not in editor.update(root)


def test_without_a_project_there_is_nothing_to_do(home: Home) -> None:
    for form in ("direnv", "vim"):
        assert home.command("export", "--format", form).stdout == ""


@pytest.mark.parametrize("form", ["direnv", "vim"])
def test_where_it_fails_there_is_no_change(home: Home, form: str) -> None:
    root = home.project(CONFIG, "p", allow=False)
    done = home.command("export", "--format", form, cwd=root, status=1)
    assert done.stdout == ""
    assert "autoenv-hpc allow" in done.stderr


VIM = """
set nocompatible
let g:words = split($PROJECT_CALL, ' ')
exe 'cd ' . fnameescape($PROJECT)
exe system(join(map(copy(g:words), 'shellescape(v:val)')))
call writefile([$OURS, $ODD, $LINES2, exists('$GOES') ? 'there' : 'gone', exepath('ours')], $RESULT, 'b')
cd /
exe system(join(map(copy(g:words), 'shellescape(v:val)')))
call writefile(["", exists('$OURS') ? 'there' : 'gone', $GOES], $RESULT, 'ab')
qall!
"""


@pytest.mark.skipif(not shutil.which("vim"), reason="there is no vim(1) here")
def test_vim_reads_its_format(home: Home, tmp_path: Path) -> None:
    root = home.project(CONFIG)
    _program(root / "bin/ours")
    script, result = tmp_path / "script.vim", tmp_path / "result"
    script.write_text(VIM)
    env = home.env | {
        "PROJECT_CALL": f"{COMMAND} export --format vim", "PROJECT": str(root), "RESULT": str(result), "GOES": "x",
    }  # fmt: skip
    subprocess.run(
        ["vim", "-es", "-u", "NONE", "-S", str(script)], env=env, check=False, timeout=60
    )
    lines = ["blue", ODD, "one\0two \\n", "gone", f"{root}/bin/ours", "gone", "x"]
    assert result.read_text().split("\n") == lines


def _program(path: Path, text: str = "#!/bin/sh\necho ran\n") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def direnv(home: Home) -> str:
    """The stand-in, where it stands by default."""
    path = home.command("shim", "--direnv").stdout.rstrip("\n")
    assert path == f"{home.folder}/.local/share/autoenv-hpc/direnv"
    return path


def ask(home: Home, direnv: str, *words: str, cwd: Path | str, **env: str) -> tuple[int, str, str]:
    """Call the stand-in as direnv-vscode does: that of extension.ts, with `TERM=dumb`."""
    done = subprocess.run(
        [direnv, *words], env=home.env | {"TERM": "dumb"} | env, cwd=cwd, check=False,
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_the_stand_in_speaks_as_direnv(home: Home, direnv: str) -> None:
    root = home.project(CONFIG, "p", allow=False)
    file, elsewhere = root / ".hpcenv.toml", home.folder
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", ask(home, direnv, "version", cwd="/")[1])
    status, out, said = ask(home, direnv, "export", "json", cwd=root)
    assert status != 0
    found = re.search(r"direnv: error (?P<path>.+) is blocked.", said)
    assert found
    assert found["path"] == str(file)
    assert str(file) in watched(json.loads(out))
    assert ask(home, direnv, "allow", str(file), cwd=elsewhere)[:2] == (0, "")
    status, out, said = ask(home, direnv, "export", "json", cwd=root)
    assert (status, json.loads(out)["OURS"], said) == (0, "blue", "")
    echo = {"EDITOR": "echo", "VISUAL": "false"}
    (root / "inner").mkdir()
    assert ask(home, direnv, "edit", cwd=root / "inner", **echo) == (0, f"{file}\n", "")
    assert ask(home, direnv, "edit", str(file), cwd=elsewhere, **echo) == (0, f"{file}\n", "")
    status, out, said = ask(home, direnv, "edit", cwd=elsewhere, **echo)
    assert (status, out) == (1, "")
    assert re.search(r"direnv: error (?P<path>.+) not found.", said)
    new = f"{elsewhere}/.hpcenv.toml\n"
    assert ask(home, direnv, "edit", str(elsewhere), cwd=elsewhere, **echo) == (0, new, "")
    assert not (elsewhere / ".hpcenv.toml").exists()
    assert ask(home, direnv, "reload", cwd=root)[0] == 0
    assert ask(home, direnv, "exec", "p", "printenv", "OURS", cwd=elsewhere)[:2] == (0, "blue\n")
    assert ask(home, direnv, "deny", cwd=root)[:2] == (0, "")
    assert "is blocked" in ask(home, direnv, "export", "json", cwd=root)[2]
    status, out, said = ask(home, direnv, "hook", "bash", cwd=root)
    assert (status, out) == (1, "")
    assert said.startswith("direnv: error ")


def test_an_edit_takes_the_project_out_until_it_is_allowed(home: Home, direnv: str) -> None:
    root = home.project(CONFIG, "p")
    editor = Editor(home)
    editor.update(root, direnv, "export", "json")
    (root / ".hpcenv.toml").write_text('[env]\nOURS = "green"\n')
    change = editor.update(root, direnv, "export", "json", status=1)
    assert (change["OURS"], "OURS" in editor.env) == (None, False)
    assert str(root / ".hpcenv.toml") in watched(change)
    home.command("allow", cwd=root)
    assert editor.update(root, direnv, "export", "json")["OURS"] == "green"
    (root / ".hpcenv.toml").unlink()
    editor.update(root, direnv, "export", "json")
    assert editor.env == home.env


def test_direnv_itself_keeps_its_own_projects(home: Home, direnv: str, tmp_path: Path) -> None:
    root = home.project(CONFIG, "p")
    own = home.folder / "p/direnvs"
    own.mkdir()
    (own / ".envrc").touch()
    (root / ".envrc").touch()
    real = _program(tmp_path / "bin/direnv", '#!/bin/sh\necho "direnv $*"\n')
    paths = f"{os.path.dirname(direnv)}:{real.parent}:{home.env['PATH']}"
    for folder, words, out in (
        (own, ("export", "json"), "direnv export json\n"),
        (own, ("edit",), "direnv edit\n"),
        (root, ("allow", str(own / ".envrc")), f"direnv allow {own}/.envrc\n"),
    ):
        assert ask(home, direnv, *words, cwd=folder, PATH=paths) == (0, out, "")
    assert '"OURS": "blue"' in ask(home, direnv, "export", "json", cwd=root, PATH=paths)[1]
    path = ":".join(p for p in home.env["PATH"].split(":") if not os.path.exists(f"{p}/direnv"))
    assert '"OURS": "blue"' in ask(home, direnv, "export", "json", cwd=own, PATH=path or "/none")[1]


def test_the_stand_in_overwrites_nothing(home: Home, tmp_path: Path) -> None:
    real = _program(tmp_path / "bin/direnv")
    assert "no shim" in home.command("shim", "--direnv", str(real.parent), status=1).stderr
    assert "all projects" in home.command("shim", "--direnv", "--env", "b", status=2).stderr
    home.command("shim", "--direnv", str(tmp_path / "other place"))
    assert os.listdir(tmp_path / "other place") == ["direnv"]


NODE_STUB = """
const settings = { 'path.executable': process.env.STAND_IN, extraEnv: {} }
module.exports = { workspace: {
    workspaceFolders: [{ uri: { fsPath: process.env.WORKSPACE } }],
    getConfiguration: () => ({ get: (key) => settings[key] }),
} }
"""
NODE = """
import * as direnv from 'SOURCE'
import fs from 'fs'
const file = process.env.WORKSPACE + '/.hpcenv.toml'
function apply(data) {
    for (const [key, value] of data) value === null ? delete process.env[key] : (process.env[key] = value)
}
async function blocked() {
    try { await direnv.dump() } catch (e) {
        return [e instanceof direnv.BlockedError, e.path === file, direnv.watchedPaths(e.data).includes(file)]
    }
}
async function main() {
    const said = [await blocked()]
    await direnv.test()
    await direnv.allow(file)
    const data = await direnv.dump()
    said.push(direnv.watchedPaths(data).includes(file))
    apply(data)
    said.push([process.env.OURS, process.env.GOES ?? null, (await direnv.dump()).size])
    said.push((await direnv.find()) === file)
    await direnv.block(file)
    said.push(await blocked())
    fs.unlinkSync(file)
    apply(await direnv.dump())
    said.push([process.env.OURS ?? null, process.env.GOES])
    said.push((await direnv.find()) === file)
    console.log(JSON.stringify(said))
}
main()
"""


@client("direnv-vscode", "node", "esbuild")
def test_the_extension_for_vs_code(home: Home, direnv: str, tmp_path: Path) -> None:
    root = home.project(CONFIG, "p", allow=False)
    (tmp_path / "vscode.js").write_text(NODE_STUB)
    source = CLIENTS / "direnv-vscode/src/direnv.ts"
    (tmp_path / "main.ts").write_text(NODE.replace("SOURCE", str(source)))
    bundle = (
        "--bundle",
        "--platform=node",
        f"--alias:vscode={tmp_path}/vscode.js",
        "--outfile=out.js",
    )
    subprocess.run(["esbuild", "main.ts", *bundle, "--log-level=error"], cwd=tmp_path, check=True)
    env = home.env | {"STAND_IN": direnv, "WORKSPACE": str(root), "GOES": "x"}
    done = subprocess.run(
        [str(shutil.which("node")), "out.js"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert json.loads(done.stdout) == [
        [True, True, True], True, ["blue", None, 0], True, [True, True, True], [None, "x"], True,
    ]  # fmt: skip


EMACS = """
(require 'envrc)
(setq envrc-direnv-executable (getenv "STAND_IN"))
SETUP
(defun say ()
  (let ((out (generate-new-buffer "out")))
    (call-process "sh" nil out nil "-c" "echo $OURS; command -v ours")
    (princ (format "%s %s %s %S\n" envrc--status (getenv "OURS") (getenv "GOES")
      (with-current-buffer out (subst-char-in-string 10 32 (buffer-string)))))))
(let ((file (expand-file-name "file.txt" (getenv "PROJECT"))))
  (with-current-buffer (find-file-noselect file)
    (envrc-mode 1) (say)
    (envrc-allow) (say)
    (write-region "" nil (expand-file-name ".hpcenv.toml" (getenv "PROJECT")))
    (envrc-reload) (say)
    (envrc-allow) (say)
    (envrc-deny) (say))
  (with-temp-buffer (setq default-directory "/") (envrc-mode 1) (say)))
"""
SETUPS = {
    "a line of init.el": "(advice-add 'envrc--env-dir-p :before-until"
    ' (lambda (dir) (file-exists-p (expand-file-name ".hpcenv.toml" dir))))',
    "an .envrc": '(write-region "" nil (expand-file-name ".envrc" (getenv "PROJECT")))',
}


@client("envrc", "emacs")
@pytest.mark.parametrize("setup", SETUPS)
def test_envrc_for_emacs(home: Home, direnv: str, tmp_path: Path, setup: str) -> None:
    root = home.project(CONFIG, "p", allow=False)
    _program(root / "bin/ours")
    script = tmp_path / "script.el"
    script.write_text(EMACS.replace("SETUP", SETUPS[setup]))
    paths = [word for name in ("envrc", "inheritenv") for word in ("-L", str(CLIENTS / name))]
    env = home.env | {"STAND_IN": direnv, "PROJECT": str(root), "GOES": "x"}
    done = subprocess.run(
        ["emacs", "-Q", "--batch", *paths, "-l", str(script)], cwd=home.folder, env=env,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        'error nil x " "', f'on blue nil "blue {root}/bin/ours "', 'error nil x " "',
        'on nil x " "', 'error nil x " "', 'none nil x " "',
    ], done.stderr  # fmt: skip


VIM_CLIENT = """
set nocompatible
let g:direnv_cmd = $STAND_IN
let g:direnv_auto = 0
exe 'set rtp+=' . fnameescape($CLIENT)
runtime plugin/direnv.vim
let g:said = []
function! Ask(folder)
    exe 'cd ' . fnameescape(a:folder)
    let g:done = 0
    call direnv#export_core()
    for i in range(600)
        if g:done | break | endif
        sleep 50m
    endfor
    call add(g:said, join([$OURS, $GOES, $ODD], ' '))
endfunction
autocmd User DirenvLoaded let g:done = 1
call Ask($PROJECT)
call Ask($PROJECT)
call Ask('/')
call writefile(g:said, $RESULT)
qall!
"""


@client("direnv.vim", "vim")
def test_direnv_vim(home: Home, direnv: str, tmp_path: Path) -> None:
    root = home.project(CONFIG, "p")
    script, result = tmp_path / "script.vim", tmp_path / "result"
    script.write_text(VIM_CLIENT)
    env = home.env | {
        "STAND_IN": direnv, "PROJECT": str(root), "CLIENT": str(CLIENTS / "direnv.vim"),
        "RESULT": str(result), "GOES": "x",
    }  # fmt: skip
    subprocess.run(
        ["vim", "-es", "-u", "NONE", "-S", str(script)], env=env, check=False, timeout=90
    )
    inner = f"blue  {ODD}"
    assert result.read_text().splitlines() == [inner, inner, " x "]
