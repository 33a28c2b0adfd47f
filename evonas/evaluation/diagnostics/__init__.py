"""Diagnostics of learning in trained and untrained networks: layer updates and loss surfaces."""
