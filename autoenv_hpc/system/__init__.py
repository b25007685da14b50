"""The operating system: folders, files, programs, jobs."""
