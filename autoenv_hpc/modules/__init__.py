"""Modules: the module tool found and run, and what its answer depended on."""
