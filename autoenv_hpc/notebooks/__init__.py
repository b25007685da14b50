"""Kernels of Jupyter that run in a project."""
