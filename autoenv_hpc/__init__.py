"""autoenv-hpc: environment modules and an isolated environment that follow `cd`."""
