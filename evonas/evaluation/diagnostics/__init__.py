"""Diagnostics of learning in networks: updates of layers, loss surfaces."""
