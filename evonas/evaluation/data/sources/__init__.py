"""Data sets that others publish, each read from its official files."""
