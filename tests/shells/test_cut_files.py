"""A stored activation that was cut, by a crash or a full disk, is passed over in every shell."""

import os
import subprocess
from pathlib import Path

import pytest
from homes import COMMAND, SHELLS, Home

LENGTHS = ("nothing", "one line", "a quarter", "half", "without its last line", "zeros at its end")


def cut(text: bytes, length: str) -> bytes:
    """What is left of a file."""
    match length:
        case "nothing":
            return b""
        case "one line":
            return text[: text.index(b"\n") + 1]
        case "a quarter":
            return text[: len(text) // 4]
        case "half":
            return text[: len(text) // 2]
        case "without its last line":
            return text[: text[:-1].rindex(b"\n") + 1]
        case _:
            return text[: len(text) // 2] + bytes(len(text) - len(text) // 2)


def entered(home: Home, root: Path, reader: str) -> tuple[str, str]:
    """What the project's variable is inside, and what was said."""
    if reader == "exec":
        done = home.command("exec", "--", "/bin/sh", "-c", 'printf %s "$OURS"', cwd=root)
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


@pytest.mark.parametrize("reader", ["exec", *SHELLS])
def test_a_stored_activation_that_was_cut_is_passed_over(home: Home, reader: str) -> None:
    root = home.project('[env]\nOURS = "1"\n', "p")
    os.utime(root / ".hpcenv.toml", (1, 1))
    first = entered(home, root, reader)
    assert first[0] == "1"
    suffix = "bash" if reader == "exec" else reader
    file = home.folder / f".cache/autoenv-hpc/activations{root}/0.{suffix}"
    status = file.stat()
    for length in LENGTHS:
        whole = file.read_bytes()
        file.write_bytes(cut(whole, length))
        os.utime(file, ns=(status.st_mtime_ns, status.st_mtime_ns))
        assert entered(home, root, reader) == first, length
        assert file.stat().st_size > len(whole) * 0.9, length
