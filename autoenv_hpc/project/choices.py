"""The values of the keys that accept only certain words."""

from typing import Literal

Backend = Literal["venv", "virtualenv", "uv", "conda", "existing"]
ModulePolicy = Literal["keep", "purge", "reset"]  # for modules that are already loaded
Create = Literal["auto", "never"]
Sync = Literal["notify", "auto", "off"]
PythonPathPolicy = Literal["keep", "venv-first", "unset"]
Tolerance = Literal["allow", "warn"]
