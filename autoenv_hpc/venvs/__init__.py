"""Isolated environments: found, matched, built, kept up to date."""
