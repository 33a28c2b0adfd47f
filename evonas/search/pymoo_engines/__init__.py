"""Engines whose survivors pymoo selects."""
