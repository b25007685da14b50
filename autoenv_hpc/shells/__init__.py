"""The code that the shells read, in the dialect of each."""
