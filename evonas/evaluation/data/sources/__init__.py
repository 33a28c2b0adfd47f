"""Published data sets, each read from its official files, and users' arrays."""
