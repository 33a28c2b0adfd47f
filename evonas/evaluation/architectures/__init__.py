"""Architectures that can be trained and saved: a genome of a space, or a named network."""
