"""Activations: compiled, stored, listed, undone."""
