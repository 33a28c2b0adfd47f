"""Comparison of a network with its controls: paired tests, table, picture and verdict."""
