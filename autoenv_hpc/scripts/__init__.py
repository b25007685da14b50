"""Batch scripts, read without running them."""
