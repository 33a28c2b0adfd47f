"""Keys of a search space's YAML: valid values, and messages about invalid ones."""
