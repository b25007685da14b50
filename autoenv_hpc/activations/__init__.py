"""Activations: compiled, stored, listed, and taken back."""
