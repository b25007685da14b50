"""Environment modules and an isolated environment that follow `cd`."""
