"""The keys of a search space's YAML: allowed values, and messages for wrong ones."""
