"""Who set what is different inside a project."""

from typing import Literal, NamedTuple

from autoenv_hpc.activations.compiling import WithModules
from autoenv_hpc.environment import Change, Env
from autoenv_hpc.modules import tracing
from autoenv_hpc.project.project import Project, read
from autoenv_hpc.project.toml_lines import line_of
from autoenv_hpc.shell_definitions import ShellDefinitions

By = Literal["module", "config", "venv", "user", "site"]


class Origin(NamedTuple):
    """Who set a value, or one entry of a search path."""

    value: str
    by: By
    what: str  # the module, the table of the configuration, the environment …
    file: str | None = None
    line: int | None = None


class Origins:
    """The origins of the values inside a project."""

    def __init__(
        self, project: Project, modules: WithModules, change: Change, outside: Env, login: Env
    ) -> None:
        """Trace the load of the modules, one after the other.

        :param change: what entering changes.
        :param outside: the variables without the project.
        :param login: those of a login shell.
        """
        self._config, self._change = project.config, change
        self._outside, self._login = outside, login
        self._sites, self._text = project.site.tables, read(project.file).decode()
        self._steps = tracing.trace(modules.start, modules.asked) if modules.asked.modules else []

    @property
    def definitions(self) -> ShellDefinitions:
        """The aliases and functions that the modules define."""
        return self._steps[-1].definitions if self._steps else ShellDefinitions()

    def entries(self, name: str, value: str) -> list[str]:
        """The entries of a search path, or the whole value of another variable."""
        is_list = self._change.is_search_path(name)
        between = ";" if ";" in value and ":" not in value else ":"
        return value.split(between) if is_list else [value]

    def before(self, name: str) -> str | None:
        """The value before the project was entered."""
        return self._change[name].before if name in self._change else self._outside.get(name)

    def of_entry(self, name: str, entry: str) -> Origin:
        """The origin of one entry, or of a whole value."""
        after = self._change[name].after if name in self._change else None
        if entry not in self._entries(name, self.before(name)):
            if entry not in self._entries(name, after):
                return Origin(entry, "user", "you, inside the project")
            return (
                self._of_module(name, entry)
                or self._of_configuration(name, entry)
                or Origin(entry, "venv", self._venv())
            )
        if entry in self._entries(name, self._login.get(name)):
            return Origin(entry, "site", "the login shell")
        return Origin(entry, "user", "you, before you entered")

    def of_definition(self, kind: Literal["aliases", "functions"], name: str) -> Origin | None:
        """The origin of an alias or a function that a module defines."""
        for step, then in zip(self._steps, self._steps[1:], strict=False):
            text = getattr(then.definitions, kind).get(name)
            if text is not None and text != getattr(step.definitions, kind).get(name):
                place = tracing.place(name, "", then.modules) if then.modules else None
                if place:
                    return Origin(text, "module", place.module, place.file, place.line)
        return None

    def mentions(self, name: str) -> list[Origin]:
        """The modulefiles that mention a variable, which may set it under other conditions."""
        files = {module: file for step in self._steps for module, file in step.modules.items()}
        places = (tracing.place(name, "", {module: file}) for module, file in files.items())
        return [Origin("", "module", p.module, p.file, p.line) for p in places if p.line]

    def _entries(self, name: str, value: str | None) -> list[str]:
        return self.entries(name, value) if value is not None else []

    def _venv(self) -> str:
        prefix = self._prefix()
        return f"the environment {prefix}" if prefix else "the environment"

    def _prefix(self) -> str:
        values = (self._change.get(name) for name in ("VIRTUAL_ENV", "CONDA_PREFIX"))
        return next((value.after for value in values if value and value.after), "")

    def _of_configuration(self, name: str, entry: str) -> Origin | None:
        if name.startswith("AUTOENV_HPC_"):
            return Origin(entry, "config", "autoenv-hpc")
        prefix = self._prefix()
        if prefix and entry == f"{prefix}/bin":
            return None
        for table, keys in (("paths", self._config.paths), ("env", self._config.env)):
            if name in keys:
                line = self._line(table, name)
                return Origin(entry, "config", f"[{table}]", self._config.file, line)
        return None

    def _line(self, table: str, name: str) -> int:
        env, key = self._config.env_name or "", (table, name)
        parts = [*(("site", site) for site in reversed(self._sites)), ()]
        places = [place for part in parts for place in ((*part, "envs", env, *key), (*part, *key))]
        lines = [line_of(self._text, place) for place in places if _has(self._text, place)]
        return lines[0] if lines else 1

    def _of_module(self, name: str, entry: str) -> Origin | None:
        for step, then in zip(self._steps, self._steps[1:], strict=False):
            is_new = entry in self._entries(name, then.env.get(name))
            if is_new and entry not in self._entries(name, step.env.get(name)) and then.modules:
                place = tracing.place(name, entry, then.modules)
                return Origin(entry, "module", place.module, place.file, place.line)
        return None


def _has(text: str, place: tuple[str, ...]) -> bool:
    import tomllib  # noqa: PLC0415 - only a command that explains needs it

    table: object = tomllib.loads(text)
    for key in place:
        if not isinstance(table, dict) or key not in table:
            return False
        table = table[key]
    return True
