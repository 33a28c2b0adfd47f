"""Attacks along the true gradient, and what they say of a network."""
