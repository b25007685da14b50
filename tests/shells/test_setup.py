"""`setup` writes one line into the startup file, and takes it out again."""

import subprocess
from pathlib import Path

import pytest
from homes import COMMAND, SHELLS, Home
from sessions import Shell

CONDA = "# >>> conda initialize >>>\n:\n# <<< conda initialize <<<\n"


def file_of(home: Home, shell: str) -> Path:
    names = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}
    return home.folder / names[shell]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_new_shell_has_the_hook(home: Home, shell: str) -> None:
    root = home.project('[env]\nCOLOUR = "blue"\n', "p")
    said = home.command("setup", SHELL=f"/usr/bin/{shell}").stderr
    file = file_of(home, shell)
    line = file.read_text().splitlines()[-1]
    assert f"added to the end of {file}: {line}" in said
    assert f"hook {shell}" in line
    home.env["ZDOTDIR"] = str(home.folder)
    here = Shell(shell, home.folder, home.env, root)
    assert "blue" in here.run("echo $COLOUR")
    here.close()


@pytest.mark.parametrize("folder", ["bin", ".local/bin"])
def test_a_login_shell_that_extends_path_after_the_startup_file_has_the_hook(
    home: Home, folder: str
) -> None:
    """As on Debian, Ubuntu and RHEL 7."""
    (home.folder / folder).mkdir(parents=True)
    (home.folder / folder / "autoenv-hpc").symlink_to(COMMAND)
    home.login(f'. ~/.bashrc\nPATH="$HOME/{folder}:$PATH"\n')
    home.command("setup", "--shell", "bash", PATH=f"{home.folder}/{folder}:{home.env['PATH']}")
    line = (home.folder / ".bashrc").read_text()
    assert line.endswith(f'eval "$(~/{folder}/autoenv-hpc hook bash)"; fi\n')
    env = home.env | {"PATH": "/usr/bin:/bin"}
    words = ["bash", "-lic", "declare -F"]
    done = subprocess.run(words, env=env, check=True, capture_output=True, text=True)
    assert "__autoenv_hpc" in done.stdout
    home.command("setup", "--shell", "bash", "--remove")
    assert (home.folder / ".bashrc").read_text() == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_it_is_there_once_and_last(home: Home, shell: str) -> None:
    file, words = file_of(home, shell), ("setup", "--shell", shell)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("alias x=y")
    home.command(*words)
    written = file.read_text()
    assert written.startswith("alias x=y\n")
    assert "already" in home.command(*words).stderr
    assert file.read_text() == written
    file.write_text(written + CONDA)  # conda's block came later
    assert "moved" in home.command(*words).stderr
    moved = file.read_text()
    assert moved.count("autoenv-hpc' hook") + moved.count("autoenv-hpc hook") == 1
    assert moved.splitlines()[-2] == CONDA.splitlines()[-1]
    home.command(*words, "--remove")
    assert file.read_text() == f"alias x=y\n{CONDA}"
    assert "no line" in home.command(*words, "--remove").stderr


def test_lines_from_the_documentation_are_known_and_others_are_left_alone(home: Home) -> None:
    file = home.folder / ".bashrc"
    file.write_text('a=1\neval "$(autoenv-hpc hook bash)"\nb=2\n')
    home.command("setup", "--shell", "bash", "--remove")
    assert file.read_text() == "a=1\nb=2\n"
    own = 'if x; then\n  source <(autoenv-hpc hook bash)\nfi\n# eval "$(autoenv-hpc hook bash)"\n'
    file.write_text(own)
    for more in ((), ("--remove",)):
        said = home.command("setup", "--shell", "bash", *more, status=1).stderr
        assert f"{file}:2" in said
        assert file.read_text() == own


def test_links_modes_and_bytes_stay(home: Home, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles"
    real.write_bytes(b"# \xe5\r\nx=1\n")
    real.chmod(0o640)
    (home.folder / ".bashrc").symlink_to(real)
    home.command("setup", "--shell", "bash")
    assert (home.folder / ".bashrc").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    home.command("setup", "--shell", "bash", "--remove")
    assert real.read_bytes() == b"# \xe5\r\nx=1\n"


def test_what_stands_in_the_way_is_said(home: Home) -> None:
    assert "csh has no hook" in home.command("setup", status=1, SHELL="/bin/csh").stderr
    said = home.command("setup", "--shell", "bash").stderr
    assert f"add `. ~/.bashrc` to {home.folder}/.bash_profile" in said
    home.command("setup", "--shell", "bash", "--remove")
    (home.folder / ".bash_profile").unlink(missing_ok=True)
    (home.folder / ".profile").write_text("[ -n $BASH_VERSION ] && . ~/.bashrc\n")
    assert ".profile" not in home.command("setup", "--shell", "bash").stderr
    (home.folder / ".config").write_text("in the way")
    said = home.command("setup", "--shell", "fish", status=1).stderr
    assert "config.fish: cannot be" in said


def test_the_line_does_nothing_once_the_command_is_gone(home: Home, tmp_path: Path) -> None:
    command = tmp_path / "bin/autoenv-hpc"
    command.parent.mkdir()
    for shell in SHELLS:
        home.command("setup", "--shell", shell)
        file = file_of(home, shell)
        line = file.read_text().splitlines()[-1]
        before, _, rest = line.partition("autoenv-hpc")
        start = before.split()[-1]
        file.write_text(line.replace(f"{start}autoenv-hpc", "/no/such/autoenv-hpc") + "\n")
        assert rest
        home.env["ZDOTDIR"] = str(home.folder)
        here = Shell(shell, home.folder, home.env, home.folder)
        assert "such" not in here.greeting
        here.close()
