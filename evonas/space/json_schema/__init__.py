"""JSON schema of a space's YAML, for editors."""
