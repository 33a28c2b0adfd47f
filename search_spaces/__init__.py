"""Search spaces shipped with evonas: one YAML file each, read as package resources."""
