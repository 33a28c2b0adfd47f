"""Signals of an untrained network, which describe its architecture alone."""
