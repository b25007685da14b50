"""A project: its configuration found, trusted, read, and settled for one site."""
