"""Attacks that use only the outputs of a network, not its gradient."""
