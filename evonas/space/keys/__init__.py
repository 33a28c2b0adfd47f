"""The keys of a search space's YAML: what a value may be, and what is said of a wrong one."""
