"""Activations, from their compilation to their undoing."""
