"""The words that a key may take where it takes one of a few."""

from typing import Literal

Backend = Literal["venv", "virtualenv", "uv", "conda", "existing"]
ModulePolicy = Literal["keep", "purge", "reset"]  # what happens to modules already loaded
Create = Literal["auto", "never"]
Sync = Literal["notify", "auto", "off"]
PythonPathPolicy = Literal["keep", "venv-first", "unset"]
Tolerance = Literal["allow", "warn"]
