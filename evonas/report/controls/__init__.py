"""A network beside its controls: paired tests, a table, a picture, and what it comes to."""
