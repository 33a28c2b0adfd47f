"""Attacks that see the answers of a network and no gradient."""
