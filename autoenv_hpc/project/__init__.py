"""A project: its trusted configuration, merged for one site."""
