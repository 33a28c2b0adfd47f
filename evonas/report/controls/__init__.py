"""A network compared with its controls: paired tests, a table, a picture, and a verdict."""
