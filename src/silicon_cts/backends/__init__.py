"""On what it runs: the protocol of a backend, one file for each family, and the registry that finds them by name."""
