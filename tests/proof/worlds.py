"""A world in which modules are loaded, as data, and changes to it.

It can be laid out on a disk, and written as lines for a shell. `@/` stands for the world's folder.
"""

import os
import re
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple

_OLD = 1_600_000_000  # seconds since the epoch; the time of every file on disk, or slightly earlier
_NEWER = 1_650_000_000  # the time of what a change writes, or slightly later
PLACES = ("p", "p/a", "p/b")  # working directories; the project is p
_IN_IT = "/bin/bash   # in it, all that follows"


class Link(str):
    """The target of a symbolic link."""

    __slots__ = ()


Content = str | Link | None  # the text of a file, a link, or None for a folder


class World(NamedTuple):
    """A folder's content by relative path, and all else that a load is given."""

    tool: str
    content: dict[str, Content]
    env: dict[str, str]
    modules: tuple[str, ...]  # the project's, with its policy and its `module-paths`
    policy: str = "keep"
    paths: tuple[str, ...] = ()
    before: tuple[str, ...] = ()  # what the user has loaded
    place: str = "p"
    umask: int = 0o022
    groups: tuple[int, ...] | None = None
    host: str | None = None
    storable: bool = True  # no file asks what has no guard

    def lay_out(self, root: Path) -> None:
        """Write the world to the disk, with old times."""
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        for path, content in self.content.items():
            put(root, path, content, _OLD - sum(map(ord, path)))
        put(root, "p/.hpcenv.toml", "".join(f"{line}\n" for line in self._config()), _OLD)
        for folder, _, _ in os.walk(root, topdown=False):
            os.utime(folder, (_OLD, _OLD))

    def environment(self, root: Path) -> dict[str, str]:
        """The variables, with the folder's own name in them."""
        env = {name: value.replace("@/", f"{root}/") for name, value in self.env.items()}
        return {**env, "PWD": str(root / self.place)}

    def typed(self) -> list[str]:
        """The lines that a person can type into a shell."""
        lines = ["W=$(mktemp -d)"]
        for path, content in {**self.content, "p/.hpcenv.toml": "\n".join(self._config())}.items():
            lines += _typed(path, content)
        lines.append("find $W -exec touch -h -d '1 day ago' {} +")
        lines += [f"export {name}={_in_shell(value)}" for name, value in self.env.items()]
        if self.before:
            lines.append(f"module load {' '.join(self.before)}")
        return [*lines, f"cd $W/{self.place}"]

    def _config(self) -> list[str]:
        modules = ", ".join(f'"{name}"' for name in self.modules)
        paths = ", ".join(f'"@/{path}"' for path in self.paths)
        return [
            f"modules = [{modules}]",
            f"module-paths = [{paths}]",
            f'module-policy = "{self.policy}"',
        ]


class Change(NamedTuple):
    """One difference: the content of a path, a variable, or another field of the world."""

    what: str  # write, replace, remove, env, place, host, umask, groups
    name: str = ""
    value: Content = None
    number: int = 0

    def made_in(self, world: World, root: Path, count: int) -> World:
        """Make the change on the disk; return the world after it.

        :param count: how many changes there were before.
        """
        match self.what:
            case "env":
                env = {n: v for n, v in world.env.items() if n != self.name}
                added = {} if self.value is None else {self.name: str(self.value)}
                return world._replace(env=env | added)
            case "place":
                return world._replace(place=self.name)
            case "host":
                return world._replace(host=self.name)
            case "umask":
                return world._replace(umask=self.number)
            case "groups":
                return world._replace(groups=(self.number,))
            case "write":
                _remove(root / self.name)
                put(root, self.name, self.value, _NEWER + count)
            case "replace":
                _replace(root, self.name, self.value)
            case "remove":
                _remove(root / self.name)
        return world

    def typed(self) -> list[str]:
        """The lines that make the change in a shell."""
        name = f"$W/{shlex.quote(self.name)}"
        value = f"={_in_shell(str(self.value))}"
        written = _typed(self.name, self.value)
        return {
            "env": [f"unset {self.name}" if self.value is None else f"export {self.name}{value}"],
            "place": [f"cd {name}"],
            "host": [f"unshare --uts {_IN_IT}", f"hostname {self.name}"],
            "umask": [f"umask {self.number:03o}"],
            "groups": [f"setpriv --groups={self.number} {_IN_IT}"],
            "write": [f"rm -rf {name}", *written],
            "replace": [
                f"touch -r {name} $W/kept; rm {name}",
                *written,
                f"touch -r $W/kept {name}",
            ],
            "remove": [f"rm -rf {name}"],
        }[self.what]


def put(root: Path, name: str, content: Content, time: int) -> None:
    """Write a file, link or folder with a time, in place of anything at that path."""
    path = root / name
    if os.path.lexists(path.parent) and not path.parent.is_dir():
        path.parent.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() or path.is_symlink():
        path.unlink()
    if isinstance(content, Link):
        path.symlink_to(content)
    elif content is None:
        path.mkdir(exist_ok=True)
    else:
        path.write_text(content.replace("@/", f"{root}/"))
    os.utime(path, (time, time), follow_symlinks=False)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()


def _replace(root: Path, name: str, content: Content) -> None:
    """Move another file with the same time into a file's place."""
    path = root / name
    if not path.is_file() or path.is_symlink() or content is None:
        return
    then = path.stat()
    new = path.with_name(".new")
    new.write_text(content.replace("@/", f"{root}/"))
    os.utime(new, ns=(then.st_atime_ns, then.st_mtime_ns))
    new.rename(path)


def _typed(path: str, content: Content) -> list[str]:
    name, folder = f"$W/{shlex.quote(path)}", f"$W/{os.path.dirname(path)}"
    if content is None:
        return [f"mkdir -p {name}"]
    if isinstance(content, Link):
        return [f"mkdir -p {folder}; ln -sfn {content} {name}"]
    text = re.sub(r"([$`\\])", r"\\\1", content).replace("@/", "$W/")
    return [f"mkdir -p {folder}; cat >{name} <<END", *text.splitlines(), "END"]


def _in_shell(value: str) -> str:
    return '"' + value.replace("@/", "$W/") + '"'
