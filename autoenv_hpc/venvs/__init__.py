"""Isolated environments (venv, virtualenv, uv, conda)."""
