"""Puts what others look for into the wheel: man pages, completions, the JSON Schema."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_COMPLETIONS = {
    "bash": "bash-completion/completions/autoenv-hpc",
    "zsh": "zsh/site-functions/_autoenv-hpc",
    "fish": "fish/vendor_completions.d/autoenv-hpc.fish",
}


class BuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """The step of a build that writes them; hatchling finds it by its base class."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the files and name their places. An editable install has none of them."""
        if self.target_name != "wheel" or version == "editable":
            return
        sys.path.insert(0, str(Path(self.root) / "docs"))
        import man  # noqa: PLC0415 - it stands beside this file

        from autoenv_hpc import cli  # noqa: PLC0415 - likewise
        from autoenv_hpc.commands import completion  # noqa: PLC0415 - likewise

        texts = {f"man/{name}": text for name, text in man.pages(self.metadata.version).items()}
        for shell, place in _COMPLETIONS.items():
            texts[place] = completion.text(cli.parser(), shell)
        schema = Path(self.root) / "docs/reference/hpcenv.schema.json"
        texts["autoenv-hpc/hpcenv.schema.json"] = schema.read_text()
        folder = Path(tempfile.mkdtemp())
        for place, text in texts.items():
            file = folder / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            build_data["shared_data"][str(file)] = f"share/{place}"
