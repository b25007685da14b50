"""The environment of a project, which follows `cd`."""
