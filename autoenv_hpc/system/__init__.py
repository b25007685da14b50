"""The operating system: folders, programs, processors, jobs, small records."""
