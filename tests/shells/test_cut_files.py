"""A stored activation that was cut, by a crash or a full disk, is passed over in every shell."""

import os
import subprocess
from pathlib import Path

import pytest
from homes import COMMAND, SHELLS, Home

LENGTHS = (
    "nothing",
    "one line",
    "a quarter",
    "half",
    "to the middle of a value",
    "without its last line",
    "zeros at its end",
)


def cut(text: bytes, length: str) -> bytes:
    """What is left of a file."""
    half = len(text) // 2
    ends = {
        "nothing": 0,
        "one line": text.index(b"\n") + 1,
        "a quarter": half // 2,
        "half": half,
        "to the middle of a value": text.index(b"'1'") + 2,
        "without its last line": text[:-1].rindex(b"\n") + 1,
    }
    return text[: ends[length]] if length in ends else text[:half] + bytes(len(text) - half)


def entered(home: Home, root: Path, reader: str) -> tuple[str, str]:
    """What the project's variable is inside, and what was said."""
    if reader.startswith("exec"):
        env = {"POSIXLY_CORRECT": "1"} if "POSIX" in reader else {}
        words = ["exec", "--", "/bin/sh", "-c", 'printf %s "$OURS$AUTOENV_HPC_CUT"']
        done = home.command(*words, cwd=root, env=env)
        return done.stdout, done.stderr
    words = {
        "bash": ["bash", "--norc", "-c", f'eval "$({COMMAND} hook bash)"; cd p; __autoenv_hpc_prompt; printf %s "$OURS"'],
        "zsh": ["zsh", "-f", "-c", f'eval "$({COMMAND} hook zsh)"; cd p; __autoenv_hpc_precmd; printf %s "$OURS"'],
        "fish": ["fish", "-N", "-c", f"{COMMAND} hook fish | source; cd p; emit fish_prompt; printf %s $OURS"],
    }[reader]  # fmt: skip
    done = subprocess.run(
        words, cwd=home.folder, env=home.env, check=True, capture_output=True, text=True
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize("reader", ["exec", "exec in POSIX mode", *SHELLS])
def test_a_stored_activation_that_was_cut_is_passed_over(home: Home, reader: str) -> None:
    root = home.project('[env]\nOURS = "1"\n', "p")
    os.utime(root / ".hpcenv.toml", (1, 1))
    first = entered(home, root, reader)
    assert first[0] == "1"
    is_exec = reader.startswith("exec")
    suffix = "bash" if is_exec else reader
    file = home.folder / f".cache/autoenv-hpc/activations{root}/0.{suffix}"
    status = file.stat()
    for length in LENGTHS:
        whole = file.read_bytes()
        file.write_bytes(cut(whole, length))
        os.utime(file, ns=(status.st_mtime_ns, status.st_mtime_ns))
        assert entered(home, root, reader) == first, length
        # `exec` reads no further than to the end of the change
        assert is_exec or file.stat().st_size > len(whole) * 0.9, length
